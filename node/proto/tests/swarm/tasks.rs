//! What a client does at once: deletions, and readings that leave room for what is to be sent.

use std::collections::BTreeSet;

use pars_proto::swarm::ObjectId;
use pars_proto::swarm::client::{ClientIn, ClientOut, MAX_READINGS, TaskError, TaskId};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_wire::codec::Day;
use pars_wire::limits::BUCKET_S;

use crate::world::{TODAY, World, mailbox, node, pair};

fn delete(world: &mut World, id: u64, mailbox: DayKey, objects: Vec<ObjectId>) {
    world.input(ClientIn::Delete { id: TaskId(id), mailbox, objects });
}

fn told(world: &World, id: u64) -> Option<usize> {
    world.events.iter().find_map(|event| match event {
        ClientOut::Deleted { id: TaskId(of), told } if *of == id => Some(*told),
        _ => None,
    })
}

fn refused(world: &World, id: u64) -> Option<TaskError> {
    world.events.iter().find_map(|event| match event {
        ClientOut::Refused { id: TaskId(of), error } if *of == id => Some(*error),
        _ => None,
    })
}

#[test]
fn what_was_read_is_deleted_everywhere_and_the_mailbox_has_room_again() {
    let mut world = World::new(7, 91);
    let mut objects = Vec::new();
    for id in 0..64 {
        let object = world.object::<BUCKET_S>();
        objects.push(ObjectId::of(&pair().tag(), &object));
        world.put(id, pair(), object);
    }
    world.run(100);
    assert!(world.stores.values().all(|store| store.bytes() == 64 * BUCKET_S));
    delete(&mut world, 100, pair(), objects);
    world.run(100);
    assert_eq!(told(&world, 100), Some(2));
    assert!(world.stores.values().all(|store| store.bytes() == 0));
}

#[test]
fn a_deletion_goes_round_dead_nodes_and_says_when_nobody_heard_of_it() {
    let mut world = World::new(7, 92);
    let object = world.object::<BUCKET_S>();
    let id = ObjectId::of(&pair().tag(), &object);
    world.put(1, pair(), object);
    world.run(100);
    world.dead.extend((0..5).map(node));
    delete(&mut world, 2, pair(), vec![id]);
    world.run(300_000);
    assert_eq!(told(&world, 2), Some(2));
    let left: BTreeSet<_> = world.stores.iter().filter(|(_, store)| store.bytes() > 0).map(|(id, _)| *id).collect();
    assert_eq!(left, world.dead, "the others go with their time to live");
    world.dead.extend((5..7).map(node));
    delete(&mut world, 3, pair(), vec![id]);
    world.run(300_000);
    assert_eq!((told(&world, 3), world.client.open_tasks()), (Some(0), 0));
}

#[test]
fn too_many_objects_other_days_and_what_a_group_reads_are_not_deleted() {
    let mut world = World::new(7, 93);
    let id = ObjectId([1; 32]);
    delete(&mut world, 1, pair(), vec![id; 65]);
    assert_eq!(refused(&world, 1), Some(TaskError::Deletion(65)));
    delete(&mut world, 2, mailbox(1, Flag::Group, TODAY), vec![id]);
    assert_eq!(refused(&world, 2), Some(TaskError::Deletion(1)));
    delete(&mut world, 3, mailbox(1, Flag::Pair, Day(TODAY.0 - 16)), vec![id]);
    assert_eq!(refused(&world, 3), Some(TaskError::Day));
}

#[test]
fn readings_of_any_number_of_mailboxes_leave_room_for_what_is_to_be_sent() {
    let mut world = World::new(7, 94);
    world.slow_ms = 500;
    for id in 0..1_200_u64 {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&id.to_be_bytes());
        let secret = pars_crypto::secret::MailboxSecret::from_bytes(secret);
        world.fetch(id, DayKey::derive(&secret, Flag::Pair, TODAY), 3);
    }
    assert_eq!(world.client.open_tasks(), MAX_READINGS);
    assert_eq!(refused(&world, 1_199), Some(TaskError::Busy));
    let object = world.object::<BUCKET_S>();
    world.put(2_000, pair(), object);
    assert_eq!(refused(&world, 2_000), None);
    world.run(2_000);
    assert!(world.stored(2_000).is_some_and(|copies| copies >= 5));
}
