//! Which descriptors are held: a value without I/O.
//!
//! | Where a descriptor comes from | Replaces what is held of that node and day |
//! |---|---|
//! | its own node, known by its transport key | always |
//! | fetched from a bootstrap node | unless that came from the node itself |
//! | put by anybody else | never |
//!
//! So that nobody can bring back a descriptor whose keys its node has given up while the node is there to put its new one.
//! All must verify against the registry; one per node and day is held, of today and tomorrow.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use libp2p::PeerId;
use libp2p::identity::{PublicKey, ed25519};
use pars_crypto::Suite;
use pars_crypto::hash::sha3;
use pars_crypto::suite::DSA87_PUBLIC;
use pars_proto::onion::descriptor::{Descriptor, DescriptorError, Registration, Verified};
use pars_proto::onion::epoch::SKEW_MINUTES;
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};
use pars_wire::machine::UnixMinute;
use serde::{Deserialize, Serialize};

/// Registered nodes that are looked at: 2,048 descriptors of two days are 50 MB.
pub(super) const MAX_NODES: usize = 2_048;
/// Descriptors of one page of an answer: 123 KB.
pub(super) const PAGE: usize = 10;

/// How a link reaches a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The registered transport key.
    pub(super) key: [u8; 32],
    /// Where its links listen, the best first.
    pub(super) addresses: Vec<SocketAddr>,
}

/// Every node that can be reached today.
pub(super) type Routes = Arc<BTreeMap<NodeId, Route>>;

/// First half of SHA3-256 of a descriptor and its ML-DSA key: names an item on the wire.
pub(super) type ItemHash = [u8; 16];

/// A descriptor and the ML-DSA key served with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// `PSRD`, 9,660 bytes.
    pub(super) psrd: Vec<u8>,
    /// 2,592 bytes.
    pub(super) dsa: Box<[u8; DSA87_PUBLIC]>,
}

/// Where an item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Ourselves.
    Own,
    /// Put by this peer.
    Peer(PeerId),
    /// Fetched from a bootstrap node.
    Fetched,
}

/// An item was taken, or held already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Not held before; of which day and node.
    New(Day, NodeId),
    /// The same bytes are held.
    Held,
}

/// Why an item is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(super) enum Refusal {
    #[error("only service nodes serve descriptors")]
    NotServed,
    #[error("it writes as many answers as it may; ask again later")]
    Busy,
    #[error("the descriptor is malformed")]
    Malformed,
    #[error("the registry does not know its node; is the chain of the other end behind?")]
    Unregistered,
    #[error("it is of a day that is over, or too far ahead")]
    Day,
    #[error("it does not verify against the registry")]
    Signature,
    #[error("another one of that node and day is held; only the node itself replaces it")]
    Replaced,
}

impl Item {
    /// Its name on the wire.
    pub(super) fn hash(&self) -> ItemHash {
        let hash = sha3(&[&self.psrd, &*self.dsa]);
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        half
    }
}

struct Held {
    item: Arc<Item>,
    hash: ItemHash,
    verified: Verified,
    direct: bool,
}

/// The descriptors of today and tomorrow.
pub(super) struct Directory {
    suite: &'static dyn Suite,
    registered: BTreeMap<NodeId, Registration>,
    held: BTreeMap<(Day, NodeId), Held>,
}

/// The first day whose descriptors still count.
pub(super) const fn first_day(now: UnixMinute) -> Day {
    Day(UnixMinute(now.0.saturating_sub(SKEW_MINUTES)).day())
}

fn peer_of(key: &[u8; 32]) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(key).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

impl Directory {
    /// Empty: nothing is taken before the registry is known.
    pub(super) const fn new(suite: &'static dyn Suite) -> Self {
        Self { suite, registered: BTreeMap::new(), held: BTreeMap::new() }
    }

    /// Take over the registry; forgets what nodes said that are gone or have other keys now. False if nothing changed.
    pub(super) fn register(&mut self, nodes: Vec<Registration>) -> bool {
        let registered: BTreeMap<_, _> = nodes.into_iter().map(|of| (of.node, of)).take(MAX_NODES).collect();
        if registered == self.registered {
            return false;
        }
        let keys = |of: &Registration| (of.transport_key, of.identity_hash);
        let (before, after) = (&self.registered, &registered);
        self.held.retain(|(_, node), _| after.get(node).map(keys) == before.get(node).map(keys));
        self.registered = registered;
        true
    }

    /// Verify and hold an item.
    pub(super) fn accept(&mut self, item: Item, source: Source, now: UnixMinute) -> Result<Accepted, Refusal> {
        let descriptor = Descriptor::decode(&item.psrd).map_err(|_| Refusal::Malformed)?;
        let registration = self.registered.get(&descriptor.node()).ok_or(Refusal::Unregistered)?;
        let direct = match source {
            Source::Own => true,
            Source::Peer(peer) => peer_of(&registration.transport_key) == Some(peer),
            Source::Fetched => false,
        };
        let (place, hash) = ((descriptor.day(), descriptor.node()), item.hash());
        if let Some(held) = self.held.get_mut(&place) {
            if held.hash == hash {
                held.direct |= direct;
                return Ok(Accepted::Held);
            }
            if !direct && (held.direct || source != Source::Fetched) {
                return Err(Refusal::Replaced);
            }
        }
        let verified = descriptor.verify(self.suite, registration, &item.dsa, now).map_err(|error| match error {
            DescriptorError::Day(_) => Refusal::Day,
            _ => Refusal::Signature,
        })?;
        self.held.insert(place, Held { item: Arc::new(item), hash, verified, direct });
        Ok(Accepted::New(place.0, place.1))
    }

    /// Forget what is over.
    pub(super) fn expire(&mut self, now: UnixMinute) {
        let first = first_day(now);
        self.held.retain(|(day, _), _| *day >= first);
    }

    /// Items of a day that are not known to whoever asks, and whether there are more.
    pub(super) fn page(&self, day: Day, known: &BTreeSet<ItemHash>) -> (Vec<Arc<Item>>, bool) {
        let of_day = self.held.iter().filter(|((of, _), held)| *of == day && !known.contains(&held.hash));
        let mut items: Vec<_> = of_day.map(|(_, held)| Arc::clone(&held.item)).take(PAGE + 1).collect();
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        (items, more)
    }

    /// What is held of a day.
    pub(super) fn known(&self, day: Day) -> BTreeSet<ItemHash> {
        self.held.iter().filter(|((of, _), _)| *of == day).map(|(_, held)| held.hash).collect()
    }

    /// Everything held.
    pub(super) fn items(&self) -> impl Iterator<Item = (Day, NodeId, &Item)> {
        self.held.iter().map(|((day, node), held)| (*day, *node, &*held.item))
    }

    /// Whether a registered node has no descriptor of today.
    pub(super) fn incomplete(&self, now: UnixMinute) -> bool {
        self.registered.keys().any(|node| !self.held.contains_key(&(Day(now.day()), *node)))
    }

    /// How nodes are reached: by today's descriptor, otherwise by tomorrow's.
    pub(super) fn routes(&self, now: UnixMinute) -> Routes {
        let today = Day(now.day());
        let mut routes = BTreeMap::new();
        let (ahead, current): (Vec<_>, Vec<_>) = self.held.iter().partition(|((day, _), _)| *day != today);
        for ((_, node), held) in ahead.into_iter().chain(current) {
            let Some(registration) = self.registered.get(node) else { continue };
            let addresses = held.verified.addresses().to_vec();
            routes.insert(*node, Route { key: registration.transport_key, addresses });
        }
        Arc::new(routes)
    }
}

#[cfg(test)]
mod tests;
