//! Which nodes a client may use, and which it picks (SESSION section 5 "Paths"): weight = stake, an operator's share capped,
//! never two nodes of one operator or one network (/16 of IPv4, /32 of IPv6) in a path, the service node included.
//!
//! Not here: guards kept for months, second-layer pools, AS numbers, sampling above 200 nodes.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use pars_crypto::CryptoRng;
use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::machine::{Tick, UnixMinute};

use super::build::Hop;
use super::delay::Delay;
use super::descriptor::{Registration, Verified};
use super::epoch::Epoch;
use super::packet::HOPS;

/// Below this many relays the network counts as degraded.
pub const FULL_RELAYS: usize = 20;
/// Below this many operators the network counts as degraded.
pub const FULL_OPERATORS: usize = 3;
/// An operator's share of the weight is at most one part in this many, or an equal share among few operators.
const OPERATOR_PARTS: u128 = 50;
/// Each suspicion divides a node's weight by 4; this many are the most that count.
const MAX_SUSPICION: u32 = 12;
/// How long before a request a node must have worked to be thought innocent of its failure, in ms.
const PROVEN_MS: u64 = 20_000;

/// Whether a path must keep operators and networks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diversity {
    /// Always, on every public network.
    Enforced,
    /// Only different nodes: the development network, which one person runs on one machine.
    Waived,
}

/// No path can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Too few nodes with keys of this epoch that may stand beside each other.
    #[error("too few relays are known that may share a path; fetch the descriptors again")]
    TooFewRelays,
    /// The service node has no descriptor of this epoch.
    #[error("no descriptor of service node {0} is known for this epoch")]
    UnknownService(NodeId),
    /// The service node is the first relay itself, or of its operator or network: ask another replica.
    #[error("service node {0} may not share a path with the first relay; ask another one")]
    ServiceAtFirstRelay(NodeId),
}

#[derive(Clone, Debug)]
struct Known {
    registration: Registration,
    days: BTreeMap<Day, Verified>,
    suspicion: u32,
    /// When a path through it last worked.
    proven: Option<Tick>,
}

/// The nodes a client knows by verified descriptors.
#[derive(Clone, Debug)]
pub struct Relays {
    nodes: BTreeMap<NodeId, Known>,
    diversity: Diversity,
    /// Runs on this machine: a path through it would hide nothing.
    own: Option<NodeId>,
}

fn network(address: &SocketAddr) -> (u8, u32) {
    match address.ip() {
        IpAddr::V4(ip) => (4, u32::from(ip) >> 16),
        IpAddr::V6(ip) => (6, (u128::from(ip) >> 96) as u32),
    }
}

impl Known {
    fn networks(&self) -> impl Iterator<Item = (u8, u32)> {
        self.days.values().flat_map(|verified| verified.addresses().iter().map(network))
    }

    fn clashes(&self, other: &Self, diversity: Diversity) -> bool {
        let (ours, theirs) = (&self.registration, &other.registration);
        ours.node == theirs.node
            || diversity == Diversity::Enforced
                && (ours.operator == theirs.operator || self.networks().any(|net| other.networks().any(|o| o == net)))
    }
}

impl Relays {
    /// None yet.
    pub const fn new(diversity: Diversity) -> Self {
        Self { nodes: BTreeMap::new(), diversity, own: None }
    }

    /// Take over a descriptor. The one verified last counts: a relay that restarted without its keys publishes new ones for
    /// the same day, and a descriptor has no number by which to tell which came first. An old copy served again makes paths
    /// through that relay fail, no more: it is suspected, and the next fetch brings the new one back.
    pub fn learn(&mut self, verified: Verified) {
        let fresh = || Known { registration: verified.registration, days: BTreeMap::new(), suspicion: 0, proven: None };
        let known = self.nodes.entry(verified.node()).or_insert_with(fresh);
        known.registration = verified.registration;
        known.days.insert(verified.body.day, verified);
    }

    /// The node that runs beside this client: as its relay it would hide nothing.
    pub const fn avoid(&mut self, own: NodeId) {
        self.own = Some(own);
    }

    /// Drop a node that left the registry.
    pub fn forget(&mut self, node: NodeId) {
        self.nodes.remove(&node);
    }

    /// Drop descriptors of days before this one's.
    pub fn expire(&mut self, now: UnixMinute) {
        let today = Day::at(now);
        for known in self.nodes.values_mut() {
            known.days.retain(|day, _| *day >= today);
        }
        self.nodes.retain(|_, known| !known.days.is_empty());
    }

    /// Every node with a descriptor of today or later, and where it listens.
    pub fn all(&self) -> impl Iterator<Item = (NodeId, &[SocketAddr])> {
        self.nodes.keys().map(|node| (*node, self.addresses(*node)))
    }

    /// Where a node listens.
    pub fn addresses(&self, node: NodeId) -> &[SocketAddr] {
        self.nodes.get(&node).and_then(|known| known.days.values().next_back()).map_or(&[], Verified::addresses)
    }

    /// Fewer relays or operators than anonymity needs: status `degraded`.
    pub fn degraded(&self) -> bool {
        self.nodes.len() < FULL_RELAYS || self.operators().len() < FULL_OPERATORS
    }

