//! Reading: the union of replicas, cursors that move after durable receipt (THREATS S5, S8).

use std::collections::BTreeSet;

use pars_proto::swarm::client::{ClientIn, ClientOut, TaskId};
use pars_proto::swarm::mailbox::Flag;
use pars_wire::codec::Minute;
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S};

use crate::rights::put;
use crate::world::{TODAY, World, mailbox, node, pair, trials};

fn sorted(mut objects: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    objects.sort();
    objects
}

/// A mailbox with `count` objects of mixed classes at all seven nodes.
fn filled(seed: u64, count: usize) -> (World, Vec<Vec<u8>>) {
    let mut world = World::new(7, seed);
    let mut objects = Vec::new();
    for i in 0..count {
        let object = match i % 3 {
            0 => world.object::<BUCKET_S>(),
            1 => world.object::<BUCKET_L>(),
            _ => world.object::<BUCKET_M>(),
        };
        let command = put(&pair(), object.clone(), 24, &mut world);
        world.raw(node((i % 7) as u8), &command, 0);
        objects.push(object);
    }
    (world, objects)
}

#[test]
fn a_long_mailbox_is_read_page_by_page_each_object_once() {
    for swapped in [false, true] {
        let (mut world, objects) = filled(21, 25);
        world.swapped = swapped;
        world.fetch(1, pair(), 3);
        world.run(100_000);
        assert_eq!(sorted(world.delivered()), sorted(objects), "replies swapped: {swapped}");
        assert!(matches!(world.events.last(), Some(ClientOut::Fetched { answered, .. }) if answered.len() == 3));
        world.events.clear();
        world.asked.clear();
        world.fetch(2, pair(), 3);
        assert!(world.delivered().is_empty(), "nothing twice");
    }
}

#[test]
fn an_object_that_one_replica_alone_holds_is_still_read() {
    let (mut world, mut objects) = filled(22, 4);
    world.dead = (0..6).map(node).collect();
    let alone = world.object::<BUCKET_S>();
    let command = put(&pair(), alone.clone(), 24, &mut world);
    world.raw(node(6), &command, 0);
    objects.push(alone);
    world.dead.clear();
    world.fetch(1, pair(), 7);
    world.run(1_000);
    assert_eq!(sorted(world.delivered()), sorted(objects));
}

#[test]
fn a_reading_passes_over_the_nodes_that_it_is_told_to_and_names_those_that_it_read() {
    for seed in 0..20 {
        let (mut world, objects) = filled(2_900 + seed, 3);
        let mut read = BTreeSet::new();
        for (id, count) in [(1, 3), (2, 3), (3, 1), (4, 0)] {
            world.asked.clear();
            let (mailbox, without) = (pair(), read.clone());
            world.input(ClientIn::Fetch { id: TaskId(id), mailbox, nodes: 3, without, bits: 0 });
            world.run(1_000);
            let Some(ClientOut::Fetched { answered, .. }) = world.events.last() else { panic!("{:?}", world.events) };
            let asked: BTreeSet<_> = world.asked.iter().map(|(node, _)| *node).collect();
            assert_eq!(*answered, asked, "seed {seed}");
            assert!(answered.len() == count && answered.is_disjoint(&read), "seed {seed}: {answered:?} after {read:?}");
            read.extend(answered);
        }
        assert_eq!(sorted(world.delivered()), sorted(objects), "seed {seed}");
    }
}

#[test]
fn a_reading_interrupted_before_its_commit_loses_nothing_and_repeats_only_what_was_not_durable() {
    let (mut world, objects) = filled(23, 12);
    let mut durable: Vec<Vec<u8>> = Vec::new();
    world.commits = false;
    for round in 0..200 {
        world.events.clear();
        world.fetch(round, pair(), 2);
        world.run(100);
        // The owner makes the first delivery durable, then everything is killed; in odd rounds before the cursor is written.
        let before = world.client_disk.clone();
        let first = world.events.iter().find_map(|event| match event {
            ClientOut::Deliver { delivery, objects, .. } => Some((*delivery, objects.clone())),
            _ => None,
        });
        if let Some((delivery, objects)) = first {
            durable.extend(objects.into_iter().filter(|object| !durable.contains(object)).collect::<Vec<_>>());
            world.input(ClientIn::Committed(delivery));
        }
        if round % 2 == 1 {
            world.client_disk = before;
        }
        world.restart_client();
    }
    assert_eq!((durable.len(), objects.iter().all(|object| durable.contains(object))), (12, true));
}

#[test]
fn a_cursor_does_not_move_before_the_commit() {
    let (mut world, _) = filled(24, 1);
    world.commits = false;
    world.fetch(1, pair(), 1);
    assert!(world.client_disk.is_empty() && world.deliveries().len() == 1);
    let delivery = world.deliveries()[0];
    world.input(ClientIn::Committed(delivery));
    assert_eq!(world.client_disk.len(), 1);
}

#[test]
fn junk_beside_a_message_suppresses_nothing() {
    // Whoever copies an id cannot give it to other bytes: the id is the hash. Both are kept, both are read.
    for seed in 0..trials(20, 1_000) {
        let mut world = World::new(7, 3_000 + seed);
        let honest = world.object::<BUCKET_S>();
        let mut junk = honest.clone();
        // Another byte each time; what stands before it is the honest object's own header.
        junk[(seed as usize * 41 + 18) % BUCKET_S] ^= 1;
        let (first, second) = if seed % 2 == 0 { (&junk, &honest) } else { (&honest, &junk) };
        world.put(1, pair(), first.clone());
        world.run(100);
        world.put(2, pair(), second.clone());
        world.run(100);
        world.fetch(3, pair(), 7);
        world.run(100);
        assert_eq!(sorted(world.delivered()), sorted(vec![junk, honest]), "seed {seed}");
    }
}

#[test]
fn a_clock_that_is_off_is_corrected_from_replies() {
    for skew in [-30, 30] {
        let (mut world, objects) = filled(26, 2);
        world.skew = skew;
        world.fetch(1, pair(), 3);
        assert!(world.delivered().is_empty(), "a command of the wrong minute reads nothing");
        world.fetch(2, pair(), 3);
        assert_eq!(sorted(world.delivered()), sorted(objects), "but its answers told the time");
    }
}

#[test]
fn a_node_with_another_clock_moves_ours_no_further_by_answering_often() {
    let (mut world, objects) = filled(28, 2);
    world.liars.insert(node(0), |reply| reply.minute = Minute(reply.minute.0 + 600));
    // Another mailbox: all seven tell the time, then the one for a while alone.
    let other = || mailbox(2, Flag::Pair, TODAY);
    world.fetch(1, other(), 7);
    world.dead = (1..7).map(node).collect();
    for id in 2..12 {
        world.fetch(id, other(), 7);
        world.run(600_000);
    }
    world.dead = (0..6).map(node).collect();
    world.fetch(20, pair(), 7);
    world.run(600_000);
    assert_eq!(sorted(world.delivered()), sorted(objects));
}

#[test]
fn mailboxes_of_other_kinds_and_days_stay_apart() {
    let mut world = World::new(7, 27);
    let object = world.object::<BUCKET_S>();
    world.put(1, mailbox(1, Flag::Group, TODAY), object.clone());
    world.run(100);
    world.fetch(2, pair(), 7);
    world.run(100);
    assert!(world.delivered().is_empty());
    world.fetch(3, mailbox(1, Flag::Group, TODAY), 7);
    assert_eq!(world.delivered(), [object]);
}
