//! The bytes that travel with a join: `abi.encode(uint256[8] points, uint64 sittingId, uint64 issuedAt, bytes32 payload)`,
//! exactly 352 bytes and canonical (ELIGIBILITY 1).

use alloy_primitives::{B256, U256};

/// Length of an encoded envelope in bytes: eleven words.
pub const ENVELOPE_LEN: usize = 352;

const WORD: usize = 32;

/// A join proof as it travels. Decoding says nothing about the proof itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
    pub points: [U256; 8],
    /// Sitting the proof was made for.
    pub sitting_id: u64,
    /// Time of issue, seconds since the Unix epoch; a later one replaces the seat of the same nullifier.
    pub issued_at: u64,
    /// What the proof signs: the seat hash of a join, the vote of a poll.
    pub payload: B256,
}

/// Why bytes are no join envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Shorter or longer than 352 bytes.
    #[error("a join proof has exactly 352 bytes, these are {0}; send the bytes as the prover wrote them")]
    Length(usize),
    /// The padding of a 64-bit field is not zero.
    #[error("word {0} of the join proof does not fit 64 bits; only the canonical encoding is accepted")]
    NotCanonical(usize),
}

impl Envelope {
    /// The canonical bytes.
    pub fn encode(&self) -> [u8; ENVELOPE_LEN] {
        let tail = [U256::from(self.sitting_id), U256::from(self.issued_at), U256::from_be_bytes(self.payload.0)];
        let mut out = [0; ENVELOPE_LEN];
        for (slot, word) in out.chunks_exact_mut(WORD).zip(self.points.iter().chain(&tail)) {
            slot.copy_from_slice(&word.to_be_bytes::<WORD>());
        }
        out
    }

    /// Reads bytes; refuses any other length and any non-zero padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let bytes: &[u8; ENVELOPE_LEN] = bytes.try_into().map_err(|_| EnvelopeError::Length(bytes.len()))?;
        let (words, _) = bytes.as_chunks::<WORD>();
        let word = |i: usize| words.get(i).map_or(U256::ZERO, |w| U256::from_be_bytes(*w));
        let narrow = |i: usize| u64::try_from(word(i)).map_err(|_| EnvelopeError::NotCanonical(i));
        Ok(Self {
            points: std::array::from_fn(word),
            sitting_id: narrow(8)?,
            issued_at: narrow(9)?,
            payload: B256::from(word(10)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::SolValue;

    fn envelope() -> Envelope {
        Envelope {
            points: std::array::from_fn(|i| U256::from(i + 1)),
            sitting_id: 7,
            issued_at: u64::MAX,
            payload: B256::repeat_byte(0xab),
        }
    }

    #[test]
    fn the_envelope_is_the_abi_encoding() {
        let e = envelope();
        assert_eq!(e.encode().to_vec(), (e.points, e.sitting_id, e.issued_at, e.payload).abi_encode_params());
        assert_eq!(Envelope::decode(&e.encode()), Ok(e));
    }

    #[test]
    fn any_other_length_is_refused() {
        let bytes = envelope().encode();
        for length in [0, 1, 351] {
            assert_eq!(Envelope::decode(&bytes[..length]), Err(EnvelopeError::Length(length)));
        }
        assert_eq!(Envelope::decode(&[&bytes[..], &[0]].concat()), Err(EnvelopeError::Length(353)));
    }

    #[test]
    fn every_bit_of_padding_must_be_zero() {
        for word in [8, 9] {
            for bit in 0..192 {
                let mut bytes = envelope().encode();
                bytes[word * 32 + bit / 8] |= 1 << (bit % 8);
                assert_eq!(Envelope::decode(&bytes), Err(EnvelopeError::NotCanonical(word)));
            }
        }
    }
}
