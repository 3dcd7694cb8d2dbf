//! Crashes at any barrier (THREATS T5; SESSION section 4 "Rollback"): state first, object second.

use std::collections::BTreeSet;

use pars_crypto::witness::Witness;
use pars_proto::session::ReceiveError;

use crate::world::{End, below, open, people, seeded, trials};

/// The name of a message key on the wire: its header and key commitment never repeat.
fn key_name(object: &[u8]) -> Vec<u8> {
    object[object.len() - 32..].to_vec()
}

#[test]
fn no_message_key_is_used_twice_over_crashes_at_any_barrier() {
    let mut rng = seeded(50);
    let (alice, bob) = people(&mut rng);
    let (at_alice, at_bob) = open(&alice, &bob, &mut rng);
    for seed in 3_000..3_000 + trials(60, 200) {
        let mut rng = seeded(seed);
        let mut durable = [at_alice.clone(), at_bob.clone()];
        let (mut names, mut flying) = (BTreeSet::new(), Vec::new());
        for number in 0..40 {
            let from = below(&mut rng, 2) as usize;
            let mut end = durable[from].restarted();
            if below(&mut rng, 2) == 0 {
                let object = end.send(number, format!("text {number}").as_bytes());
                match below(&mut rng, 4) {
                    // Crash before the state is durable: the object never left.
                    0 => continue,
                    // Crash between: durable, but the object is lost.
                    1 => durable[from] = end,
                    _ => {
                        durable[from] = end;
                        assert!(names.insert(key_name(&object)), "a key sealed twice");
                        flying.push((1 - from, number, object, false));
                    }
                }
            } else if let Some(index) = (!flying.is_empty()).then(|| below(&mut rng, flying.len() as u32) as usize) {
                let (to, number, object, read) = &mut flying[index];
                let mut end = durable[*to].restarted();
                let received = end.receive(object);
                if *read {
                    assert!(received.is_err(), "read twice");
                    continue;
                }
                assert_eq!(received.unwrap().message.content[..], *format!("text {number}").as_bytes());
                // Crash before the state is durable: nothing was shown, it will be fetched again.
                if below(&mut rng, 3) > 0 {
                    (durable[*to], *read) = (end, true);
                }
            }
        }
        for (to, number, object, read) in &flying {
            if !read {
                let text = durable[*to].read(object);
                assert_eq!(text, format!("text {number}").as_bytes(), "acknowledged and lost");
            }
        }
    }
}

#[test]
fn a_silently_rolled_back_state_repeats_no_key_nonce_or_header() {
    // SESSION R37: the chain key repeats, fresh r makes every derived key, nonce and commitment another.
    let mut rng = seeded(51);
    let (alice, bob) = people(&mut rng);
    let (at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let objects: Vec<_> = (0..8).map(|_| at_alice.restarted().send(1, b"again")).collect();
    assert_eq!(objects.iter().map(|object| key_name(object)).collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(objects.iter().map(|object| object[2..18].to_vec()).collect::<BTreeSet<_>>().len(), 8);
    // The peer reads one and meets a used position in the others.
    assert_eq!(at_bob.read(&objects[0]), b"again");
    assert!(objects[1..].iter().all(|object| at_bob.receive(object) == Err(ReceiveError::TooOld)));
}

/// One schedule of sends, reads, restarts and silent rollbacks to any earlier state. Objects of a rolled-back state leave too.
fn rolled_back(sides: [End<'_>; 2], seed: u64) {
    let mut rng = seeded(seed);
    let mut ends = sides;
    let (mut backups, mut flying) = (Vec::new(), Vec::new());
    for number in 0..60 {
        let at = below(&mut rng, 2) as usize;
        match below(&mut rng, 8) {
            0..4 => flying.push((1 - at, ends[at].send(number, b"text"))),
            4..6 if !flying.is_empty() => {
                let (to, object): (usize, Vec<u8>) = flying.swap_remove(below(&mut rng, flying.len() as u32) as usize);
                // What was rolled back may no longer be able to read.
                let _ = ends[to].receive(&object);
            }
            6 => backups.push((at, ends[at].clone())),
            _ if !backups.is_empty() => {
                let (of, state) = &backups[below(&mut rng, backups.len() as u32) as usize];
                ends[*of] = state.restarted();
            }
            _ => ends[at] = ends[at].restarted(),
        }
    }
}

#[test]
fn no_key_meets_a_nonce_twice_over_restarts_and_rollbacks() {
    let mut rng = seeded(53);
    let (alice, bob) = people(&mut rng);
    let (at_alice, at_bob) = open(&alice, &bob, &mut rng);
    let trials = trials(100, 2_000);
    let witness = Witness::begin();
    for seed in 7_000..7_000 + trials {
        // All begin at the same state, as from one backup; copies share their source of randomness, as devices share the system's.
        rolled_back([at_alice.clone(), at_bob.clone()], seed);
    }
    // A header and a body for each message, and the rows of restarts.
    assert!(witness.sealed() >= 40 * trials, "{}", witness.sealed());
    assert_eq!(witness.repeated(), 0);
}

#[test]
fn a_session_of_many_sends_gives_each_its_own_key_and_loses_none() {
    let mut rng = seeded(54);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    // THREATS T5: 64 tasks that send 10,000 each on one session, which hands out its keys one by one.
    let (sends, mut sent) = (trials(6_400, 640_000), 0);
    let witness = Witness::begin();
    while sent < sends {
        // Fewer than a reader skips, then an answer, as a chain needs it.
        let block = sent..sends.min(sent + 1 + u64::from(below(&mut rng, 900)));
        let mut flying: Vec<_> = block.clone().map(|n| (n, at_alice.send(n, &n.to_be_bytes()))).collect();
        at_alice = at_alice.restarted();
        while !flying.is_empty() {
            let (number, object) = flying.swap_remove(below(&mut rng, flying.len() as u32) as usize);
            assert_eq!(at_bob.read(&object), number.to_be_bytes());
        }
        at_bob = at_bob.restarted();
        let answer = at_bob.send(block.start, b"answer");
        assert_eq!(at_alice.read(&answer), b"answer");
        sent = block.end;
    }
    // A header and a body for each, and the rows of restarts.
    assert!(witness.sealed() >= 2 * sends, "{}", witness.sealed());
    assert_eq!(witness.repeated(), 0);
}

#[test]
fn a_restart_changes_nothing_in_any_phase() {
    let mut rng = seeded(52);
    let (alice, bob) = people(&mut rng);
    let (at_alice, at_bob) = crate::world::called(&alice, &bob, &mut rng);
    let (open_alice, open_bob) = open(&alice, &bob, &mut rng);
    for end in [&at_alice, &at_bob, &open_alice, &open_bob] {
        let again = end.restarted();
        assert_eq!(again.bytes(), end.bytes());
        assert_eq!((again.session.phase(), again.session.id()), (end.session.phase(), end.session.id()));
        assert_eq!((again.session.peer(), again.session.ours()), (end.session.peer(), end.session.ours()));
    }
}
