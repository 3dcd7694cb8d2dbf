//! Proving. The own proof is verified before it is handed out: arkworks does not notice a false witness.

use std::iter::zip;

use ark_bn254::{Bn254, Fr};
use ark_ec::CurveGroup;
use ark_ff::{Field, UniformRand};
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_poly::GeneralEvaluationDomain as Domain;
use ark_relations::gr1cs::SynthesisError;
use ark_std::rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha3::{Digest, Sha3_256};
use zeroize::Zeroizing;

use crate::{
    eligibility::Witness,
    key::ProvingKey,
    msm::msm,
    proof::Proof,
    statement::{Circuit, Shape, assign},
    verify::VerifyError,
};

/// Why no proof was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The circuit could not be synthesised: a bug.
    #[error("the circuit could not be built, which is a bug of this software: {0}")]
    Synthesis(String),
    /// The proof does not verify: key and circuit do not match, or a bug.
    #[error("the new proof does not verify, nothing was sent; check the proving key with its full point check: {0}")]
    OwnProof(#[from] VerifyError),
}

impl From<SynthesisError> for ProveError {
    fn from(error: SynthesisError) -> Self {
        Self::Synthesis(error.to_string())
    }
}

impl ProvingKey {
    /// Proves a witness; the first proof of a process makes the circuit's shape too.
    ///
    /// `seed` is 32 fresh secret random bytes. The blinding factors are drawn from its hash with the statement and
    /// the secret, so that a repeated seed does not repeat them for another statement.
    pub fn prove(&self, witness: &Witness, seed: &[u8; 32]) -> Result<Proof, ProveError> {
        let mut rng = blinding(witness, seed);
        let blinds = [Fr::rand(&mut rng), Fr::rand(&mut rng)];
        let proof = Proof(self.groth16(&assign(Circuit::from(witness))?, blinds)?);
        self.verifying_key().verify_scalars(&witness.statement().scalars(), &proof)?;
        Ok(proof)
    }

    /// The three elements of a proof (Groth 2016, section 3.2) for an assignment and the blinding factors r and s:
    ///
    /// ```text
    /// A = alpha + sum of z a + r delta      B = beta + sum of z b + s delta
    /// C = sum of h H + sum of z L + s A + r (beta + sum of z b)
    /// ```
    /// The last sum is of the first group. In C, r s delta of the usual form is cancelled out against that of r B.
    fn groth16(&self, assignment: &[Fr], [r, s]: [Fr; 2]) -> Result<ark_groth16::Proof<Bn254>, SynthesisError> {
        let (shape, key) = (Shape::get()?, self.points());
        let quotient = Zeroizing::new(LibsnarkReduction::witness_map_from_matrices::<Fr, Domain<Fr>>(
            &shape.matrices,
            shape.instance,
            shape.constraints,
            assignment,
        )?);
        let values = || assignment.iter().copied();
        let a = zip(key.a_query.iter().copied(), values()).chain([(key.vk.alpha_g1, Fr::ONE), (key.delta_g1, r)]);
        let a = msm(a).into_affine();
        let b = zip(key.b_g2_query.iter().copied(), values()).chain([(key.vk.beta_g2, Fr::ONE), (key.vk.delta_g2, s)]);
        let c = zip(key.h_query.iter().copied(), quotient.iter().copied())
            .chain(zip(key.l_query.iter().copied(), values().skip(shape.instance)))
            .chain(zip(key.b_g1_query.iter().copied(), values().map(|value| r * value)))
            .chain([(key.beta_g1, r), (a, s)]);
        Ok(ark_groth16::Proof { a, b: msm(b).into_affine(), c: msm(c).into_affine() })
    }
}

fn blinding(witness: &Witness, seed: &[u8; 32]) -> ChaCha20Rng {
    let mut hash = Sha3_256::new();
    hash.update(b"pars-eligibility-blinding/1");
    hash.update(seed);
    hash.update(witness.secret().to_bytes());
    for input in witness.statement().inputs() {
        hash.update(input.to_be_bytes::<32>());
    }
    ChaCha20Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use ark_ff::AdditiveGroup;
    use ark_groth16::Groth16;

    use super::*;

    /// Of assignments that satisfy nothing, which no check of the own proof would notice; with and without blinding.
    #[test]
    fn a_proof_is_byte_for_byte_the_librarys_for_the_same_blinding_factors() {
        let key = ProvingKey::generate_insecure_dev().unwrap();
        let shape = Shape::get().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let draw = |rng: &mut ChaCha20Rng| -> Vec<Fr> {
            let private = (0..shape.instance + shape.witness - 1).map(|_| Fr::rand(rng));
            std::iter::once(Fr::ONE).chain(private).collect()
        };
        let assignments = [assign(Circuit::default()).unwrap().to_vec(), draw(&mut rng), draw(&mut rng)];
        let blinds = [[Fr::rand(&mut rng), Fr::rand(&mut rng)], [-Fr::ONE, Fr::ONE], [Fr::ZERO, -Fr::ONE]];
        for (assignment, [r, s]) in zip(assignments, blinds) {
            let theirs = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
                key.points(),
                r,
                s,
                &shape.matrices,
                shape.instance,
                shape.constraints,
                &assignment,
            );
            assert_eq!(key.groth16(&assignment, [r, s]).unwrap(), theirs.unwrap());
        }
    }
}
