//! Rosters, records, wraps, connections, sender keys, check codes.

use pars_proto::room::{
    Connection, ConnectionError, EpochHash, EpochRecord, EpochSecret, Previous, RecordError, Roster, RosterEntry,
    RosterError, Scope, SeatNo, SenderKeys, SignedConnection, SignedRecord, StatementHash, WrapKey, check_code,
};
use pars_wire::SittingId;
use pars_wire::codec::Wire;

use crate::story::cast::{SCOPE, seat, source};
use crate::story::epochs::roster;

const STEWARD: SeatNo = SeatNo(300);

fn record(previous: Option<(u32, EpochHash)>) -> EpochRecord {
    EpochRecord::after(previous, SCOPE, STEWARD, &roster(&[1, 2]), &EpochSecret::from_bytes([1; 32]))
}

fn check(signed: &SignedRecord, previous: Previous) -> Result<EpochHash, RecordError> {
    signed.check(&SCOPE, &roster(&[1, 2]), &seat(1).s_vk(), previous)
}

fn signed(record: EpochRecord) -> SignedRecord {
    SignedRecord::sign(record, seat(1).s())
}

#[test]
fn a_roster_has_rising_seats_without_the_host() {
    let entry = |seat| RosterEntry { seat: SeatNo(seat), st: StatementHash([1; 32]), recorder: false };
    assert_eq!(Roster::new(vec![]), Err(RosterError::Count(0)));
    assert_eq!(Roster::new(vec![entry(0)]), Err(RosterError::Order(SeatNo(0))));
    assert_eq!(Roster::new(vec![entry(2), entry(2)]), Err(RosterError::Order(SeatNo(2))));
    assert_eq!(Roster::new(vec![entry(2), entry(1)]), Err(RosterError::Order(SeatNo(1))));
    let full = Roster::new((1..=1_024).map(entry).collect()).unwrap();
    assert_eq!((Roster::decode(&full.encode()), full.get(SeatNo(9))), (Ok(full.clone()), Some(&entry(9))));
    assert_eq!(Roster::new((1..=1_025).map(entry).collect()), Err(RosterError::Count(1_025)));
}

#[test]
fn every_entry_and_the_sitting_are_in_the_root() {
    let whole = roster(&[1, 2, 3]);
    let root = whole.root(&SCOPE);
    assert_ne!(root, roster(&[1, 2]).root(&SCOPE));
    assert_ne!(root, whole.root(&Scope { sitting: SittingId(4), ..SCOPE }));
    let bytes = whole.encode();
    for bit in 16..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Roster::decode(&changed).is_err() || Roster::decode(&changed).unwrap().root(&SCOPE) != root);
    }
}

#[test]
fn no_bit_of_a_signed_record_can_be_changed() {
    let good = signed(record(None));
    let bytes = good.encode();
    assert_eq!((bytes.len(), check(&good, Previous::First)), (234, Ok(good.record().hash())));
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = SignedRecord::decode(&changed).unwrap();
        assert!(check(&changed, Previous::Unknown).is_err(), "bit {bit}");
    }
}

#[test]
fn records_form_one_chain() {
    let first = record(None);
    let hash = first.hash();
    let second = signed(record(Some((1, hash))));
    let known = Previous::Known { n: 1, hash };
    assert_eq!(check(&second, known), Ok(second.record().hash()));
    assert_eq!(check(&second, Previous::Unknown), Ok(second.record().hash()));
    assert_eq!(check(&second, Previous::First), Err(RecordError::Number(2)));
    // A replay, a gap, another branch, and a beginning in the middle.
    assert_eq!(check(&signed(first), known), Err(RecordError::Number(1)));
    let third = signed(record(Some((2, second.record().hash()))));
    assert_eq!(check(&third, known), Err(RecordError::Number(3)));
    let branch = Previous::Known { n: 1, hash: EpochHash([9; 32]) };
    assert_eq!(check(&second, branch), Err(RecordError::Chain));
    for (n, previous) in [(0, EpochHash::default()), (1, hash), (2, EpochHash::default())] {
        let broken = signed(EpochRecord { n, previous, ..first });
        assert_eq!(check(&broken, Previous::Unknown), Err(RecordError::Number(n)));
    }
}