    /// A path through these nodes, begun at `sent`, got no answer. Those that have worked since, or shortly before, are not
    /// to blame while there are others.
    pub fn suspect(&mut self, nodes: &[NodeId], sent: Tick) {
        let since = Tick(sent.0.saturating_sub(PROVEN_MS));
        let proven =
            |node: &NodeId| self.nodes.get(node).is_some_and(|known| known.proven.is_some_and(|at| at >= since));
        let doubtful: Vec<NodeId> = nodes.iter().filter(|node| !proven(node)).copied().collect();
        for node in if doubtful.is_empty() { nodes } else { &doubtful } {
            if let Some(known) = self.nodes.get_mut(node) {
                known.suspicion = (known.suspicion + 1).min(MAX_SUSPICION);
            }
        }
    }

    /// A path through these nodes worked.
    pub fn trust(&mut self, nodes: &[NodeId], now: Tick) {
        for node in nodes {
            if let Some(known) = self.nodes.get_mut(node) {
                (known.suspicion, known.proven) = (0, Some(now));
            }
        }
    }

    fn operators(&self) -> BTreeMap<[u8; 32], u128> {
        let mut stakes = BTreeMap::new();
        for known in self.nodes.values() {
            let stake: &mut u128 = stakes.entry(known.registration.operator).or_default();
            *stake = stake.saturating_add(known.registration.stake);
        }
        stakes
    }

    /// Stake, scaled down where the operator holds more than its share, and by suspicion; at least 1. Stakes are first
    /// scaled to 60 bits together, so that no product overflows.
    fn weight(&self, known: &Known, operators: &BTreeMap<[u8; 32], u128>) -> u128 {
        let total = operators.values().fold(0_u128, |sum, stake| sum.saturating_add(*stake));
        let shift = (128 - total.leading_zeros()).saturating_sub(60);
        let cap = (total / OPERATOR_PARTS).max(total / (operators.len() as u128).max(1)) >> shift;
        let of_operator = operators.get(&known.registration.operator).copied().unwrap_or_default() >> shift;
        let stake = known.registration.stake >> shift;
        let capped = if of_operator > cap { stake.saturating_mul(cap) / of_operator.max(1) } else { stake };
        (capped >> (2 * known.suspicion)).max(1)
    }

    /// One more node, weighted, that has a key for `epoch` and clashes with none of `taken`. Our own is never the first, and
    /// later only where there is no other.
    pub fn pick(
        &self,
        taken: &[NodeId],
        epoch: Epoch,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<NodeId, PathError> {
        let taken: Vec<&Known> = taken.iter().filter_map(|node| self.nodes.get(node)).collect();
        let operators = self.operators();
        let mut free: Vec<(NodeId, u128)> = self
            .nodes
            .iter()
            .filter(|(_, known)| known.days.contains_key(&epoch.day()))
            .filter(|(_, known)| !taken.iter().any(|other| known.clashes(other, self.diversity)))
            .map(|(node, known)| (*node, self.weight(known, &operators)))
            .collect();
        if taken.is_empty() || free.len() > 1 {
            free.retain(|(node, _)| Some(*node) != self.own);
        }
        let total: u128 = free.iter().map(|(_, weight)| weight).sum();
        let mut left = u128::from_be_bytes(random(rng)).checked_rem(total).ok_or(PathError::TooFewRelays)?;
        for (node, weight) in free {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return Ok(node),
            }
        }
        Err(PathError::TooFewRelays)
    }

    /// first relay → mix → mix → service node.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn forward(
        &self,
        first: NodeId,
        service: NodeId,
        epoch: Epoch,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<[NodeId; HOPS], PathError> {
        self.ends(first, service, epoch)?;
        let second = self.pick(&[first, service], epoch, rng)?;
        let third = self.pick(&[first, second, service], epoch, rng)?;
        Ok([first, second, third, service])
    }

    /// mix → mix → mix → first relay, from a service node that stands in front of the path.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn reply(
        &self,
        service: NodeId,
        first: NodeId,
        epoch: Epoch,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<[NodeId; HOPS], PathError> {
        self.ends(first, service, epoch)?;
        let one = self.pick(&[service, first], epoch, rng)?;
        let two = self.pick(&[service, first, one], epoch, rng)?;
        let three = self.pick(&[service, first, one, two], epoch, rng)?;
        Ok([one, two, three, first])
    }

    fn ends(&self, first: NodeId, service: NodeId, epoch: Epoch) -> Result<(), PathError> {
        let known = |node: &NodeId| self.nodes.get(node).filter(|known| known.days.contains_key(&epoch.day()));
        let at_service = known(&service).ok_or(PathError::UnknownService(service))?;
        let at_first = known(&first).ok_or(PathError::TooFewRelays)?;
        let clash = at_service.clashes(at_first, self.diversity);
        if clash { Err(PathError::ServiceAtFirstRelay(service)) } else { Ok(()) }
    }

    /// The path with the keys of `epoch` and a drawn delay for each hop.
    ///
    /// # Errors
    /// [`PathError::TooFewRelays`] if a node has no key for the epoch.
    pub fn hops(
        &self,
        path: [NodeId; HOPS],
        epoch: Epoch,
        delays: [Delay; HOPS],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<[Hop; HOPS], PathError> {
        let mut hop = |node: NodeId, delay: Delay| {
            let verified = self.nodes.get(&node).and_then(|known| known.days.get(&epoch.day()));
            let key = verified.and_then(|verified| verified.key(epoch)).ok_or(PathError::TooFewRelays)?;
            Ok(Hop { node, epoch, key: key.clone(), delay_ms: delay.sample(rng) })
        };
        let ([a, b, c, d], [da, db, dc, dd]) = (path, delays);
        Ok([hop(a, da)?, hop(b, db)?, hop(c, dc)?, hop(d, dd)?])
    }
}
