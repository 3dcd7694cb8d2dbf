//! STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance",
//! 2015) as age has it (age-encryption.org/v1, "Payload"), with AES-256-GCM: SESSION section 8, TOWNHALL section 6.
//!
//! ```text
//! key    = KDF(ns, file_key, "pars-recording-file-v1"; recordingId 32, file id 16; 32)      one file, used once
//! chunk i = AES-256-GCM(key, nonce = i as 11 bytes ‖ last1, no AAD; text)                   65,536 bytes, the last one 16 to 65,536
//! ```
//!
//! Every chunk but the last holds exactly [`TEXT`] bytes; the last one holds 1 to [`TEXT`], or none if the file is empty. So a
//! chunk that was moved, taken from another file, left out at the end or added behind it does not open. The sealing end draws
//! the file's id itself: two files never share a key, whatever stops and starts again. Where age writes a nonce in front of the
//! chunks, the id stands outside, so that chunks lie on the borders of an IPFS leaf.

use std::fmt;

use rand_core::CryptoRng;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::aead::{AeadError, OneUse, TAG};
use crate::hash::random;
use crate::kdf::{NO_SALT, kdf};
use crate::label::KdfLabel;
use crate::secret::RecordingKey;

/// Bytes of a chunk.
pub const CHUNK: usize = 65_536;
/// Bytes of a chunk's text.
pub const TEXT: usize = CHUNK - TAG;

/// Why a chunk is not made or does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// Another key or file, another place in the file, or a changed byte: not told apart.
    #[error("chunk {0} does not open: it is of another file, at another place, or changed")]
    Refused(u64),
    /// A length that no chunk has there.
    #[error("chunk {at} has {length} bytes; a chunk has 65,536, the last one 17 to 65,536 (16 if the file is empty)")]
    Length {
        /// Which, from 0.
        at: u64,
        /// Bytes of it.
        length: usize,
    },
    /// Something behind the last chunk.
    #[error("there is a chunk behind the last one; the file was added to")]
    Behind,
    /// The last chunk is missing.
    #[error("the file ends before its last chunk; it was cut off")]
    Cut,
    /// The counter.
    #[error("the file has too many chunks; begin another one")]
    Exhausted,
}

/// Where a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Others follow.
    Middle,
    /// It ends the file.
    Last,
}

/// What names a sealed file and makes its key unlike any other: 16 random bytes, public.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(
    /// The bytes.
    pub [u8; 16],
);

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// Key and count of one file.
#[derive(ZeroizeOnDrop)]
struct Counter {
    key: [u8; 32],
    next: u64,
}

impl Counter {
    fn new(key: &RecordingKey, recording: &[u8; 32], id: FileId) -> Self {
        let key = kdf::<32>(NO_SALT, &[key.expose()], KdfLabel::RECORDING_FILE, &[recording, &id.0]).part::<0, 32>();
        Self { key, next: 0 }
    }

    /// Key and nonce of this chunk.
    fn one_use(&self, place: Place) -> OneUse {
        let [a, b, c, d, e, f, g, h] = self.next.to_be_bytes();
        OneUse::from_parts(&self.key, [0, 0, 0, a, b, c, d, e, f, g, h, u8::from(place == Place::Last)])
    }

    fn advance(&mut self) -> Result<(), ChunkError> {
        self.next = self.next.checked_add(1).ok_or(ChunkError::Exhausted)?;
        Ok(())
    }

    /// Bytes of text that a chunk may have here.
    fn check(&self, place: Place, text: usize) -> Result<(), ChunkError> {
        let is_fit = match place {
            Place::Middle => text == TEXT,
            Place::Last => text <= TEXT && (text > 0 || self.next == 0),
        };
        if is_fit { Ok(()) } else { Err(ChunkError::Length { at: self.next, length: text.saturating_add(TAG) }) }
    }
}

/// The sealing end of one file of a recording. Chunks come out in order, each once.
pub struct SealingChunks(Counter);

impl SealingChunks {
    /// Begin a file under a fresh id.
    pub fn begin(key: &RecordingKey, recording: &[u8; 32], rng: &mut (impl CryptoRng + ?Sized)) -> (FileId, Self) {
        let id = FileId(random(rng));
        (id, Self(Counter::new(key, recording, id)))
    }

