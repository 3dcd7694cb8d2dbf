//! What is known of the network: registries by day, descriptors by day and node. Kept for an identity that comes later, and
//! shown by `peers.list` and `status.get`.

use std::collections::BTreeMap;

use pars_crypto::suite::DSA87_PUBLIC;
use pars_engine::registry::Registry;
use pars_proto::onion::Descriptor;
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};

/// Descriptors kept at most: two days of the largest network that fetches whole sets.
const MAX_DESCRIPTORS: usize = 2 * 1_024;

/// A descriptor as it came.
#[derive(Clone, Debug)]
pub struct Described {
    /// `PSRD`, 9,660 bytes.
    pub bytes: Vec<u8>,
    /// The ML-DSA key served with it.
    pub dsa: Box<[u8; DSA87_PUBLIC]>,
}

/// What is known of the network.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Registry and beacon of each day that matters.
    pub registries: BTreeMap<Day, Registry>,
    /// Newest descriptors of today and tomorrow.
    pub described: BTreeMap<(Day, NodeId), Described>,
}

impl View {
    /// Keep a descriptor; days that are over go. False: the bytes are none, or there is no room.
    pub fn keep(&mut self, bytes: &[u8], dsa: &[u8; DSA87_PUBLIC], today: Day) -> bool {
        let Ok(descriptor) = Descriptor::decode(bytes) else { return false };
        self.described.retain(|(day, _), _| *day >= today);
        let key = (descriptor.day(), descriptor.node());
        if key.0 < today || (self.described.len() >= MAX_DESCRIPTORS && !self.described.contains_key(&key)) {
            return false;
        }
        self.described.insert(key, Described { bytes: bytes.to_vec(), dsa: Box::new(*dsa) });
        true
    }

    /// The nodes of a day whose descriptors of that day are here.
    pub fn relays(&self, day: Day) -> Vec<NodeId> {
        let Some(registry) = self.registries.get(&day) else { return Vec::new() };
        let described = |node: &NodeId| self.described.contains_key(&(day, *node));
        registry.nodes.iter().map(|registration| registration.node).filter(described).collect()
    }
}
