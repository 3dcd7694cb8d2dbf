//! The snapshot of version 1: a member's rows as a seed makes them, byte for byte, and a member out of the file.
//! `PARS_BLESS=1` writes the file anew; a changed layout takes a new version and a new file instead.

use pars_engine::io::CommandId;
use pars_engine::member::Member;
use pars_engine::{Command, Input, Output, Rows};
use pars_wire::codec::Wire;

use crate::world::{NOW, World, config};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/snapshot-v1.bin");

fn rows(world: &mut World) -> Rows {
    let mut rows = Rows::default();
    let commands = [Command::Publish, Command::Acknowledge(0)];
    for (i, command) in commands.into_iter().enumerate() {
        for output in world.input(Input::Command { id: CommandId([i as u8; 16]), command }) {
            if let Output::Persist(batch) = output {
                rows.apply(&batch);
            }
        }
    }
    rows
}

#[test]
fn the_snapshot_of_version_1_is_what_it_was() {
    let made = rows(&mut World::new(5)).encode();
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(GOLDEN, &made).unwrap();
    }
    let golden = std::fs::read(GOLDEN).unwrap();
    assert!(golden == made, "the snapshot's bytes changed: raise its version");
    assert_eq!(Rows::decode(&golden).unwrap().encode(), golden);
}

#[test]
fn a_member_restarts_from_the_golden_file_as_who_it_was() {
    let world = World::new(5);
    let golden = Rows::decode(&std::fs::read(GOLDEN).unwrap()).unwrap();
    let member = Member::restore(config(), &golden, NOW).unwrap();
    assert_eq!(member.identity().id(), world.node.member().unwrap().identity().id());
    assert_eq!(member.identity().leaves.len(), 15);
}

#[test]
fn a_snapshot_does_not_open_under_another_store_key() {
    let golden = Rows::decode(&std::fs::read(GOLDEN).unwrap()).unwrap();
    let mut other = config();
    other.key = pars_crypto::secret::StoreKey::from_bytes([8; 32]);
    assert!(Member::restore(other, &golden, NOW).is_err());
}