#[test]
fn a_record_needs_its_sitting_its_roster_and_its_steward() {
    let good = signed(record(None));
    let steward = seat(1).s_vk();
    let other = Scope { sitting: SittingId(4), ..SCOPE };
    assert_eq!(good.check(&other, &roster(&[1, 2]), &steward, Previous::First), Err(RecordError::OtherScope));
    assert_eq!(good.check(&SCOPE, &roster(&[1, 3]), &steward, Previous::First), Err(RecordError::OtherRoster));
    let forged = SignedRecord::sign(record(None), seat(2).s());
    assert_eq!(check(&forged, Previous::First), Err(RecordError::Signature));
    // A seat outside the roster, and a recorder, are no stewards.
    let secret = EpochSecret::from_bytes([1; 32]);
    for steward_seat in [SeatNo(301), SeatNo(900)] {
        let record = EpochRecord::after(None, SCOPE, steward_seat, &roster(&[1, 2, 3]), &secret);
        let refused = signed(record).check(&SCOPE, &roster(&[1, 2, 3]), &steward, Previous::First);
        assert_eq!(refused, Err(RecordError::Steward));
    }
}

#[test]
fn a_wrap_opens_for_its_pair_and_its_epoch_and_holds_the_records_secret() {
    let (key, record, secret) = (WrapKey::from_bytes([5; 32]), record(None), EpochSecret::from_bytes([1; 32]));
    let wrap = key.wrap(&record, &secret);
    assert_eq!(key.unwrap(&record, &wrap), Ok(secret.clone()));
    for bit in 0..wrap.len() * 8 {
        let mut changed = wrap;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.unwrap(&record, &changed), Err(RecordError::Wrap), "bit {bit}");
    }
    let next = EpochRecord::after(Some((1, record.hash())), SCOPE, STEWARD, &roster(&[1, 2]), &secret);
    assert_eq!(key.unwrap(&next, &wrap), Err(RecordError::Wrap));
    assert_eq!(WrapKey::from_bytes([6; 32]).unwrap(&record, &wrap), Err(RecordError::Wrap));
    let other = key.wrap(&record, &EpochSecret::from_bytes([2; 32]));
    assert_eq!(key.unwrap(&record, &other), Err(RecordError::OtherSecret));
    assert_eq!(format!("{key:?} {secret:?}"), "WrapKey(redacted) EpochSecret(redacted)");
}

#[test]
fn a_connection_is_signed_for_its_seat_and_its_number_rises() {
    let (keys, mut rng) = (seat(1), source(3));
    let connection = Connection::fresh(&mut rng, SCOPE, SeatNo(4), 7);
    let signed = SignedConnection::sign(connection, keys.s());
    let check = |scope: &Scope, seat_no, last| signed.check(scope, (seat_no, &keys.s_vk()), last).copied();
    assert_eq!(check(&SCOPE, SeatNo(4), Some(6)), Ok(connection));
    assert_eq!(check(&SCOPE, SeatNo(4), Some(7)), Err(ConnectionError::Old(7)));
    assert_eq!(check(&SCOPE, SeatNo(5), None), Err(ConnectionError::OtherScope));
    assert_eq!(check(&Scope { sitting: SittingId(4), ..SCOPE }, SeatNo(4), None), Err(ConnectionError::OtherScope));
    let bytes = signed.encode();
    assert_eq!(bytes.len(), SignedConnection::SIZE);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = SignedConnection::decode(&changed).unwrap();
        assert!(changed.check(&SCOPE, (SeatNo(4), &keys.s_vk()), None).is_err(), "bit {bit}");
    }
    assert_ne!(connection.nonce, Connection::fresh(&mut rng, SCOPE, SeatNo(4), 8).nonce);
}

#[test]
fn sender_keys_differ_by_epoch_secret_seat_and_connection() {
    let (epoch, secret) = (record(None).hash(), EpochSecret::from_bytes([1; 32]));
    let keys = SenderKeys::derive(&epoch, &secret, SeatNo(4), &[1; 16]);
    assert_ne!(keys.media, keys.data);
    let others = [
        SenderKeys::derive(&EpochHash([9; 32]), &secret, SeatNo(4), &[1; 16]),
        SenderKeys::derive(&epoch, &EpochSecret::from_bytes([2; 32]), SeatNo(4), &[1; 16]),
        SenderKeys::derive(&epoch, &secret, SeatNo(5), &[1; 16]),
        SenderKeys::derive(&epoch, &secret, SeatNo(4), &[2; 16]),
    ];
    assert!(others.iter().all(|other| other.media != keys.media && other.data != keys.data));
    assert_eq!(format!("{keys:?}"), "SenderKeys(redacted)");
}

#[test]
fn a_check_code_is_twenty_five_digits_in_five_groups() {
    let code = check_code(&record(None).hash());
    let groups: Vec<_> = code.split(' ').collect();
    assert!(groups.len() == 5 && groups.iter().all(|group| group.len() == 5));
    assert!(code.bytes().all(|byte| byte.is_ascii_digit() || byte == b' '));
    assert_ne!(code, check_code(&EpochHash([9; 32])));
}

#[test]
fn the_key_index_wraps_at_256() {
    let at = |n| EpochRecord { n, ..record(None) }.key_index();
    assert_eq!((at(1), at(255), at(256), at(513)), (1, 255, 0, 1));
}
