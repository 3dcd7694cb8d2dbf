//! Bounds on what a peer can cost, from outside (THREATS T3, T4; SESSION section 4 "Limits"). The counters that only a peer
//! of bad faith sends are tested beside the ratchet.

use pars_proto::session::{Phase, ReceiveError, SendError};

use crate::world::{End, noon, open, people, seeded};

#[test]
fn a_chain_ends_after_a_thousand_messages_or_seven_days_without_an_answer() {
    let mut rng = seeded(40);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let mut idle = at_alice.clone();
    let mut last = Vec::new();
    for n in 0..999 {
        last = at_alice.send(n, b"x");
    }
    assert_eq!(at_alice.try_send(999, b"x"), Err(SendError::ChainEnded), "one was sent before");
    // 998 keys are skipped at one blow, which is allowed, and an answer opens the way again.
    assert_eq!(at_bob.read(&last), b"x");
    assert_eq!(at_bob.session.skipped(), 998);
    let answer = at_bob.send(1, b"here");
    at_alice.receive(&answer).unwrap();
    assert!(at_alice.try_send(1_000, b"x").is_ok());

    idle.hours = 7 * 24;
    assert!(idle.try_send(1, b"x").is_ok());
    idle.hours += 1;
    assert_eq!(idle.try_send(2, b"x"), Err(SendError::ChainEnded));
}

#[test]
fn skipped_keys_are_bounded_the_oldest_dropped_and_their_message_is_too_old() {
    let mut rng = seeded(41);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let mut first = None;
    for _ in 0..3 {
        for n in 0..900 {
            let object = at_alice.send(n, b"x");
            first.get_or_insert(object);
        }
        let object = at_alice.send(901, b"last");
        at_bob.receive(&object).unwrap();
        let answer = at_bob.send(1, b"answer");
        at_alice.receive(&answer).unwrap();
    }
    assert_eq!(at_bob.session.skipped(), 2_000);
    assert_eq!(at_bob.receive(&first.unwrap()), Err(ReceiveError::TooOld));
    at_bob.session.drop_skipped(1_990);
    assert_eq!(at_bob.session.skipped(), 10);
    assert_eq!(at_bob.restarted().bytes(), at_bob.bytes());
}

#[test]
fn five_old_chains_are_kept_and_of_a_sixth_nothing_opens_any_more() {
    let mut rng = seeded(45);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    // Seven chains, of each the first message late.
    let late: Vec<_> = (0..7)
        .map(|n| {
            let late = at_alice.send(2 * n, b"late");
            let next = at_alice.send(2 * n + 1, b"next");
            at_bob.receive(&next).unwrap();
            let answer = at_bob.send(n, b"answer");
            at_alice.receive(&answer).unwrap();
            late
        })
        .collect();
    assert_eq!(at_bob.receive(&late[0]), Err(ReceiveError::Undecryptable));
    for late in &late[1..] {
        assert_eq!(at_bob.read(late), b"late");
    }
}

#[test]
fn a_skipped_key_expires_after_sixteen_days() {
    let mut rng = seeded(42);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let objects: Vec<_> = (0..4).map(|n| at_alice.send(n, b"x")).collect();
    at_bob.receive(&objects[3]).unwrap();
    at_bob.hours = 16 * 24;
    assert_eq!(at_bob.read(&objects[0]), b"x");
    at_bob.hours += 1;
    assert_eq!(at_bob.receive(&objects[1]), Err(ReceiveError::TooOld));
}

#[test]
fn an_unanswered_opening_is_dropped_after_sixteen_days() {
    let mut rng = seeded(43);
    let (alice, bob) = people(&mut rng);
    let at_alice = End::new(&alice, alice.call(&bob, &mut rng).session, &mut rng);
    assert_eq!(at_alice.session.phase(), Phase::Opening);
    assert!(!at_alice.session.expired(noon().plus(16 * 24)));
    assert!(at_alice.session.expired(noon().plus(16 * 24 + 1)));
    let (opened, _) = open(&alice, &bob, &mut rng);
    assert!(!opened.session.expired(noon().plus(100_000)));
}

#[test]
fn bogus_objects_change_nothing_and_keep_nothing() {
    // SESSION R28, at the figure of a test run.
    let mut rng = seeded(44);
    let (alice, bob) = people(&mut rng);
    let (_, mut at_bob) = open(&alice, &bob, &mut rng);
    let before = at_bob.bytes();
    let mut object = vec![0x5a; 4_096];
    (object[0], object[1]) = (1, 1);
    for n in 0..1_000_u32 {
        object[2..6].copy_from_slice(&n.to_be_bytes());
        assert_eq!(at_bob.receive(&object), Err(ReceiveError::Undecryptable));
    }
    assert_eq!(at_bob.bytes(), before);
}
