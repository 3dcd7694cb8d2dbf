//! Pairs of seats and encrypted frames: what the other end seals reaches the parsers, and so does what a server makes up.

use std::sync::LazyLock;

use pars_crypto::frame::{FrameIv, FrameKey};
use pars_crypto::secret::SharedSecret;
use pars_proto::media::{Codec, Opener, SealedData, Sealer};
use pars_proto::signal::envelope::Cargo;
use pars_proto::signal::{End, Ends, Envelope, Half, Opened, Pair};
use pars_wire::codec::Wire;

use super::room::PLACE;
use crate::Outcome;
use crate::check::{same, wire};
use crate::corpus::Seeds;
use crate::people::{SUITE, source};

static KEY: LazyLock<SharedSecret> = LazyLock::new(|| SharedSecret::from_bytes([1; 32]));

fn opener() -> Opener {
    let mut opener = Opener::default();
    opener.set(1, &KEY).expect("a fresh material");
    opener
}

fn codec(bytes: &[u8]) -> (Codec, &[u8]) {
    match bytes.split_first() {
        Some((0, rest)) => (Codec::Vp8, rest),
        Some((1, rest)) => (Codec::H264, rest),
        Some((_, rest)) => (Codec::Opus, rest),
        None => (Codec::Opus, &[]),
    }
}

/// A frame as a server sends it, then as one that the sender of the key seals: what is sealed opens to itself.
pub(crate) fn frame(bytes: &[u8]) -> Outcome {
    let (codec, rest) = codec(bytes);
    let _ = opener().frame(codec, rest);
    let Ok(sealed) = Sealer::new(1, &KEY).frame(codec, 7, rest) else { return Outcome::Refused };
    let opened = opener().frame(codec, &sealed).expect("a frame of the sender");
    if codec != Codec::H264 {
        same(&opened, rest);
    }
    Outcome::Accepted
}

/// The end of a frame as a hostile sender of the key likes it: iv, its length, kid.
pub(crate) fn trailer(bytes: &[u8]) -> Outcome {
    let iv = FrameIv::new(7, 0);
    let sealed = FrameKey::derive(&KEY).seal(iv, &[0x78], b"sound");
    Outcome::of(opener().frame(Codec::Opus, &[&[0x78], &sealed[..], bytes].concat()).is_ok())
}

/// Data: the first 12 bytes are the iv, the 13th is the kid.
pub(crate) fn data(bytes: &[u8]) -> Outcome {
    let Some((head, payload)) = bytes.split_first_chunk::<13>() else { return Outcome::Refused };
    let [iv @ .., key_index] = *head;
    Outcome::of(opener().data(&SealedData { payload: payload.to_vec(), iv, key_index }).is_ok())
}

/// What a host forwards.
pub(crate) fn envelope(bytes: &[u8]) -> Outcome {
    wire::<Envelope>(bytes)
}

fn pair() -> (Pair, Pair) {
    let mut rng = source(63);
    let (host, seat) = (&PLACE.host, &PLACE.seat);
    let ends = |own, peer| Ends { scope: [5; 68], own, peer };
    let (low, high) = (End { seat: 0, st: [1; 32] }, End { seat: 4, st: [2; 32] });
    let ours = Half::make(SUITE, &mut rng, &seat.x_pk()).expect("a good key");
    let theirs = Half::make(SUITE, &mut rng, &host.x_pk()).expect("a good key");
    let (to_seat, to_host) = (*ours.ciphertext(), *theirs.ciphertext());
    let (ours, first) = ours.finish(SUITE, host.x(), &to_host, &ends(low, high)).expect("two ends");
    let (mut theirs, _) = theirs.finish(SUITE, seat.x(), &to_seat, &ends(high, low)).expect("two ends");
    assert_eq!(theirs.open(&first), Ok(Opened::Confirmed));
    (ours, theirs)
}

/// A frame of a pair: raw, and as the other end seals it.
pub(crate) fn pair_frame(bytes: &[u8]) -> Outcome {
    let (mut ours, mut theirs) = pair();
    assert!(theirs.open(bytes).is_err(), "nobody else has the keys");
    let Ok(sealed) = ours.seal(bytes) else { return Outcome::Refused };
    let Ok(Opened::Text(text)) = theirs.open(&sealed) else { panic!("the next frame of the other end") };
    same(&text, bytes);
    Outcome::Accepted
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let h264 = [1, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 0xb8, 0, 0, 1, 0, 0, 0];
    seeds.add_with("media-frame", "h264", &h264, &[("no-slice", &|bytes| bytes[10] = 0x68)]);
    seeds.add("media-frame", "vp8", [&[0, 0x50][..], &[7; 30]].concat());
    seeds.add_with("media-frame", "opus", &[2, 0x78, 1, 2, 3], &[("header-only", &|bytes| bytes.truncate(1))]);
    let trailer = [&FrameIv::new(7, 0).0[..], &[12, 1]].concat();
    seeds.add_with(
        "media-trailer",
        "good",
        &trailer,
        &[("short-iv", &|bytes| bytes[12] = 11), ("other-key", &|bytes| bytes[13] = 2)],
    );
    let sealed = Sealer::new(1, &KEY).data(b"a packet").expect("data");
    let data = [&sealed.iv[..], &[sealed.key_index], &sealed.payload].concat();
    seeds.add_with(
        "media-data",
        "good",
        &data,
        &[("counter-1", &|bytes| bytes[11] = 1), ("ssrc", &|bytes| bytes[0] = 1)],
    );
    let hello = Envelope { from: 1, to: 2, cargo: Cargo::Hello(Box::new([3; 1_120])) };
    seeds.add_with("signal-envelope", "hello", &hello.encode(), &[("to-itself", &|bytes| bytes[4] = 1)]);
    let frame = Envelope { from: 2, to: 0, cargo: Cargo::Sealed(vec![4; 40]) };
    seeds.add("signal-envelope", "sealed", frame.encode());
    seeds.add("signal-frame", "text", b"session description");
}
