//! The chain inside the world: reorganisations within the finality distance, late views, transactions that revert.

use pars_bindings::{ServiceNodeRegistry, VotingEscrow};
use pars_sim::chain::setting::{NODES, OWNER, STRANGER};
use pars_sim::chain::{Ledger, Outcome, Setting, View};
use pars_wire::codec::Day;

const SEED: u64 = 3;

fn begin() -> (Ledger, View) {
    let setting = Setting::of(SEED);
    let view = View::new(&setting.ledger, 0, Some(&setting.start));
    (setting.ledger.clone(), view)
}

fn mine(ledger: &mut Ledger, blocks: u64) {
    for _ in 0..blocks {
        let time = ledger.time() + 12;
        ledger.mine(time);
    }
}

fn today(ledger: &Ledger) -> Day {
    Day((ledger.time() / 86_400) as u32)
}

#[test]
fn registries_come_from_the_rows_of_an_indexer() {
    let (ledger, mut view) = begin();
    view.follow(&ledger).unwrap();
    let today = today(&ledger);
    let registry = view.registry(today, today).unwrap();
    assert_eq!(registry.nodes.len(), usize::from(NODES));
    assert!(Setting::of(SEED).nodes.iter().all(|node| registry.get(*node).is_some()));
    let beacon = ServiceNodeRegistry::beaconCall { epoch: today.0 - 1 };
    let said = ledger.read(ledger.places.service_node_registry, &beacon, ledger.head()).unwrap();
    assert_eq!(registry.beacon, said.0, "the beacon of the last epoch before the day");
    assert_ne!(view.registry(today.minus(1), today).unwrap().beacon, registry.beacon);
}

#[test]
fn a_registry_to_come_is_told_only_when_its_epoch_is_final() {
    let (mut ledger, mut view) = begin();
    let registry = ledger.places.service_node_registry;
    ledger.call(OWNER, registry, &ServiceNodeRegistry::rollEpochCall {});
    mine(&mut ledger, 1);
    let tomorrow = Day(today(&ledger).0 + 1);
    view.follow(&ledger).unwrap();
    assert_eq!(view.registry(tomorrow, today(&ledger)), None);
    mine(&mut ledger, 2);
    view.follow(&ledger).unwrap();
    assert!(view.registry(tomorrow, today(&ledger)).is_some());
}

#[test]
fn a_reorganised_epoch_is_rolled_again_with_another_beacon_and_every_view_has_the_last() {
    let (mut ledger, mut view) = begin();
    let setting = Setting::of(SEED);
    let mut late = View::new(&setting.ledger, 3, Some(&setting.start));
    let registry = ledger.places.service_node_registry;
    let epoch = today(&ledger).0;
    let beacon =
        |ledger: &Ledger| ledger.read(registry, &ServiceNodeRegistry::beaconCall { epoch }, ledger.head()).unwrap();
    ledger.call(OWNER, registry, &ServiceNodeRegistry::rollEpochCall {});
    mine(&mut ledger, 1);
    view.follow(&ledger).unwrap();
    let first = beacon(&ledger);
    assert_eq!(ledger.reorganise(1), 1, "the transaction was sent again");
    mine(&mut ledger, 6);
    let second = beacon(&ledger);
    assert_ne!(first, second);
    for view in [&mut view, &mut late] {
        view.follow(&ledger).unwrap();
        assert_eq!(view.registry(Day(epoch + 1), Day(epoch)).unwrap().beacon, second.0);
    }
    assert_eq!((view.reorganisations, late.reorganisations), (1, 0));
}

#[test]
fn a_view_that_follows_a_reorganised_chain_has_the_rows_of_one_that_reads_it_anew() {
    let (mut ledger, mut view) = begin();
    let escrow = ledger.places.voting_escrow;
    for round in 0..6_u64 {
        let more = VotingEscrow::increaseAmountCall { amount: (round + 1).try_into().unwrap() };
        ledger.call(pars_sim::chain::setting::HOLDERS[1].account, escrow, &more);
        mine(&mut ledger, 1);
        view.follow(&ledger).unwrap();
        if round % 2 == 1 {
            ledger.reorganise(2);
            view.follow(&ledger).unwrap();
        }
    }
    mine(&mut ledger, 3);
    view.follow(&ledger).unwrap();
    let mut anew = View::new(&ledger, 0, None);
    anew.follow(&ledger).unwrap();
    assert!(view.rows().eq(anew.rows()));
    assert!(view.reorganisations > 0);
}

#[test]
fn a_reverted_transaction_says_why_and_a_pending_one_nothing() {
    let (mut ledger, _) = begin();
    let sent = ledger.call(STRANGER, ledger.places.voting_escrow, &VotingEscrow::withdrawCall {});
    mine(&mut ledger, 1);
    assert_eq!(ledger.outcome(sent), None, "not final yet");
    mine(&mut ledger, 2);
    assert!(matches!(ledger.outcome(sent), Some(Outcome::Reverted(words)) if !words.is_empty()));
}
