//! One segment: plain bytes in, sealed chunks out, as it grows.

use pars_crypto::CryptoRng;
use pars_crypto::chunks::{CHUNK, ChunkError, FileId, OpeningChunks, Place, SealingChunks, TEXT};
use pars_crypto::secret::{RecordingKey, Zeroizing};

/// Seals a growing file.
#[derive(Debug)]
pub struct Sealer {
    chunks: SealingChunks,
    /// Up to one chunk's text; wiped when dropped.
    text: Zeroizing<Vec<u8>>,
    sealed: u64,
}

impl Sealer {
    /// Begin a file under an id of its own.
    pub fn begin(key: &RecordingKey, recording: &[u8; 32], rng: &mut (impl CryptoRng + ?Sized)) -> (FileId, Self) {
        let (id, chunks) = SealingChunks::begin(key, recording, rng);
        (id, Self { chunks, text: Zeroizing::new(Vec::with_capacity(TEXT)), sealed: 0 })
    }

    /// Take bytes; gives the chunks that are full now.
    ///
    /// # Errors
    /// [`ChunkError::Exhausted`].
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, ChunkError> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            // A full chunk is sealed only when another byte follows: else it may be the last.
            if self.text.len() == TEXT {
                out.extend(self.chunks.middle(&self.text)?);
                self.text.clear();
            }
            let (now, later) = bytes.split_at_checked(TEXT - self.text.len()).unwrap_or((bytes, &[]));
            self.text.extend_from_slice(now);
            bytes = later;
        }
        self.sealed += out.len() as u64;
        Ok(out)
    }

    /// Bytes that came out.
    pub const fn sealed(&self) -> u64 {
        self.sealed
    }

    /// The last chunk.
    ///
    /// # Errors
    /// [`ChunkError`].
    pub fn finish(self) -> Result<Vec<u8>, ChunkError> {
        self.chunks.last(&self.text)
    }
}

/// How a sealed file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// With its last chunk; anything else is refused.
    Whole,
    /// Somewhere: its recorder was killed. What opens in order is given, the rest is counted.
    Torn,
}

/// Opens a sealed file, in pieces of any length.
#[derive(Debug)]
pub struct Opener {
    chunks: OpeningChunks,
    ending: Ending,
    /// Less than two chunks: the last one is known only when nothing follows.
    held: Vec<u8>,
    has_opened: bool,
    lost: u64,
}

impl Opener {
    /// Begin the file of this id.
    pub fn begin(key: &RecordingKey, recording: &[u8; 32], id: FileId, ending: Ending) -> Self {
        let chunks = OpeningChunks::begin(key, recording, id);
        Self { chunks, ending, held: Vec::new(), has_opened: false, lost: 0 }
    }

