//! Verification with the checks that `ark-groth16` leaves out: number and range of inputs, form of the points
//! (ELIGIBILITY 2.6).

use alloy_primitives::U256;
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, PrimeField};
use ark_groth16::Groth16;

use crate::{
    field::{self, FieldError},
    key::VerifyingKey,
    proof::{Points, Proof, ProofError},
    statement::INPUTS,
};

/// Bits of a digit of an input.
const DIGIT: usize = 4;
/// Digits of an input.
const DIGITS: usize = 256 / DIGIT;
/// Multiples of a point that a digit may ask for, from once.
pub(crate) const MULTIPLES: usize = (1 << DIGIT) - 1;

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

    /// IC0 + sum of input * IC, with one chain of doublings for all six (Straus), four bits at a time.
    fn combine(&self, inputs: &[Fr; INPUTS]) -> G1Projective {
        let inputs = inputs.map(PrimeField::into_bigint);
        let mut sum = G1Projective::ZERO;
        for digit in (0..DIGITS).rev() {
            (0..DIGIT).for_each(|_| _ = sum.double_in_place());
            for (input, multiples) in inputs.iter().zip(self.multiples()) {
                let limb = input.0.get(digit / (64 / DIGIT)).copied().unwrap_or_default();
                let digit = (limb >> (DIGIT * (digit % (64 / DIGIT)))) as usize & MULTIPLES;
                // Of zero there is no multiple.
                sum += digit.checked_sub(1).and_then(|place| multiples.get(place)).unwrap_or(&G1Affine::identity());
            }
        }
        sum + self.points().gamma_abc_g1.first().unwrap_or(&G1Affine::identity())
    }
}

/// The multiples of each point that an input weights; none if the points are not one and one for each input.
pub(crate) fn multiples(points: &[G1Affine]) -> Option<[[G1Affine; MULTIPLES]; INPUTS]> {
    let of_one = |point: &G1Affine| {
        let point = *point;
        std::iter::successors(Some(point.into_group()), move |last| Some(*last + point)).take(MULTIPLES)
    };
    let all: Vec<G1Projective> = points.iter().skip(1).flat_map(of_one).collect();
    let all = G1Projective::normalize_batch(&all);
    all.as_chunks().0.try_into().ok()
}

#[cfg(test)]
mod tests {
    use ark_ff::{Field, UniformRand};
    use ark_std::rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn inputs_of_any_size_are_combined_as_their_sum_of_multiples() {
        let key = VerifyingKey::insecure_dev().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let random: [Fr; INPUTS] = std::array::from_fn(|_| Fr::rand(&mut rng));
        let small = [0_u64, 1, 15, 16, 1 << 40, u64::MAX].map(Fr::from);
        for inputs in [[Fr::ZERO; INPUTS], [-Fr::ONE; INPUTS], small, random] {
            let points = &key.points().gamma_abc_g1;
            let terms = points[1..].iter().zip(inputs).map(|(point, input)| *point * input);
            assert_eq!(key.combine(&inputs), terms.sum::<G1Projective>() + points[0]);
        }
    }
}
