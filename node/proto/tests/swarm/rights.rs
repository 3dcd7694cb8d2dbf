//! Who may do what (THREATS S3, SE-R32).

use pars_crypto::hash::random;
use pars_proto::swarm::auth::Auth;
use pars_proto::swarm::command::{Command, Received};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::reply::{Items, Reply, Status};
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::limits::BUCKET_S;
use pars_wire::machine::UnixMinute;

use crate::world::{NOON, TODAY, World, body_of, mailbox, node, pair};

pub(crate) fn put(key: &DayKey, object: Vec<u8>, ttl_hours: u16, world: &mut World) -> Command {
    let command = Command::Put { flag: key.flag, ttl_hours, auth: Auth::unsigned(), object };
    command.signed(key, None, world.now.wall, random(&mut world.rng))
}

pub(crate) fn get(key: &DayKey, at: NodeId, minute: UnixMinute, nonce: [u8; 8]) -> Command {
    Command::Get { flag: key.flag, auth: Auth::unsigned(), cursor: 0 }.signed(key, Some(at), minute, nonce)
}

fn items(body: &[u8; 11_614]) -> usize {
    match Reply::decode(body).unwrap().items {
        Items::Objects(items) => items.len(),
        other => panic!("{other:?}"),
    }
}

fn filled(seed: u64) -> World {
    let mut world = World::new(7, seed);
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object);
    world.run(100);
    world
}

#[test]
fn a_reading_made_for_one_node_is_refused_at_another() {
    let mut world = filled(11);
    let command = get(&pair(), node(1), NOON, [1; 8]);
    assert_eq!(items(&world.raw(node(2), &command, 1)[0]), 0);
    assert_eq!(items(&world.raw(node(1), &command, 1)[0]), 1);
}

#[test]
fn a_reading_is_refused_when_it_comes_twice_and_after_five_minutes() {
    let mut world = filled(12);
    let command = get(&pair(), node(1), world.now.wall, [1; 8]);
    assert_eq!(items(&world.raw(node(1), &command, 1)[0]), 1);
    assert_eq!(items(&world.raw(node(1), &command, 1)[0]), 0, "its nonce was used");
    for (minutes, found) in [(5, 1), (6, 0)] {
        let command = get(&pair(), node(1), world.now.wall, [minutes; 8]);
        world.run(u64::from(minutes) * 60_000);
        assert_eq!(items(&world.raw(node(1), &command, 1)[0]), found, "{minutes} minutes old");
    }
    let early = get(&pair(), node(1), UnixMinute(world.now.wall.0 + 6), [8; 8]);
    assert_eq!(items(&world.raw(node(1), &early, 1)[0]), 0);
}

#[test]
fn a_wrong_signature_an_unknown_and_an_empty_mailbox_read_the_same_byte_for_byte() {
    let mut world = filled(13);
    let minute = world.now.wall;
    let unknown = get(&mailbox(9, Flag::Pair, TODAY), node(1), minute, [2; 8]);
    let foreign = get(&pair(), node(2), minute, [3; 8]);
    let other_day = get(&mailbox(1, Flag::Pair, Day(TODAY.0 - 16)), node(1), minute, [4; 8]);
    // A mailbox whose only object was read and deleted.
    let emptied = mailbox(5, Flag::Pair, TODAY);
    let object = world.object::<BUCKET_S>();
    let put = put(&emptied, object.clone(), 24, &mut world);
    world.raw(node(1), &put, 0);
    let id = pars_proto::swarm::ObjectId::of(&emptied.tag(), &object);
    let delete = Command::Del { flag: Flag::Pair, auth: Auth::unsigned(), objects: vec![id] };
    let delete = delete.signed(&emptied, None, minute, [5; 8]);
    world.raw(node(1), &delete, 0);
    let empty = get(&emptied, node(1), minute, [6; 8]);
    world.now.wall = minute;
    let replies: Vec<_> = [unknown, foreign, other_day, empty]
        .iter()
        .map(|command| {
            world.now.wall = minute;
            world.raw(node(1), command, 2)
        })
        .collect();
    assert!(replies.iter().all(|reply| reply.len() == 1 && reply == &replies[0]));
    assert_eq!(items(&replies[0][0]), 0);
}

#[test]
fn every_field_of_a_signed_command_is_covered() {
    let mut world = World::new(1, 14);
    let object = world.object::<BUCKET_S>();
    let bytes = put(&pair(), object, 24, &mut world).encode(0);
    // Operation and version change the layout; the flag byte's class too. Time to live is no secret of the sender's and
    // stands outside: a node that shortens it shows that in its receipt.
    let covered = (6..118).chain([118, 2_000, 118 + BUCKET_S - 1]);
    for at in covered {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let body = body_of(&changed, &[]);
        let command = Received::decode(&body).unwrap().command;
        assert!(command.verify(node(0), world.now.wall).is_err(), "byte {at}");
    }
    let mut other_flag = bytes;
    other_flag[3] = 1;
    let body = body_of(&other_flag, &[]);
    assert!(Received::decode(&body).unwrap().command.verify(node(0), world.now.wall).is_err());
}

#[test]
fn days_outside_their_time_and_other_swarms_are_refused() {
    let mut world = World::new(9, 15);
    let at = |world: &World, day: Day| {
        let tag = mailbox(1, Flag::Pair, day).tag();
        let mut placement = pars_proto::swarm::Placement::new(pars_proto::swarm::placement::Operators::Capped);
        placement.learn(crate::world::snapshot(world.stores.len() as u8, day));
        placement.replicas(&tag, day)
    };
    let object = world.object::<BUCKET_S>();
    for (day, expected) in [
        (Day(TODAY.0 - 15), Status::Ok),
        (Day(TODAY.0 - 16), Status::Refused),
        (Day(TODAY.0 + 1), Status::Refused),
        (TODAY, Status::Ok),
    ] {
        let replica = at(&world, day)[0];
        let command = put(&mailbox(1, Flag::Pair, day), object.clone(), 24, &mut world);
        let reply = Reply::decode(&world.raw(replica, &command, 1)[0]).unwrap();
        assert_eq!(reply.status, expected, "{day:?}");
    }
    let inside = at(&world, TODAY);
    let outside = (0..9).map(node).find(|n| !inside.contains(n)).unwrap();
    let command = put(&pair(), object.clone(), 24, &mut world);
    assert_eq!(Reply::decode(&world.raw(outside, &command, 1)[0]).unwrap().status, Status::NotPlaced);
    for (ttl, expected) in
        [(0, Status::Refused), (1, Status::Ok), (336, Status::Ok), (337, Status::Refused), (u16::MAX, Status::Refused)]
    {
        let command = put(&pair(), object.clone(), ttl, &mut world);
        assert_eq!(Reply::decode(&world.raw(inside[0], &command, 1)[0]).unwrap().status, expected, "{ttl} hours");
    }
}

#[test]
fn two_days_and_two_mailboxes_of_one_person_share_no_value() {
    let keys = [(1, TODAY), (1, Day(TODAY.0 - 1)), (2, TODAY), (2, Day(TODAY.0 - 1))];
    let values: Vec<[u8; 32]> = keys
        .iter()
        .flat_map(|(secret, day)| {
            let key = mailbox(*secret, Flag::Pair, *day);
            [key.public(), key.tag().0, mailbox(*secret, Flag::Group, *day).tag().0]
        })
        .collect();
    let unique: std::collections::BTreeSet<_> = values.iter().collect();
    assert_eq!(unique.len(), values.len());
}
