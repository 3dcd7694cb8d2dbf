//! A proof for anything but this sitting is refused, and the first difference is named (THREATS Z4, Z6).

use alloy_primitives::{Address, B256, U256};
use pars_circuits::{
    Deadline, Envelope, LeafSet, ProofFile, Purpose, Sitting, Threshold, VerifyingKey,
    check::{Expectation, Refusal, admit, check},
    field::SCALAR_ORDER,
};

use crate::support::{AT, STORY, leaf};

fn key() -> VerifyingKey {
    VerifyingKey::insecure_dev().unwrap()
}

fn expectation() -> Expectation {
    Expectation { purpose: Purpose::Join, payload: Some(STORY.file.payload) }
}

/// The code of a changed file against a changed sitting.
fn code(change: impl FnOnce(&mut ProofFile, &mut Sitting, &mut Expectation)) -> &'static str {
    let (mut file, mut sitting, mut expectation) = (STORY.file.clone(), STORY.sitting, expectation());
    change(&mut file, &mut sitting, &mut expectation);
    check(&key(), &sitting, &expectation, &file).map_or_else(Refusal::code, |_| "ok")
}

#[test]
fn the_right_proof_is_admitted_and_its_nullifier_returned() {
    let nullifier = check(&key(), &STORY.sitting, &expectation(), &STORY.file).unwrap();
    assert_eq!(nullifier.bytes(), STORY.file.nullifier);
    let Sitting { sitting_id, .. } = STORY.sitting;
    let envelope = admit(&key(), &STORY.sitting, &STORY.file.proof, STORY.file.nullifier, None).unwrap();
    assert_eq!((envelope.sitting_id, envelope.payload), (sitting_id, STORY.file.payload));
}

#[test]
fn a_proof_for_another_scope_is_named() {
    assert_eq!(code(|f, _, _| f.version = 2), "wrong_version");
    assert_eq!(code(|_, s, _| s.chain_id = 7070), "wrong_chain");
    assert_eq!(code(|_, s, _| s.town_hall = Address::ZERO), "wrong_town_hall");
    assert_eq!(code(|_, s, _| s.room_id = B256::ZERO), "wrong_room");
    assert_eq!(code(|_, s, _| s.sitting_id += 1), "wrong_sitting");
    assert_eq!(code(|_, _, e| e.purpose = Purpose::Poll(B256::ZERO)), "wrong_purpose");
    assert_eq!(code(|_, _, e| e.payload = Some(B256::ZERO)), "wrong_payload");
    assert_eq!(code(|_, _, e| e.payload = None), "ok");
}

#[test]
fn a_file_that_only_claims_the_right_scope_is_refused_by_its_inputs() {
    assert_eq!(code(|f, s, _| (f.chain_id, s.chain_id) = (7070, 7070)), "wrong_external");
    assert_eq!(code(|f, s, _| (f.sitting_id, s.sitting_id) = (9, 9)), "wrong_external");
    assert_eq!(code(|f, s, _| (f.room_id, s.room_id) = (B256::ZERO, B256::ZERO)), "wrong_external");
    assert_eq!(code(|f, _, e| (f.payload, e.payload) = (B256::ZERO, Some(B256::ZERO))), "wrong_signal");
    assert_eq!(code(|f, _, _| f.issued_at += 1), "wrong_signal");
}

#[test]
fn every_figure_of_the_sitting_is_compared() {
    let later = LeafSet::new((0..8).map(leaf).collect()).unwrap().root();
    assert_eq!(code(|_, s, _| s.root = later), "wrong_root");
    let lower = Threshold::new(STORY.sitting.threshold.word() - U256::from(1)).unwrap();
    assert_eq!(code(|_, s, _| s.threshold = lower), "wrong_threshold");
    assert_eq!(code(|_, s, _| s.at = Deadline::new(AT + 1).unwrap()), "wrong_at");
}

#[test]
fn inputs_are_counted_and_bounded() {
    assert_eq!(code(|f, _, _| f.inputs.truncate(5)), "input_count");
    assert_eq!(code(|f, _, _| f.inputs.push(B256::ZERO)), "input_count");
    for i in 0..6 {
        let aliased = B256::from(U256::from_be_bytes(STORY.file.inputs[i].0) + SCALAR_ORDER);
        assert_eq!(code(|f, _, _| f.inputs[i] = aliased), "input_out_of_range");
    }
}

#[test]
fn the_nullifier_presented_must_be_the_proven_one() {
    assert_eq!(code(|f, _, _| f.nullifier = B256::repeat_byte(1)), "nullifier_mismatch");
    assert_eq!(
        code(|f, _, _| (f.nullifier, f.inputs[1]) = (B256::repeat_byte(1), B256::repeat_byte(1))),
        "proof_invalid"
    );
}

#[test]
fn damaged_bytes_and_points_are_malformed() {
    assert_eq!(code(|f, _, _| f.points.truncate(7)), "malformed_proof");
    assert_eq!(code(|f, _, _| f.points[0] = B256::ZERO), "malformed_proof");
    assert_eq!(code(|f, _, _| f.proof = vec![0; 351].into()), "malformed_proof");
    let other = |points| Envelope { points, ..Envelope::decode(&STORY.file.proof).unwrap() };
    let mut points = STORY.proof.points();
    points[1] = U256::from(3);
    let (words, bytes) = (points.map(B256::from).to_vec(), other(points).encode().to_vec());
    assert_eq!(code(|f, _, _| (f.points, f.proof) = (words, bytes.into())), "malformed_proof");
}

#[test]
fn the_twin_of_the_contract_refuses_each_difference() {
    let (key, sitting, file) = (key(), STORY.sitting, &STORY.file);
    let admit = |sitting: &Sitting, proof: &[u8], nullifier: B256, payload: Option<B256>| {
        admit(&key, sitting, proof, nullifier, payload).map_or_else(Refusal::code, |_| "ok")
    };
    let (proof, nullifier) = (&file.proof[..], file.nullifier);
    let aliased = B256::from(U256::from_be_bytes(nullifier.0) + SCALAR_ORDER);
    assert_eq!(admit(&sitting, proof, nullifier, Some(file.payload)), "ok");
    assert_eq!(admit(&sitting, proof, nullifier, Some(B256::ZERO)), "wrong_payload");
    assert_eq!(admit(&sitting, proof, aliased, None), "input_out_of_range");
    assert_eq!(admit(&sitting, proof, B256::repeat_byte(1), None), "proof_invalid");
    assert_eq!(admit(&sitting, &proof[..351], nullifier, None), "malformed_proof");
    assert_eq!(admit(&Sitting { sitting_id: 5, ..sitting }, proof, nullifier, None), "wrong_sitting");
    assert_eq!(admit(&Sitting { chain_id: 7070, ..sitting }, proof, nullifier, None), "proof_invalid");
    assert_eq!(admit(&Sitting { room_id: B256::ZERO, ..sitting }, proof, nullifier, None), "proof_invalid");
    assert_eq!(
        admit(&Sitting { at: Deadline::new(AT + 1).unwrap(), ..sitting }, proof, nullifier, None),
        "proof_invalid"
    );
}

#[test]
fn any_bit_of_the_envelope_flipped_is_refused() {
    let (key, sitting, file) = (key(), STORY.sitting, &STORY.file);
    for bit in 0..352 * 8 {
        let mut proof = file.proof.to_vec();
        proof[bit / 8] ^= 1 << (bit % 8);
        assert!(admit(&key, &sitting, &proof, file.nullifier, None).is_err(), "bit {bit}");
    }
}
