//! The strangers' inbox: work, slots, replacement of the least (SESSION section 6, SE-R33).

use std::collections::BTreeSet;

use pars_crypto::secret::Ed25519Seed;
use pars_crypto::sign::Ed25519Secret;
use pars_proto::swarm::ObjectId;
use pars_proto::swarm::client::{ClientIn, PutTo, TaskId};
use pars_proto::swarm::command::Command;
use pars_proto::swarm::hashcash::Work;
use pars_proto::swarm::mailbox::{DayKey, Flag, inbox_tag};
use pars_proto::swarm::reply::{Items, Reply, Status};
use pars_proto::swarm::shelf::{Entry, Room, Shelf};
use pars_wire::codec::{Day, Hour, Minute};
use pars_wire::limits::{BUCKET_L, BUCKET_S};

use crate::world::{TODAY, World, node, snapshot};

fn owner() -> Ed25519Secret {
    Ed25519Secret::from_seed(Ed25519Seed::from_bytes([4; 32]))
}

fn key() -> [u8; 32] {
    *owner().public().as_bytes()
}

fn offer(object: &[u8], nonce: [u8; 8]) -> Command {
    Command::PutInbox { ttl_hours: 24, inbox: key(), day: TODAY, nonce, object: object.to_vec() }
}

#[test]
fn a_stranger_who_works_reaches_the_owner_and_nobody_else_reads_it() {
    let mut world = World::new(7, 71);
    let object = world.object::<BUCKET_L>();
    let to = PutTo::Inbox { key: key(), day: TODAY, bits: 18 };
    world.input(ClientIn::Put { id: TaskId(1), to, ttl_hours: 24, object: object.clone() });
    world.run(10_000);
    assert!(world.stored(1).unwrap() >= 5);
    let stranger = Ed25519Secret::from_seed(Ed25519Seed::from_bytes([5; 32]));
    world.fetch(2, DayKey::inbox(stranger, TODAY), 7);
    world.run(100);
    assert!(world.delivered().is_empty());
    world.fetch(3, DayKey::inbox(owner(), TODAY), 7);
    world.run(100);
    assert_eq!(world.delivered(), [object]);
}

#[test]
fn too_little_work_and_work_for_something_else_or_long_ago_are_refused() {
    let mut world = World::new(7, 72);
    let object = world.object::<BUCKET_S>();
    let tag = inbox_tag(&key(), TODAY);
    let work = |day: Day| Work { tag, object: ObjectId::of(&tag, &object), beacon: snapshot(7, day).beacon };
    let status =
        |world: &mut World, nonce| Reply::decode(&world.raw(node(0), &offer(&object, nonce), 1)[0]).unwrap().status;
    let weak = (0..).map(|n: u64| n.to_be_bytes()).find(|n| work(TODAY).effort(n) < 18).unwrap();
    assert_eq!(status(&mut world, weak), Status::Effort);
    let old = work(Day(TODAY.0 - 2)).search(18, 0, u64::MAX).unwrap();
    assert_eq!(status(&mut world, old), Status::Effort);
    let yesterday = work(Day(TODAY.0 - 1)).search(18, 0, u64::MAX).unwrap();
    let other = world.object::<BUCKET_S>();
    let misused = Reply::decode(&world.raw(node(0), &offer(&other, yesterday), 1)[0]).unwrap().status;
    assert_eq!(misused, Status::Effort);
    assert_eq!(status(&mut world, yesterday), Status::Ok);
}

