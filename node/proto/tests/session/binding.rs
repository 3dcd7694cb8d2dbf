//! Who is bound to whom (THREATS I3; SESSION R9, R10, R11, R13): every swap of a name, key or record ends the handshake.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::dh::DhPublic;
use pars_crypto::kem::{Kem1024Ciphertext, Kem1024Secret};
use pars_identity::device::DeviceKeys;
use pars_identity::pin::{Pin, PinError};
use pars_identity::prekey::leaf::Prekey;
use pars_identity::record::RecordDraft;
use pars_identity::seed::ContactKeys;
use pars_proto::session::handshake::{HandshakeError, Local, Unsealed, initiate};
use pars_proto::session::{Delivered, PqAuth, ReceiveError, Session};
use pars_wire::codec::Wire;

use crate::world::{End, Person, SUITE, draft, init, people, seeded, tools, tools_at};

/// Where ct1 and ct2 stand in an INIT.
const CT1: usize = 2 + 1 + 8 + 32;
const CT2: usize = CT1 + 1_568;

/// Take an INIT at `to` with these records.
fn attempt(
    to: &Person,
    object: &[u8],
    (record, certificate): (&Person, &Person),
    pin: Option<&Pin>,
) -> Result<(Session, Delivered), HandshakeError> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut tools = tools(&mut rng);
    let object = init(object);
    let unsealed = Unsealed::open(&object, to.leaf(), to.local(), &mut tools)?;
    unsealed.verify(&record.record, &certificate.certificate, pin, &tools)?.establish(&mut tools)
}

fn called(local: &Local<'_>, to: &Person, rng: &mut ChaCha20Rng) -> (Session, Vec<u8>) {
    let mut session = initiate(local, &to.bundle(), &mut tools(rng)).unwrap().session;
    let object = session.send(&draft(1, b"hello"), &mut tools(rng)).unwrap();
    (session, object)
}

#[test]
fn of_all_permutations_between_three_only_the_true_pair_agrees() {
    let mut rng = seeded(100);
    let everybody = [Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng)];
    let (mut agreed, mut tried) = (0, 0);
    for (from, to) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
        let (session, object) = called(&everybody[from].local(), &everybody[to], &mut rng);
        for at in 0..3 {
            for record in 0..3 {
                for certificate in 0..3 {
                    tried += 1;
                    let records = (&everybody[record], &everybody[certificate]);
                    let result = attempt(&everybody[at], &object, records, None);
                    let honest = at == to && record == from && certificate == from;
                    assert_eq!(result.is_ok(), honest, "{from}->{to} at {at} with {record}, {certificate}");
                    if let Ok((answering, _)) = result {
                        agreed += 1;
                        assert_eq!(answering.id(), session.id());
                        assert_eq!(answering.peer().address, session.ours());
                        assert_eq!(session.peer().address, answering.ours());
                        assert_eq!(session.peer().core_hash, *everybody[to].record.core().hash());
                    }
                }
            }
        }
    }
    assert_eq!((agreed, tried), (6, 6 * 27));
}

