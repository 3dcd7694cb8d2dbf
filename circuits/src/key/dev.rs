//! The deterministic development key. Whoever reads this file can forge proofs under it: that is its purpose.

use ark_bn254::Bn254;
use ark_groth16::Groth16;
use ark_std::rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha3::{Digest, Sha3_256};

use super::KeyError;
use crate::statement::Circuit;

/// The label from which all trapdoors follow.
const LABEL: &[u8] = b"pars-insecure-dev-key/1";

/// Runs the setup with ChaCha20 seeded by SHA3-256 of the label.
pub(super) fn generate() -> Result<ark_groth16::ProvingKey<Bn254>, KeyError> {
    let mut rng = ChaCha20Rng::from_seed(Sha3_256::digest(LABEL).into());
    Ok(Groth16::<Bn254>::generate_random_parameters_with_reduction(Circuit::default(), &mut rng)?)
}
