//! Nodes and beacon of a day, as the chain says: what the indexer reads at the block of the last `EpochRolled` before the
//! day began (SESSION section 6 "Placement").

use pars_crypto::sign::Ed25519Public;
use pars_proto::onion::descriptor::Registration;
use pars_proto::swarm::placement::{Snapshot, StoreNode};
use pars_wire::NodeId;
use pars_wire::codec::Day;

/// Whether a network keeps operators apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Every public network.
    Public,
    /// One person runs all nodes of it.
    Dev,
}

/// The registry's snapshot for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The day it is used for.
    pub day: Day,
    /// Its beacon.
    pub beacon: [u8; 32],
    /// The nodes registered then.
    pub nodes: Vec<Registration>,
}

impl Registry {
    /// What the swarm places by. A registered key that is no Ed25519 key serves nothing: its node is left out.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let store = |of: &Registration| {
            let key = Ed25519Public::from_bytes(&of.transport_key).ok()?;
            Some(StoreNode { node: of.node, operator: of.operator, key })
        };
        Snapshot { day: self.day, beacon: self.beacon, nodes: self.nodes.iter().filter_map(store).collect() }
    }

    /// A node's registration.
    pub fn get(&self, node: NodeId) -> Option<&Registration> {
        self.nodes.iter().find(|registration| registration.node == node)
    }
}
