//! The vectors: what the code makes today is what was frozen, and what was frozen still opens.

use pars_crypto::Sealed;
use pars_crypto::dh::DhSecret;
use pars_crypto::kem::Kem1024Secret;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{KemSeed, StoreKey};
use pars_identity::device::{DeviceCertificate, DeviceId};
use pars_identity::prekey::leaf::Prekey;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::record::IdentityRecord;
use pars_proto::session::handshake::Unsealed;
use pars_proto::session::{Delivered, Object, Phase, RestoreError, Session, SessionId};
use pars_wire::codec::Wire;
use pars_wire::content::Flags;
use serde_json::Value;

use crate::story;
use crate::world::{End, Person, SUITE, init, people, seeded, tools};

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
    // Two companions, INIT 0 and 1, REPLY 0, MSG 0, MSG 0 of L and of M, REPLY 0 of L.
    assert_eq!(lengths, [11_136, 11_136, 11_136, 11_136, 6_144, 4_096, 11_136, 6_144, 11_136]);
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
    for (object, state, reader, owner) in [
        (4, 1, "alice", &alice),
        (5, 2, "bob", &bob),
        (6, 3, "alice", &alice),
        (7, 4, "bob", &bob),
        (8, 1, "alice", &alice),
    ] {
        let (object, state) = (&frozen["objects"][object], bytes(&frozen["states"][state][reader]["bytes"]));
        let sealed = Sealed::seal(&key, Place { table: "session", key: &id.0 }, &state, &mut seeded(1));
        let session = Session::restore(&id, &sealed, &key, SUITE).unwrap();
        let found = End::new(owner, session, &mut seeded(2)).receive(&bytes(&object["bytes"])).unwrap().message;
        is_said(object, &found);
    }
}

/// What was found is what stands beside the object.
fn is_said(object: &Value, found: &Delivered) {
    let said = &object["message"];
    // The protocol sets REPLY on the wire and takes it off again.
    let is_reply = object["name"].as_str().is_some_and(|name| name.starts_with("REPLY"));
    let reply = if is_reply { Flags::REPLY } else { Flags::NONE };
    assert_eq!((&found.content[..], found.id.0.as_slice()), (&*bytes(&said["content"]), &*bytes(&said["id"])));
    assert_eq!(said["sequence"], found.sequence);
    assert_eq!(
        (&said["contentType"], &said["flags"]),
        (&(found.content_type as u16).into(), &found.flags.with(reply).bits().into())
    );
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// Bob with the records and secrets of the file in place of those made again, and his leaf. The file holds neither the signing keys
/// of his device nor those of his inbox: no call is opened with them.
fn frozen_bob(frozen: &Value) -> (Person, LeafSecret) {
    let of = &frozen["bob"];
    let (_, mut bob) = people(&mut seeded(story::SEED));
    bob.record = IdentityRecord::verify(SUITE, &bytes(&of["record"])).unwrap();
    bob.certificate = DeviceCertificate::verify(SUITE, &bytes(&of["certificate"]), bob.record.core()).unwrap();
    bob.device.id = DeviceId(array(&of["device"]));
    let kem = |name: &str| Kem1024Secret::from_seed(SUITE, KemSeed::from_bytes(array(&of[name])));
    bob.contact.x25519 = DhSecret::from_bytes(array(&of["x25519"]));
    bob.contact.mlkem = kem("mlkemSeed");
    let leaf = LeafSecret {
        prekey: Prekey::decode(&bytes(&of["leaf"])).unwrap(),
        x25519: DhSecret::from_bytes(array(&of["leafX25519"])),
        mlkem: kem("leafMlkemSeed"),
    };
    (bob, leaf)
}

#[test]
fn the_frozen_call_and_its_companions_open_with_the_frozen_keys_of_who_is_called() {
    let frozen = frozen();
    let (bob, leaf) = frozen_bob(&frozen);
    let [first, second, calls @ ..] = &frozen["objects"].as_array().unwrap()[..4] else { panic!("four objects") };
    for call in calls {
        let (object, mut rng) = (bytes(&call["bytes"]), seeded(3));
        let mut tools = tools(&mut rng);
        let unsealed = Unsealed::open(&init(&object), &leaf, bob.local(), &mut tools).unwrap();
        let [record, certificate] = [first, second].map(|companion| {
            let companion = bytes(&companion["bytes"]);
            let Object::Companion(companion) = Object::read(&companion).unwrap() else { panic!("a companion") };
            unsealed.open_companion(&companion).unwrap()
        });
        let alice = &frozen["alice"];
        assert!(record == bytes(&alice["record"]) && certificate == bytes(&alice["certificate"]));
        let record = IdentityRecord::verify(SUITE, &record).unwrap();
        let certificate = DeviceCertificate::verify(SUITE, &certificate, record.core()).unwrap();
        let verified = unsealed.verify(&record, &certificate, None, &tools).unwrap();
        let (session, found) = verified.establish(&mut tools).unwrap();
        is_said(call, &found);
        assert_eq!(session.id().0, array::<32>(&frozen["sessionId"]));
        assert_eq!(session.transcript()[..], bytes(&frozen["transcript"]));
        assert_eq!(session.mailboxes().incoming.expose()[..], bytes(&frozen["toBob"]));
        assert_eq!(session.mailboxes().outgoing.expose()[..], bytes(&frozen["toAlice"]));
    }
}
