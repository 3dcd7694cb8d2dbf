//! Proof of work: the first nonce whose H(label; f1, …, nonce) begins with enough zero bits (SESSION section 6).
//!
//! Several nonces are tried at once, each in its own lane of a vector: eight with AVX-512, four with AVX2, two with SSE2 or
//! NEON. `fearless_simd` asks the processor; where it has no vectors, that crate does the same on plain words. What is found
//! does not depend on it. Everything here is public: nothing is wiped, nothing is constant in time.

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use crate::hash::{hash, prefix};
use crate::keccak::{WORDS, Word, permute};
use crate::label::HashLabel;

/// Bytes that SHA3-256 absorbs before it permutes.
const RATE: usize = 136;
/// Bytes of a nonce, a big-endian number.
const NONCE: usize = 8;

/// Zero bits in front of a hash, 255 at most.
pub fn zero_bits(hash: &[u8; 32]) -> u8 {
    let whole = hash.iter().take_while(|byte| **byte == 0).count() as u32;
    let part = hash.iter().find(|byte| **byte != 0).map_or(0, |byte| byte.leading_zeros());
    (whole * 8 + part).min(u32::from(u8::MAX)) as u8
}

/// Try `tries` nonces from `start` on, which wraps; give the first for which [`hash`] of the label, the fields and the nonce
/// as last field begins with `bits` zero bits. Slow: 2^`bits` tries on average.
///
/// # Panics
/// As [`hash`], if a field is longer than 65,535 bytes.
pub fn first_nonce(label: HashLabel, fields: &[&[u8]], bits: u8, start: u64, tries: u64) -> Option<[u8; NONCE]> {
    first_on(Level::new(), Question { label, fields, bits }, start, tries)
}

/// What is searched.
#[derive(Clone, Copy)]
struct Question<'a> {
    label: HashLabel,
    fields: &'a [&'a [u8]],
    bits: u8,
}

impl Question<'_> {
    fn is_solved_by(&self, nonce: [u8; NONCE]) -> bool {
        zero_bits(&hash(self.label, &[self.fields, &[nonce.as_slice()]].concat())) >= self.bits
    }
}

/// [`first_nonce`] on a processor of this level.
fn first_on(level: Level, question: Question<'_>, start: u64, tries: u64) -> Option<[u8; NONCE]> {
    let nonce = |done| start.wrapping_add(done).to_be_bytes();
    let Some(block) = Block::of(question) else {
        return (0..tries).map(nonce).find(|nonce| question.is_solved_by(*nonce));
    };
    let mut done = 0;
    loop {
        let (first, left) = (start.wrapping_add(done), tries - done);
        done += dispatch!(level, simd => block.candidate(simd, first, left))?;
        // A candidate has the bits that 64 can show: whether it has all, the hash itself says.
        if question.is_solved_by(nonce(done)) {
            return Some(nonce(done));
        }
        done += 1;
    }
}

/// The one block that SHA3-256 absorbs here, all but the nonce, and where the nonce goes.
struct Block {
    state: [u64; WORDS],
    /// The word in which the nonce begins,
    word: usize,
    /// and how many bits of that word stand before it.
    shift: u32,
    /// The bits of the hash's first word that must be zero.
    mask: u64,
}

impl Block {
    /// `None` if the fields are too long for one block.
    fn of(question: Question<'_>) -> Option<Self> {
        let mut bytes = Vec::with_capacity(RATE);
        for field in [&[question.label.as_bytes()], question.fields, &[&[0; NONCE]]].concat() {
            bytes.extend_from_slice(&prefix(field));
            bytes.extend_from_slice(field);
        }
        let at = bytes.len().checked_sub(NONCE).filter(|at| at + NONCE < RATE)?;
        // FIPS 202, B.2: the suffix 01 of SHA-3 and the first bit of pad10*1 in one byte, its last bit at the block's end.
        bytes.push(0x06);
        bytes.resize(RATE, 0);
        *bytes.last_mut()? |= 0x80;
        let mut state = [0; WORDS];
        for (word, bytes) in state.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        // Words are little-endian: the hash's first byte is the lowest of its first word.
        let mask = u64::MAX.checked_shl(64 - u32::from(question.bits.min(64))).unwrap_or(0).swap_bytes();
        Some(Self { state, word: at / 8, shift: (at % 8) as u32 * 8, mask })
    }

