//! The directory: published, read back, compared (SESSION sections 2 and 6).

use pars_proto::swarm::client::{ClientIn, ClientOut, TaskId};
use pars_proto::swarm::command::Command;
use pars_proto::swarm::directory::What;
use pars_proto::swarm::reply::{Items, Reply, Status};
use pars_wire::codec::Day;

use crate::world::{TODAY, World, node};

const ID: [u8; 32] = [8; 32];

fn identity_record(seq: u64, fill: u8) -> Vec<u8> {
    let mut record = vec![fill; 9_295];
    record[..4].copy_from_slice(b"PSI1");
    record[5..13].copy_from_slice(&seq.to_be_bytes());
    record
}

fn publish(world: &mut World, id: u64, record: Vec<u8>, probe: What, expect: Vec<u8>) {
    world.events.clear();
    world.input(ClientIn::Publish { id: TaskId(id), identity: ID, record, probe, expect });
    world.run(30_000);
}

fn lookup(world: &mut World, what: What) -> Option<(Vec<Vec<u8>>, bool)> {
    world.events.clear();
    world.input(ClientIn::Lookup { id: TaskId(99), identity: ID, what });
    world.run(60_000);
    world.events.iter().find_map(|event| match event {
        ClientOut::Found { records, fork, .. } => Some((records.clone(), *fork)),
        _ => None,
    })
}

#[test]
fn a_record_is_published_to_the_weeks_nodes_and_found() {
    let mut world = World::new(9, 81);
    let record = identity_record(1, 1);
    assert_eq!(lookup(&mut world, What::IdentityRecord), None);
    publish(&mut world, 1, record.clone(), What::IdentityRecord, record.clone());
    assert!(matches!(world.events[..], [ClientOut::Published { .. }]), "{:?}", world.events);
    assert_eq!(world.stores.values().filter(|store| store.bytes() == 9_295).count(), 7);
    assert_eq!(lookup(&mut world, What::IdentityRecord), Some((vec![record], false)));
}

#[test]
fn leaves_are_read_with_their_batch_and_a_missing_day_gives_the_last_resort() {
    let mut world = World::new(7, 82);
    let record = identity_record(1, 1);
    publish(&mut world, 1, record.clone(), What::IdentityRecord, record);
    let mut batch = vec![2; 4_826];
    batch[..4].copy_from_slice(b"PSP1");
    publish(&mut world, 2, batch.clone(), What::Batch(0), batch.clone());
    let leaves: Vec<Vec<u8>> = (0..6).map(|i| vec![i + 10; 1_744]).collect();
    let upload = [&b"PSPL"[..], &[0; 8], &[6], &leaves.concat()].concat();
    publish(&mut world, 3, upload, What::Leaf(0, Day(0)), leaves[0].clone());
    assert!(matches!(world.events[..], [ClientOut::Published { .. }]));
    assert_eq!(lookup(&mut world, What::Leaf(0, Day(4))), Some((vec![batch.clone(), leaves[4].clone()], false)));
    assert_eq!(lookup(&mut world, What::Leaf(0, Day(77))), Some((vec![batch, leaves[0].clone()], false)));
    assert_eq!(lookup(&mut world, What::Device(3)), None);
}

#[test]
fn the_highest_sequence_wins_and_two_records_of_one_sequence_are_a_fork() {
    let mut world = World::new(3, 83);
    let (old, new, other) = (identity_record(1, 1), identity_record(2, 2), identity_record(2, 3));
    publish(&mut world, 1, old, What::IdentityRecord, identity_record(1, 1));
    world.dead = [node(0), node(1)].into();
    let put = |record: &Vec<u8>| Command::DirPut { identity: ID, nonce: [0; 8], record: record.clone() };
    world.raw(node(2), &put(&new), 0);
    world.dead.clear();
    assert_eq!(lookup(&mut world, What::IdentityRecord), Some((vec![new.clone()], false)));
    world.dead = [node(0), node(2)].into();
    world.raw(node(1), &put(&other), 0);
    world.dead.clear();
    let (records, fork) = lookup(&mut world, What::IdentityRecord).unwrap();
    assert!(fork && (records == [new] || records == [other]));
}

#[test]
fn an_older_record_an_unknown_kind_and_a_first_record_without_work_are_refused() {
    let mut world = World::new(7, 84);
    let status = |world: &mut World, record: Vec<u8>| {
        let command = Command::DirPut { identity: ID, nonce: [0; 8], record };
        world.raw(node(0), &command, 0);
        world.stores[&node(0)].bytes()
    };
    assert_eq!(status(&mut world, identity_record(1, 1)), 0, "no work, no record");
    let record = identity_record(5, 5);
    publish(&mut world, 1, record.clone(), What::IdentityRecord, record);
    let held = world.disks[&node(0)].clone();
    status(&mut world, identity_record(4, 4));
    let mut revocation = vec![0; 68];
    revocation[..4].copy_from_slice(b"PSIV");
    status(&mut world, revocation);
    assert_eq!(world.disks[&node(0)], held);
    let mut leaves = vec![0; 13 + 1_744];
    leaves[..4].copy_from_slice(b"PSPL");
    leaves[12] = 1;
    let command = Command::DirPut { identity: [7; 32], nonce: [0; 8], record: leaves };
    assert_eq!(Reply::decode(&world.raw(node(0), &command, 1)[0]).unwrap().status, Status::Effort);
}

#[test]
fn records_live_ninety_days() {
    let mut world = World::new(1, 85);
    let record = identity_record(1, 1);
    publish(&mut world, 1, record.clone(), What::IdentityRecord, record);
    let get = Command::DirGet { identity: ID, week: TODAY.week(), what: What::IdentityRecord };
    let held = |world: &mut World| {
        let reply = Reply::decode(&world.raw(node(0), &get, 1)[0]).unwrap();
        reply.items != Items::Records(Vec::new())
    };
    assert!(held(&mut world));
    world.now.wall.0 += 90 * 1_440 - 120;
    world.run(60_000);
    assert!(held(&mut world));
    world.now.wall.0 += 240;
    world.run(60_000);
    assert!(!held(&mut world) && world.disks[&node(0)].is_empty());
}

#[test]
fn a_record_of_last_week_is_found_at_last_weeks_nodes_and_may_be_published_again() {
    let mut world = World::new(40, 86);
    let record = identity_record(1, 1);
    publish(&mut world, 1, record.clone(), What::IdentityRecord, record.clone());
    world.now.wall.0 += 7 * 1_440;
    assert_eq!(lookup(&mut world, What::IdentityRecord), Some((vec![record.clone()], false)));
    publish(&mut world, 2, record.clone(), What::IdentityRecord, record.clone());
    assert_eq!(lookup(&mut world, What::IdentityRecord), Some((vec![record], false)));
}

#[test]
fn a_record_is_read_back_also_when_most_answers_come_late() {
    let mut world = World::new(7, 87);
    world.slow_ms = 7_000;
    let record = identity_record(1, 1);
    publish(&mut world, 1, record.clone(), What::IdentityRecord, record);
    world.run(200_000);
    assert!(world.events.iter().any(|event| matches!(event, ClientOut::Published { .. })), "{:?}", world.events);
}
