//! False assignments never satisfy the constraints, true ones at every boundary do (THREATS Z1, Z7).

use alloy_primitives::{Address, U256};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, UniformRand};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem};
use ark_std::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

use super::{Circuit, Deadline, Shape, Threshold};
use crate::{
    eligibility::Leaf,
    poseidon::{t2, t3, t5},
    secret::Secret,
    tree::{DEPTH, Step, Tree},
};

const AT: u64 = 1_800_000_000;

fn satisfied(circuit: &Circuit) -> bool {
    let cs = ConstraintSystem::<Fr>::new_ref();
    circuit.clone().generate_constraints(cs.clone()).unwrap();
    cs.is_satisfied().unwrap()
}

fn power(exponent: u64) -> Fr {
    Fr::from(2u64).pow([exponent])
}

/// A consistent assignment (leaf, root and nullifier recomputed) of these values, true unless a range says no.
fn consistent(weight: Fr, end: Fr, at: Fr, threshold: Fr) -> Circuit {
    let (secret, account, external) = (Fr::from(77u64), Fr::from(0xaccu64), Fr::from(99u64));
    let leaves = (0..6u64).map(|i| if i == 4 { t5([t2(secret), account, weight, end]) } else { Fr::from(i) }).collect();
    let tree = Tree::from_leaves(leaves).unwrap();
    let inputs = [tree.root().scalar(), t3(external, secret), external, threshold, at, Fr::from(5u64)];
    Circuit { inputs, secret: secret.into(), account, weight, end, path: tree.path(4).unwrap() }
}

fn base() -> Circuit {
    let (weight, span) = (Fr::from(1_000u64), Fr::from(600u64));
    consistent(weight, Fr::from(AT) + span, Fr::from(AT), weight * span)
}

#[test]
fn the_circuit_has_6949_constraints_and_seven_public_variables() {
    let system = Shape::get().unwrap();
    assert_eq!((system.constraints, system.instance), (6_949, 7));
}

type Change = fn(&mut Circuit);

#[test]
fn a_true_witness_satisfies_and_each_single_change_does_not() {
    assert!(satisfied(&base()));
    for input in [0, 1, 2, 3, 4] {
        let mut circuit = base();
        circuit.inputs[input] += Fr::ONE;
        assert!(!satisfied(&circuit), "public input {input}");
    }
    let changes: [(&str, Change); 8] = [
        ("secret", |c| *c.secret += Fr::ONE),
        ("account", |c| c.account += Fr::ONE),
        ("weight", |c| c.weight += Fr::ONE),
        ("end", |c| c.end += Fr::ONE),
        ("sibling", |c| c.path[0].sibling += Fr::ONE),
        ("side", |c| c.path[0].sibling_is_left ^= true),
        ("a step less", |c| c.path.truncate(1)),
        ("a step more", |c| c.path.push(Step { sibling_is_left: false, sibling: Fr::ZERO })),
    ];
    for (name, change) in changes {
        let mut circuit = base();
        change(&mut circuit);
        assert!(!satisfied(&circuit), "{name}");
    }
}

