//! Whoever sees a proof can make another one of the same statement; the nullifier stays (THREATS Z3, ELIGIBILITY 2.7).

use std::collections::BTreeSet;

use alloy_primitives::{B256, U256};
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInt, Field, PrimeField, UniformRand};
use ark_std::rand::SeedableRng;
use pars_circuits::{
    Envelope, Points, Proof, VerifyingKey,
    check::{Refusal, admit},
};
use rand_chacha::ChaCha20Rng;

use crate::support::STORY;

struct Raw {
    a: G1Affine,
    b: G2Affine,
    c: G1Affine,
}

fn fq(word: U256) -> Fq {
    Fq::from_bigint(BigInt::new(*word.as_limbs())).unwrap()
}

fn raw(points: &Points) -> Raw {
    let [ax, ay, bx1, bx0, by1, by0, cx, cy] = points.map(fq);
    let b = G2Affine::new(Fq2::new(bx0, bx1), Fq2::new(by0, by1));
    Raw { a: G1Affine::new(ax, ay), b, c: G1Affine::new(cx, cy) }
}

fn words(raw: &Raw) -> Points {
    let Raw { a, b, c } = raw;
    [a.x, a.y, b.x.c1, b.x.c0, b.y.c1, b.y.c0, c.x, c.y].map(|c| U256::from_limbs(c.into_bigint().0))
}

/// delta G2 as the key file stores it: after the header, alpha, beta and gamma, in Montgomery form.
fn delta(key: &VerifyingKey) -> G2Affine {
    let file = key.to_bytes();
    let coordinate = |i: usize| {
        let start = 52 + 64 + 2 * 128 + i * 32;
        let limb = |j: usize| u64::from_le_bytes(file[start + j * 8..start + j * 8 + 8].try_into().unwrap());
        Fq::new_unchecked(BigInt::new(std::array::from_fn(limb)))
    };
    G2Affine::new(Fq2::new(coordinate(0), coordinate(1)), Fq2::new(coordinate(2), coordinate(3)))
}

/// What the contract's twin says of these points under a nullifier.
fn said(key: &VerifyingKey, points: Points, nullifier: B256) -> &'static str {
    if Proof::from_points(&points).is_err() {
        return "malformed_proof";
    }
    let old = Envelope::decode(&STORY.file.proof).unwrap();
    let bytes = Envelope { points, ..old }.encode();
    admit(key, &STORY.sitting, &bytes, nullifier, None).map_or_else(Refusal::code, |_| "ok")
}

#[test]
fn a_thousand_rerandomised_proofs_hold_for_the_one_nullifier_and_no_other() {
    let seed = 24u64;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let key = VerifyingKey::insecure_dev().unwrap();
    let delta = delta(&key);
    let Raw { a, b, c } = raw(&STORY.proof.points());
    let (nullifier, mut different) = (STORY.file.nullifier, BTreeSet::new());
    for _ in 0..1_000 {
        let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
        let new = Raw {
            a: (a * r.inverse().unwrap()).into_affine(),
            b: (b * r + delta * (r * s)).into_affine(),
            c: (c + a * s).into_affine(),
        };
        let points = words(&new);
        let other = B256::from(U256::from_be_bytes(nullifier.0) + U256::from(different.len() + 1));
        assert_eq!((said(&key, points, nullifier), said(&key, points, other)), ("ok", "proof_invalid"));
        different.insert(points);
    }
    assert_eq!(different.len(), 1_000);
}

#[test]
fn a_negated_proof_holds_and_has_the_same_nullifier() {
    let key = VerifyingKey::insecure_dev().unwrap();
    let Raw { a, b, c } = raw(&STORY.proof.points());
    let negated = Raw { a: (-a.into_group()).into_affine(), b: (-b.into_group()).into_affine(), c };
    assert_ne!(words(&negated), STORY.proof.points());
    assert_eq!(said(&key, words(&negated), STORY.file.nullifier), "ok");
}
