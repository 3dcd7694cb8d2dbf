//! Forged and damaged objects (THREATS T2; SESSION R36): refused, and the state stays byte for byte what it was.

use pars_crypto::witness::{Witness, Work};
use pars_proto::session::ReceiveError;
use pars_proto::session::handshake::Unsealed;

use crate::device::Device;
use crate::world::{End, Person, below, called, init, open, people, seeded, tools, trials};

/// Where the parts of an INIT begin, and its end: `ver|kind|suite`, the leaf's id, EK_A, ct1, ct2, what is sealed, n, r, the body
/// with its tag, the commitment.
const INIT: &[usize] = &[0, 3, 11, 43, 1_611, 3_179, 9_611, 9_613, 9_629, 11_104, 11_136];
/// The same of a companion: `ver|kind`, the reference, `idx|count`, what is sealed.
const COMPANION: &[usize] = &[0, 2, 18, 20, 11_136];

/// Flip bits all over the object; nothing may open, nothing may change.
fn flips(end: &mut End<'_>, object: &[u8], rng: &mut chacha20::ChaCha20Rng, count: u64) {
    let before = end.bytes();
    for _ in 0..count {
        let mut damaged = object.to_vec();
        let at = below(rng, object.len() as u32) as usize;
        damaged[at] ^= 1 << below(rng, 8);
        let refused = end.receive(&damaged);
        assert!(refused.is_err(), "bit of byte {at}");
        assert_eq!(end.bytes(), before, "byte {at} changed the state by {refused:?}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_and_changes_nothing() {
    let mut rng = seeded(30);
    let (alice, bob) = people(&mut rng);
    let each = trials(500, 25_000);

    let (mut at_alice, mut at_bob) = called(&alice, &bob, &mut rng);
    let second = at_alice.send(2, b"second");
    flips(&mut at_bob, &second, &mut rng, each);
    assert_eq!(at_bob.read(&second), b"second", "INIT");

    let reply = at_bob.send(1, b"reply");
    flips(&mut at_alice, &reply, &mut rng, each);
    assert_eq!(at_alice.read(&reply), b"reply");

    let message = at_alice.send(3, b"message");
    flips(&mut at_bob, &message, &mut rng, each);
    assert_eq!(at_bob.read(&message), b"message");

    let late = at_alice.send(4, b"late");
    let current = at_alice.send(5, b"current");
    at_bob.receive(&current).unwrap();
    flips(&mut at_bob, &late, &mut rng, each);
    assert_eq!(at_bob.read(&late), b"late");
}

#[test]
fn a_flipped_bit_in_any_object_of_a_first_call_begins_nothing_and_the_true_object_opens_it() {
    let mut rng = seeded(34);
    let (alice, bob) = people(&mut rng);
    let carol = Person::new(&mut rng);
    let mut at_bob = Device::new(&bob);
    for object in Device::new(&carol).call(&bob, "somebody else", &mut rng) {
        at_bob.take(&object, &mut rng);
    }
    let (sessions, handshakes) = (at_bob.sessions.clone(), at_bob.handshakes.clone());
    assert_eq!((at_bob.begun, sessions.len(), handshakes.len()), (1, 1, 1));
    let call = Device::new(&alice).call(&bob, "salam", &mut rng);
    assert_eq!(call.len(), 3);
    // Every part of every object as often as any other, however few bytes it has.
    let objects = [(0, INIT), (1, COMPANION), (2, COMPANION)].into_iter();
    let parts: Vec<(usize, &[usize])> =
        objects.flat_map(|(which, bounds)| bounds.windows(2).map(move |part| (which, part))).collect();
    let orders = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
    for trial in 0..trials(360, 25_000) as usize {
        let ((which, part), order) = (parts[trial % parts.len()], orders[trial / parts.len() % orders.len()]);
        let mut damaged = call[which].clone();
        let at = part[0] + below(&mut rng, (part[1] - part[0]) as u32) as usize;
        damaged.object[at] ^= 1 << below(&mut rng, 8);
        // What waits for its other objects is in memory alone: a restart forgets it.
        (at_bob.sessions, at_bob.handshakes) = (sessions.clone(), handshakes.clone());
        at_bob.restart(&bob);
        let before = (at_bob.begun, at_bob.shown.len());
        for index in order {
            at_bob.take(if index == which { &damaged } else { &call[index] }, &mut rng);
        }
        let case = format!("byte {at} of object {which}, order {order:?}");
        assert_eq!((at_bob.begun, at_bob.shown.len(), at_bob.machine.all().count()), (before.0, before.1, 1), "{case}");
        assert!(at_bob.sessions == sessions && at_bob.handshakes == handshakes, "{case} changed the rows");
        // The two true objects wait, and what is damaged stands in nobody's place.
        at_bob.take(&call[which], &mut rng);
        assert_eq!((at_bob.begun, at_bob.shown.len()), (before.0 + 1, before.1 + 1), "{case}");
        assert_eq!(at_bob.shown.last().map(String::as_str), Some("salam"));
    }
}

#[test]
fn the_honest_message_after_damage_opens() {
    let mut rng = seeded(31);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    for n in 0..20 {
        let mut object = at_bob.send(n, b"text");
        let last = object.len() - 1;
        object[last] ^= 1;
        assert_eq!(at_alice.receive(&object), Err(ReceiveError::Forged), "the commitment is compared first");
        object[last] ^= 1;
        assert_eq!(at_alice.read(&object), b"text");
    }
}

#[test]
fn an_object_of_another_session_is_undecryptable() {
    let mut rng = seeded(32);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, _) = open(&alice, &bob, &mut rng);
    let (_, mut other) = open(&alice, &bob, &mut rng);
    let object = at_alice.send(1, b"x");
    assert_eq!(other.receive(&object), Err(ReceiveError::Undecryptable));
    let object = other.send(1, b"own");
    assert_eq!(other.receive(&object), Err(ReceiveError::Undecryptable), "reflected");
}

#[test]
fn truncated_and_empty_objects_are_malformed() {
    let mut rng = seeded(33);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let object = at_alice.send(1, b"x");
    let before = at_bob.bytes();
    for length in [0, 1, 2, 17, 4_095, object.len() - 1] {
        assert!(matches!(at_bob.receive(&object[..length]), Err(ReceiveError::Malformed(_))), "{length}");
    }
    // An M cut down to the size of an S is a bucket, and still refused.
    let large = at_alice.send(2, &[1; 1_000]);
    assert_eq!(at_bob.receive(&large[..4_096]), Err(ReceiveError::Forged));
    assert_eq!(at_bob.bytes(), before);
}

#[test]
fn a_modified_kem_ciphertext_is_noticed_only_where_any_other_damage_is() {
    let mut rng = seeded(49);
    let (alice, bob) = people(&mut rng);
    let mut at_alice = End::new(&alice, alice.call(&bob, &mut rng).session, &mut rng);
    let whole = at_alice.send(1, b"salam");
    let mut error_of = |at: usize| {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        let (object, witness) = (init(&damaged), Witness::begin());
        let error = Unsealed::open(&object, bob.leaf(), bob.local(), &mut tools(&mut rng)).err();
        (error, witness.work())
    };
    // Behind `ver1|kind1|suite1|spk_id8|EK32` stand ct1 and ct2, and behind them the sealed part.
    let (ct1, ct2, sealed) = (43, 43 + 1_568, 43 + 2 * 1_568);
    let damage = error_of(sealed + 5);
    assert!(damage.0.is_some());
    assert_eq!((damage.1.agreed, damage.1.decapsulated, damage.1.opened), (2, 2, 1), "{damage:?}");
    for at in [ct1, ct1 + 700, ct1 + 1_567, ct2, ct2 + 700, ct2 + 1_567] {
        assert_eq!(error_of(at), damage, "byte {at}: the same error after the same work");
    }
}

#[test]
fn a_modified_proof_of_the_reply_costs_the_same_work_as_any_other_damage() {
    let mut rng = seeded(50);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = called(&alice, &bob, &mut rng);
    let reply = at_bob.send(1, b"salam");
    let mut refused = |at: usize| {
        let mut damaged = reply.clone();
        damaged[at] ^= 1;
        let witness = Witness::begin();
        let error = at_alice.receive(&damaged);
        (error, witness.work())
    };
    let last = refused(reply.len() - 1);
    assert_eq!(last.0, Err(ReceiveError::Forged));
    assert!(last.1.decapsulated == 2 && last.1.agreed > 0, "{last:?}");
    // Behind `ver1|kind1|r16` and the sealed header stands ct_auth, and behind it the body with its commitment.
    let ct_auth = 2 + 16 + 3_230;
    for at in [ct_auth, ct_auth + 700, ct_auth + 1_567] {
        assert_eq!(refused(at), last, "byte {at}");
    }
    let body = refused(ct_auth + 1_568);
    assert_eq!(
        body,
        (last.0, Work { opened: last.1.opened + 1, ..last.1 }),
        "the commitment holds, so the body is tried"
    );
}
