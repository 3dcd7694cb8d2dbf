//! The story of `tests/vectors/session/session.json`: every object and state of a deterministic exchange. The example
//! `session_vectors` writes it, the test `golden` compares.

use std::path::PathBuf;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::secret::StoreKey;
use pars_proto::session::Phase;
use serde_json::{Value, json};

use crate::world::{End, Person, people};

/// The seed of the whole story.
pub(crate) const SEED: u64 = 0x5053;

/// Where the vectors lie.
pub(crate) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/session/session.json")
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn state(end: &End<'_>) -> Value {
    let phase = match end.session.phase() {
        Phase::Opening => "opening",
        Phase::Answering => "answering",
        Phase::Open => "open",
    };
    json!({"phase": phase, "sha3": hex(&sha3(&[&end.bytes()])), "length": end.bytes().len()})
}

fn object(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "length": bytes.len(), "sha3": hex(&sha3(&[bytes])), "bytes": hex(bytes)})
}

fn person(of: &Person) -> Value {
    let leaf = of.leaf();
    json!({
        "identity": of.record.id().to_string(),
        "device": hex(&of.device.id.0),
        "coreHash": hex(of.record.core().hash()),
        "record": hex(&of.record.encode()),
        "certificate": hex(&of.certificate.encode()),
        "x25519": hex(of.contact.x25519.expose()),
        "mlkemSeed": hex(of.contact.mlkem.seed().expose()),
        "leaf": hex(&pars_wire::codec::Wire::encode(&leaf.prekey)),
        "leafX25519": hex(leaf.x25519.expose()),
        "leafMlkemSeed": hex(leaf.mlkem.seed().expose()),
    })
}

/// The whole file.
pub(crate) fn make() -> Value {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let (alice, bob) = people(&mut rng);
    let call = alice.call(&bob, &mut rng);
    let mut at_alice = End::new(&alice, call.session, &mut rng);
    let mut objects = vec![object("companion 0", &call.companions[0]), object("companion 1", &call.companions[1])];
    let mut states = vec![json!({"after": "initiate", "alice": state(&at_alice)})];

    let m1 = at_alice.send(1, b"m1");
    let second = at_alice.send(2, b"m1, second");
    let (session, _) = bob.answer(&m1, &alice, &mut rng);
    let mut at_bob = End::new(&bob, session, &mut rng);
    states.push(json!({"after": "INIT 0", "alice": state(&at_alice), "bob": state(&at_bob)}));
    let m2 = at_bob.send(1, b"m2");
    at_alice.receive(&m2).unwrap();
    states.push(json!({"after": "REPLY 0", "alice": state(&at_alice), "bob": state(&at_bob)}));
    let m3 = at_alice.send(3, b"m3");
    at_bob.receive(&m3).unwrap();
    states.push(json!({"after": "MSG 0", "alice": state(&at_alice), "bob": state(&at_bob)}));
    let m4 = at_bob.send(2, &[b'x'; 2_847]);
    at_alice.receive(&m4).unwrap();
    let names =
        [("INIT 0", &m1), ("INIT 1", &second), ("REPLY 0", &m2), ("MSG 0", &m3), ("MSG 0 of the responder, L", &m4)];
    objects.extend(names.map(|(name, bytes)| object(name, bytes)));

    let key = StoreKey::from_bytes([7; 32]);
    let sealed = at_bob.session.store(&key, &mut ChaCha20Rng::seed_from_u64(SEED));
    json!({
        "seed": SEED,
        "hour": crate::world::noon().0,
        "alice": person(&alice),
        "bob": person(&bob),
        "transcript": hex(at_alice.session.transcript()),
        "sessionId": hex(&at_alice.session.id().0),
        "toBob": hex(at_alice.session.mailboxes().outgoing.expose()),
        "toAlice": hex(at_alice.session.mailboxes().incoming.expose()),
        "objects": objects,
        "states": states,
        "snapshot": {"version": 1, "storeKey": hex(key.expose()), "sealed": hex(sealed.as_bytes())},
    })
}
