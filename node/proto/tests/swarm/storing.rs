//! Storing: success means copies (THREATS S1).

use pars_proto::swarm::client::{ClientIn, ClientOut, TaskId};
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S, PACKET};

use crate::world::{World, node, pair, trials};

#[test]
fn an_object_reaches_all_seven_replicas_through_one_of_them() {
    let mut world = World::new(9, 1);
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object.clone());
    world.run(100);
    assert!(world.stored(1).unwrap() >= 5);
    assert_eq!(world.asked.len(), 1, "one packet for one message");
    assert_eq!(world.disks.values().filter(|disk| disk.values().any(|row| row.ends_with(&object))).count(), 7);
    assert!(world.frames.len() == 12 && world.frames.iter().all(|size| *size == PACKET));
    world.fetch(2, pair(), 3);
    assert_eq!(world.delivered(), [object]);
}

#[test]
fn every_class_is_stored_and_the_largest_asks_for_its_receipts_afterwards() {
    let mut world = World::new(7, 2);
    let objects = [world.object::<BUCKET_S>(), world.object::<BUCKET_M>(), world.object::<BUCKET_L>()];
    for (id, object) in objects.iter().enumerate() {
        world.put(id as u64, pair(), object.clone());
    }
    world.run(10_000);
    assert!((0..3).all(|id| world.stored(id).is_some_and(|copies| copies >= 5)), "{:?}", world.events);
    world.fetch(9, pair(), 1);
    world.run(100);
    let mut delivered = world.delivered();
    delivered.sort();
    let mut sorted = objects.to_vec();
    sorted.sort();
    assert_eq!(delivered, sorted);
    let operations: Vec<u8> = world.asked.iter().map(|(_, op)| *op).collect();
    assert_eq!(operations.iter().filter(|op| **op == 6).count(), 1, "one STAT, for the L");
}

#[test]
fn who_has_a_clock_that_is_hours_off_hears_that_its_object_is_stored() {
    // A clock that shows local time, for example.
    for skew in [-210, 210] {
        let mut world = World::new(7, 4);
        world.skew = skew;
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object);
        world.run(100_000);
        assert!(world.stored(1).is_some_and(|copies| copies >= 5), "{skew} min: {:?}", world.events);
    }
}

#[test]
fn with_any_three_of_seven_dead_an_object_is_still_stored_and_read() {
    for seed in 0..trials(20, 200) {
        let mut world = World::new(7, 1_000 + seed);
        world.dead = [0, 1, 2].map(|i| node(((seed + i * 2) % 7) as u8)).into();
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object.clone());
        world.run(300_000);
        assert_eq!(world.stored(1), Some(4), "four are left, and all four hold it");
        world.fetch(2, pair(), 4);
        world.run(100_000);
        assert_eq!(world.delivered(), [object]);
    }
}

#[test]
fn with_exactly_three_alive_an_object_is_stored_in_three_copies_and_read() {
    for seed in 0..trials(20, 200) {
        let mut world = World::new(7, 3_000 + seed);
        world.dead = [0, 1, 3, 4].map(|i| node(((seed + i) % 7) as u8)).into();
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object.clone());
        world.run(300_000);
        assert_eq!(world.stored(1), Some(3), "seed {seed}: three are left, and three are enough: {:?}", world.events);
        let short = |event: &ClientOut| matches!(event, ClientOut::InsufficientStorage { .. });
        assert!(!world.events.iter().any(short), "seed {seed}: nobody is told that there were too few");
        world.fetch(2, pair(), 7);
        world.run(200_000);
        assert_eq!(world.delivered(), [object], "seed {seed}");
    }
}

#[test]
fn whatever_two_holders_die_after_the_receipt_the_object_is_read() {
    let all = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)];
    for (seed, (a, b)) in (0..trials(20, 200)).zip(all.into_iter().cycle()) {
        let mut world = World::new(7, 2_000 + seed);
        let object = world.object::<BUCKET_S>();
        world.dead = [node(5), node(6)].into();
        world.put(1, pair(), object.clone());
        world.run(100_000);
        assert_eq!(world.stored(1), Some(5));
        // Five hold it; two of those die at once, and the reader knows nothing of it yet.
        world.dead.extend([node(a), node(b)]);
        world.events.clear();
        world.fetch(2, pair(), 7);
        world.run(200_000);
        assert_eq!(world.delivered(), std::slice::from_ref(&object), "seed {seed}: {a} and {b}");
    }
}

