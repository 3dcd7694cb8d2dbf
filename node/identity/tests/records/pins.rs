//! The chain rules of a contact's records (THREATS I2, I8; SESSION R29).

use pars_identity::pin::{Change, Pin, PinError};
use pars_wire::codec::{DecodeError, Wire};

use crate::cast::Person;

#[test]
fn the_sequence_only_rises_and_an_old_record_changes_nothing() {
    let mut bob = Person::new(1);
    let mut pin = Pin::new(&bob.record);
    let first = bob.record.clone();
    assert_eq!(pin.accept(&first), Ok(Change::default()), "the same record again");
    bob.record = bob.next_record(|_| ());
    assert_eq!(pin.accept(&bob.record), Ok(Change { newer: true, ..Change::default() }));
    let before = pin.clone();
    assert_eq!(pin.accept(&first), Err(PinError::Older { pinned: 2, offered: 1 }));
    assert_eq!(pin, before);
}

#[test]
fn changes_of_devices_and_keys_are_told_apart() {
    let mut bob = Person::new(1);
    let mut pin = Pin::new(&bob.record);
    bob.record = bob.next_record(|draft| draft.devices[1] = [1; 32]);
    assert_eq!(pin.accept(&bob.record), Ok(Change { newer: true, devices: true, keys: false }));
    let other = Person::new(2).contact.public();
    bob.record = bob.next_record(|draft| draft.contact = other);
    assert_eq!(pin.accept(&bob.record), Ok(Change { newer: true, devices: false, keys: true }));
}

#[test]
fn two_records_of_one_number_are_a_fork_and_the_known_one_stays() {
    let mut bob = Person::new(1);
    let fork = bob.next_record(|draft| draft.devices[1] = [1; 32]);
    bob.record = bob.next_record(|_| ());
    let mut pin = Pin::new(&bob.record);
    assert_eq!(pin.accept(&fork), Err(PinError::Fork(2)));
    assert_eq!(pin.newest(), (2, bob.record.hash()));
}

#[test]
fn the_next_record_must_name_the_known_one_and_a_gap_is_allowed() {
    let mut bob = Person::new(1);
    let mut pin = Pin::new(&bob.record);
    let broken = bob.next_record(|draft| draft.previous = [7; 32]);
    assert_eq!(pin.accept(&broken), Err(PinError::BrokenChain(2)));
    let far = bob.next_record(|draft| (draft.seq, draft.previous) = (9, [7; 32]));
    assert!(pin.accept(&far).is_ok());
}

#[test]
fn another_core_is_never_taken_over() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let mut pin = Pin::new(&alice.record);
    assert_eq!(pin.accept(&bob.record), Err(PinError::OtherCore));
    assert_eq!(pin.revoke(&bob.keys.revoke()), Err(PinError::OtherCore));
}

#[test]
fn revocation_is_final_and_beats_every_number() {
    let mut bob = Person::new(1);
    let mut pin = Pin::new(&bob.record);
    pin.revoke(&bob.keys.revoke()).unwrap();
    let later = bob.next_record(|draft| draft.seq = u64::MAX);
    assert_eq!(pin.accept(&later), Err(PinError::Revoked));
    assert!(pin.revoked());
}

#[test]
fn a_pin_survives_a_snapshot_and_refuses_a_spoilt_one() {
    let mut pin = Pin::new(&Person::new(1).record);
    assert_eq!(Pin::decode(&pin.encode()), Ok(pin.clone()));
    pin.revoke(&Person::new(1).keys.revoke()).unwrap();
    let bytes = pin.encode();
    assert_eq!(Pin::decode(&bytes), Ok(pin));
    assert_eq!(Pin::decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::Trailing(1)));
    for length in 0..bytes.len() {
        assert!(Pin::decode(&bytes[..length]).is_err());
    }
}