#[test]
fn of_all_sessions_between_three_only_the_true_one_opens_an_answer() {
    let mut rng = seeded(110);
    let everybody = [Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng)];
    // Who called and who was called, for each of the six calls.
    let mut pairs = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
        .map(|(from, to)| <[End<'_>; 2]>::from(crate::world::called(&everybody[from], &everybody[to], &mut rng)));
    let mut refused = 0;
    // REPLY, then MSG.
    for (writer, reader, number) in [(1, 0, 1), (0, 1, 2)] {
        let objects = pairs.each_mut().map(|pair| pair[writer].send(number, b"for one alone"));
        for (of, object) in objects.iter().enumerate() {
            let ends = pairs
                .iter_mut()
                .enumerate()
                .flat_map(|(pair, ends)| ends.iter_mut().enumerate().map(move |(side, end)| ((pair, side), end)));
            for (at, end) in ends.filter(|(at, _)| *at != (of, reader)) {
                let before = end.bytes();
                assert!(end.receive(object).is_err(), "side {writer} of call {of} wrote it, {at:?} opened it");
                assert!(end.bytes() == before, "an object of call {of} changed {at:?}");
                refused += 1;
            }
        }
        for (pair, object) in pairs.iter_mut().zip(&objects) {
            assert_eq!(pair[reader].read(object), b"for one alone");
        }
    }
    assert_eq!(refused, 2 * 6 * 11);
}

#[test]
fn a_device_neither_calls_itself_nor_takes_its_own_call_back() {
    let mut rng = seeded(101);
    let (alice, bob) = people(&mut rng);
    let refused = initiate(&alice.local(), &alice.bundle(), &mut tools(&mut rng));
    assert_eq!(refused.unwrap_err(), HandshakeError::Reflection);
    let (_, object) = called(&alice.local(), &bob, &mut rng);
    assert_eq!(attempt(&alice, &object, (&alice, &alice), None).unwrap_err(), HandshakeError::NotSealedForUs);
}

#[test]
fn a_substituted_prekey_with_a_matching_reencapsulation_opens_nowhere() {
    let mut rng = seeded(102);
    let (alice, bob) = people(&mut rng);
    let mallory = Kem1024Secret::generate(SUITE, &mut rng);
    // Alice is given Bob's leaf with Mallory's KEM key (the tree is broken); Mallory passes the call on.
    let mut leaf = bob.leaf().prekey.encode();
    leaf[8 + 4 + 32..][..1_568].copy_from_slice(mallory.public().as_bytes());
    let mut bundle = bob.bundle();
    bundle.prekey = Prekey::decode(&leaf).unwrap();
    let mut session = initiate(&alice.local(), &bundle, &mut tools(&mut rng)).unwrap().session;
    let mut object = session.send(&draft(1, b"hello"), &mut tools(&mut rng)).unwrap();
    let ct1: [u8; 1_568] = object[CT1..CT2].try_into().unwrap();
    let _known_to_mallory = mallory.decapsulate(SUITE, &Kem1024Ciphertext::from_bytes(&ct1));
    let (again, _) = bob.leaf().mlkem.public().encapsulate(SUITE, &mut rng);
    object[CT1..CT2].copy_from_slice(again.as_bytes());
    assert_eq!(attempt(&bob, &object, (&alice, &alice), None).unwrap_err(), HandshakeError::NotSealedForUs);
}

#[test]
fn a_substituted_identity_key_with_a_matching_reencapsulation_opens_nowhere() {
    let mut rng = seeded(103);
    let (alice, bob) = people(&mut rng);
    let mallory = Kem1024Secret::generate(SUITE, &mut rng);
    // Even a record that Bob's identity signed over Mallory's KEM key does not help: ik_hash enters TH0.
    let mut contact = bob.contact.public();
    contact.mlkem = mallory.public().clone();
    let content = RecordDraft { contact, ..bob.record.content().clone() };
    let mut bundle = bob.bundle();
    bundle.record = bob.keys.sign_record(SUITE, content, &mut rng);
    let mut session = initiate(&alice.local(), &bundle, &mut tools(&mut rng)).unwrap().session;
    let mut object = session.send(&draft(1, b"hello"), &mut tools(&mut rng)).unwrap();
    let (again, _) = bob.contact.mlkem.public().encapsulate(SUITE, &mut rng);
    object[CT2..CT2 + 1_568].copy_from_slice(again.as_bytes());
    assert_eq!(attempt(&bob, &object, (&alice, &alice), None).unwrap_err(), HandshakeError::NotSealedForUs);
}

#[test]
fn signed_ephemerals_replayed_to_another_leave_it_pending_even_with_x25519_broken() {
    let mut rng = seeded(104);
    let (alice, bob) = people(&mut rng);
    let carol = Person::new(&mut rng);
    let ephemerals = || ChaCha20Rng::seed_from_u64(7);
    let (_, to_bob) = called(&alice.local(), &bob, &mut ephemerals());
    // Mallory has Alice's X25519 secrets (same ephemerals, so Alice's signature fits), not her KEM secret.
    let foreign = Kem1024Secret::generate(SUITE, &mut rng);
    let contact = ContactKeys { mlkem: foreign.clone(), ..alice.contact.clone() };
    let (session, to_carol) = called(&Local { contact: &contact, ..alice.local() }, &carol, &mut ephemerals());
    assert_eq!(to_bob[11..43], to_carol[11..43], "the same EK_A");
    let (at_carol, _) = attempt(&carol, &to_carol, (&alice, &alice), None).unwrap();
    let mut at_carol = End::new(&carol, at_carol, &mut rng);
    let reply = at_carol.send(1, b"who are you");
    assert_eq!(at_carol.session.pq_auth(), PqAuth::Pending);

    let impostor = Person { contact, ..Person::new(&mut rng) };
    let mut at_mallory = End::new(&impostor, session, &mut rng);
    assert_eq!(at_mallory.receive(&reply), Err(ReceiveError::Forged), "ct_auth opens with IKm of Alice only");
    // What Mallory still can write is INIT objects: Carol reads them as from a pending peer.
    let more = at_mallory.send(2, b"trust me");
    at_carol.receive(&more).unwrap();
    assert_eq!(at_carol.session.pq_auth(), PqAuth::Pending);
}

#[test]
fn a_call_that_another_device_key_signed_is_refused() {
    let mut rng = seeded(105);
    let (alice, bob) = people(&mut rng);
    let other = DeviceKeys { id: alice.device.id, ..DeviceKeys::generate(SUITE, &mut rng) };
    let (_, object) = called(&Local { device: &other, ..alice.local() }, &bob, &mut rng);
    let refused = attempt(&bob, &object, (&alice, &alice), None).unwrap_err();
    assert!(matches!(refused, HandshakeError::Signature(_)), "{refused}");
}

#[test]
fn a_device_that_the_record_does_not_list_is_refused() {
    let mut rng = seeded(106);
    let (mut alice, bob) = people(&mut rng);
    let content = RecordDraft { devices: [[0; 32]; 8], ..alice.record.content().clone() };
    alice.record = alice.keys.sign_record(SUITE, content, &mut rng);
    let (_, object) = called(&alice.local(), &bob, &mut rng);
    assert_eq!(attempt(&bob, &object, (&alice, &alice), None).unwrap_err(), HandshakeError::NotListed);
}

#[test]
fn a_caller_that_contradicts_the_pin_is_refused() {
    let mut rng = seeded(107);
    let (alice, bob) = people(&mut rng);
    let (_, object) = called(&alice.local(), &bob, &mut rng);
    let other = Pin::new(&bob.record);
    let refused = attempt(&bob, &object, (&alice, &alice), Some(&other)).unwrap_err();
    assert_eq!(refused, HandshakeError::Pin(PinError::OtherCore));
    let next = RecordDraft { seq: 2, previous: *alice.record.hash(), ..alice.record.content().clone() };
    let newer = Pin::new(&alice.keys.sign_record(SUITE, next, &mut rng));
    let refused = attempt(&bob, &object, (&alice, &alice), Some(&newer)).unwrap_err();
    assert_eq!(refused, HandshakeError::Pin(PinError::Older { pinned: 2, offered: 1 }));
    assert!(attempt(&bob, &object, (&alice, &alice), Some(&Pin::new(&alice.record))).is_ok());
}

#[test]
fn a_call_outside_the_leafs_hours_is_refused() {
    let mut rng = seeded(108);
    let (alice, bob) = people(&mut rng);
    for (hours, accepted) in [(0, true), (12, true), (13, false), (48, false)] {
        let mut session = initiate(&alice.local(), &bob.bundle(), &mut tools_at(&mut rng, hours)).unwrap().session;
        let object = session.send(&draft(1, b"x"), &mut tools_at(&mut rng, hours)).unwrap();
        let result = attempt(&bob, &object, (&alice, &alice), None);
        assert_eq!(result.is_ok(), accepted, "{hours} hours after noon");
        assert!(accepted || result.unwrap_err() == HandshakeError::Hour);
    }
}

#[test]
fn keys_of_low_order_are_refused_on_both_sides() {
    let mut rng = seeded(109);
    let (alice, bob) = people(&mut rng);
    for point in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let mut leaf = bob.leaf().prekey.encode();
        leaf[12..44].copy_from_slice(&point);
        let mut bundle = bob.bundle();
        bundle.prekey = Prekey::decode(&leaf).unwrap();
        let refused = initiate(&alice.local(), &bundle, &mut tools(&mut rng)).unwrap_err();
        assert!(matches!(refused, HandshakeError::LowOrder(_)));

        let contact = pars_identity::seed::ContactPublic { x25519: DhPublic(point), ..bob.contact.public() };
        let mut bundle = bob.bundle();
        let content = RecordDraft { contact, ..bob.record.content().clone() };
        bundle.record = bob.keys.sign_record(SUITE, content, &mut rng);
        let refused = initiate(&alice.local(), &bundle, &mut tools(&mut rng)).unwrap_err();
        assert!(matches!(refused, HandshakeError::LowOrder(_)));

        let (_, mut object) = called(&alice.local(), &bob, &mut rng);
        object[11..43].copy_from_slice(&point);
        let refused = attempt(&bob, &object, (&alice, &alice), None).unwrap_err();
        assert!(matches!(refused, HandshakeError::LowOrder(_)));
    }
}

#[test]
fn a_companion_of_another_call_is_refused() {
    let mut rng = seeded(110);
    let (alice, bob) = people(&mut rng);
    let [first, second] = [(); 2].map(|()| alice.call(&bob, &mut rng));
    let mut session = first.session;
    let object = session.send(&draft(1, b"x"), &mut tools(&mut rng)).unwrap();
    let object = init(&object);
    let mut with = tools(&mut rng);
    let unsealed = Unsealed::open(&object, bob.leaf(), bob.local(), &mut with).unwrap();
    let open = |bytes: &[u8]| match pars_proto::session::Object::read(bytes).unwrap() {
        pars_proto::session::Object::Companion(companion) => unsealed.open_companion(&companion),
        other => panic!("{other:?}"),
    };
    assert_eq!(open(&first.companions[0]).unwrap(), alice.record.encode());
    assert_eq!(open(&second.companions[0]), Err(HandshakeError::OtherCompanion));
    let mut moved = first.companions[0].clone();
    moved[18] = 1;
    assert_eq!(open(&moved), Err(HandshakeError::NotSealedForUs), "the index is bound");
}
