//! The trace m1, m2, m3 of SESSION section 3, and what each side shows at each step.

use pars_identity::device::DeviceCertificate;
use pars_identity::record::IdentityRecord;
use pars_proto::session::handshake::{Local, Unsealed, init_id};
use pars_proto::session::{Object, Phase, PqAuth, Role};

use crate::world::{End, SUITE, init, people, seeded, tools};

#[test]
fn three_messages_confirm_both_sides() {
    let mut rng = seeded(10);
    let (alice, bob) = people(&mut rng);
    let call = alice.call(&bob, &mut rng);
    let mut at_alice = End::new(&alice, call.session, &mut rng);
    assert_eq!((at_alice.session.phase(), at_alice.session.pq_auth()), (Phase::Opening, PqAuth::Pending));

    // m1: INIT 0 and the companions; Bob knows nothing of Alice but what they carry.
    let m1 = at_alice.send(1, b"m1");
    let object = init(&m1);
    let mut with = tools(&mut rng);
    let unsealed = Unsealed::open(&object, bob.leaf(), bob.local(), &mut with).unwrap();
    assert_eq!(unsealed.claims().address, alice.local().address());
    let records = [&call.companions[1], &call.companions[0]].map(|companion| {
        let Object::Companion(companion) = Object::read(companion).unwrap() else { panic!("a companion") };
        assert_eq!(companion.reference(), unsealed.reference());
        (companion.index(), unsealed.open_companion(&companion).unwrap())
    });
    assert_eq!((records[0].0, records[1].0), (1, 0), "in any order");
    let record = IdentityRecord::verify(SUITE, &records[1].1).unwrap();
    let certificate = DeviceCertificate::verify(SUITE, &records[0].1, record.core()).unwrap();
    let verified = unsealed.verify(&record, &certificate, None, &with).unwrap();
    let (session, message) = verified.establish(&mut with).unwrap();
    let mut at_bob = End::new(&bob, session, &mut rng);
    assert_eq!((&message.content[..], message.sequence), (&b"m1"[..], 1));
    assert_eq!((at_bob.session.phase(), at_bob.session.pq_auth()), (Phase::Answering, PqAuth::Pending));
    assert_eq!((at_bob.session.role(), at_bob.session.id()), (Role::Responder, at_alice.session.id()));
    assert_eq!(at_bob.session.mailboxes().incoming, at_alice.session.mailboxes().outgoing);
    assert_eq!(at_bob.session.mailboxes().outgoing, at_alice.session.mailboxes().incoming);
    assert_eq!(at_bob.session.peer().core_hash, *alice.record.core().hash());

    // m2: REPLY 0 in M.
    let m2 = at_bob.send(1, b"m2");
    assert_eq!(m2.len(), 6_144);
    assert_eq!(at_bob.session.pq_auth(), PqAuth::Pending);
    let received = at_alice.receive(&m2).unwrap();
    assert_eq!((&received.message.content[..], received.confirmed), (&b"m2"[..], true));
    assert_eq!((at_alice.session.phase(), received.superseded), (Phase::Open, None));

    // m3: MSG 0.
    let m3 = at_alice.send(2, b"m3");
    assert!(m3.len() < 11_136);
    let received = at_bob.receive(&m3).unwrap();
    assert_eq!((&received.message.content[..], received.confirmed), (&b"m3"[..], true));
    assert_eq!(at_bob.session.pq_auth(), PqAuth::Confirmed);

    // And on: each turn steps.
    for n in 0..4 {
        let object = at_bob.send(n, b"ping");
        assert_eq!(at_alice.read(&object), b"ping");
        let object = at_alice.send(n, b"pong");
        assert_eq!(at_bob.read(&object), b"pong");
    }
}

#[test]
fn any_object_of_the_init_chain_opens_the_session_and_all_arrive_in_any_order() {
    let mut rng = seeded(11);
    let (alice, bob) = people(&mut rng);
    let mut at_alice = End::new(&alice, alice.call(&bob, &mut rng).session, &mut rng);
    let objects: Vec<_> = (0..32).map(|n| at_alice.send(n, format!("text {n}").as_bytes())).collect();
    assert!(at_alice.try_send(33, b"one too many").is_err());
    let ids: std::collections::BTreeSet<_> = objects.iter().map(|object| init_id(&init(object))).collect();
    assert_eq!(ids.len(), 1, "one handshake, one name");
    let (session, message) = bob.answer(&objects[20], &alice, &mut rng);
    assert_eq!(message.content[..], b"text 20"[..]);
    let mut at_bob = End::new(&bob, session, &mut rng);
    for n in (0..20).rev().chain(21..30) {
        assert_eq!(at_bob.read(&objects[n]), format!("text {n}").as_bytes());
    }
    // The answer closes the chain; the two that were still on their way arrive late.
    let reply = at_bob.send(1, b"got them");
    at_alice.receive(&reply).unwrap();
    let next = at_alice.send(40, b"next");
    assert_eq!(at_bob.read(&next), b"next");
    assert_eq!((at_bob.read(&objects[31]), at_bob.read(&objects[30])), (b"text 31".to_vec(), b"text 30".to_vec()));
    assert!(objects.iter().all(|object| at_bob.receive(object).is_err()), "none twice");
}

#[test]
fn every_reply_of_the_first_chain_confirms_whichever_comes_first() {
    let mut rng = seeded(12);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = crate::world::called(&alice, &bob, &mut rng);
    let replies: Vec<_> = (0..3).map(|n| at_bob.send(n, format!("reply {n}").as_bytes())).collect();
    let first = at_alice.receive(&replies[2]).unwrap();
    assert!(first.confirmed);
    for n in [0, 1] {
        let late = at_alice.receive(&replies[n]).unwrap();
        assert_eq!((&late.message.content[..], late.confirmed), (format!("reply {n}").as_bytes(), false));
    }
}

#[test]
fn the_local_view_names_this_device() {
    let mut rng = seeded(13);
    let (alice, _) = people(&mut rng);
    let local: Local<'_> = alice.local();
    assert_eq!((local.address().identity, local.address().device), (alice.record.id(), alice.device.id));
}
