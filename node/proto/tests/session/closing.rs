//! A session that one side closed.

use pars_proto::session::machine::{In, Standing};

use crate::device::Device;
use crate::world::{people, seeded};

#[test]
fn a_closed_session_reads_what_comes_late_and_is_never_answered_on() {
    let mut rng = seeded(120);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    for object in at_alice.call(&bob, "salam", &mut rng) {
        at_bob.take(&object, &mut rng);
    }
    at_alice.handle(In::Close(bob.record.id()), &mut rng);
    at_alice.restart(&alice);
    assert_eq!(at_alice.live(), 0);
    assert!(at_alice.machine.all().all(|(_, standing)| matches!(standing, Standing::ReceiveOnly { .. })));
    for object in at_bob.say(at_alice.address, "late", &mut rng) {
        at_alice.take(&object, &mut rng);
    }
    assert_eq!(at_alice.shown, ["late"]);
    assert!(at_alice.say(at_bob.address, "on what?", &mut rng).is_empty());
    assert_eq!(at_alice.refused, 1);
    for object in at_alice.call(&bob, "anew", &mut rng) {
        at_bob.take(&object, &mut rng);
    }
    assert_eq!((at_bob.shown.last().unwrap().as_str(), at_bob.begun), ("anew", 2));
    assert_eq!(at_bob.current(at_alice.address).id(), at_alice.current(at_bob.address).id());
    // Nothing to close: nothing happens.
    assert!(at_alice.handle(In::Close(alice.record.id()), &mut rng).is_empty());
    assert_eq!(at_alice.live(), 1);
}

#[test]
fn an_opening_that_gave_way_keeps_its_keys_no_longer_than_one_that_did_not() {
    let mut rng = seeded(122);
    let (alice, bob) = people(&mut rng);
    let mut at_alice = Device::new(&alice);
    at_alice.call(&bob, "salam", &mut rng);
    at_alice.handle(In::Close(bob.record.id()), &mut rng);
    for (hours, left) in [(16 * 24, 1), (16 * 24 + 1, 0)] {
        at_alice.hours = hours;
        at_alice.handle(In::Wake, &mut rng);
        assert_eq!((at_alice.machine.all().count(), at_alice.sessions.len()), (left, left), "{hours}");
    }
}

#[test]
fn who_calls_and_closes_again_and_again_keeps_forty_old_sessions() {
    let mut rng = seeded(123);
    let (alice, bob) = people(&mut rng);
    let mut at_alice = Device::new(&alice);
    for _ in 0..45 {
        at_alice.handle(In::Close(bob.record.id()), &mut rng);
        at_alice.call(&bob, "salam", &mut rng);
    }
    assert_eq!((at_alice.live(), at_alice.machine.all().count(), at_alice.sessions.len()), (1, 41, 41));
}

#[test]
fn a_session_that_was_never_answered_says_so_and_is_gone_when_it_is_forgotten() {
    let mut rng = seeded(121);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let objects = at_alice.call(&bob, "salam", &mut rng);
    for object in objects {
        at_bob.take(&object, &mut rng);
    }
    let id = at_bob.current(at_alice.address).id();
    assert!(at_bob.current(at_alice.address).unanswered() && !at_alice.current(at_bob.address).unanswered());
    assert_eq!(at_alice.current(at_bob.address).sending(), None, "the INIT chain has no place of its own");
    for position in 1..3 {
        at_bob.say(at_alice.address, "I hear you", &mut rng);
        let session = at_bob.current(at_alice.address);
        assert!(!session.unanswered());
        assert_eq!(session.sending().map(|(_, next)| next), Some(position));
    }
    at_bob.handle(In::Forget(vec![id]), &mut rng);
    at_bob.restart(&bob);
    assert_eq!(at_bob.machine.all().count(), 0);
}
