//! The service nodes of a chain over time, replayed from the logs of final blocks (CHAIN section 1 "Events rebuild state").
//!
//! The day's registry is that of the block of the last `EpochRolled` before the day began; if there is none, of the first
//! ever rolled (SESSION section 6 "Placement").

use std::collections::BTreeMap;

use alloy::primitives::B256;
use pars_bindings::ServiceNodeRegistry::ServiceNodeRegistryEvents as Event;
use pars_engine::registry::Registry;
use pars_proto::onion::descriptor::Registration;
use pars_wire::NodeId;
use pars_wire::codec::Day;

/// Epochs whose registries are kept: every day that matters, and one before them.
const KEPT: usize = super::DAYS + 1;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    registration: Registration,
    active: bool,
}

/// Nodes and beacons up to some block.
#[derive(Clone, Debug, Default)]
pub struct History {
    nodes: BTreeMap<B256, Node>,
    rolls: BTreeMap<u32, Roll>,
    block: u64,
    open: Vec<(u32, B256)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Roll {
    beacon: [u8; 32],
    nodes: Vec<Registration>,
}

impl History {
    /// Take one log; logs come in the order of the chain.
    pub fn take(&mut self, block: u64, event: Event) {
        if block > self.block {
            self.close();
            self.block = block;
        }
        match event {
            Event::NodeRegistered(event) => {
                let registration = Registration {
                    node: NodeId(event.nodeId),
                    operator: event.operator.0,
                    identity_hash: event.identityHash.0,
                    transport_key: event.transportKey.0,
                    stake: event.stake,
                };
                self.nodes.insert(event.nodeId, Node { registration, active: true });
            }
            Event::NodeUpdated(event) => self.change(event.nodeId, |node| {
                node.registration.identity_hash = event.identityHash.0;
                node.registration.transport_key = event.transportKey.0;
            }),
            Event::StakeAdded(event) => self.change(event.nodeId, |node| node.registration.stake = event.stake),
            Event::NodeUnbonding(event) => self.change(event.nodeId, |node| node.active = false),
            Event::NodeWithdrawn(event) => {
                self.nodes.remove(&event.nodeId);
            }
            // A decommissioned node unbonds in the same transaction.
            Event::NodeDecommissioned(_) | Event::ChallengeMissed(_) => {}
            Event::EpochRolled(event) => self.open.push((event.epoch, event.beacon)),
        }
    }

    /// No more logs of the blocks so far: what their rolls saw is the state at the end of the block.
    pub fn close(&mut self) {
        for (epoch, beacon) in std::mem::take(&mut self.open) {
            self.rolls.insert(epoch, Roll { beacon: beacon.0, nodes: self.active() });
        }
        while self.rolls.len() > KEPT {
            self.rolls.pop_first();
        }
    }

    fn change(&mut self, node: B256, with: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(&node) {
            with(node);
        }
    }

    /// Nodes that are registered and not leaving, by id.
    pub fn active(&self) -> Vec<Registration> {
        self.nodes.values().filter(|node| node.active).map(|node| node.registration).collect()
    }

    /// The newest epoch that was rolled.
    pub fn newest(&self) -> Option<u32> {
        self.rolls.last_key_value().map(|(epoch, _)| *epoch)
    }

    /// The registry of a day; none before the first epoch was rolled.
    pub fn registry(&self, day: Day) -> Option<Registry> {
        let before = self.rolls.range(..day.0).next_back();
        let (_, roll) = before.or_else(|| self.rolls.first_key_value())?;
        Some(Registry { day, beacon: roll.beacon, nodes: roll.nodes.clone() })
    }
}

#[cfg(test)]
mod tests {
    use pars_bindings::ServiceNodeRegistry::{EpochRolled, NodeRegistered, NodeUnbonding, StakeAdded};

    use super::*;

    fn registered(id: u8) -> Event {
        let word = B256::repeat_byte(id);
        Event::NodeRegistered(NodeRegistered {
            nodeId: word,
            owner: Default::default(),
            operator: word,
            identityHash: word,
            transportKey: word,
            stake: 5,
        })
    }

    fn rolled(epoch: u32) -> Event {
        Event::EpochRolled(EpochRolled { epoch, beacon: B256::with_last_byte(epoch as u8) })
    }

    fn ids(history: &History, day: u32) -> Vec<u8> {
        history.registry(Day(day)).unwrap().nodes.iter().map(|node| node.node.0[0]).collect()
    }

    #[test]
    fn a_day_has_the_registry_of_the_last_roll_before_it_and_a_new_chain_that_of_the_first() {
        let mut history = History::default();
        assert_eq!(history.registry(Day(20)), None);
        history.take(1, registered(1));
        history.take(2, rolled(20));
        // The same block, after the roll: it is the block's end that counts.
        history.take(2, registered(2));
        history.take(3, registered(3));
        history.close();
        assert_eq!(ids(&history, 12), [1, 2], "before the first roll: the first");
        assert_eq!(ids(&history, 20), [1, 2], "its own day: the first ever");
        history.take(9, rolled(21));
        history.close();
        assert_eq!(ids(&history, 21), [1, 2], "rolled during the day: from tomorrow");
        assert_eq!(ids(&history, 22), [1, 2, 3]);
        assert_eq!(history.registry(Day(30)).unwrap().beacon, B256::with_last_byte(21).0);
        assert_eq!(history.newest(), Some(21));
    }

    #[test]
    fn a_node_that_leaves_stays_in_the_registries_of_its_days() {
        let mut history = History::default();
        history.take(1, registered(1));
        history.take(1, registered(2));
        history.take(2, rolled(20));
        let node = B256::repeat_byte(1);
        history.take(3, Event::NodeUnbonding(NodeUnbonding { nodeId: node, until: Default::default() }));
        history.take(3, Event::StakeAdded(StakeAdded { nodeId: B256::repeat_byte(2), stake: 9 }));
        history.take(4, rolled(21));
        history.close();
        assert_eq!(ids(&history, 21), [1, 2]);
        assert_eq!(ids(&history, 22), [2]);
        assert_eq!(history.registry(Day(22)).unwrap().nodes[0].stake, 9);
        assert_eq!(history.active().len(), 1);
    }
}
