//! The two prime fields of BN254 as the EVM sees them: 256-bit words that must be canonical (ELIGIBILITY 2.6, THREATS Z2).
//!
//! A word at or above the field order would alias a smaller one, so nothing here reduces silently: conversion refuses.

use alloy_primitives::{B256, U256};
use ark_bn254::{Fq, Fr};
use ark_ff::{BigInt, PrimeField};

/// Order r of the scalar field: every public input, commitment, leaf and node is below it.
pub const SCALAR_ORDER: U256 = U256::from_limbs(<Fr as PrimeField>::MODULUS.0);

/// Order q of the base field: every coordinate of a proof point is below it.
pub const BASE_ORDER: U256 = U256::from_limbs(<Fq as PrimeField>::MODULUS.0);

/// A 256-bit word that is no canonical field element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The word is at or above the scalar order.
    #[error("{0:#066x} is not below the BN254 scalar order; send the canonical representative")]
    ScalarOutOfRange(U256),
    /// The word is at or above the base order.
    #[error("{0:#066x} is not below the BN254 base field order; send the canonical coordinate")]
    CoordinateOutOfRange(U256),
}

/// Reads a word as a scalar; refuses one at or above [`SCALAR_ORDER`].
pub fn scalar(word: U256) -> Result<Fr, FieldError> {
    Fr::from_bigint(BigInt::new(*word.as_limbs())).ok_or(FieldError::ScalarOutOfRange(word))
}

/// Reads 32 big-endian bytes as a scalar; refuses a value at or above [`SCALAR_ORDER`].
pub fn scalar_from_bytes(bytes: B256) -> Result<Fr, FieldError> {
    scalar(U256::from_be_bytes(bytes.0))
}

/// The canonical word of a scalar.
pub fn word(value: Fr) -> U256 {
    U256::from_limbs(value.into_bigint().0)
}

/// The canonical 32 big-endian bytes of a scalar.
pub fn bytes(value: Fr) -> B256 {
    B256::from(word(value))
}

/// Reads a word as a coordinate; refuses one at or above [`BASE_ORDER`].
pub(crate) fn coordinate(word: U256) -> Result<Fq, FieldError> {
    Fq::from_bigint(BigInt::new(*word.as_limbs())).ok_or(FieldError::CoordinateOutOfRange(word))
}

/// The canonical word of a coordinate.
pub(crate) fn coordinate_word(value: Fq) -> U256 {
    U256::from_limbs(value.into_bigint().0)
}

/// A word that is below both orders by construction: 248 bits, as every `>> 8` of a hash.
pub(crate) fn scalar_of_248_bits(hash: B256) -> Fr {
    Fr::from_be_bytes_mod_order(hash.0.split_last().map_or(&[][..], |(_, head)| head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_at_or_above_the_scalar_order_is_refused() {
        let one = U256::from(1);
        assert_eq!(word(scalar(SCALAR_ORDER - one).unwrap()), SCALAR_ORDER - one);
        for bad in [SCALAR_ORDER, SCALAR_ORDER + one, BASE_ORDER, U256::MAX] {
            assert_eq!(scalar(bad), Err(FieldError::ScalarOutOfRange(bad)));
            assert_eq!(scalar_from_bytes(B256::from(bad)), Err(FieldError::ScalarOutOfRange(bad)));
        }
    }

    #[test]
    fn a_coordinate_at_or_above_the_base_order_is_refused() {
        assert!(coordinate(BASE_ORDER - U256::from(1)).is_ok());
        assert_eq!(coordinate(BASE_ORDER), Err(FieldError::CoordinateOutOfRange(BASE_ORDER)));
    }

    #[test]
    fn a_hash_shifted_by_eight_bits_keeps_its_upper_31_bytes() {
        let hash = B256::repeat_byte(0xff);
        assert_eq!(word(scalar_of_248_bits(hash)), U256::from_be_bytes(hash.0) >> 8);
    }
}
