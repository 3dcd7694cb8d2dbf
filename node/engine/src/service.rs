//! A service node: the onion relay and the swarm store, side by side.
//!
//! ```text
//! link ─packet─► relay ─Service(body)─► store ─Reply(block, body)─► relay ─packet─► link
//! link ─frame──► store ─Frame──────────────────────────────────────────────────► link
//! ```
//!
//! The store's barrier withholds its replies and frames until its rows are durable; the relay never waits for it.

use pars_crypto::Suite;
use pars_crypto::sign::{Ed25519Secret, HybridSecret};
use pars_proto::onion::descriptor::{Body, Descriptor};
use pars_proto::onion::relay::{Relay, RelayIn, RelayOut, Start};
use pars_proto::swarm::Registrar;
use pars_proto::swarm::placement::Operators;
use pars_proto::swarm::store::{Store, StoreConfig, StoreIn, StoreOut};
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::machine::{Cx, Machine, Now, Tick};

use crate::barrier::Barrier;
use crate::io::{DescriptorRefused, Event, Link, Output};
use crate::node::Ids;
use crate::registry::{Network, Registry};
use crate::store::{BatchId, Change, RestoreError, Rows, Table, Value};

/// Who a service node is.
pub struct ServiceConfig {
    /// Its id in the registry.
    pub node: NodeId,
    /// Its registered keys.
    pub keys: HybridSecret,
    /// Where its links listen.
    pub addresses: Vec<std::net::SocketAddr>,
    /// The network's rules.
    pub network: Network,
    /// Bytes of objects and records it holds at most.
    pub capacity: usize,
    /// The post-quantum back end.
    pub suite: &'static dyn Suite,
}

/// A service node's half of a [`crate::Node`].
pub struct Service {
    config: ServiceConfig,
    relay: Relay,
    store: Store,
    barrier: Barrier<StoreOut>,
}

type Context<'a, 'b> = &'a mut Cx<'b, Output>;

impl Service {
    /// A service node as its durable rows describe it (none: a new one). The relay begins afresh.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn open(config: ServiceConfig, rows: &Rows, now: Now) -> Result<Self, RestoreError> {
        let operators = match config.network {
            Network::Public => Operators::Capped,
            Network::Dev => Operators::Waived,
        };
        let key = Ed25519Secret::from_seed(config.keys.ed25519_seed().clone());
        let store_config = StoreConfig { node: config.node, key, operators, capacity: config.capacity };
        let plain = rows.of(Table::Store).filter_map(|(key, value)| match value {
            Value::Plain(bytes) => Some((key.to_vec(), bytes.clone())),
            Value::Sealed(_) => None,
        });
        let store = Store::open(store_config, Box::new(Registrar::new(config.suite)), plain)?;
        let relay = Relay::new(config.suite, config.node, Start::Fresh, now);
        Ok(Self { config, relay, store, barrier: Barrier::default() })
    }

    pub(crate) fn receive(&mut self, cx: Context<'_, '_>, ids: &mut Ids, bytes: Vec<u8>) {
        match bytes.first() {
            Some(&pars_proto::swarm::frame::VERSION) => self.store(cx, ids, StoreIn::Frame(bytes)),
            _ => self.relay(cx, ids, RelayIn::Packet(bytes)),
        }
    }

    pub(crate) fn learn(&mut self, cx: Context<'_, '_>, ids: &mut Ids, registry: &Registry) {
        self.store(cx, ids, StoreIn::Snapshot(registry.snapshot()));
    }

    pub(crate) fn wake(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        self.relay(cx, ids, RelayIn::Wake);
        self.store(cx, ids, StoreIn::Wake);
    }

    pub(crate) fn committed(&mut self, cx: Context<'_, '_>, ids: &mut Ids, batch: BatchId) {
        for effect in self.barrier.committed(batch) {
            self.effect(cx, ids, effect);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.relay.deadline().into_iter().chain(self.store.deadline()).min()
    }

    /// Its id in the registry.
    pub const fn node(&self) -> NodeId {
        self.config.node
    }

    /// What waits for commits.
    pub fn waiting(&self) -> usize {
        self.barrier.len()
    }

    fn relay(&mut self, cx: Context<'_, '_>, ids: &mut Ids, input: RelayIn) {
        let mut out = Vec::new();
        self.relay.handle(&mut Cx { now: cx.now, rng: &mut *cx.rng, out: &mut out }, input);
        for output in out {
            match output {
                RelayOut::Send { to, packet } => cx.out.push(Output::Send { to: Link::Node(to), bytes: packet }),
                RelayOut::Deliver { token, packet } => {
                    cx.out.push(Output::Send { to: Link::Client(token), bytes: packet });
                }
                RelayOut::Service(body) => self.store(cx, ids, StoreIn::Command(body)),
                RelayOut::Publish { day, keys } => {
                    let body = Body { node: self.config.node, day, keys, addresses: self.config.addresses.clone() };
                    self.publish(cx, body);
                }
                RelayOut::Dropped(reason) => cx.out.push(Output::Event(Event::Dropped(reason))),
            }
        }
    }

    fn publish(&self, cx: Context<'_, '_>, body: Body) {
        let dsa = Box::new(*self.config.keys.public().dsa());
        cx.out.push(match Descriptor::sign(self.config.suite, body, &self.config.keys, cx.rng) {
            Ok(descriptor) => Output::Publish { bytes: descriptor.encode(), dsa },
            Err(error) => Output::Event(Event::Descriptor(DescriptorRefused::Refused(error))),
        });
    }

    fn store(&mut self, cx: Context<'_, '_>, ids: &mut Ids, input: StoreIn) {
        let mut out = Vec::new();
        self.store.handle(&mut Cx { now: cx.now, rng: &mut *cx.rng, out: &mut out }, input);
        for output in out {
            match output {
                StoreOut::Persist(rows) => {
                    let change = |row: pars_proto::swarm::store::rows::Row| Change {
                        table: Table::Store,
                        key: row.key,
                        value: row.value.map(Value::Plain),
                    };
                    let batch = ids.batch(rows.into_iter().map(change).collect());
                    self.barrier.persist(batch.id);
                    cx.out.push(Output::Persist(batch));
                }
                other => {
                    if let Some(effect) = self.barrier.pass(other) {
                        self.effect(cx, ids, effect);
                    }
                }
            }
        }
    }

    fn effect(&mut self, cx: Context<'_, '_>, ids: &mut Ids, effect: StoreOut) {
        match effect {
            StoreOut::Reply { surb, body } => self.relay(cx, ids, RelayIn::Reply { surb, body }),
            StoreOut::Frame { to, bytes } => cx.out.push(Output::Send { to: Link::Node(to), bytes }),
            StoreOut::Malformed => cx.out.push(Output::Event(Event::Malformed)),
            StoreOut::Persist(_) => {}
        }
    }
}
