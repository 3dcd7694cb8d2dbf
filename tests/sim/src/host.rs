//! One node and its disk. A crash loses what was not committed; batches become durable in their order, so any number of the
//! first open ones may have reached the disk without the node having heard of it.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::secret::StoreKey;
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::Libcrux;
use pars_engine::identity::Identity;
use pars_engine::member::{Member, MemberConfig};
use pars_engine::registry::Network;
use pars_engine::service::{Service, ServiceConfig};
use pars_engine::store::RestoreError;
use pars_engine::{Batch, BatchId, Node, Rows};
use pars_identity::IdentityId;
use pars_identity::link::Link as IdentityLink;
use pars_proto::onion::delay::Delay;
use pars_wire::NodeId;
use pars_wire::machine::{Now, Tick};

use crate::chain::setting::{SETTINGS, node_keys};

/// Names a host in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(
    /// Services come first.
    pub u8,
);

impl std::fmt::Display for HostId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "h{:02}", self.0)
    }
}

/// What a host is.
pub enum Role {
    /// A service node.
    Service(NodeId, Box<HybridSecret>),
    /// A member: who it is, as others know it.
    Member(IdentityId, IdentityLink),
}

/// A host.
pub struct Host {
    /// What it is.
    pub role: Role,
    /// The running node, if it runs.
    pub node: Option<Node>,
    /// Rises with each start: what was meant for an earlier one does not reach a later one.
    pub life: u64,
    /// Its own randomness; each life has another.
    pub rng: ChaCha20Rng,
    /// What is on its disk.
    pub rows: Rows,
    /// Batches on their way to the disk.
    pub open: Vec<Batch>,
    /// Clients' connections at this relay.
    pub connections: BTreeMap<[u8; 16], HostId>,
    /// When it wants to be woken.
    pub deadline: Option<Tick>,
    seed: u64,
    id: HostId,
}

/// Fresh randomness of a seed for one use.
pub fn randomness(seed: u64, what: &str, number: u64) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(sha3(&[what.as_bytes(), &seed.to_be_bytes(), &number.to_be_bytes()]))
}

/// Prekeys' price in the simulation: the least there is.
const HASHCASH_BITS: u8 = 18;
/// Bytes of objects a simulated node holds.
const CAPACITY: usize = 64 << 20;

impl Host {
    /// A service node that does not run yet.
    pub fn service(seed: u64, id: HostId, node: NodeId) -> Self {
        let keys = node_keys(seed % SETTINGS, id.0);
        Self::new(Role::Service(node, Box::new(keys)), seed, id)
    }

    /// A member with a new identity, running once so that its keys are on the disk.
    pub fn member(seed: u64, id: HostId, now: Now) -> (Self, Node) {
        let mut rng = randomness(seed % SETTINGS, "member", id.0.into());
        let identity = Identity::create(&Libcrux, HASHCASH_BITS, now.wall, &mut rng);
        let (who, link) = (identity.id(), identity.link());
        let member = Member::create(config(seed, id), identity, now).expect("an empty store restores");
        (Self::new(Role::Member(who, link), seed, id), Node::new(&Libcrux, Some(member), None))
    }

    fn new(role: Role, seed: u64, id: HostId) -> Self {
        Self {
            role,
            node: None,
            life: 0,
            rng: randomness(seed, "life", u64::from(id.0) << 32),
            rows: Rows::default(),
            open: Vec::new(),
            connections: BTreeMap::new(),
            deadline: None,
            seed,
            id,
        }
    }

    /// Start with a node that was made already, or from the disk.
    ///
    /// # Errors
    /// What the disk holds does not open.
    pub fn start(&mut self, ready: Option<Node>, now: Now) -> Result<(), RestoreError> {
        self.life += 1;
        self.rng = randomness(self.seed, "life", u64::from(self.id.0) << 32 | self.life);
        self.node = Some(match (ready, &self.role) {
            (Some(node), _) => node,
            (None, Role::Service(node, keys)) => {
                let config = ServiceConfig {
                    node: *node,
                    keys: (**keys).clone(),
                    addresses: Vec::new(),
                    network: Network::Public,
                    capacity: CAPACITY,
                    suite: &Libcrux,
                };
                Node::new(&Libcrux, None, Some(Service::open(config, &self.rows, now)?))
            }
            (None, Role::Member(..)) if self.rows.is_empty() => Self::member(self.seed, self.id, now).1,
            (None, Role::Member(..)) => {
                let member = Member::restore(config(self.seed, self.id), &self.rows, now)?;
                Node::new(&Libcrux, Some(member), None)
            }
        });
        Ok(())
    }

    /// Stop at once. The first `durable` open batches reached the disk.
    pub fn crash(&mut self, durable: usize) {
        self.node = None;
        self.deadline = None;
        self.connections.clear();
        for batch in self.open.drain(..).take(durable) {
            self.rows.apply(&batch);
        }
        self.open.clear();
    }

    /// Every open batch up to this one reaches the disk.
    pub fn commit(&mut self, upto: BatchId) {
        let done = self.open.iter().take_while(|batch| batch.id <= upto).count();
        for batch in self.open.drain(..done) {
            self.rows.apply(&batch);
        }
    }
}

fn store_key(seed: u64, id: HostId) -> StoreKey {
    StoreKey::from_bytes(sha3(&[b"store", &seed.to_be_bytes(), &[id.0]]))
}

fn config(seed: u64, id: HostId) -> MemberConfig {
    let key = store_key(seed, id);
    // No delays: what a relay sends leaves while it handles what it got, so a packet's way can be followed. Latencies of
    // links reorder enough.
    MemberConfig { suite: &Libcrux, key, network: Network::Public, delay: Delay::FAST, poll: None }
}
