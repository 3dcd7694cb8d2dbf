//! What a thief of the whole state gets (THREATS T6; SESSION R1, R3).

use pars_proto::session::ReceiveError;

use crate::world::{below, open, people, seeded};

#[test]
fn a_stolen_state_opens_nothing_that_was_read_before() {
    let mut rng = seeded(60);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let mut read = Vec::new();
    for n in 0..40 {
        let object = if below(&mut rng, 2) == 0 {
            let object = at_alice.send(n, b"secret");
            at_bob.receive(&object).map(|_| object)
        } else {
            let object = at_bob.send(n, b"secret");
            at_alice.receive(&object).map(|_| object)
        };
        read.push(object.unwrap());
        let (mut thief_a, mut thief_b) = (at_alice.restarted(), at_bob.restarted());
        for object in &read {
            assert!(thief_a.receive(object).is_err() && thief_b.receive(object).is_err());
        }
    }
}

#[test]
fn a_clone_reads_and_forges_nothing_after_one_round_trip() {
    for seed in 4_000..4_030 {
        let mut rng = seeded(seed);
        let (alice, bob) = people(&mut rng);
        let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
        for n in 0..below(&mut rng, 4) {
            let object = at_bob.send(u64::from(n), b"earlier");
            at_alice.receive(&object).unwrap();
        }
        // The thief copies Alice's state here and has other randomness from now on.
        let mut thief = at_alice.restarted();

        // One full round trip: Alice steps, Bob steps, Alice steps.
        for n in 10..12 {
            let object = at_bob.send(n, b"ping");
            at_alice.receive(&object).unwrap();
            thief.receive(&object).ok();
            let object = at_alice.send(n, b"pong");
            at_bob.receive(&object).unwrap();
        }
        // Now the clone is as blind as a stranger, in both directions, whatever it does.
        let object = at_bob.send(20, b"healed");
        assert!(matches!(thief.receive(&object), Err(ReceiveError::Undecryptable | ReceiveError::Forged)));
        assert_eq!(at_alice.read(&object), b"healed");
        let object = at_alice.send(21, b"healed too");
        assert!(thief.receive(&object).is_err());
        at_bob.receive(&object).unwrap();
        for n in 30..33 {
            if let Ok(forged) = thief.try_send(n, b"forged") {
                assert!(at_bob.receive(&forged).is_err(), "seed {seed}");
            }
        }
    }
}

#[test]
fn used_keys_are_nowhere_in_the_state() {
    // No 32 bytes that change from message to message survive: compare the secrets region of successive states.
    let mut rng = seeded(61);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let answer = at_bob.send(1, b"x");
    at_alice.receive(&answer).unwrap();
    let before = at_alice.bytes();
    let object = at_alice.send(2, b"x");
    let after = at_alice.bytes();
    at_bob.receive(&object).unwrap();
    // Root key and next header key stand at fixed places behind the names; both were replaced by the step.
    let at = 4 + 1 + 48 + 48 + 32 + 32 + 8 + 4 + 64 + 1 + 32;
    for secret in [&before[at..at + 32], &before[at + 32..at + 64]] {
        let kept = after.windows(32).filter(|window| *window == secret).count();
        // The header key moves from "next" to "current" once; the root key is gone.
        assert_eq!(kept, usize::from(secret == &before[at + 32..at + 64]));
    }
}
