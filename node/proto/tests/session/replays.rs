//! An INIT comes again, once or many times, in pieces, forged in part (THREATS I4).

use pars_proto::session::machine::In;

use crate::device::{Device, Flying};
use crate::world::{Person, people, seeded, trials};

#[test]
fn an_init_replayed_many_times_makes_one_session_and_one_event() {
    let mut rng = seeded(90);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let call = at_alice.call(&bob, "hello", &mut rng);
    for round in 0..trials(300, 10_000) {
        for object in &call {
            at_bob.take(object, &mut rng);
        }
        if round % 50 == 0 {
            at_bob.restart(&bob);
        }
    }
    assert_eq!((at_bob.begun, at_bob.shown.as_slice()), (1, &["hello".to_owned()][..]));
    assert_eq!((at_bob.sessions.len(), at_bob.handshakes.len()), (1, 1));
}

#[test]
fn companions_and_objects_come_in_any_order() {
    let mut rng = seeded(91);
    let (alice, bob) = people(&mut rng);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 1, 0]] {
        let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
        let mut objects = at_alice.call(&bob, "one", &mut rng);
        objects.extend(at_alice.say(at_bob.address, "two", &mut rng));
        for index in order {
            at_bob.take(&objects[index], &mut rng);
        }
        at_bob.shown.sort();
        assert_eq!((at_bob.shown.join(" "), at_bob.begun), ("one two".into(), 1));
    }
}

#[test]
fn forged_copies_of_what_a_node_saw_do_not_stop_the_honest_handshake() {
    let mut rng = seeded(92);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let call = at_alice.call(&bob, "hello", &mut rng);
    // A node copies the clear parts and replaces the rest.
    for object in &call {
        let mut forged = object.clone();
        let last = forged.object.len() - 1;
        forged.object[last] ^= 1;
        at_bob.take(&forged, &mut rng);
    }
    assert_eq!(at_bob.begun, 0);
    for object in &call {
        at_bob.take(object, &mut rng);
    }
    assert_eq!((at_bob.begun, at_bob.shown.len()), (1, 1));
}

#[test]
fn what_waits_for_records_is_bounded_and_forgotten_after_a_day() {
    let mut rng = seeded(93);
    let (alice, bob) = people(&mut rng);
    let mut at_bob = Device::new(&bob);
    let calls: Vec<_> = (0..40).map(|_| Device::new(&alice).call(&bob, "hello", &mut rng)).collect();
    for call in &calls {
        at_bob.take(&call[0], &mut rng);
    }
    // The last 32 wait; those before gave way and are not acknowledged.
    for companion in &calls[0][1..] {
        at_bob.take(companion, &mut rng);
    }
    assert_eq!(at_bob.begun, 0);
    for companion in &calls[39][1..] {
        at_bob.take(companion, &mut rng);
    }
    assert_eq!(at_bob.begun, 1);
    at_bob.hours = 25;
    at_bob.handle(In::Wake, &mut rng);
    for companion in &calls[38][1..] {
        at_bob.take(companion, &mut rng);
    }
    assert_eq!(at_bob.begun, 1);
}

#[test]
fn calls_whose_records_never_come_keep_nobody_out() {
    let mut rng = seeded(99);
    let (alice, bob) = people(&mut rng);
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
        for _ in 0..33 {
            let alone = Device::new(&alice).call(&bob, "hello", &mut rng).swap_remove(0);
            at_bob.take(&alone, &mut rng);
        }
        let call = at_alice.call(&bob, "salam", &mut rng);
        for index in order {
            at_bob.take(&call[index], &mut rng);
        }
        assert_eq!((at_bob.begun, at_bob.shown.as_slice()), (1, &["salam".to_owned()][..]), "{order:?}");
    }
}

/// A copy with another byte, counted from the end.
fn forged(flying: &Flying, from_end: usize) -> Flying {
    let mut copy = flying.clone();
    let at = copy.object.len() - from_end;
    copy.object[at] ^= 1;
    copy
}

#[test]
fn a_forged_body_takes_no_true_companion_with_it() {
    let mut rng = seeded(100);
    let (alice, bob) = people(&mut rng);
    // Whichever completes the handshake: the record is not to blame, the forged object is a gap.
    for (order, gaps) in [([0, 1, 2], 0), ([1, 2, 0], 1)] {
        let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
        let call = at_alice.call(&bob, "salam", &mut rng);
        for index in order {
            let object = if index == 0 { forged(&call[0], 1) } else { call[index].clone() };
            at_bob.take(&object, &mut rng);
        }
        assert_eq!((at_bob.begun, at_bob.gaps), (0, gaps), "{order:?}");
        at_bob.take(&call[0], &mut rng);
        assert_eq!((at_bob.begun, at_bob.shown.as_slice()), (1, &["salam".to_owned()][..]), "{order:?}");
    }
}

#[test]
fn false_companions_leave_room_for_the_true_ones() {
    let mut rng = seeded(101);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let call = at_alice.call(&bob, "salam", &mut rng);
    at_bob.take(&call[0], &mut rng);
    for companion in &call[1..] {
        for from_end in 1..=6 {
            at_bob.take(&forged(companion, from_end), &mut rng);
        }
    }
    assert_eq!(at_bob.begun, 0);
    for companion in &call[1..] {
        at_bob.take(companion, &mut rng);
    }
    assert_eq!((at_bob.begun, at_bob.shown.as_slice()), (1, &["salam".to_owned()][..]));
}

