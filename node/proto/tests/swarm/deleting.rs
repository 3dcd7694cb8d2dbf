//! DEL: either end may, tombstones hold (SESSION section 6).

use pars_proto::swarm::ObjectId;
use pars_proto::swarm::auth::Auth;
use pars_proto::swarm::command::Command;
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::reply::{Reply, Status};
use pars_proto::swarm::store::StoreIn;
use pars_wire::limits::{BUCKET_S, MAX_DELETIONS};

use crate::rights::put;
use crate::world::{TODAY, World, body_of, mailbox, node, pair};

fn delete(key: &DayKey, objects: Vec<ObjectId>, nonce: u8, world: &World) -> Command {
    let command = Command::Del { flag: key.flag, auth: Auth::unsigned(), objects };
    command.signed(key, None, world.now.wall, [nonce; 8])
}

#[test]
fn an_end_deletes_at_all_replicas_and_the_object_stays_away_for_a_day() {
    let mut world = World::new(7, 51);
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object.clone());
    world.run(100);
    let id = ObjectId::of(&pair().tag(), &object);
    let command = delete(&pair(), vec![id], 1, &world);
    world.raw(node(3), &command, 1);
    assert!(world.stores.values().all(|store| store.bytes() == 0));
    let again = put(&pair(), object.clone(), 48, &mut world);
    assert_eq!(Reply::decode(&world.raw(node(2), &again, 1)[0]).unwrap().status, Status::Gone);
    world.put(2, pair(), object.clone());
    assert!(world.stored(2).is_some(), "its sender need not try for ever");
    world.run(25 * 3_600_000);
    let again = put(&pair(), object, 48, &mut world);
    assert_eq!(Reply::decode(&world.raw(node(2), &again, 1)[0]).unwrap().status, Status::Ok);
}

#[test]
fn a_stranger_deletes_nothing_and_sees_no_difference() {
    let mut world = World::new(7, 52);
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object.clone());
    world.run(100);
    let id = ObjectId::of(&pair().tag(), &object);
    let minute = world.now.wall;
    let stranger = delete(&mailbox(9, Flag::Pair, TODAY), vec![id], 1, &world);
    let theirs = world.raw(node(3), &stranger, 1);
    assert!(world.stores.values().all(|store| store.bytes() == BUCKET_S));
    world.now.wall = minute;
    let ours = delete(&pair(), vec![id], 2, &world);
    assert_eq!(world.raw(node(3), &ours, 1), theirs);
    assert!(world.stores.values().all(|store| store.bytes() == 0));
}

#[test]
fn nobody_deletes_what_a_group_reads() {
    let mut world = World::new(7, 53);
    for flag in [Flag::Group, Flag::GroupFile] {
        let key = mailbox(1, flag, TODAY);
        let object = world.object::<BUCKET_S>();
        world.put(flag as u64, key.clone(), object.clone());
        world.run(100);
        let before = world.stores[&node(0)].bytes();
        let command = delete(&key, vec![ObjectId::of(&key.tag(), &object)], 1, &world);
        world.raw(node(3), &command, 1);
        assert_eq!(world.stores[&node(0)].bytes(), before);
    }
}

#[test]
fn deletions_of_what_never_lay_there_are_bounded_and_never_keep_out_those_of_what_did() {
    let mut world = World::with_capacity(1, 54, 64 << 10);
    let object = world.object::<BUCKET_S>();
    let command = put(&pair(), object.clone(), 48, &mut world);
    world.raw(node(0), &command, 1);
    let random = |world: &mut World| ObjectId(world.object::<32>().try_into().unwrap());
    let tombstones = |world: &World| world.disks[&node(0)].keys().filter(|key| key[0] == b't').count();
    for restarts in 0..2_u8 {
        for nonce in 0..10 {
            let objects: Vec<_> = (0..MAX_DELETIONS).map(|_| random(&mut world)).collect();
            let command = delete(&mailbox(100 + 10 * restarts + nonce, Flag::Pair, TODAY), objects, nonce, &world);
            world.store_input(node(0), StoreIn::Command(body_of(&command.encode(0), &[])));
        }
        assert_eq!(tombstones(&world), 64, "one for each KiB of what it holds at most");
        world.start(0, 1);
    }
    let command = delete(&pair(), vec![ObjectId::of(&pair().tag(), &object)], 1, &world);
    world.raw(node(0), &command, 1);
    assert_eq!(tombstones(&world), 65);
    let again = put(&pair(), object, 48, &mut world);
    assert_eq!(Reply::decode(&world.raw(node(0), &again, 1)[0]).unwrap().status, Status::Gone);
    world.run(25 * 3_600_000);
    assert_eq!(tombstones(&world), 0);
    let objects: Vec<_> = (0..MAX_DELETIONS).map(|_| random(&mut world)).collect();
    let command = delete(&pair(), objects, 2, &world);
    world.raw(node(0), &command, 1);
    assert_eq!(tombstones(&world), 64, "there is room again");
}
