//! The object that a hash on chain names.

use pars_proto::room::{Front, HostEntry, HostSecrets, Line, LineError, Metadata, MetadataError, MetadataKey, Reach};
use pars_wire::RoomId;
use pars_wire::codec::Wire;

use crate::story::cast::{SCOPE, SUITE, description, entry, front, host, metadata, source};

#[test]
fn an_object_is_read_as_it_was_written_and_kept_small() {
    let object = metadata();
    let read = Metadata::open(&object.encode(), &object.hash(), SCOPE.room).unwrap();
    assert_eq!((&read, read.description(None).unwrap()), (&object, description()));
    let many = Front { hosts: vec![entry(&host()); 9], ..front() };
    assert_eq!(Metadata::public(many, description()), Err(MetadataError::TooLarge));
    assert!(matches!(Metadata::decode(&vec![0; 16 * 1024 + 1]), Err(error) if error.to_string().contains("16385")));
}

#[test]
fn whoever_serves_the_object_cannot_change_a_bit_of_it() {
    let object = metadata();
    let (bytes, hash) = (object.encode(), object.hash());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Metadata::open(&changed, &hash, SCOPE.room), Err(MetadataError::OtherHash), "bit {bit}");
    }
}

#[test]
fn a_host_with_swapped_keys_is_another_object_and_another_host() {
    let mut swapped = front();
    swapped.hosts[0].x_pk = swapped.hosts[1].x_pk.clone();
    assert_ne!(swapped.hosts[0].hash(), front().hosts[0].hash());
    let swapped = Metadata::public(swapped, description()).unwrap();
    let opened = Metadata::open(&swapped.encode(), &metadata().hash(), SCOPE.room);
    assert_eq!(opened, Err(MetadataError::OtherHash));
}

#[test]
fn an_object_of_another_room_is_refused() {
    let object = metadata();
    let other = RoomId([0x23; 32].into());
    assert_eq!(Metadata::open(&object.encode(), &object.hash(), other), Err(MetadataError::OtherRoom));
}

#[test]
fn a_sealed_description_needs_its_key_room_and_number() {
    let key = MetadataKey::generate(&mut source(1));
    let sealed = Metadata::sealed(front(), &description(), &key).unwrap();
    assert!(sealed.is_sealed() && !metadata().is_sealed());
    assert_eq!(sealed.description(Some(&key)).unwrap(), description());
    assert_eq!(sealed.description(None), Err(MetadataError::KeyNeeded));
    let other = MetadataKey::generate(&mut source(2));
    assert_eq!(sealed.description(Some(&other)), Err(MetadataError::WrongKey));
    // The same sealed bytes behind another number or another host do not open.
    for at in [4 + 32 + 3, 4 + 32 + 4 + 1 + 1_216] {
        let mut moved = sealed.encode();
        moved[at] ^= 1;
        if let Ok(moved) = Metadata::decode(&moved) {
            assert_eq!(moved.description(Some(&key)), Err(MetadataError::WrongKey));
        }
    }
    assert_eq!(format!("{key:?}"), "MetadataKey(redacted)");
}

#[test]
fn an_address_has_one_text() {
    let written = entry(&host()).encode();
    let good = Reach::Direct("127.0.0.1:4433".parse().unwrap());
    assert_eq!(entry(&host()).reach, good);
    for text in ["127.0.0.1:04433", "[::ffff:1]:1", "localhost:1", "127.0.0.1"] {
        let reach = [&[2], text.as_bytes()].concat();
        let length = u16::try_from(reach.len()).unwrap().to_be_bytes();
        let bytes = [&written[..1_216 + 32 + 32], &length, &reach].concat();
        assert!(HostEntry::decode(&bytes).is_err() || text == "[::ffff:1]:1", "{text}");
    }
}

#[test]
fn only_the_host_of_the_entry_is_behind_its_address() {
    let (secrets, exporter) = (host(), [7; 32]);
    let entry = entry(&secrets);
    let proof = entry.sign_tunnel(secrets.s(), &exporter);
    assert_eq!(entry.check_tunnel(&exporter, &proof), Ok(()));
    assert!(entry.check_tunnel(&[8; 32], &proof).is_err());
    let other = HostSecrets::generate(SUITE, &mut source(3));
    assert!(entry.check_tunnel(&exporter, &entry.sign_tunnel(other.s(), &exporter)).is_err());
    let elsewhere = HostEntry { reach: front().hosts[1].reach, ..entry.clone() };
    assert!(elsewhere.check_tunnel(&exporter, &proof).is_err());
}

#[test]
fn a_line_is_one_short_line() {
    assert!(Line::<3>::new("abc").is_ok());
    assert_eq!(Line::<3>::new("abcd"), Err(LineError::Length { have: 4, most: 3 }));
    assert_eq!(Line::<3>::new(""), Err(LineError::Length { have: 0, most: 3 }));
    assert_eq!(Line::<3>::new("a\n"), Err(LineError::Control));
}
