//! LIONESS, the wide-block cipher of the onion payload (SESSION section 5; Anderson and Biham 1996): change one bit of the
//! input and the whole output is noise. It authenticates nothing; the end node finds 32 zero bytes or drops.
//!
//! δ = L32 ‖ R, k = k1‖k2‖k3‖k4, S(x, R) = R ⊕ AES-256-CTR(BLAKE3_keyed(x, L)):
//! `R = S(k1,R); L ^= BLAKE3_keyed(k2,R); R = S(k3,R); L ^= BLAKE3_keyed(k4,R)`. Decryption runs the four backwards.

use zeroize::Zeroizing;

use crate::secret::PayloadKey;
use crate::stream;

/// Bytes of the left half.
pub const LEFT: usize = 32;

/// A payload that has no right half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a LIONESS block has at least 33 bytes, this one has {0}")]
pub struct TooShort(
    /// Its length.
    pub usize,
);

/// E(k, δ) where δ stands.
///
/// # Errors
/// [`TooShort`].
pub fn encrypt(key: &PayloadKey, block: &mut [u8]) -> Result<(), TooShort> {
    let (left, right) = halves(block)?;
    let [k1, k2, k3, k4] = quarters(key);
    xor_stream(k1, left, right);
    xor_hash(k2, left, right);
    xor_stream(k3, left, right);
    xor_hash(k4, left, right);
    Ok(())
}

/// D(k, δ) where δ stands.
///
/// # Errors
/// [`TooShort`].
pub fn decrypt(key: &PayloadKey, block: &mut [u8]) -> Result<(), TooShort> {
    let (left, right) = halves(block)?;
    let [k1, k2, k3, k4] = quarters(key);
    xor_hash(k4, left, right);
    xor_stream(k3, left, right);
    xor_hash(k2, left, right);
    xor_stream(k1, left, right);
    Ok(())
}

fn halves(block: &mut [u8]) -> Result<(&mut [u8; LEFT], &mut [u8]), TooShort> {
    let length = block.len();
    match block.split_first_chunk_mut::<LEFT>() {
        Some((left, right)) if !right.is_empty() => Ok((left, right)),
        _ => Err(TooShort(length)),
    }
}

fn quarters(key: &PayloadKey) -> [&[u8; 32]; 4] {
    let (quarters, _) = key.expose().as_chunks::<32>();
    match quarters {
        [k1, k2, k3, k4] => [k1, k2, k3, k4],
        #[expect(clippy::unreachable, reason = "128 bytes are four times 32")]
        _ => unreachable!("128 bytes are four times 32"),
    }
}

fn xor_stream(key: &[u8; 32], left: &[u8; LEFT], right: &mut [u8]) {
    let stream_key = Zeroizing::new(*blake3::keyed_hash(key, left).as_bytes());
    stream::apply_raw(&stream_key, right);
}

fn xor_hash(key: &[u8; 32], left: &mut [u8; LEFT], right: &[u8]) {
    for (byte, mask) in left.iter_mut().zip(blake3::keyed_hash(key, right).as_bytes()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PayloadKey {
        PayloadKey::from_bytes(std::array::from_fn(|i| i as u8))
    }

    #[test]
    fn decryption_undoes_encryption_at_the_size_of_a_packet() {
        let plain: Vec<u8> = (0..pars_wire::limits::ONION_PAYLOAD).map(|i| i as u8).collect();
        let mut block = plain.clone();
        encrypt(&key(), &mut block).unwrap();
        assert_ne!(block, plain);
        decrypt(&key(), &mut block).unwrap();
        assert_eq!(block, plain);
        // A reply block's layers run the other way round: D first, E to undo.
        decrypt(&key(), &mut block).unwrap();
        encrypt(&key(), &mut block).unwrap();
        assert_eq!(block, plain);
    }

    #[test]
    fn one_changed_bit_anywhere_turns_the_whole_block_into_noise() {
        for position in [0, 31, 32, 300, 511] {
            let mut block = vec![0; 512];
            encrypt(&key(), &mut block).unwrap();
            block[position] ^= 1;
            decrypt(&key(), &mut block).unwrap();
            let same = block.iter().filter(|byte| **byte == 0).count();
            assert!(same < 20, "{same} of 512 bytes survived a flip at {position}");
            assert_ne!(block[..32], [0; 32], "the zero check catches it");
        }
    }

    #[test]
    fn a_block_without_a_right_half_is_refused() {
        assert_eq!(encrypt(&key(), &mut [0; 32]), Err(TooShort(32)));
        assert_eq!(decrypt(&key(), &mut []), Err(TooShort(0)));
    }
}