#[test]
fn the_owner_passes_over_what_costs_less_than_its_prekeys_ask_for_and_what_a_node_gives_without_its_work() {
    let mut world = World::new(7, 75);
    let tag = inbox_tag(&key(), TODAY);
    let mut objects = Vec::new();
    // The beacon of the mailbox's day, and of the day before: what the node takes, the owner can count.
    for (bits, day) in [(18, TODAY), (19, TODAY), (19, TODAY.minus(1))] {
        let object = world.object::<BUCKET_S>();
        let work = Work { tag, object: ObjectId::of(&tag, &object), beacon: snapshot(7, day).beacon };
        let nonce = exactly(&work, bits);
        let answers = world.raw(node(0), &offer(&object, nonce), 1);
        assert_eq!(Reply::decode(&answers[0]).unwrap().status, Status::Ok);
        objects.push(object);
    }
    let read = |world: &mut World, id, bits| {
        world.events.clear();
        let mailbox = DayKey::inbox(owner(), TODAY);
        world.input(ClientIn::Fetch { id: TaskId(id), mailbox, nodes: 7, without: BTreeSet::new(), bits });
        world.run(1_000);
        let mut delivered = world.delivered();
        delivered.sort();
        delivered
    };
    // Six nodes that keep the work to themselves, or make some up, give nothing; the seventh gives all.
    for liar in 0..6 {
        let lie: fn(&mut Reply) = if liar % 2 == 0 { hides_work } else { makes_work_up };
        world.liars.insert(node(liar), lie);
    }
    let mut dear = objects[1..].to_vec();
    dear.sort();
    assert_eq!(read(&mut world, 1, 19), dear);
    // A restart of the nodes forgets no work.
    world.liars.clear();
    (0..7).for_each(|i| world.start(i, 7));
    world.client_disk.clear();
    world.restart_client();
    assert_eq!(read(&mut world, 2, 19), dear);
    world.client_disk.clear();
    world.restart_client();
    objects.sort();
    assert_eq!(read(&mut world, 3, 18), objects);
}

/// The first nonce with so many zero bits and no more.
fn exactly(work: &Work, bits: u8) -> [u8; 8] {
    let next = |nonce: &[u8; 8]| work.search(bits, u64::from_be_bytes(*nonce) + 1, u64::MAX);
    let mut found = std::iter::successors(work.search(bits, 0, u64::MAX), next);
    found.find(|nonce| work.effort(nonce) == bits).unwrap()
}

fn hides_work(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.iter_mut().for_each(|item| item.work = None);
    }
}

fn makes_work_up(reply: &mut Reply) {
    if let Items::Objects(items) = &mut reply.items {
        items.iter_mut().for_each(|item| item.work = Some([7; 8]));
    }
}

#[test]
fn a_full_inbox_replaces_exactly_the_least_effort_by_twice_as_much() {
    let mut shelf = Shelf::new(Flag::Inbox);
    for number in 0..1_024_u32 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        assert_eq!(shelf.room(BUCKET_L, 18), Ok(Room::Free));
        let cursor = shelf.next_cursor(crate::world::NOON);
        let effort = if number == 500 { 19 } else { 20 };
        let entry = Entry {
            id: ObjectId(id),
            stored: Minute(0),
            expiry: Hour(u32::MAX),
            effort,
            work: None,
            object: vec![0; BUCKET_L],
            receipts: Vec::new(),
        };
        shelf.insert(cursor, entry);
    }
    assert_eq!(shelf.room(BUCKET_S, 18), Err(Status::Full));
    assert_eq!(shelf.room(BUCKET_S, 19), Err(Status::Full), "as much is not twice as much");
    let mut least = [0; 32];
    least[..4].copy_from_slice(&500_u32.to_be_bytes());
    assert_eq!(shelf.room(BUCKET_S, 20), Ok(Room::Instead(ObjectId(least))));
}

#[test]
fn the_owner_can_empty_the_inbox() {
    use pars_proto::swarm::auth::Auth;
    let mut world = World::new(7, 73);
    let object = world.object::<BUCKET_S>();
    let to = PutTo::Inbox { key: key(), day: TODAY, bits: 18 };
    world.input(ClientIn::Put { id: TaskId(1), to, ttl_hours: 24, object: object.clone() });
    world.run(10_000);
    let inbox = DayKey::inbox(owner(), TODAY);
    let objects = vec![ObjectId::of(&inbox.tag(), &object)];
    let command = Command::Del { flag: Flag::Inbox, auth: Auth::unsigned(), objects };
    let command = command.signed(&inbox, None, world.now.wall, [1; 8]);
    world.raw(node(0), &command, 1);
    assert!(world.stores.values().all(|store| store.bytes() == 0));
}