    /// The next chunk; others follow it.
    ///
    /// # Errors
    /// [`ChunkError::Length`] unless the text has [`TEXT`] bytes; [`ChunkError::Exhausted`] after 2^64 − 1.
    pub fn middle(&mut self, text: &[u8]) -> Result<Vec<u8>, ChunkError> {
        self.0.check(Place::Middle, text.len())?;
        let one_use = self.0.one_use(Place::Middle);
        self.0.advance()?;
        Ok(one_use.seal(&[], text))
    }

    /// The last chunk: the file is whole.
    ///
    /// # Errors
    /// [`ChunkError::Length`] if the text has more than [`TEXT`] bytes, or none although chunks came before.
    pub fn last(self, text: &[u8]) -> Result<Vec<u8>, ChunkError> {
        self.0.check(Place::Last, text.len())?;
        Ok(self.0.one_use(Place::Last).seal(&[], text))
    }
}

/// The opening end of one file.
pub struct OpeningChunks {
    counter: Counter,
    is_ended: bool,
}

impl OpeningChunks {
    /// Begin the file of this id.
    pub fn begin(key: &RecordingKey, recording: &[u8; 32], id: FileId) -> Self {
        Self { counter: Counter::new(key, recording, id), is_ended: false }
    }

    /// The text of the next chunk. One that does not open changes nothing: another may be tried at its place.
    ///
    /// # Errors
    /// [`ChunkError`].
    pub fn next(&mut self, place: Place, chunk: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChunkError> {
        if self.is_ended {
            return Err(ChunkError::Behind);
        }
        let text = chunk.len().checked_sub(TAG);
        let text = text.ok_or(ChunkError::Length { at: self.counter.next, length: chunk.len() })?;
        self.counter.check(place, text)?;
        let at = self.counter.next;
        let opened = self.counter.one_use(place).open(&[], chunk).map_err(|_: AeadError| ChunkError::Refused(at))?;
        match place {
            Place::Middle => self.counter.advance()?,
            Place::Last => self.is_ended = true,
        }
        Ok(opened)
    }

    /// Whether the last chunk was opened.
    ///
    /// # Errors
    /// [`ChunkError::Cut`].
    pub const fn end(&self) -> Result<(), ChunkError> {
        if self.is_ended { Ok(()) } else { Err(ChunkError::Cut) }
    }
}

impl fmt::Debug for SealingChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingChunks(redacted)")
    }
}

