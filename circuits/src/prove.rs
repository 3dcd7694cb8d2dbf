//! Proving. The own proof is verified before it is handed out: arkworks does not notice a false witness.

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_std::rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha3::{Digest, Sha3_256};

use crate::{
    eligibility::Witness,
    key::ProvingKey,
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

impl From<ark_relations::gr1cs::SynthesisError> for ProveError {
    fn from(error: ark_relations::gr1cs::SynthesisError) -> Self {
        Self::Synthesis(error.to_string())
    }
}

impl ProvingKey {
    /// Proves a witness; about 330 ms of CPU in a release build, the circuit's shape once more.
    ///
    /// `seed` is 32 fresh secret random bytes. The blinding factors are drawn from its hash with the statement and
    /// the secret, so that a repeated seed does not repeat them for another statement.
    pub fn prove(&self, witness: &Witness, seed: &[u8; 32]) -> Result<Proof, ProveError> {
        let mut rng = blinding(witness, seed);
        let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
        let (shape, assignment) = (Shape::get()?, assign(Circuit::from(witness))?);
        let proof = Proof(Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            self.points(),
            r,
            s,
            &shape.matrices,
            shape.instance,
            shape.constraints,
            &assignment,
        )?);
        self.verifying_key().verify_scalars(&witness.statement().scalars(), &proof)?;
        Ok(proof)
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
