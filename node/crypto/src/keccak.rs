//! Keccak-f[1600] on one state or on several side by side (FIPS 202, section 3): the same steps on words of any width.

use core::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

/// Words of a state: five planes of five, word x of plane y at 5y + x.
pub(crate) const WORDS: usize = 25;

/// Constants of ι, one a round (section 3.2.5).
const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// What a word must do: `u64`, or a vector of them, each of another state.
pub(crate) trait Word:
    Copy
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
}

impl<W> Word for W where
    W: Copy
        + BitAnd<Output = W>
        + BitOr<Output = W>
        + BitXor<Output = W>
        + Not<Output = W>
        + Shl<u32, Output = W>
        + Shr<u32, Output = W>
{
}

/// All 24 rounds. `word` makes a word that is the same in every state.
///
/// Inlined down to the last step: the caller decides for which processor it is compiled, and the state stays in registers.
#[inline(always)]
pub(crate) fn permute<W: Word>(mut state: [W; WORDS], word: impl Fn(u64) -> W) -> [W; WORDS] {
    for constant in ROUNDS {
        state = round(state);
        // ι.
        state[0] = state[0] ^ word(constant);
    }
    state
}

/// One round without its constant. Written out, because a loop over tables leaves the state in memory: several times slower.
#[inline(always)]
fn round<W: Word>(a: [W; WORDS]) -> [W; WORDS] {
    // θ: each column takes the parities of its two neighbours.
    let c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    let c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    let c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    let c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    let c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    let d0 = c4 ^ rotate(c1, 1);
    let d1 = c0 ^ rotate(c2, 1);
    let d2 = c1 ^ rotate(c3, 1);
    let d3 = c2 ^ rotate(c4, 1);
    let d4 = c3 ^ rotate(c0, 1);
    // ρ and π: each word is rotated by its own distance and moves; then χ plane by plane.
    let [r0, r1, r2, r3, r4] =
        chi([a[0] ^ d0, rotate(a[6] ^ d1, 44), rotate(a[12] ^ d2, 43), rotate(a[18] ^ d3, 21), rotate(a[24] ^ d4, 14)]);
    let [r5, r6, r7, r8, r9] = chi([
        rotate(a[3] ^ d3, 28),
        rotate(a[9] ^ d4, 20),
        rotate(a[10] ^ d0, 3),
        rotate(a[16] ^ d1, 45),
        rotate(a[22] ^ d2, 61),
    ]);
    let [r10, r11, r12, r13, r14] = chi([
        rotate(a[1] ^ d1, 1),
        rotate(a[7] ^ d2, 6),
        rotate(a[13] ^ d3, 25),
        rotate(a[19] ^ d4, 8),
        rotate(a[20] ^ d0, 18),
    ]);
    let [r15, r16, r17, r18, r19] = chi([
        rotate(a[4] ^ d4, 27),
        rotate(a[5] ^ d0, 36),
        rotate(a[11] ^ d1, 10),
        rotate(a[17] ^ d2, 15),
        rotate(a[23] ^ d3, 56),
    ]);
    let [r20, r21, r22, r23, r24] = chi([
        rotate(a[2] ^ d2, 62),
        rotate(a[8] ^ d3, 55),
        rotate(a[14] ^ d4, 39),
        rotate(a[15] ^ d0, 41),
        rotate(a[21] ^ d1, 2),
    ]);
    [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17, r18, r19, r20, r21, r22, r23, r24]
}

/// χ of one plane (section 3.2.4).
#[inline(always)]
fn chi<W: Word>([a, b, c, d, e]: [W; 5]) -> [W; 5] {
    [a ^ (!b & c), b ^ (!c & d), c ^ (!d & e), d ^ (!e & a), e ^ (!a & b)]
}

/// Rotate to the left by 1 to 63 bits.
#[inline(always)]
fn rotate<W: Word>(word: W, bits: u32) -> W {
    (word << bits) | (word >> (64 - bits))
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::{Rng, SeedableRng};
    use fearless_simd::{Simd, dispatch, prelude::*};
    use sha3::{Digest, Sha3_256};

    use super::*;
    use crate::search::levels;

    /// A message of less than one block, and the state of SHA3-256 once it is absorbed.
    fn message(rng: &mut ChaCha20Rng) -> (Vec<u8>, [u64; WORDS]) {
        let mut message = vec![0; rng.next_u32() as usize % 136];
        rng.fill_bytes(&mut message);
        let mut block = message.clone();
        block.push(0x06);
        block.resize(136, 0);
        block[135] |= 0x80;
        block.resize(200, 0);
        (message, core::array::from_fn(|i| u64::from_le_bytes(block[8 * i..][..8].try_into().unwrap())))
    }

    fn hash(words: &[u64]) -> Vec<u8> {
        words[..4].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Another message in each lane of the vector; whether each hash is the one of the `sha3` crate.
    #[inline(always)]
    fn lanes_agree<S: Simd>(simd: S, rng: &mut ChaCha20Rng) -> bool {
        let messages: Vec<_> = (0..S::u64s::LEN).map(|_| message(rng)).collect();
        let state = core::array::from_fn(|word| S::u64s::from_fn(simd, |lane| messages[lane].1[word]));
        let permuted = permute(state, |word| S::u64s::splat(simd, word));
        messages.iter().enumerate().all(|(lane, (message, _))| {
            let words = permuted.map(|vector| vector.as_slice()[lane]);
            hash(&words) == Sha3_256::digest(message).as_slice()
        })
    }

    #[test]
    fn a_permuted_block_is_the_hash_of_its_message_on_plain_words_and_in_each_lane_of_every_vector() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for _ in 0..500 {
            let (message, state) = message(&mut rng);
            assert_eq!(hash(&permute(state, |word| word)), Sha3_256::digest(message).as_slice());
        }
        for level in levels() {
            for _ in 0..200 {
                assert!(dispatch!(level, simd => lanes_agree(simd, &mut rng)), "{level:?}");
            }
        }
    }
}
