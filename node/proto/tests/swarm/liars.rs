//! Nodes that lie (THREATS S7, SE-R34).

use pars_proto::swarm::client::{ClientOut, TaskId};
use pars_proto::swarm::receipt::Receipt;
use pars_proto::swarm::reply::{Item, Items, Reply, Status};
use pars_proto::swarm::{ObjectId, Tag};
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::limits::{BUCKET_M, BUCKET_S};

use crate::world::{World, node, pair, trials};

fn withhold(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.clear();
    }
    reply.more = false;
}

fn damage(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.iter_mut().for_each(|item| item.object[5] ^= 1);
    }
}

fn reorder(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.reverse();
    }
}

fn repeat(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items
        && let Some(first) = items.first().cloned()
    {
        items.insert(0, first);
        items.truncate(2);
    }
}

fn forge(reply: &mut Reply) {
    // Seven receipts, all in the names of others.
    let forged = |i: u8| {
        let bytes = [&node(i).0.0[..], &u32::MAX.to_be_bytes(), &[7; 64]].concat();
        Receipt::decode(&bytes).unwrap()
    };
    if let Items::Receipts(receipts) = &mut reply.items {
        *receipts = (0..7).map(forged).collect();
    }
}

/// What was there long ago: the first object, and nothing behind it.
fn old(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.truncate(1);
    }
    reply.more = false;
}

/// An M cut down to the size of an S, under its own id.
fn truncate(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.iter_mut().for_each(|item| item.object.truncate(BUCKET_S));
    }
}

/// Objects of another mailbox, under the ids they have there.
fn foreign(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        for item in items {
            item.object = vec![item.cursor as u8; BUCKET_S];
            item.id = ObjectId::of(&Tag([9; 32]), &item.object);
        }
    }
}

/// Objects of another mailbox under the ids of what was stored here.
fn exchange(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.iter_mut().for_each(|item| item.object = vec![item.cursor as u8; BUCKET_S]);
    }
}

#[test]
fn the_union_gives_everything_while_one_honest_node_answers() {
    let lies: [fn(&mut Reply); 8] = [withhold, damage, reorder, repeat, old, truncate, foreign, exchange];
    for (seed, (number, lie)) in (0..trials(40, 1_000)).zip(lies.into_iter().enumerate().cycle()) {
        let mut world = World::new(7, 10_000 + seed);
        let mut objects: Vec<_> = (0..2).map(|_| world.object::<BUCKET_S>()).collect();
        objects.extend((0..2).map(|_| world.object::<BUCKET_M>()));
        for (id, object) in objects.iter().enumerate() {
            world.put(id as u64, pair(), object.clone());
            world.run(4_000);
        }
        let honest = (seed % 7) as u8;
        world.liars = (0..7).filter(|i| *i != honest).map(|i| (node(i), lie)).collect();
        world.fetch(100, pair(), 7);
        world.run(200_000);
        let mut delivered = world.delivered();
        delivered.sort();
        objects.sort();
        assert_eq!(delivered, objects, "lie {number}, node {honest} is honest");
    }
}

/// Ever more objects that nobody put there.
fn endless(reply: &mut Reply) {
    reply.more = true;
    let cursor = reply.cursor + 1;
    if let Items::Objects(items) = &mut reply.items {
        let mut object = vec![7; BUCKET_S];
        object[..8].copy_from_slice(&cursor.to_be_bytes());
        let id = ObjectId::of(&pair().tag(), &object);
        *items = vec![Item { id, cursor, stored: reply.minute, work: None, object }];
    }
}

/// Nothing, and more of it.
fn more_to_come(reply: &mut Reply) {
    withhold(reply);
    reply.more = true;
}

#[test]
fn a_reading_ends_although_six_of_seven_nodes_always_have_more() {
    let lies = [endless as fn(&mut Reply), more_to_come];
    for (seed, lie) in (0..trials(20, 1_000)).zip(lies.into_iter().cycle()) {
        let mut world = World::new(7, 40_000 + seed);
        let honest = (seed / 2 % 7) as u8;
        let objects: Vec<_> = (0..6).map(|_| world.object::<BUCKET_M>()).collect();
        for (id, object) in objects.iter().enumerate() {
            world.put(id as u64, pair(), object.clone());
            world.run(4_000);
        }
        world.liars = (0..7).filter(|i| *i != honest).map(|i| (node(i), lie)).collect();
        world.fetch(100, pair(), 7);
        world.run(600_000);
        let ended = world.events.iter().find_map(|event| match event {
            ClientOut::Fetched { id: TaskId(100), answered } => Some(answered.iter().copied().collect::<Vec<_>>()),
            _ => None,
        });
        assert_eq!(ended, Some(vec![node(honest)]), "seed {seed}: the honest one alone was read to its end");
        let delivered = world.delivered();
        assert!(objects.iter().all(|object| delivered.contains(object)), "seed {seed}");
    }
}

fn say_gone(reply: &mut Reply) {
    if let Items::Receipts(receipts) = &mut reply.items {
        receipts.clear();
        reply.status = Status::Gone;
    }
}

#[test]
fn two_nodes_that_call_a_new_object_deleted_lose_nothing() {
    for seed in 0..trials(20, 1_000) {
        let mut world = World::new(7, 20_000 + seed);
        let (one, other) = (seed % 7, (seed + 1 + seed / 7 % 6) % 7);
        world.liars = [one, other].map(|i| (node(i as u8), say_gone as fn(&mut Reply))).into();
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object);
        world.run(100);
        assert!(world.stored(1).is_some_and(|copies| copies >= 5), "seed {seed}: {:?}", world.events);
    }
}

#[test]
fn forged_receipts_count_for_nothing_and_the_liar_is_bypassed() {
    for seed in 0..trials(20, 1_000) {
        forged(30_000 + seed);
    }
}

fn forged(seed: u64) {
    let mut world = World::new(7, seed);
    // All but one lie to clients; between nodes they behave.
    world.liars = (0..6).map(|i| (node(i), forge as fn(&mut Reply))).collect();
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object);
    world.run(100);
    assert!(world.stored(1).unwrap() >= 5);
    let last: Vec<NodeId> = world.asked.iter().map(|(node, _)| *node).collect();
    assert_eq!(last.last(), Some(&node(6)), "only the honest one's word counts");
    world.liars.insert(node(6), forge);
    let object = world.object::<BUCKET_S>();
    world.put(2, pair(), object);
    world.run(30_000);
    assert_eq!(world.stored(2), None, "seven liars store nothing");
}

/// Its own word, true and signed, seven times over.
fn multiply(reply: &mut Reply) {
    if let Items::Receipts(receipts) = &mut reply.items {
        *receipts = receipts.first().map(|receipt| vec![*receipt; 7]).unwrap_or_default();
    }
}

#[test]
fn a_receipt_counts_once_however_often_its_node_shows_it() {
    for i in 0..7 {
        let mut world = World::new(7, 50_000 + u64::from(i));
        // Nobody else hears of the object, so nobody else holds it.
        world.dead = (0..7).filter(|other| *other != i).map(node).collect();
        world.liars = [(node(i), multiply as fn(&mut Reply))].into();
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object);
        world.run(250_000);
        assert_eq!(world.stored(1), None, "node {i} alone");
        let one = |event: &ClientOut| matches!(event, ClientOut::InsufficientStorage { id: TaskId(1), copies: 1 });
        assert!(world.events.iter().any(one), "node {i} holds it and said so once: {:?}", world.events);
    }
}
