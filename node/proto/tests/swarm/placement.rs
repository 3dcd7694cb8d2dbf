//! Placement (SESSION section 6; the vector file fixes the ranking).

use std::collections::BTreeSet;

use pars_proto::swarm::placement::{Operators, Placement, first_day};
use pars_proto::swarm::{Snapshot, Tag};
use pars_wire::codec::Day;

use crate::world::{TODAY, node, snapshot};

fn placed(operators: Operators, snapshot: Snapshot) -> Placement {
    let mut placement = Placement::new(operators);
    placement.learn(snapshot);
    placement
}

#[test]
fn seven_nodes_are_drawn_evenly_and_all_if_there_are_fewer() {
    let placement = placed(Operators::Capped, snapshot(20, TODAY));
    let mut counts = [0; 20];
    for number in 0..2_000_u32 {
        let tag = Tag(pars_crypto::hash::sha3(&[&number.to_be_bytes()]));
        let replicas = placement.replicas(&tag, TODAY);
        assert_eq!(replicas.iter().collect::<BTreeSet<_>>().len(), 7);
        (0..20).filter(|i| replicas.contains(&node(*i))).for_each(|i| counts[usize::from(i)] += 1);
    }
    assert!(counts.iter().all(|count| (600..800).contains(count)), "{counts:?}");
    let few = placed(Operators::Capped, snapshot(5, TODAY));
    assert_eq!(few.replicas(&Tag([1; 32]), TODAY).len(), 5);
    assert_eq!(few.replicas(&Tag([1; 32]), Day(TODAY.0 + 1)), [], "a day without a snapshot places nothing");
}

#[test]
fn at_most_two_replicas_are_of_one_operator_unless_the_network_waives_it() {
    let mut crowded = snapshot(20, TODAY);
    crowded.nodes.iter_mut().take(15).for_each(|node| node.operator = [1; 32]);
    let capped = placed(Operators::Capped, crowded.clone());
    let waived = placed(Operators::Waived, crowded.clone());
    for number in 0..100_u8 {
        let tag = Tag([number; 32]);
        let of_one = |replicas: Vec<pars_wire::NodeId>| (0..15).filter(|i| replicas.contains(&node(*i))).count();
        assert!(of_one(capped.replicas(&tag, TODAY)) <= 2);
        assert_eq!(waived.replicas(&tag, TODAY).len(), 7);
    }
}

#[test]
fn a_departed_nodes_place_falls_to_the_next_in_rank_and_no_other_moves() {
    let mut placement = placed(Operators::Capped, snapshot(20, TODAY));
    let tag = Tag([3; 32]);
    let before = placement.replicas(&tag, TODAY);
    placement.depart(before[2]);
    let after = placement.replicas(&tag, TODAY);
    assert_eq!(after.len(), 7);
    let kept: Vec<_> = before.iter().filter(|node| **node != before[2]).copied().collect();
    assert_eq!(after[..6], kept[..]);
    assert!(!before.contains(&after[6]));
}

#[test]
fn a_node_registered_after_the_snapshot_never_serves_its_day() {
    let mut placement = placed(Operators::Capped, snapshot(7, TODAY));
    let tag = Tag([3; 32]);
    let before = placement.replicas(&tag, TODAY);
    placement.learn(snapshot(20, Day(TODAY.0 + 1)));
    assert_eq!(placement.replicas(&tag, TODAY), before);
    assert_ne!(placement.replicas(&tag, Day(TODAY.0 + 1)), before);
}

#[test]
fn a_week_is_placed_by_its_first_day() {
    assert_eq!(first_day(TODAY.week()), Day(TODAY.0 / 7 * 7));
}