#[test]
fn with_fewer_than_three_alive_the_sender_hears_insufficient_storage_and_the_object_stays_queued() {
    for seed in 0..trials(20, 200) {
        let mut world = World::new(7, 4_000 + seed);
        let alive = (seed % 3) as usize;
        world.dead = (0..7 - alive as u64).map(|i| node(((seed / 3 + i * 3) % 7) as u8)).collect();
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object.clone());
        world.run(250_000);
        let short = |event: &ClientOut| match event {
            ClientOut::InsufficientStorage { id: TaskId(1), copies } => Some(*copies),
            _ => None,
        };
        assert!(
            world.events.iter().filter_map(short).any(|copies| copies == alive),
            "seed {seed}, {alive} alive: {:?}",
            world.events
        );
        assert_eq!((world.stored(1), world.client.open_tasks()), (None, 1), "seed {seed}");
        world.dead.clear();
        world.run(300_000);
        let stored = world.stored(1).is_some_and(|copies| copies >= 5);
        assert!(stored, "seed {seed}: when nodes are back it is stored without being ordered again");
        assert_eq!(world.client.open_tasks(), 0, "seed {seed}");
        world.fetch(2, pair(), 7);
        world.run(100);
        assert_eq!(world.delivered(), [object], "seed {seed}");
    }
}

#[test]
fn the_same_object_again_is_the_same_object() {
    let mut world = World::new(7, 5);
    let object = world.object::<BUCKET_M>();
    for id in 1..=3 {
        world.put(id, pair(), object.clone());
        world.run(5_000);
        assert!(world.stored(id).unwrap() >= 5);
    }
    assert!(world.stores.values().all(|store| store.bytes() == BUCKET_M));
    world.fetch(9, pair(), 7);
    assert_eq!(world.delivered().len(), 1);
}

#[test]
fn a_receipt_leaves_only_behind_the_rows_of_its_object() {
    use pars_proto::swarm::store::{StoreIn, StoreOut};
    use pars_wire::machine::{Cx, Machine};
    let mut world = World::new(1, 6);
    let object = world.object::<BUCKET_S>();
    let command = crate::rights::put(&pair(), object, 24, &mut world);
    let mut out = Vec::new();
    let mut cx = Cx { now: world.now, rng: &mut world.rng, out: &mut out };
    let body = crate::world::body_of(&command.encode(1), &[1]);
    world.stores.get_mut(&node(0)).unwrap().handle(&mut cx, StoreIn::Command(body));
    assert!(matches!(out[..], [StoreOut::Persist(_), StoreOut::Reply { .. }]), "{out:?}");
}

#[test]
fn objects_are_gone_when_their_time_is_over_and_not_before() {
    let mut world = World::new(7, 7);
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object);
    world.run(24 * 3_600_000);
    assert!(world.stores.values().all(|store| store.bytes() == BUCKET_S));
    world.run(2 * 3_600_000);
    assert!(world.stores.values().all(|store| store.bytes() == 0));
    assert!(world.disks.values().all(std::collections::BTreeMap::is_empty));
}

#[test]
fn nodes_that_all_answer_late_are_given_more_time() {
    let mut world = World::new(7, 8);
    world.slow_ms = 15_000;
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object.clone());
    world.run(200_000);
    assert!(world.stored(1).is_some_and(|copies| copies >= 5), "{:?}", world.events);
    world.fetch(2, pair(), 1);
    world.run(200_000);
    assert_eq!(world.delivered(), [object]);
}

#[test]
fn what_waits_after_every_replica_failed_goes_at_once_when_the_network_is_back() {
    let mut world = World::new(7, 9);
    world.dead = (0..7).map(node).collect();
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object);
    while world.events.iter().filter(|event| matches!(event, ClientOut::InsufficientStorage { .. })).count() < 3 {
        world.run(1_000);
    }
    world.dead.clear();
    world.input(ClientIn::Retry);
    world.run(10);
    assert!(world.stored(1).is_some_and(|copies| copies >= 5));
}
