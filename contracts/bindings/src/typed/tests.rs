//! The same constants as in `contracts/test/Digests.t.sol`, where the contracts compute them.

use alloy_primitives::{address, b256, keccak256};

use super::*;

const CHAIN: u64 = 7_072;
const HERE: Address = address!("1111111111111111111111111111111111111111");
const SOMEBODY: Address = address!("2222222222222222222222222222222222222222");
const WORD: B256 = B256::repeat_byte(0x33);

#[test]
fn a_lent_slot_is_signed_as_the_town_hall_checks_it() {
    let deadline = seconds40(1_800_000_000).unwrap();
    let wanted = b256!("0f7ec9e8c979b9a096488230524aab383a1db7dd08a263274608455fe22e1172");
    assert_eq!(slot_digest(&town_hall_domain(CHAIN, HERE), SOMEBODY, WORD, deadline), wanted);
}

#[test]
fn a_recording_has_the_contracts_id_and_digest() {
    let recording = RecordingConsent::Recording {
        recordingId: WORD,
        roster: WORD,
        participants: 25,
        policy: WORD,
        recorder: WORD,
        validUntil: seconds40(1_800_000_000).unwrap(),
    };
    let id = recording_id(&recording);
    assert_eq!(id, b256!("235a2f90170b00e89f9fe2c8e209673a3767efcaadbb8a3dee1acad29d8457ba"));
    let domain = recording_domain(CHAIN, HERE);
    let wanted = b256!("67c2d64c8aac44c65f004d7c1ded2ccc7e8ed3a152909be08c654b5831dfe758");
    assert_eq!(consent_digest(&domain, id), wanted);
    assert_eq!(erc7913_bytes(wanted).len(), 47);
}

#[test]
fn an_action_and_an_enrolment_are_the_contracts_bytes() {
    let domain = trigger_domain(CHAIN, HERE);
    let action = SessionTrigger::Action {
        signerId: WORD,
        account: SOMEBODY,
        target: HERE,
        value: U256::from(5),
        data: Bytes::from_static(&[1, 2, 3, 4]),
        nonce: action_nonce(U256::from(1), 7).unwrap(),
        validAfter: seconds48(1_800_000_000).unwrap(),
        validUntil: seconds48(1_800_000_600).unwrap(),
        gasLimit: 200_000,
    };
    let bytes = action_bytes(&domain, &action);
    assert_eq!(bytes.len(), ACTION_BYTES);
    assert_eq!(keccak256(bytes), b256!("0079a80352fc8c586b092b4ca62968563df348248c89c1cf8b6bb5585818db44"));
    let bytes = enrol_bytes(&domain, SOMEBODY, WORD);
    assert_eq!(bytes.len(), ENROL_BYTES);
    assert_eq!(keccak256(bytes), b256!("75097c48fac6d1e281e5268996e6024c124bbdf590609507d2f8e2402424edda"));
}

#[test]
fn a_missed_challenge_is_attested_as_the_registry_checks_it() {
    let wanted = b256!("1a96f5d68e6302223a13d24beba2f1d2c64fcffc6289716026ab80c46d200987");
    assert_eq!(missed_digest(&nodes_domain(CHAIN, HERE), WORD, 20_833), wanted);
}

#[test]
fn a_lane_has_192_bits() {
    assert_eq!(action_nonce(U256::from(1) << 192, 0), None);
    assert!(action_nonce((U256::from(1) << 192) - U256::from(1), u64::MAX).is_some());
}
