//! The verifier accepts exactly six canonical inputs with a well-formed proof that holds (THREATS Z2, Z6, Z8).

use alloy_primitives::U256;
use ark_std::rand::{Rng, SeedableRng};
use pars_circuits::{Points, VerifyingKey, field::SCALAR_ORDER, verify::VerifyError};
use rand_chacha::ChaCha20Rng;

use crate::support::STORY;

fn key() -> VerifyingKey {
    VerifyingKey::insecure_dev().unwrap()
}

fn inputs() -> [U256; 6] {
    STORY.witness.statement().inputs()
}

#[test]
fn a_true_proof_verifies_under_the_shipped_verifying_key() {
    assert_eq!(key().verify(&inputs(), &STORY.proof.points()), Ok(()));
}

#[test]
fn each_public_input_alone_is_bound() {
    let key = key();
    for i in 0..6 {
        for other in [inputs()[i] + U256::from(1), inputs()[i] ^ (U256::from(1) << 200), U256::ZERO] {
            let mut changed = inputs();
            changed[i] = other;
            assert_eq!(key.verify(&changed, &STORY.proof.points()), Err(VerifyError::ProofInvalid), "input {i}");
        }
    }
}

#[test]
fn five_and_seven_inputs_are_refused_by_their_number() {
    let key = key();
    let seven = [&inputs()[..], &[U256::ZERO]].concat();
    for count in [0, 1, 5, 7] {
        assert_eq!(key.verify(&seven[..count], &STORY.proof.points()), Err(VerifyError::InputCount(count)));
    }
}

#[test]
fn an_input_at_or_above_the_scalar_order_is_refused_at_every_position() {
    let key = key();
    for i in 0..6 {
        for word in [SCALAR_ORDER, inputs()[i] + SCALAR_ORDER, U256::MAX] {
            let mut aliased = inputs();
            aliased[i] = word;
            let refused = key.verify(&aliased, &STORY.proof.points());
            assert!(matches!(refused, Err(VerifyError::InputOutOfRange { index, .. }) if index == i), "input {i}");
        }
    }
}

fn flipped(bit: usize) -> Points {
    let mut points = STORY.proof.points();
    points[bit / 256] ^= U256::from(1) << (bit % 256);
    points
}

#[test]
fn a_flip_in_any_of_the_256_bytes_and_at_random_bits_is_refused() {
    let seed = 23u64;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let key = key();
    let every_byte: Vec<usize> = (0..256).map(|byte| byte * 8 + rng.gen_range(0..8)).collect();
    let anywhere: Vec<usize> = (0..400).map(|_| rng.gen_range(0..2048)).collect();
    for bit in every_byte.into_iter().chain(anywhere) {
        assert!(key.verify(&inputs(), &flipped(bit)).is_err(), "bit {bit}");
    }
}

#[test]
fn well_formed_points_of_another_proof_are_refused() {
    let mut points = STORY.proof.points();
    // A in place of C: on the curve, in the group, false.
    (points[6], points[7]) = (points[0], points[1]);
    assert_eq!(key().verify(&inputs(), &points), Err(VerifyError::ProofInvalid));
}