impl fmt::Debug for OpeningChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningChunks(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::Aead;
    use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;

    fn key() -> RecordingKey {
        RecordingKey::from_bytes([7; 32])
    }

    /// A file of three chunks.
    fn sealed(seed: u64) -> (FileId, Vec<Vec<u8>>) {
        let (id, mut sealing) = SealingChunks::begin(&key(), &[1; 32], &mut ChaCha20Rng::seed_from_u64(seed));
        let mut chunks: Vec<_> = (0..2).map(|i| sealing.middle(&[i; TEXT]).unwrap()).collect();
        chunks.push(sealing.last(b"end").unwrap());
        (id, chunks)
    }

    type Placed<'a> = (Place, &'a [u8]);

    fn opened(id: FileId, chunks: &[Placed<'_>]) -> Result<usize, ChunkError> {
        let mut opening = OpeningChunks::begin(&key(), &[1; 32], id);
        let mut length = 0;
        for (place, chunk) in chunks {
            length += opening.next(*place, chunk)?.len();
        }
        opening.end().map(|()| length)
    }

    #[test]
    fn a_chunk_is_gcm_under_the_counter_and_the_mark_of_the_last() {
        let (id, chunks) = sealed(1);
        let fields: [&[u8]; 2] = [&[1; 32], &id.0];
        let okm = kdf::<32>(NO_SALT, &[&[7; 32]], KdfLabel::RECORDING_FILE, &fields);
        let cipher = Aes256Gcm::new(okm.expose().into());
        let expected: [(u8, u8, &[u8]); 3] = [(0, 0, &[0; TEXT]), (1, 0, &[1; TEXT]), (2, 1, b"end")];
        for (chunk, (count, last, text)) in chunks.iter().zip(expected) {
            let nonce = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count, last];
            assert_eq!(*chunk, cipher.encrypt(&Nonce::from(nonce), text).unwrap());
        }
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [CHUNK, CHUNK, 19]);
    }

    #[test]
    fn chunks_open_in_their_order_and_place_only() {
        use Place::{Last, Middle};
        let ((id, chunks), (other, others)) = (sealed(1), sealed(2));
        let [a, b, c] = [&chunks[0][..], &chunks[1], &chunks[2]];
        assert_eq!(opened(id, &[(Middle, a), (Middle, b), (Last, c)]), Ok(2 * TEXT + 3));
        assert_ne!(id, other);
        let refused: [(&[Placed<'_>], ChunkError); 11] = [
            (&[(Middle, a), (Middle, b)], ChunkError::Cut),
            (&[(Middle, a), (Last, b)], ChunkError::Refused(1)),
            (&[(Middle, b), (Middle, a), (Last, c)], ChunkError::Refused(0)),
            (&[(Middle, a), (Last, c)], ChunkError::Refused(1)),
            (&[(Middle, a), (Middle, a), (Last, c)], ChunkError::Refused(1)),
            (&[(Middle, a), (Middle, &others[1]), (Last, c)], ChunkError::Refused(1)),
            (&[(Middle, a), (Middle, b), (Last, &others[2])], ChunkError::Refused(2)),
            (&[(Middle, a), (Middle, b), (Middle, c)], ChunkError::Length { at: 2, length: 19 }),
            (&[(Middle, a), (Middle, b), (Last, c), (Last, c)], ChunkError::Behind),
            (&[(Middle, &a[1..])], ChunkError::Length { at: 0, length: CHUNK - 1 }),
            (&[(Last, &a[..15])], ChunkError::Length { at: 0, length: 15 }),
        ];
        for (at, (chunks, error)) in refused.into_iter().enumerate() {
            assert_eq!(opened(id, chunks), Err(error), "case {at}");
        }
        assert_eq!(opened(other, &[(Middle, a)]), Err(ChunkError::Refused(0)));
        let foreign = [
            OpeningChunks::begin(&RecordingKey::from_bytes([8; 32]), &[1; 32], id).next(Middle, a),
            OpeningChunks::begin(&key(), &[2; 32], id).next(Middle, a),
        ];
        assert!(foreign.iter().all(|opened| opened.as_ref().is_err_and(|error| *error == ChunkError::Refused(0))));
    }

    #[test]
    fn an_empty_last_chunk_stands_in_an_empty_file_only() {
        let begin = || SealingChunks::begin(&key(), &[1; 32], &mut ChaCha20Rng::seed_from_u64(3));
        let (id, empty) = begin();
        let chunk = empty.last(b"").unwrap();
        assert_eq!((chunk.len(), opened(id, &[(Place::Last, &chunk)])), (TAG, Ok(0)));
        let (_, mut sealing) = begin();
        assert_eq!(sealing.middle(&[0; TEXT - 1]), Err(ChunkError::Length { at: 0, length: CHUNK - 1 }));
        sealing.middle(&[0; TEXT]).unwrap();
        assert_eq!(sealing.last(b""), Err(ChunkError::Length { at: 1, length: TAG }));
        let (_, sealing) = begin();
        assert_eq!(sealing.last(&[0; TEXT + 1]), Err(ChunkError::Length { at: 0, length: CHUNK + 1 }));
    }

    #[test]
    fn a_chunk_that_does_not_open_leaves_its_place_free() {
        let (id, chunks) = sealed(1);
        let mut opening = OpeningChunks::begin(&key(), &[1; 32], id);
        assert!(opening.next(Place::Last, &chunks[0]).is_err());
        assert!(opening.next(Place::Middle, &chunks[0]).is_ok());
        assert_eq!(opening.end(), Err(ChunkError::Cut));
    }

    #[test]
    fn a_used_up_counter_refuses_instead_of_wrapping() {
        let (_, mut sealing) = SealingChunks::begin(&key(), &[1; 32], &mut ChaCha20Rng::seed_from_u64(3));
        sealing.0.next = u64::MAX;
        assert_eq!(sealing.middle(&[0; TEXT]), Err(ChunkError::Exhausted));
    }
}
