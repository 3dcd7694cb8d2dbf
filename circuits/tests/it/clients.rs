//! From leaf set and sitting to a witness: who can prove, and the named refusal of everybody else.

use alloy_primitives::{Address, U256};
use pars_circuits::{
    Deadline, Ineligible, Leaf, LeafSet, Request, Sitting, Threshold, Witness, statement::BoundsError,
};

use crate::support::{AT, KEY, PROVER, SPAN, STORY, WEIGHT, account, leaf, request, secret, sitting};

/// The refusal of a request in a set whose prover's leaf was changed.
fn with_leaf(change: impl FnOnce(&mut Leaf)) -> Result<Witness, Ineligible> {
    let mut leaves: Vec<Leaf> = (0..7).map(leaf).collect();
    change(&mut leaves[usize::from(PROVER)]);
    let set = LeafSet::new(leaves).unwrap();
    Witness::new(&set, &Sitting { root: set.root(), ..STORY.sitting }, &request(&secret(PROVER)))
}

#[test]
fn the_witness_carries_the_six_inputs_of_its_sitting() {
    let [root, nullifier, _, threshold, at, _] = STORY.witness.statement().inputs();
    assert_eq!(root, STORY.set.root().word());
    assert_eq!(nullifier, U256::from_be_bytes(STORY.file.nullifier.0));
    assert_eq!(threshold, U256::from(WEIGHT) * U256::from(SPAN));
    assert_eq!(at, U256::from(AT));
}

#[test]
fn an_account_without_a_leaf_is_not_registered() {
    let secret = secret(PROVER);
    let stranger = Request { account: Address::ZERO, ..request(&secret) };
    let refusal = Witness::new(&STORY.set, &STORY.sitting, &stranger).unwrap_err();
    assert_eq!((refusal, refusal.code()), (Ineligible::NotRegistered(Address::ZERO), "not_registered"));
}

#[test]
fn who_registers_after_the_opening_has_another_root() {
    let set = LeafSet::new((0..8).map(leaf).collect()).unwrap();
    let refusal = Witness::new(&set, &STORY.sitting, &request(&secret(PROVER))).unwrap_err();
    assert_eq!(refusal.code(), "wrong_root");
}

#[test]
fn the_secret_of_another_holder_does_not_match_the_commitment() {
    let refusal = Witness::new(&STORY.set, &STORY.sitting, &request(&secret(PROVER + 1))).unwrap_err();
    assert_eq!(refusal, Ineligible::CommitmentMismatch(secret(PROVER).commitment()));
    assert_eq!(refusal.code(), "commitment_mismatch");
}

#[test]
fn one_unit_less_is_below_the_threshold() {
    assert!(with_leaf(|leaf| leaf.weight = WEIGHT).is_ok());
    assert_eq!(with_leaf(|leaf| leaf.weight = WEIGHT - 1).unwrap_err().code(), "weight_below_threshold");
    assert_eq!(
        with_leaf(|leaf| leaf.end = Deadline::new(AT + SPAN - 1).unwrap()).unwrap_err().code(),
        "weight_below_threshold"
    );
}

#[test]
fn a_lock_that_ends_with_or_before_the_sitting_is_named() {
    for end in [AT, AT - 1, 1] {
        let refusal = with_leaf(|leaf| leaf.end = Deadline::new(end).unwrap()).unwrap_err();
        assert_eq!(refusal, Ineligible::LockEndsBeforeSitting { end, at: AT });
        assert_eq!(refusal.code(), "lock_ends_before_sitting");
    }
}

#[test]
fn a_removed_leaf_is_below_the_threshold() {
    let removed = with_leaf(|leaf| (leaf.weight, leaf.end) = (0, Deadline::new(0).unwrap()));
    assert_eq!(removed.unwrap_err().code(), "weight_below_threshold");
}

#[test]
fn figures_out_of_range_have_codes() {
    let threshold = Ineligible::from(Threshold::new(U256::ZERO).unwrap_err());
    let at = Ineligible::from(Deadline::new(1 << 40).unwrap_err());
    assert_eq!((threshold.code(), at.code()), ("threshold_out_of_range", "at_out_of_range"));
    assert_eq!(at, Ineligible::Bounds(BoundsError::Time(U256::from(1u64 << 40))));
}

#[test]
fn the_anonymity_set_counts_the_leaves_that_meet_the_threshold_at_the_end() {
    let Sitting { threshold, at, .. } = STORY.sitting;
    // Leaves 3 to 6 of 0 to 6.
    assert_eq!(STORY.set.anonymity_set(threshold, at), 4);
    assert_eq!(STORY.set.anonymity_set(Threshold::new(U256::from(1)).unwrap(), at), 7);
    assert_eq!(STORY.set.anonymity_set(threshold, Deadline::new(AT + 1).unwrap()), 3);
}

#[test]
fn a_lone_leaf_and_the_last_of_an_odd_tree_prove_too() {
    for n in [1, 5] {
        let mut leaves: Vec<Leaf> = (0..n).map(leaf).collect();
        let last = leaves.last_mut().unwrap();
        *last = Leaf { account: account(PROVER), commitment: secret(PROVER).commitment(), ..leaf(PROVER) };
        let set = LeafSet::new(leaves).unwrap();
        let (_, own) = set.find(account(PROVER)).unwrap();
        let secret = secret(PROVER);
        assert_eq!(own.commitment, secret.commitment());
        let witness = Witness::new(&set, &sitting(&set), &request(&secret)).unwrap();
        assert!(KEY.prove(&witness, &[4; 32]).is_ok(), "{n} leaves");
    }
}

#[test]
fn the_same_seed_gives_the_same_proof_and_another_seed_another() {
    let again = KEY.prove(&STORY.witness, &[1; 32]).unwrap();
    assert_eq!(again, STORY.proof);
    assert_ne!(KEY.prove(&STORY.witness, &[9; 32]).unwrap(), STORY.proof);
}

#[test]
fn a_witness_prints_without_its_secret() {
    let printed = format!("{:?}", STORY.witness);
    let hex = alloy_primitives::hex::encode(*secret(PROVER).to_bytes());
    assert!(printed.contains("Secret(redacted)") && !printed.contains(&hex));
}
