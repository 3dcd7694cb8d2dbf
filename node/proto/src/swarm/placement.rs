//! Placement (SESSION section 6): rank by H("pars-swarm-v1"; beacon_d, tag, node_id) over snapshot_d, lowest first, at most
//! 2 nodes of one operator, 7 replicas, all if fewer are eligible. A departed node's place falls to the next in rank; a node
//! registered after the snapshot never serves its day.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use pars_crypto::sign::Ed25519Public;
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::limits::REPLICAS;

use super::mailbox::Tag;

/// Replicas of one operator at most, where the network enforces it.
pub const PER_OPERATOR: usize = 2;
/// Days back for which a mailbox may be read; older snapshots are forgotten.
pub const DAYS_BACK: u32 = 15;

/// Whether operators are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// At most [`PER_OPERATOR`] replicas of one operator: every public network.
    Capped,
    /// Only different nodes: the development network, which one person runs.
    Waived,
}

/// A node as the registry's snapshot holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreNode {
    /// Who.
    pub node: NodeId,
    /// Who runs it.
    pub operator: [u8; 32],
    /// The registered Ed25519 key: it signs receipts.
    pub key: Ed25519Public,
}

/// Registry and beacon of a day: those of the block of the last `EpochRolled` before the day began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The day it is used for.
    pub day: Day,
    /// Its beacon.
    pub beacon: [u8; 32],
    /// The nodes registered then.
    pub nodes: Vec<StoreNode>,
}

/// What is known of the registry over the days that matter.
#[derive(Clone, Debug)]
pub struct Placement {
    operators: Operators,
    days: BTreeMap<Day, Snapshot>,
    departed: BTreeSet<NodeId>,
}

impl Snapshot {
    /// Every node that is not in `without`, best rank first, the operators' cap applied.
    fn ranked(&self, tag: &Tag, operators: Operators, without: &BTreeSet<NodeId>) -> Vec<&StoreNode> {
        let rank = |node: &StoreNode| hash(HashLabel::SWARM, &[&self.beacon, &tag.0, &node.node.0.0]);
        let mut nodes: Vec<_> =
            self.nodes.iter().filter(|n| !without.contains(&n.node)).map(|n| (rank(n), n)).collect();
        nodes.sort_unstable_by_key(|(rank, node)| (*rank, node.node));
        let mut of_operator: BTreeMap<[u8; 32], usize> = BTreeMap::new();
        let eligible = nodes.into_iter().map(|(_, node)| node).filter(|node| {
            let count = of_operator.entry(node.operator).or_default();
            *count += 1;
            operators == Operators::Waived || *count <= PER_OPERATOR
        });
        eligible.take(REPLICAS).collect()
    }
}

impl Placement {
    /// Nothing known yet.
    pub const fn new(operators: Operators) -> Self {
        Self { operators, days: BTreeMap::new(), departed: BTreeSet::new() }
    }

    /// Take over a day's snapshot.
    pub fn learn(&mut self, snapshot: Snapshot) {
        self.days.insert(snapshot.day, snapshot);
    }

    /// Forget days that no mailbox and no week of the directory can still need.
    pub fn expire(&mut self, today: Day) {
        let oldest = today.minus(DAYS_BACK + 7);
        self.days = self.days.split_off(&oldest);
    }

    /// A node left the registry: its places fall to the next in rank, on every day.
    pub fn depart(&mut self, node: NodeId) {
        self.departed.insert(node);
    }

    /// The replicas of a tag on a day, best rank first; empty if the day's snapshot is unknown.
    pub fn replicas(&self, tag: &Tag, day: Day) -> Vec<NodeId> {
        let ranked = |snapshot: &Snapshot| {
            snapshot.ranked(tag, self.operators, &self.departed).into_iter().map(|node| node.node).collect()
        };
        self.days.get(&day).map(ranked).unwrap_or_default()
    }

    /// The receipt key of a node in a day's snapshot.
    pub fn key(&self, node: NodeId, day: Day) -> Option<&Ed25519Public> {
        self.days.get(&day)?.nodes.iter().find(|known| known.node == node).map(|known| &known.key)
    }

    /// The beacon of a day.
    pub fn beacon(&self, day: Day) -> Option<&[u8; 32]> {
        self.days.get(&day).map(|snapshot| &snapshot.beacon)
    }
}

/// The day whose snapshot places a week of the directory: its first.
pub const fn first_day(week: u32) -> Day {
    Day(week.saturating_mul(7))
}