    /// Take the next bytes; gives the text of the chunks that are whole and not the last.
    ///
    /// # Errors
    /// [`ChunkError`]: nothing after it is to be read.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChunkError> {
        let mut out = Zeroizing::new(Vec::new());
        while !bytes.is_empty() {
            if self.held.len() == CHUNK {
                let chunk = std::mem::take(&mut self.held);
                self.open(Place::Middle, &chunk, &mut out)?;
            }
            let (now, later) = bytes.split_at_checked(CHUNK - self.held.len()).unwrap_or((bytes, &[]));
            self.held.extend_from_slice(now);
            bytes = later;
        }
        Ok(out)
    }

    /// Nothing follows: the rest of the text, and bytes that are lost of a file that was torn.
    ///
    /// # Errors
    /// [`ChunkError`].
    pub fn finish(mut self) -> Result<(Zeroizing<Vec<u8>>, u64), ChunkError> {
        let mut out = Zeroizing::new(Vec::new());
        let chunk = std::mem::take(&mut self.held);
        match self.ending {
            Ending::Whole if chunk.is_empty() => return Err(ChunkError::Cut),
            Ending::Whole => self.open(Place::Last, &chunk, &mut out)?,
            // A kill may have hit it between its last chunk and its new name: either kind may stand at the end.
            Ending::Torn if self.lost == 0 => {
                let text = self.chunks.next(Place::Middle, &chunk).or_else(|_| self.chunks.next(Place::Last, &chunk));
                match text {
                    Ok(text) => out.extend_from_slice(&text),
                    // A whole chunk at the very beginning that does not open is of another key, not of a kill.
                    Err(error) if !self.has_opened && chunk.len() == CHUNK => return Err(error),
                    Err(_) => self.lost = chunk.len() as u64,
                }
            }
            Ending::Torn => self.lost += chunk.len() as u64,
        }
        Ok((out, self.lost))
    }

    fn open(&mut self, place: Place, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        if self.lost > 0 {
            self.lost += chunk.len() as u64;
            return Ok(());
        }
        match self.chunks.next(place, chunk) {
            Ok(text) => out.extend_from_slice(&text),
            Err(_) if self.ending == Ending::Torn && self.has_opened => self.lost = chunk.len() as u64,
            Err(error) => return Err(error),
        }
        self.has_opened = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use proptest::prelude::*;

    use super::*;

    fn key() -> RecordingKey {
        RecordingKey::from_bytes([7; 32])
    }

    fn text(size: usize) -> Vec<u8> {
        (0_u32..).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(size).collect()
    }

    fn sealed(text: &[u8], piece: usize) -> (FileId, Vec<u8>) {
        let (id, mut sealer) = Sealer::begin(&key(), &[1; 32], &mut ChaCha20Rng::seed_from_u64(5));
        let mut out = Vec::new();
        for piece in text.chunks(piece) {
            out.extend(sealer.push(piece).unwrap());
        }
        assert_eq!(sealer.sealed(), out.len() as u64);
        out.extend(sealer.finish().unwrap());
        (id, out)
    }

    fn opened(id: FileId, bytes: &[u8], ending: Ending, piece: usize) -> Result<(Vec<u8>, u64), ChunkError> {
        let mut opener = Opener::begin(&key(), &[1; 32], id, ending);
        let mut out = Vec::new();
        for piece in bytes.chunks(piece) {
            out.extend_from_slice(&opener.push(piece)?);
        }
        let (last, lost) = opener.finish()?;
        out.extend_from_slice(&last);
        Ok((out, lost))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_sealed_in_any_pieces_opens_in_any_others(
            size in prop_oneof![Just(0), Just(TEXT), Just(2 * TEXT), 0..3 * TEXT],
            (piece, other) in (1_usize..200_000, 1_usize..200_000),
        ) {
            let text = text(size);
            let (id, bytes) = sealed(&text, piece);
            prop_assert_eq!(bytes.len(), size + 16 * size.div_ceil(TEXT).max(1));
            prop_assert_eq!(opened(id, &bytes, Ending::Whole, other), Ok((text, 0)));
        }

        #[test]
        fn a_file_cut_at_any_byte_is_refused_as_whole_and_gives_a_beginning_as_torn(cut in 0..3 * CHUNK + 100) {
            let text = text(3 * TEXT + 84);
            let (id, bytes) = sealed(&text, TEXT);
            prop_assert!(opened(id, &bytes[..cut], Ending::Whole, CHUNK).is_err());
            let (given, lost) = opened(id, &bytes[..cut], Ending::Torn, CHUNK).unwrap();
            let chunks = cut / CHUNK;
            prop_assert_eq!((given.len(), lost), (chunks * TEXT, (cut % CHUNK) as u64));
            prop_assert!(text.starts_with(&given));
        }
    }

    #[test]
    fn a_cut_at_every_border_is_seen() {
        for size in [3 * TEXT, 3 * TEXT + 1] {
            let (id, bytes) = sealed(&text(size), TEXT);
            for border in (0..bytes.len()).step_by(CHUNK) {
                for cut in [border.saturating_sub(1), border, border + 1] {
                    assert!(opened(id, &bytes[..cut], Ending::Whole, 10_000).is_err(), "{size} {cut}");
                }
            }
            assert!(opened(id, &bytes, Ending::Whole, 10_000).is_ok());
        }
    }

    #[test]
    fn every_changed_byte_of_a_small_file_is_seen() {
        let (id, bytes) = sealed(&text(200), 200);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(opened(id, &changed, Ending::Whole, 50), Err(ChunkError::Refused(0)), "{at}");
            assert_eq!(opened(id, &changed, Ending::Torn, 50), Ok((Vec::new(), 216)), "{at}");
        }
    }

    #[test]
    fn chunks_that_change_places_or_come_twice_are_seen() {
        let (id, bytes) = sealed(&text(2 * TEXT + 9), TEXT);
        let [a, b, c] = [&bytes[..CHUNK], &bytes[CHUNK..2 * CHUNK], &bytes[2 * CHUNK..]];
        for parts in [[b, a, c], [a, a, c], [b, b, c], [a, c, b]] {
            assert!(opened(id, &parts.concat(), Ending::Whole, CHUNK).is_err());
        }
        assert!(opened(id, &[a, b, c, c].concat(), Ending::Whole, CHUNK).is_err());
        assert_eq!(opened(id, &[a, c].concat(), Ending::Torn, CHUNK), Ok((text(TEXT), 25)));
        assert_eq!(opened(id, &[b, a].concat(), Ending::Torn, CHUNK), Err(ChunkError::Refused(0)));
    }

    #[test]
    fn a_file_that_was_killed_before_its_new_name_is_all_there() {
        for size in [TEXT, TEXT + 7] {
            let (id, bytes) = sealed(&text(size), TEXT);
            assert_eq!(opened(id, &bytes, Ending::Torn, CHUNK), Ok((text(size), 0)));
        }
    }
}