    /// How many of `tries` nonces from `start` on to skip, until one gives the zero bits in the hash's first word.
    #[inline(always)]
    fn candidate<S: Simd>(&self, simd: S, start: u64, tries: u64) -> Option<u64> {
        let same = S::u64s::splat;
        let template = self.state.map(
            #[inline(always)]
            |word| same(simd, word),
        );
        let mut done = 0;
        while done < tries {
            let first = start.wrapping_add(done);
            let nonces = S::u64s::from_fn(
                simd,
                #[inline(always)]
                |lane| first.wrapping_add(lane as u64).swap_bytes(),
            );
            let hashes = permute(
                self.with(template, nonces),
                #[inline(always)]
                |word| same(simd, word),
            );
            let wrong = hashes[0] & same(simd, self.mask);
            if wrong.simd_eq(same(simd, 0)).any_true() {
                let lane = wrong.as_slice().iter().position(|bits| *bits == 0)? as u64;
                return Some(done + lane).filter(|skipped| *skipped < tries);
            }
            done = done.saturating_add(S::u64s::LEN as u64);
        }
        None
    }

    /// Nonces put in their place: into one word, or over two.
    #[inline(always)]
    fn with<W: Word>(&self, mut state: [W; WORDS], nonces: W) -> [W; WORDS] {
        if let Some(word) = state.get_mut(self.word) {
            *word = *word ^ (nonces << self.shift);
        }
        if self.shift > 0
            && let Some(word) = state.get_mut(self.word + 1)
        {
            *word = *word ^ (nonces >> (64 - self.shift));
        }
        state
    }
}

/// Every level that this processor has, the least first.
#[cfg(test)]
pub(crate) fn levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let more = [best.as_sse4_2().map(Simd::level), best.as_avx2().map(Simd::level), best.as_avx512().map(Simd::level)];
    #[cfg(not(target_arch = "x86_64"))]
    let more = [Some(best)];
    [Some(Level::baseline())].into_iter().chain(more).flatten().collect()
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::{Rng, SeedableRng};

    use super::*;

    const LABEL: HashLabel = HashLabel::HASHCASH;

    /// One hash after the other, as the definition says.
    fn naive(fields: &[&[u8]], bits: u8, start: u64, tries: u64) -> Option<[u8; NONCE]> {
        let mut nonces = (0..tries).map(|i| start.wrapping_add(i).to_be_bytes());
        nonces.find(|nonce| zero_bits(&hash(LABEL, &[fields, &[nonce.as_slice()]].concat())) >= bits)
    }

    fn agree(fields: &[&[u8]], bits: u8, start: u64, tries: u64) -> Option<[u8; NONCE]> {
        let expected = naive(fields, bits, start, tries);
        for level in levels() {
            let found = first_on(level, Question { label: LABEL, fields, bits }, start, tries);
            assert_eq!(found, expected, "{level:?}, {fields:?}, {bits} bits, {tries} tries from {start}");
        }
        assert_eq!(first_nonce(LABEL, fields, bits, start, tries), expected);
        expected
    }

    #[test]
    fn the_first_nonce_is_found_or_none_as_one_hash_after_the_other_would() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut found = 0;
        for bits in 0..10 {
            for _ in 0..20 {
                let mut bytes = [0; 96];
                rng.fill_bytes(&mut bytes);
                let fields = [&bytes[..32], &bytes[32..64], &bytes[64..]];
                // Few tries: many searches end without a nonce, at any place within a vector.
                let tries = rng.next_u64() % (2 << bits);
                found += usize::from(agree(&fields, bits, rng.next_u64(), tries).is_some());
            }
        }
        assert!((50..200).contains(&found), "{found} of 200");
    }

    #[test]
    fn a_nonce_stands_at_any_place_of_the_block_or_beyond_it() {
        // The label and the lengths of three parts take 16 bytes: with 111 the block is full, with more there are two.
        for length in (0..16).chain(100..120) {
            let field = vec![length as u8; length];
            agree(&[&field], 6, 0, 1_000).unwrap();
        }
        agree(&[], 6, 0, 1_000).unwrap();
    }

    #[test]
    fn nonces_wrap_and_many_bits_are_not_found() {
        let field = [7; 32];
        let first = agree(&[&field], 7, 0, 5_000).map(u64::from_be_bytes).unwrap();
        assert_eq!(agree(&[&field], 7, first, 1).map(u64::from_be_bytes), Some(first));
        let start = 21_u64.wrapping_neg();
        assert_eq!(naive(&[&field], 7, start, 21), None);
        assert_eq!(agree(&[&field], 7, start, u64::MAX).map(u64::from_be_bytes), Some(first));
        for bits in [64, 65, 255] {
            assert_eq!(agree(&[&field], bits, u64::MAX - 3, 100), None);
        }
    }

    #[test]
    fn zero_bits_are_counted_from_the_front() {
        let mut hash = [0; 32];
        assert_eq!(zero_bits(&hash), 255);
        hash[31] = 1;
        assert_eq!(zero_bits(&hash), 255);
        hash[9] = 0x1f;
        assert_eq!(zero_bits(&hash), 75);
        hash[0] = 0x80;
        assert_eq!(zero_bits(&hash), 0);
    }
}
