//! Owners of a Safe: told by its history when a room first names it, by its logs from then on.

use std::collections::BTreeSet;

use crate::support::mirror::{Driver, history, with_logs};
use crate::support::model::{owner_log, safe_setup};
use crate::support::{START, address, block, chain, contracts, log};
use alloy_primitives::{Address, B256, Log};
use pars_bindings::TownHall::{MetadataSet, RoomConfig, RoomCreated};
use pars_bindings::safe_owners;
use pars_indexer_core::{In, Key, Out, Question, Refusal, Room, Row, Safe, SafeOwner};
use pars_wire::RoomId;

const SAFE: Address = Address::repeat_byte(0x5a);

fn naming(room: u8) -> Log {
    naming_safe(room, SAFE)
}

fn naming_safe(room: u8, safe: Address) -> Log {
    let config =
        RoomConfig { kind: 1, capacity: 5, minBalance: 0, safe, committee: Address::ZERO, metadataHash: B256::ZERO };
    let room_id = B256::repeat_byte(room);
    log(contracts().town_hall, &RoomCreated { roomId: room_id, creator: address(1), slotOf: address(1), config })
}

fn owners(driver: &Driver) -> Option<BTreeSet<Address>> {
    let known: &Safe = driver.mirror.rows.get(&Key::Safe(SAFE))?.try_into().unwrap();
    let owner = |row: &Row| <&SafeOwner>::try_from(row).ok().map(|row| row.owner);
    known.known.then(|| driver.mirror.rows.values().filter_map(owner).collect())
}

fn set(bytes: &[u8]) -> Option<BTreeSet<Address>> {
    Some(bytes.iter().copied().map(address).collect())
}

#[test]
fn owners_before_in_and_after_the_naming_block_are_all_known_in_both_forms_of_the_events() {
    let added = |owner, indexed| owner_log(SAFE, safe_owners::ADDED_OWNER, address(owner), indexed);
    let removed = |owner, indexed| owner_log(SAFE, safe_owners::REMOVED_OWNER, address(owner), indexed);
    let blocks = chain(vec![
        vec![safe_setup(SAFE, vec![address(1), address(2)])],
        vec![added(3, false), removed(1, false)],
        vec![added(4, true), naming(0x20), removed(2, true)],
        vec![added(5, true), removed(3, false)],
    ]);
    let mut driver = Driver::default();
    driver.sync(&blocks[..2]).unwrap();
    assert_eq!(owners(&driver), None, "nobody named it yet");
    driver.sync(&blocks[..3]).unwrap();
    assert_eq!(owners(&driver), set(&[3, 4]));
    driver.sync(&blocks).unwrap();
    assert_eq!(owners(&driver), set(&[4, 5]));
    let questions = driver.outs.iter().filter(|out| matches!(out, Out::Ask(Question::SafeLogs { .. })));
    assert_eq!(questions.count(), 1, "asked once, at the naming block");
}

#[test]
fn a_reorganised_naming_block_forgets_the_owners_and_asks_again() {
    let setup = safe_setup(SAFE, vec![address(1)]);
    let old = chain(vec![vec![setup.clone()], vec![naming(0x20)], vec![]]);
    let mut driver = Driver::default();
    driver.sync(&old).unwrap();
    assert_eq!(owners(&driver), set(&[1]));

    let replaced = block(old[0].header.block, 9, vec![owner_log(SAFE, safe_owners::ADDED_OWNER, address(2), true)]);
    let mut new = vec![old[0].clone(), replaced];
    driver.sync(&new).unwrap();
    assert_eq!(owners(&driver), None);
    new.push(block(new[1].header.block, 9, vec![naming(0x21)]));
    driver.sync(&new).unwrap();
    assert_eq!(owners(&driver), set(&[1, 2]));
}

#[test]
fn without_a_setup_or_after_a_contradiction_the_owners_are_unknown() {
    let no_setup = chain(vec![vec![owner_log(SAFE, safe_owners::ADDED_OWNER, address(1), true)], vec![naming(0x20)]]);
    let mut driver = Driver::default();
    driver.sync(&no_setup).unwrap();
    assert_eq!(owners(&driver), None);

    let contradiction = chain(vec![
        vec![safe_setup(SAFE, vec![address(1)]), naming(0x20)],
        vec![owner_log(SAFE, safe_owners::REMOVED_OWNER, address(2), true)],
    ]);
    let mut driver = Driver::default();
    driver.sync(&contradiction).unwrap();
    assert_eq!(owners(&driver), None);
}

#[test]
fn a_history_that_is_not_the_one_asked_for_is_refused_and_the_right_one_still_accepted() {
    let added = owner_log(SAFE, safe_owners::ADDED_OWNER, address(3), true);
    let blocks = chain(vec![vec![safe_setup(SAFE, vec![address(1)])], vec![naming(0x20), added]]);
    let mut driver = Driver::default();
    driver.sync(&blocks[..1]).unwrap();
    let upto = blocks[1].header.block;
    let asked = driver.give(with_logs(&blocks, START + 1));
    assert_eq!(asked, vec![Out::Ask(Question::SafeLogs { safe: SAFE, upto })]);

    let good = history(&blocks, SAFE, upto);
    let mut reversed = good.clone();
    reversed.reverse();
    let mut foreign = good.clone();
    foreign[0].log.address = address(9);
    let mut other_branch = good.clone();
    other_branch[0].block.hash = B256::ZERO;
    let without_own_block = good[..1].to_vec();
    for bad in [reversed, foreign, other_branch, without_own_block] {
        let outs = driver.give(In::SafeLogs { safe: SAFE, upto, logs: bad });
        assert_eq!(outs, vec![Out::Refuse(Refusal::SafeHistory { safe: SAFE, upto })]);
    }
    let outs = driver.give(In::SafeLogs { safe: SAFE, upto, logs: good });
    assert!(matches!(&outs[..], [Out::Rows(_)]));
    assert_eq!(owners(&driver), set(&[1, 3]));
}

#[test]
fn a_room_that_names_one_of_our_own_contracts_as_its_safe_hides_and_stops_nothing() {
    for ours in contracts().addresses() {
        let room_id = B256::repeat_byte(0x20);
        let metadata =
            |byte| log(contracts().town_hall, &MetadataSet { roomId: room_id, metadataHash: B256::repeat_byte(byte) });
        let blocks = chain(vec![vec![naming_safe(0x20, ours), metadata(7)], vec![metadata(8)]]);
        let mut driver = Driver::default();
        driver.sync(&blocks).unwrap();
        let room: &Room = driver.mirror.rows.get(&Key::Room(RoomId(room_id))).unwrap().try_into().unwrap();
        assert_eq!(room.metadata_hash, B256::repeat_byte(8));
        assert!(!driver.outs.iter().any(|out| matches!(out, Out::Ask(Question::SafeLogs { .. }))), "{ours}");
    }
}
