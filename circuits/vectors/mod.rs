//! Everything under version control that follows from the circuit: the vectors that Rust, the circuit, Solidity and
//! TypeScript share, the development verifying key and the verifier contract. Shared by the example that writes them
//! and the test that compares them.

mod eligibility;
mod join;
mod locks;
mod poseidon;

use alloy_primitives::{B256, U256};
use ark_std::rand::{RngCore, SeedableRng};
use pars_circuits::{ProvingKey, Secret, field, solidity::verifier_source};
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

/// Longest lock of our escrow, in seconds: a sitting's threshold is its least balance times this.
const MAXTIME: u64 = 4 * 365 * 86_400;

/// Paths from the root of the repository with their content, in a fixed order.
pub(crate) fn files(key: &ProvingKey) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("tests/vectors/poseidon.json", json(&poseidon::vectors())),
        ("tests/vectors/eligibility.json", json(&eligibility::vectors())),
        ("tests/vectors/join.json", json(&join::vectors(key))),
        ("circuits/keys/insecure-dev.vk", key.verifying_key().to_bytes()),
        ("contracts/src/Groth16Verifier.sol", verifier_source(key.verifying_key()).into_bytes()),
    ]
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("plain structs serialise");
    bytes.push(b'\n');
    bytes
}

/// The generator of all values that need not be special; its seed is part of the vectors.
fn generator(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn random_bytes(rng: &mut ChaCha20Rng) -> B256 {
    let mut bytes = B256::ZERO;
    rng.fill_bytes(bytes.as_mut_slice());
    bytes
}

fn random_scalar(rng: &mut ChaCha20Rng) -> U256 {
    U256::from_be_bytes(random_bytes(rng).0) % field::SCALAR_ORDER
}

fn random_secret(rng: &mut ChaCha20Rng) -> Secret {
    Secret::from_bytes(&random_scalar(rng).to_be_bytes()).expect("a random scalar is not zero")
}
