//! The tree a sitting pins: computed here, compared with the contract, cut by log order (ELIGIBILITY section 2.1).

use crate::support::mirror::Driver;
use crate::support::model::{Model, Rng, opened};
use crate::support::{address, chain, contracts, log};
use alloy_primitives::{B256, Log, U256};
use pars_bindings::EligibilityRegistry::LeafSet as LeafSetEvent;
use pars_bindings::TownHall;
use pars_indexer_core::{Inconsistency, Key, LeafSet, Out, Refusal, Row, Sitting, leaves_before, tree_of};
use pars_wire::{RoomId, SittingId};

const ROOM: B256 = B256::repeat_byte(0x20);

fn room(model: &Model) -> Log {
    let config = TownHall::RoomConfig { safe: Default::default(), ..model.config(&mut Rng(1)) };
    log(contracts().town_hall, &TownHall::RoomCreated { roomId: ROOM, creator: address(1), slotOf: address(1), config })
}

fn index(blocks: Vec<Vec<Log>>) -> Result<Driver, Refusal> {
    let mut driver = Driver::default();
    driver.sync(&chain(blocks)).map(|()| driver)
}

fn reason(refusal: &Refusal) -> &Inconsistency {
    match refusal {
        Refusal::Inconsistent { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

fn history(driver: &Driver) -> Vec<LeafSet> {
    driver.mirror.rows.values().filter_map(|row| <&LeafSet>::try_from(row).ok()).cloned().collect()
}

fn sitting(driver: &Driver, id: u64) -> &Sitting {
    (&driver.mirror.rows[&Key::Sitting(RoomId(ROOM), SittingId(id))]).try_into().unwrap()
}

#[test]
fn a_registration_after_the_opening_in_the_same_block_is_not_in_the_set() {
    let (mut model, mut rng) = (Model::default(), Rng(7));
    let before = [vec![room(&model)], model.register_new(&mut rng)].concat();
    let in_time = model.register_new(&mut rng);
    let root = model.root();
    let too_late = [model.register_new(&mut rng), vec![model.set_leaf(0, 1)]].concat();
    let driver = index(vec![before, [in_time, vec![opened(ROOM, 1, root)], too_late].concat()]).unwrap();

    let sitting = sitting(&driver, 1);
    let leaves = leaves_before(history(&driver), sitting.at);
    assert_eq!(leaves.len(), 2);
    assert_eq!(sitting.leaf_count, 2);
    assert_eq!(tree_of(&leaves).unwrap().root().word(), root);
    assert_eq!(history(&driver).len(), 4);
}

#[test]
fn every_sitting_of_a_long_history_gets_the_tree_it_pinned() {
    let (mut model, mut rng) = (Model::default(), Rng(8));
    let mut blocks = vec![vec![room(&model)]];
    for id in 1..=20 {
        let mut logs = model.register_new(&mut rng);
        logs.push(opened(ROOM, id, model.root()));
        logs.extend(model.register_new(&mut rng));
        blocks.push(logs);
    }
    let driver = index(blocks).unwrap();
    for id in 1..=20 {
        let sitting = sitting(&driver, id);
        let leaves = leaves_before(history(&driver), sitting.at);
        assert_eq!(tree_of(&leaves).unwrap().root().word(), sitting.root, "sitting {id}, seed 8");
    }
}

#[test]
fn a_pinned_root_that_the_known_leaves_do_not_give_is_refused_loudly() {
    let (mut model, mut rng) = (Model::default(), Rng(9));
    let lie = U256::from(1);
    let blocks = vec![[vec![room(&model)], model.register_new(&mut rng)].concat(), vec![opened(ROOM, 1, lie)]];
    let block = chain(blocks.clone())[1].header.block;
    let reason =
        Inconsistency::PinnedRoot { room: RoomId(ROOM), sitting: SittingId(1), announced: lie, computed: model.root() };
    assert_eq!(index(blocks).err(), Some(Refusal::Inconsistent { block, index: 0, reason: Box::new(reason) }));
}

#[test]
fn a_leaf_with_another_root_or_beyond_the_next_index_is_refused_and_leaves_no_trace() {
    let (mut model, mut rng) = (Model::default(), Rng(10));
    let good = model.register_new(&mut rng);
    let mut wrong = LeafSetEvent {
        index: 1,
        account: address(1),
        commitment: U256::from(5),
        weight: 1,
        end: alloy_primitives::Uint::from(1),
        root: U256::from(6),
    };
    let mut driver = index(vec![good.clone()]).unwrap();
    let rows: Vec<Row> = driver.indexer.rows().cloned().collect();
    let mut refusals = Vec::new();
    for index in [1, 3, 0] {
        wrong.index = index;
        let registered = model.clone().register_new(&mut rng);
        let bad = chain(vec![good.clone(), [registered, vec![log(contracts().eligibility_registry, &wrong)]].concat()]);
        refusals.push(driver.sync(&bad).unwrap_err());
        assert!(driver.indexer.rows().eq(&rows), "a refused block changed rows");
    }
    assert!(matches!(reason(&refusals[0]), Inconsistency::LeafRoot { index: 1, .. }));
    assert!(matches!(reason(&refusals[1]), Inconsistency::LeafGap { index: 3, .. }));
    assert!(matches!(reason(&refusals[2]), Inconsistency::LeafRoot { index: 0, .. }));
    // And the good continuation is still accepted.
    let next = model.register_new(&mut rng);
    driver.sync(&chain(vec![good, next])).unwrap();
}

#[test]
fn a_commitment_outside_the_field_is_refused() {
    let event = LeafSetEvent {
        index: 0,
        account: address(1),
        commitment: U256::MAX,
        weight: 1,
        end: alloy_primitives::Uint::from(1),
        root: U256::from(6),
    };
    let refusal = index(vec![vec![log(contracts().eligibility_registry, &event)]]).err().unwrap();
    assert!(matches!(reason(&refusal), Inconsistency::Leaf(_)), "{refusal:?}");
}

#[test]
fn events_about_unknown_things_and_undecodable_events_are_refused() {
    let unknown = log(contracts().town_hall, &TownHall::RoomClosed { roomId: ROOM });
    let refusal = index(vec![vec![unknown]]).err().unwrap();
    assert!(matches!(reason(&refusal), Inconsistency::Unknown { what: "room", .. }));
    let mut broken = room(&Model::default());
    broken.data.data = broken.data.data.slice(..40);
    let refusal = index(vec![vec![broken]]).err().unwrap();
    assert!(matches!(reason(&refusal), Inconsistency::Undecodable(_)));
}

#[test]
fn a_refused_block_is_put_out_as_nothing_but_the_refusal() {
    let driver = |logs: Vec<Log>| {
        let mut driver = Driver::default();
        let _ = driver.sync(&chain(vec![logs]));
        driver
    };
    let unknown = log(contracts().town_hall, &TownHall::RoomClosed { roomId: ROOM });
    let outs = driver(vec![
        room(&Model::default()),
        log(contracts().town_hall, &TownHall::RoomClosed { roomId: B256::ZERO }),
        unknown,
    ])
    .outs;
    assert!(matches!(&outs[..], [Out::Ask(_), Out::Refuse(_)]), "{outs:?}");
}
