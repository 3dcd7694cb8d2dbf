//! The holder's identity secret: one scalar, known to nobody else, from which commitment and nullifiers follow.

use std::fmt;

use alloy_primitives::B256;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{encoding::Commitment, field, poseidon};

/// The identity secret of ELIGIBILITY 1. Erased when dropped; never printed, compared or serialised.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Fr);

/// Why 32 bytes are no identity secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not below the scalar order. The bytes are not repeated here.
    #[error("the secret is not below the BN254 scalar order; it was not written by this software or is damaged")]
    OutOfRange,
    /// Zero, which everybody knows.
    #[error("the secret is zero; create a new one")]
    Zero,
}

impl Secret {
    /// A uniform secret from 64 fresh random bytes (the excess makes the reduction's bias negligible).
    pub fn from_entropy(entropy: &[u8; 64]) -> Result<Self, SecretError> {
        Self::nonzero(Fr::from_be_bytes_mod_order(entropy))
    }

    /// Reads the 32 big-endian bytes of [`Secret::to_bytes`]; refuses zero and values at or above the scalar order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SecretError> {
        Self::nonzero(field::scalar_from_bytes(B256::from(bytes)).map_err(|_| SecretError::OutOfRange)?)
    }

    fn nonzero(value: Fr) -> Result<Self, SecretError> {
        if value == Fr::ZERO { Err(SecretError::Zero) } else { Ok(Self(value)) }
    }

    /// The 32 big-endian bytes for the secret's file; they are erased when dropped.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(field::bytes(self.0).0)
    }

    /// The public commitment, PoseidonT2 of the secret.
    pub fn commitment(&self) -> Commitment {
        Commitment::from_scalar(poseidon::t2(self.0))
    }

    pub(crate) const fn scalar(&self) -> Fr {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::from_bytes(&[7; 32]).unwrap()), "Secret(redacted)");
    }

    #[test]
    fn zero_and_values_at_or_above_the_scalar_order_are_refused() {
        let read = |word: alloy_primitives::U256| Secret::from_bytes(&word.to_be_bytes()).map(|_| ()).unwrap_err();
        assert_eq!(read(field::SCALAR_ORDER), SecretError::OutOfRange);
        assert_eq!(read(alloy_primitives::U256::MAX), SecretError::OutOfRange);
        assert_eq!(read(alloy_primitives::U256::ZERO), SecretError::Zero);
        assert_eq!(Secret::from_entropy(&[0; 64]).map(|_| ()).unwrap_err(), SecretError::Zero);
    }

    #[test]
    fn a_secret_survives_its_file_form() {
        let secret = Secret::from_entropy(&[9; 64]).unwrap();
        let again = Secret::from_bytes(&secret.to_bytes()).unwrap();
        assert_eq!(secret.commitment(), again.commitment());
    }
}
