//! Verification with the checks that `ark-groth16` leaves out: number and range of inputs, form of the points
//! (ELIGIBILITY 2.6).

use alloy_primitives::U256;
use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BitIteratorBE, PrimeField};
use ark_groth16::Groth16;

use crate::{
    field::{self, FieldError},
    key::VerifyingKey,
    proof::{Points, Proof, ProofError},
    statement::INPUTS,
};

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not six public inputs.
    #[error("a proof has exactly six public inputs, these are {0}")]
    InputCount(usize),
    /// A public input at or above the scalar order.
    #[error("public input {index}: {source}")]
    InputOutOfRange {
        /// Position in root, nullifier, external, threshold, at, signal.
        index: usize,
        /// The word.
        source: FieldError,
    },
    /// The eight words are no proof.
    #[error(transparent)]
    MalformedProof(#[from] ProofError),
    /// The pairing equation does not hold.
    #[error("the proof does not hold for these public inputs under this verifying key")]
    ProofInvalid,
}

impl VerifyingKey {
    /// Checks a proof as words, exactly as Groth16Verifier does; `Ok` means it holds.
    pub fn verify(&self, inputs: &[U256], points: &Points) -> Result<(), VerifyError> {
        let words: &[U256; INPUTS] = inputs.try_into().map_err(|_| VerifyError::InputCount(inputs.len()))?;
        let mut scalars = [Fr::ZERO; INPUTS];
        for (index, (slot, word)) in scalars.iter_mut().zip(words).enumerate() {
            *slot = field::scalar(*word).map_err(|source| VerifyError::InputOutOfRange { index, source })?;
        }
        self.verify_scalars(&scalars, &Proof::from_points(points)?)
    }

    /// The pairing equation alone, for inputs and points that were checked.
    pub(crate) fn verify_scalars(&self, inputs: &[Fr; INPUTS], proof: &Proof) -> Result<(), VerifyError> {
        let key = self.prepared();
        match Groth16::<Bn254>::verify_proof_with_prepared_inputs(key, &proof.0, &self.combine(inputs)) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(VerifyError::ProofInvalid),
        }
    }

    /// IC0 + sum of input * IC, with one chain of doublings for all six (Straus).
    fn combine(&self, inputs: &[Fr; INPUTS]) -> G1Projective {
        let mut sum = G1Projective::ZERO;
        let Some((constant, bases)) = self.points().gamma_abc_g1.split_first() else { return sum };
        let inputs = inputs.map(PrimeField::into_bigint);
        let mut bits = inputs.each_ref().map(BitIteratorBE::new);
        for _ in 0..256 {
            sum.double_in_place();
            for (bits, base) in bits.iter_mut().zip(bases) {
                if bits.next() == Some(true) {
                    sum += base;
                }
            }
        }
        sum + constant.into_group()
    }
}
