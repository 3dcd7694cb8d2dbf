//! The story of `tests/vectors/session/session.json`: every object and state of a deterministic exchange. The example
//! `session_vectors` writes it, the test `golden` compares.
//!
//! An implementation of another hand opens each object with the keys of its reader's state before it (layout: `snapshot` of
//! `pars_proto::session`; keys of records and leaves stand by their persons) and finds the message that stands beside it.

use std::path::PathBuf;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::secret::StoreKey;
use pars_proto::session::Phase;
use pars_wire::content::Flags;
use serde_json::{Value, json};

use crate::world::{End, Person, draft, people};

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
    let bytes = end.bytes();
    json!({"phase": phase, "sha3": hex(&sha3(&[&bytes])), "length": bytes.len(), "bytes": hex(&bytes)})
}

fn object(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "length": bytes.len(), "sha3": hex(&sha3(&[bytes])), "bytes": hex(bytes)})
}

/// An object that carries a message, and what its reader finds in it.
fn message(name: &str, bytes: &[u8], number: u64, text: &[u8]) -> Value {
    let of = draft(number, text);
    let flags = if name.starts_with("REPLY") { of.flags.with(Flags::REPLY) } else { of.flags };
    let mut object = object(name, bytes);
    object["message"] = json!({
        "id": hex(&of.id.0),
        "sequence": of.sequence,
        "contentType": of.content_type as u16,
        "flags": flags.bits(),
        "content": hex(of.content),
    });
    object
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
    // His other answer: what he might have said instead, in L.
    let mut waiting = at_bob.clone();
    let m2 = at_bob.send(1, b"m2");
    at_alice.receive(&m2).unwrap();
    states.push(json!({"after": "REPLY 0", "alice": state(&at_alice), "bob": state(&at_bob)}));
    let m3 = at_alice.send(3, b"m3");
    at_bob.receive(&m3).unwrap();
    states.push(json!({"after": "MSG 0", "alice": state(&at_alice), "bob": state(&at_bob)}));
    let (long, middle) = ([b'x'; 2_847], [b'y'; 799]);
    let m4 = at_bob.send(2, &long);
    at_alice.receive(&m4).unwrap();
    let m5 = at_alice.send(4, &middle);
    // After all that draws from his source, so that nothing above changes.
    let other = waiting.send(1, &long);
    states.push(json!({"after": "MSG 0 of the responder, L", "alice": state(&at_alice), "bob": state(&at_bob)}));
    objects.extend([
        message("INIT 0", &m1, 1, b"m1"),
        message("INIT 1", &second, 2, b"m1, second"),
        message("REPLY 0", &m2, 1, b"m2"),
        message("MSG 0", &m3, 3, b"m3"),
        message("MSG 0 of the responder, L", &m4, 2, &long),
        message("MSG 0 of the initiator's next chain, M", &m5, 4, &middle),
        message("REPLY 0 in place of the other, L", &other, 1, &long),
    ]);

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