#[test]
fn random_false_witnesses_never_satisfy() {
    let seed = 22u64;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for round in 0..60 {
        let mut circuit = base();
        let noise = Fr::rand(&mut rng);
        match rng.gen_range(0..10) {
            input @ 0..5 => circuit.inputs[input] = noise,
            5 => circuit.secret = noise.into(),
            6 => circuit.account = noise,
            7 => circuit.weight = noise,
            8 => circuit.end = noise,
            _ => circuit.path = (0..DEPTH).map(|_| Step { sibling_is_left: rng.r#gen(), sibling: noise }).collect(),
        }
        assert!(!satisfied(&circuit), "round {round}");
    }
}

#[test]
fn the_threshold_is_met_at_equality_and_missed_one_above() {
    let (weight, span) = (Fr::from(12_345u64), Fr::from(604_800u64));
    let at = Fr::from(AT);
    for (threshold, holds) in [(Fr::ONE, true), (weight * span, true), (weight * span - Fr::ONE, true)] {
        assert_eq!(satisfied(&consistent(weight, at + span, at, threshold)), holds);
    }
    assert!(!satisfied(&consistent(weight, at + span, at, weight * span + Fr::ONE)));
}

#[test]
fn a_lock_that_ends_at_or_before_the_sitting_proves_nothing() {
    let (weight, at) = (Fr::from(1_000u64), Fr::from(AT));
    assert!(satisfied(&consistent(weight, at + Fr::ONE, at, weight)));
    assert!(!satisfied(&consistent(weight, at, at, Fr::ONE)), "end = at");
    assert!(!satisfied(&consistent(weight, at - Fr::ONE, at, Fr::ONE)), "end = at - 1");
    assert!(!satisfied(&consistent(Fr::ZERO, Fr::ZERO, at, Fr::ONE)), "a removed leaf");
}

/// (name, weight, span, threshold, holds)
fn boundaries() -> Vec<(&'static str, Fr, Fr, Fr, bool)> {
    let one = Fr::ONE;
    let (weight_limit, span_limit, product_limit) = (power(128), power(40), power(168));
    let (weight_max, span_max) = (weight_limit - one, span_limit - one);
    vec![
        ("weight 0", Fr::ZERO, one, one, false),
        ("weight 2^128 - 1", weight_max, one, one, true),
        ("weight 2^128", weight_limit, one, one, false),
        ("weight r - 1", -one, one, one, false),
        ("weight (r + 1) / 2", Fr::from(2u64).inverse().unwrap(), Fr::from(2u64), one, false),
        ("span 0", one, Fr::ZERO, one, false),
        ("span 2^40 - 1", one, span_max, one, true),
        ("span 2^40", one, span_limit, one, false),
        ("span r - 1", one, -one, one, false),
        ("largest product", weight_max, span_max, weight_max * span_max, true),
        ("largest product + 1", weight_max, span_max, weight_max * span_max + one, false),
        ("threshold 2^168 - 1", weight_max, span_max, product_limit - one, false),
        ("product - threshold = 2^168", one, one, one - product_limit, false),
        ("threshold half of r", one, one, -Fr::from(2u64).inverse().unwrap(), false),
    ]
}

#[test]
fn comparisons_do_not_wrap_at_any_boundary() {
    for (name, weight, span, threshold, holds) in boundaries() {
        let at = Fr::from(AT);
        assert_eq!(satisfied(&consistent(weight, at + span, at, threshold)), holds, "{name}");
    }
}

/// Why the contract, [`super::Threshold`] and every verifier bound the threshold: the circuit alone does not.
#[test]
fn a_threshold_of_r_less_one_is_left_to_the_range_of_the_contract() {
    let at = Fr::from(AT);
    assert!(satisfied(&consistent(Fr::ONE, at + Fr::ONE, at, -Fr::ONE)));
    assert!(Threshold::new(crate::field::word(-Fr::ONE)).is_err());
}

/// What the native rule and the circuit say of a lock.
fn answers(weight: u128, end: u64, at: u64, threshold: Threshold) -> [bool; 2] {
    let leaf = Leaf {
        account: Address::ZERO,
        commitment: Secret::from_bytes(&[1; 32]).unwrap().commitment(),
        weight,
        end: Deadline::new(end).unwrap(),
    };
    let circuit = consistent(weight.into(), Fr::from(end), Fr::from(at), threshold.scalar());
    [leaf.meets(threshold, Deadline::new(at).unwrap()), satisfied(&circuit)]
}

/// ELIGIBILITY 1: `contracts/test/CanJoin.t.sol` reads the same locks for `canJoin` and the token's power.
#[test]
fn the_native_rule_and_the_circuit_give_the_answers_of_the_shared_locks() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/vectors/eligibility.json")).unwrap();
    for lock in vectors["locks"].as_array().unwrap() {
        let (text, number) = (|name: &str| lock[name].as_str().unwrap(), |name: &str| lock[name].as_u64().unwrap());
        let threshold = Threshold::new(text("threshold").parse().unwrap()).unwrap();
        let told = answers(text("weight").parse().unwrap(), number("end"), number("at"), threshold);
        assert_eq!(told, [lock["eligible"].as_bool().unwrap(); 2], "{lock}");
    }
}

#[test]
fn the_native_rule_and_the_circuit_agree_on_random_locks() {
    let seed = 25u64;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut met = 0;
    for round in 0..40 {
        let (weight, span) = (rng.r#gen::<u128>() >> rng.gen_range(0..128), rng.gen_range(0..1u64 << 38));
        let product = U256::from(weight) * U256::from(span);
        let near = [product + U256::from(1), product, product.saturating_sub(U256::from(1)), U256::from(1)];
        let Ok(threshold) = Threshold::new(near[round % 4]) else { continue };
        let [native, circuit] = answers(weight, AT + span, AT, threshold);
        assert_eq!(circuit, native, "round {round}");
        met += usize::from(native);
    }
    assert!(met > 10 && met < 35, "both answers occur");
}
