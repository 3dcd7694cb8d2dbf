//! The vectors: what the code makes today is what was frozen, and what was frozen still opens.

use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::StoreKey;
use pars_proto::session::{Object, Phase, RestoreError, Session, SessionId};
use pars_wire::content::Flags;
use serde_json::Value;

use crate::story;
use crate::world::{End, SUITE, people, seeded};

fn frozen() -> Value {
    let text = std::fs::read_to_string(story::path()).expect("tests/vectors/session/session.json");
    serde_json::from_str(&text).expect("valid JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

#[test]
fn the_frozen_story_is_made_again_byte_for_byte() {
    let (frozen, made) = (frozen(), story::make());
    for (field, value) in frozen.as_object().unwrap() {
        assert_eq!(value, &made[field], "{field}");
    }
    assert_eq!(frozen, made);
}

#[test]
fn the_frozen_objects_have_the_sizes_of_the_design() {
    let frozen = frozen();
    let objects = frozen["objects"].as_array().unwrap();
    let lengths: Vec<_> = objects.iter().map(|object| bytes(&object["bytes"]).len()).collect();
    assert_eq!(lengths[..5], [11_136, 11_136, 11_136, 11_136, 6_144]);
    assert!(lengths[5] == 4_096 || lengths[5] == 6_144);
    assert_eq!(lengths[6..], [11_136, 6_144]);
    assert!(objects.iter().all(|object| Object::read(&bytes(&object["bytes"])).is_ok()));
}

#[test]
fn a_snapshot_of_version_one_still_opens() {
    let frozen = frozen();
    let key = StoreKey::from_bytes(bytes(&frozen["snapshot"]["storeKey"]).try_into().unwrap());
    let sealed = Sealed::from_bytes(bytes(&frozen["snapshot"]["sealed"]));
    let id = SessionId(bytes(&frozen["sessionId"]).try_into().unwrap());
    let session = Session::restore(&id, &sealed, &key, SUITE).unwrap();
    assert_eq!((session.id(), session.phase()), (id, Phase::Open));
    assert_eq!(session.transcript()[..], bytes(&frozen["transcript"]));

    let other = SessionId([0; 32]);
    assert!(matches!(Session::restore(&other, &sealed, &key, SUITE), Err(RestoreError::Sealed(_))));
    let mut changed = sealed.into_bytes();
    changed[100] ^= 1;
    let changed = Sealed::from_bytes(changed);
    assert!(matches!(Session::restore(&id, &changed, &key, SUITE), Err(RestoreError::Sealed(_))));
}

#[test]
fn each_frozen_message_opens_with_the_frozen_state_of_its_reader() {
    let frozen = frozen();
    let (alice, bob) = people(&mut seeded(story::SEED));
    let key = StoreKey::from_bytes([7; 32]);
    let id = SessionId(bytes(&frozen["sessionId"]).try_into().unwrap());
    // Object, the state before it, its reader.
    for (object, state, reader, owner) in
        [(4, 1, "alice", &alice), (5, 2, "bob", &bob), (6, 3, "alice", &alice), (7, 4, "bob", &bob)]
    {
        let (object, state) = (&frozen["objects"][object], bytes(&frozen["states"][state][reader]["bytes"]));
        let sealed = Sealed::seal(&key, Place { table: "session", key: &id.0 }, &state, &mut seeded(1));
        let session = Session::restore(&id, &sealed, &key, SUITE).unwrap();
        let found = End::new(owner, session, &mut seeded(2)).receive(&bytes(&object["bytes"])).unwrap().message;
        let said = &object["message"];
        // The protocol sets REPLY on the wire and takes it off again.
        let reply = if object["name"] == "REPLY 0" { Flags::REPLY } else { Flags::NONE };
        assert_eq!((&found.content[..], found.id.0.as_slice()), (&*bytes(&said["content"]), &*bytes(&said["id"])));
        assert_eq!(said["sequence"], found.sequence);
        assert_eq!(
            (&said["contentType"], &said["flags"]),
            (&(found.content_type as u16).into(), &found.flags.with(reply).bits().into())
        );
    }
}