#[test]
fn an_init_is_remembered_for_as_long_as_its_leaf_exists() {
    let mut rng = seeded(102);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let call = at_alice.call(&bob, "hello", &mut rng);
    for object in &call {
        at_bob.take(object, &mut rng);
    }
    for object in at_bob.say(at_alice.address, "salam", &mut rng) {
        at_alice.take(&object, &mut rng);
    }
    for object in at_alice.say(at_bob.address, "and", &mut rng) {
        at_bob.take(&object, &mut rng);
    }
    assert!(at_bob.confirmed_with(at_alice.address));
    let before = at_bob.sessions.clone();
    // The leaf should have been erased: a day to its end, an hour of skew, fourteen days and two.
    at_bob.hours = 20 * 24;
    for erased in [false, true] {
        if erased {
            at_bob.handle(In::Prekeys(bob.prekeys.leaves[1..].to_vec()), &mut rng);
        }
        at_bob.handle(In::Wake, &mut rng);
        assert_eq!(at_bob.handshakes.is_empty(), erased, "the row goes with the leaf");
        let gaps = at_bob.gaps;
        for object in &call {
            at_bob.take(object, &mut rng);
        }
        assert_eq!((at_bob.begun, at_bob.gaps), (1, gaps + 1));
        assert!(at_bob.sessions == before && at_bob.confirmed_with(at_alice.address), "the session goes on");
    }
}

#[test]
fn when_the_leaf_is_erased_no_copy_opens() {
    let mut rng = seeded(94);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let call = at_alice.call(&bob, "hello", &mut rng);
    at_bob.handle(In::Prekeys(bob.prekeys.leaves[1..].to_vec()), &mut rng);
    for object in &call {
        at_bob.take(object, &mut rng);
    }
    assert_eq!((at_bob.begun, at_bob.gaps), (0, 1));
}

#[test]
fn a_message_without_a_session_is_refused() {
    let mut rng = seeded(95);
    let (alice, bob) = people(&mut rng);
    let mut at_alice = Device::new(&alice);
    assert!(at_alice.say(bob.local().address(), "hello", &mut rng).is_empty());
    assert_eq!(at_alice.refused, 1);
}

#[test]
fn records_from_a_directory_serve_when_the_companions_are_lost() {
    let mut rng = seeded(96);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
    let call = at_alice.call(&bob, "hello", &mut rng);
    at_bob.take(&call[0], &mut rng);
    let records = |of: &Person, reference| In::Records {
        reference,
        record: of.record.encode(),
        certificate: of.certificate.encode(),
    };
    assert_eq!((at_bob.waiting.len(), at_bob.begun), (1, 0));
    let reference = at_bob.waiting[0];
    at_bob.handle(records(&alice, reference), &mut rng);
    assert_eq!((at_bob.begun, at_bob.shown.len()), (1, 1));

    // Records of somebody else end the handshake; the swarm still holds it.
    let mut at_bob = Device::new(&bob);
    at_bob.take(&call[0], &mut rng);
    at_bob.handle(records(&bob, reference), &mut rng);
    assert_eq!((at_bob.begun, at_bob.gaps), (0, 1));
    for object in &call {
        at_bob.take(object, &mut rng);
    }
    assert_eq!(at_bob.begun, 1);
}

#[test]
fn a_device_over_its_bound_gives_up_skipped_keys_of_the_session_that_has_most() {
    let mut rng = seeded(97);
    let bob = Person::new(&mut rng);
    let mut at_bob = Device::new(&bob);
    at_bob.machine.limit_skipped(100);
    for skip in [30, 60, 40, 20] {
        let alice = Person::new(&mut rng);
        let mut at_alice = Device::new(&alice);
        for object in at_alice.call(&bob, "hello", &mut rng) {
            at_bob.take(&object, &mut rng);
        }
        for object in at_bob.say(at_alice.address, "reply", &mut rng) {
            at_alice.take(&object, &mut rng);
        }
        let mut said: Vec<_> = (0..=skip).flat_map(|_| at_alice.say(at_bob.address, "x", &mut rng)).collect();
        at_bob.take(&said.pop().unwrap(), &mut rng);
    }
    let mut kept: Vec<_> = at_bob.machine.all().map(|(session, _)| session.skipped()).collect();
    kept.sort_unstable();
    assert_eq!(kept, [20, 20, 30, 30], "60 gave 30 for 40; then the 40 gave 20");
}

#[test]
fn companions_of_nothing_never_keep_a_first_contact_out() {
    let mut rng = seeded(98);
    let (alice, bob) = people(&mut rng);
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
        let call = at_alice.call(&bob, "hello", &mut rng);
        for number in 0..100_u8 {
            let mut junk = call[1].clone();
            // The reference: 16 bytes behind version and kind.
            junk.object[2..18].fill(number);
            at_bob.take(&junk, &mut rng);
        }
        for index in order {
            at_bob.take(&call[index], &mut rng);
        }
        assert_eq!((at_bob.begun, at_bob.shown.len()), (1, 1), "{order:?}");
    }
}
