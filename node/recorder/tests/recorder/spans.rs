//! What the tests share: spans that were recorded into a folder, and stores of blocks.

use std::path::Path;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_blobs::Folder as Blobs;
use pars_crypto::secret::RecordingKey;
use pars_recorder::span::{Opening, Source, Span};
use pars_recorder::store::{Folder, Store};
use pars_recorder::webm::{Codec, Frame, Taken};

use crate::media::{BEGAN_MS, bytes, frame};

/// The file key of the tests.
pub(crate) fn key() -> RecordingKey {
    RecordingKey::from_bytes([7; 32])
}

/// A source whose every draw follows from `seed`.
pub(crate) fn seeded(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn opening() -> Opening {
    Opening { recording: [1; 32], span: [2; 32], consent: [3; 32], wraps: vec![4; 2_338] }
}

pub(crate) fn source(seat: u16, codec: Codec) -> Source {
    Source { seat, pseudonym: format!("{seat:016x}"), codec }
}

/// A span in this store.
pub(crate) fn begun<S: Store>(store: S) -> Span<S> {
    Span::begin(store, &opening(), key(), BEGAN_MS).unwrap()
}

/// Give a track these frames.
pub(crate) fn fed<S: Store>(
    span: &mut Span<S>,
    (track, codec): (u16, Codec),
    frames: std::ops::Range<usize>,
    rng: &mut ChaCha20Rng,
) {
    for i in frames {
        assert_eq!(span.frame(track, frame(codec, i, &bytes(codec, i)), rng).unwrap(), Taken::Kept);
    }
}

/// Frames of 1,000 bytes, so that chunks fill: `i` at 20 ms each.
pub(crate) fn large(i: usize) -> (Frame<'static>, &'static [u8]) {
    static BYTES: [u8; 1_000] = [0xf8; 1_000];
    (Frame { rtp: (i as u32).wrapping_mul(960), arrived_ms: i as u64 * 20, bytes: &BYTES }, &BYTES)
}

/// A whole span of an Opus and a VP8 track, 100 s long, in `folder`.
pub(crate) fn recorded(folder: &Path) -> Folder {
    let mut rng = seeded(11);
    let mut span = begun(Folder::open(folder).unwrap());
    let sound = span.track(&source(3, Codec::Opus), 700).unwrap();
    let picture = span.track(&source(5, Codec::Vp8), 700).unwrap();
    for part in 0..50 {
        fed(&mut span, (sound, Codec::Opus), part * 100..(part + 1) * 100, &mut rng);
        fed(&mut span, (picture, Codec::Vp8), part * 50..(part + 1) * 50, &mut rng);
        span.tick(700 + (part as u64 + 1) * 2_000, &mut rng).unwrap();
    }
    span.end(picture, 100_700, &mut rng).unwrap();
    span.close(100_800, &mut rng).unwrap()
}

/// A store of blocks.
pub(crate) fn blobs(folder: &Path) -> Blobs {
    Blobs::open(folder, 1 << 30).unwrap()
}
