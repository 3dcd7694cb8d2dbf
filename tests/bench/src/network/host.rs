//! Registered nodes, and the engine of one of them without links or clock.

use anyhow::{Context, Result, bail};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::secret::MailboxSecret;
use pars_crypto::sign::{Ed25519Public, HybridSecret};
pub(super) use pars_daemon::driver::SUITE;
use pars_engine::io::{Input, Link, Output};
use pars_engine::registry::{Network, Registry};
use pars_engine::service::{Service, ServiceConfig};
use pars_engine::{Node, Rows};
use pars_proto::onion::Descriptor;
use pars_proto::onion::descriptor::Registration;
use pars_proto::onion::epoch::Epoch;
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::placement::{Operators, Placement, Snapshot, StoreNode};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

/// An afternoon, in the middle of a key epoch.
pub(super) const WALL: UnixMinute = UnixMinute(20_000 * 1_440 + 14 * 60 + 1);
/// Its day.
pub(super) const TODAY: Day = Day(20_000);
/// Nodes of a network that does not count as degraded.
pub(super) const NODES: usize = 20;
/// More than any run stores.
pub(super) const CAPACITY: usize = 1 << 30;

/// A stream of numbers that is the same in every run.
pub(super) fn source(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A service node as the registry and its owner know it.
pub(super) struct Operator {
    pub(super) keys: HybridSecret,
    pub(super) registration: Registration,
}

impl Operator {
    /// So many, always the same.
    pub(super) fn some(count: usize) -> Vec<Self> {
        let mut rng = source(20);
        let one = |number: usize| {
            let keys = HybridSecret::generate(SUITE, &mut rng);
            let node = NodeId(sha3(&[b"node", &number.to_be_bytes()]).into());
            let identity_hash = sha3(&[keys.public().dsa()]);
            let transport_key = *keys.public().ed25519().as_bytes();
            let registration = Registration { node, operator: [1; 32], identity_hash, transport_key, stake: 1 };
            Self { keys, registration }
        };
        (0..count).map(one).collect()
    }
}

/// What the chain says of a day.
pub(super) fn registry(operators: &[Operator], day: Day) -> Registry {
    let nodes = operators.iter().map(|operator| operator.registration).collect();
    Registry { day, beacon: sha3(&[&day.to_bytes()]), nodes }
}

/// The same for the swarm alone.
pub(super) fn snapshot(operators: &[Operator]) -> Result<Snapshot> {
    let Registry { day, beacon, nodes } = registry(operators, TODAY);
    let store = |of: Registration| -> Result<StoreNode> {
        Ok(StoreNode { node: of.node, operator: of.operator, key: Ed25519Public::from_bytes(&of.transport_key)? })
    };
    Ok(Snapshot { day, beacon, nodes: nodes.into_iter().map(store).collect::<Result<_>>()? })
}

/// Mailboxes of today that lie at the first node.
pub(super) struct Mailboxes {
    placement: Placement,
    node: NodeId,
    rng: ChaCha20Rng,
}

impl Mailboxes {
    pub(super) fn at_first(operators: &[Operator]) -> Result<Self> {
        let mut placement = Placement::new(Operators::Waived);
        placement.learn(snapshot(operators)?);
        let node = operators.first().context("a node")?.registration.node;
        Ok(Self { placement, node, rng: source(21) })
    }

    pub(super) fn next(&mut self) -> DayKey {
        loop {
            let key = DayKey::derive(&MailboxSecret::generate(&mut self.rng), Flag::Pair, TODAY);
            if self.placement.replicas(&key.tag(), TODAY).contains(&self.node) {
                return key;
            }
        }
    }
}

/// A service node.
pub(super) struct Host {
    node: Node,
    rng: ChaCha20Rng,
    tick: u64,
    published: Option<Xw768Public>,
}

impl Host {
    /// The first of these nodes, with today's registry and fresh onion keys.
    pub(super) fn start(operators: &[Operator]) -> Result<Self> {
        let Operator { keys, registration } = operators.first().context("a node")?;
        let config = ServiceConfig {
            node: registration.node,
            keys: keys.clone(),
            addresses: Vec::new(),
            network: Network::Dev,
            capacity: CAPACITY,
            suite: SUITE,
        };
        let service = Service::open(config, &Rows::default(), Now { tick: Tick(0), wall: WALL })?;
        let node = Node::new(SUITE, None, Some(service));
        let mut host = Self { node, rng: source(22), tick: 0, published: None };
        host.handle(Input::Chain(registry(operators, TODAY)));
        let published = host.handle(Input::Wake).into_iter().find_map(|output| match output {
            Output::Publish { bytes, dsa } => {
                Descriptor::decode(&bytes).ok().filter(|d| d.day() == TODAY).zip(Some(dsa))
            }
            _ => None,
        });
        let (descriptor, dsa) = published.context("a service node publishes its keys when it starts")?;
        let verified = descriptor.verify(SUITE, registration, &dsa, WALL)?;
        host.published = verified.key(Epoch::at(WALL)).cloned();
        Ok(host)
    }

    /// Its onion key of now.
    pub(super) fn key(&self) -> Result<&Xw768Public> {
        self.published.as_ref().context("a service node publishes a key for every epoch of the day")
    }

    /// One input a millisecond later: never more than a relay admits.
    pub(super) fn handle(&mut self, input: Input) -> Vec<Output> {
        self.tick += 1;
        let mut out = Vec::new();
        let now = Now { tick: Tick(self.tick), wall: WALL };
        self.node.handle(&mut Cx { now, rng: &mut self.rng, out: &mut out }, input);
        out
    }

    /// Bytes of a link.
    pub(super) fn receive(&mut self, bytes: Vec<u8>) -> Vec<Output> {
        self.handle(Input::Recv { from: Link::Client([7; 16]), bytes })
    }
}

/// The onion key of a node that is only named.
pub(super) fn other_key() -> Xw768Public {
    Xw768Secret::generate(SUITE, &mut source(23)).public()
}

/// The one packet that a node sends.
pub(super) fn sent(outputs: &[Output]) -> Result<&[u8]> {
    match outputs {
        [Output::Send { bytes, .. }] => Ok(bytes),
        other => bail!("one packet was expected, not {} outputs", other.len()),
    }
}
