//! One storing node: a signed reading as it comes out of the onion, the reply packet over its block.
//!
//! Store, barrier and relay stand together as in the engine's service node; the hop that opens the command's packet is the
//! other row.

use anyhow::{Context, Result, anyhow, bail, ensure};
use chacha20::ChaCha20Rng;
use pars_crypto::hash::random;
use pars_crypto::sign::Ed25519Secret;
use pars_engine::barrier::Barrier;
use pars_proto::onion::build::Hop;
use pars_proto::onion::epoch::{Epoch, expiry_at};
use pars_proto::onion::packet::HOPS;
use pars_proto::onion::relay::{Relay, RelayIn, RelayOut, Start};
use pars_proto::onion::surb::{ReplyTo, Surb};
use pars_proto::swarm::Registrar;
use pars_proto::swarm::auth::Auth;
use pars_proto::swarm::command::Command;
use pars_proto::swarm::frame::{Body as FrameBody, Frame};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::placement::Operators;
use pars_proto::swarm::reply::{Items, Reply};
use pars_proto::swarm::store::{Body, Store, StoreConfig, StoreIn, StoreOut};
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::limits::{ONION_ROOM, SURB};
use pars_wire::machine::{Cx, Machine, Now, Tick};

use super::host::{CAPACITY, Mailboxes, NODES, Operator, SUITE, WALL, other_key, snapshot, source};
use super::stores::put;
use crate::clock::{each, repeat_on};

/// Mailboxes that are read in turn.
const MAILBOXES: usize = 50;
/// Objects of each: as many as one reply holds.
const OBJECTS: usize = 2;
const NOW: Now = Now { tick: Tick(1), wall: WALL };

/// CPU in ms of one reading.
pub(super) fn measure(runs: usize, readings: usize) -> Result<f64> {
    let operators = Operator::some(NODES);
    let mut shop = Shop::open(&operators)?;
    let mut mailboxes = Mailboxes::at_first(&operators)?;
    let keys: Vec<DayKey> = (0..MAILBOXES).map(|_| mailboxes.next()).collect();
    keys.iter().try_for_each(|key| shop.fill(key))?;
    let (node, block, mut rng) = (shop.node, block(&operators)?, source(13));
    let mut gets = |count: usize| -> Vec<Body> {
        keys.iter().cycle().take(count).map(|key| get(key, node, &block, &mut rng)).collect()
    };
    for body in gets(MAILBOXES) {
        ensure!(shop.items(body)? == OBJECTS, "a reading does not return what the mailbox holds");
    }
    let costs =
        repeat_on(runs, |_| Ok(gets(readings)), |bodies| bodies.into_iter().try_for_each(|body| shop.read(body)))?;
    Ok(each(&costs, readings))
}

fn get(key: &DayKey, node: NodeId, block: &[u8], rng: &mut ChaCha20Rng) -> Body {
    let command = Command::Get { flag: Flag::Pair, auth: Auth::unsigned(), cursor: 0 };
    let command = command.signed(key, Some(node), WALL, random(rng)).encode(1);
    let mut body = Box::new([0; ONION_ROOM]);
    body.iter_mut().zip(command).for_each(|(to, from)| *to = from);
    body.iter_mut().skip(ONION_ROOM - SURB).zip(block).for_each(|(to, from)| *to = *from);
    body
}

/// A reply block that does not begin at the first node. The node that uses it cannot tell it from any other.
fn block(operators: &[Operator]) -> Result<Vec<u8>> {
    let hop = |operator: &Operator| Hop {
        node: operator.registration.node,
        epoch: Epoch::at(WALL),
        key: other_key(),
        delay_ms: 0,
    };
    let path: Vec<Hop> = operators.iter().skip(1).take(HOPS).map(hop).collect();
    let path: [Hop; HOPS] = path.try_into().map_err(|_| anyhow!("a path has {HOPS} hops"))?;
    let to = ReplyTo { token: [1; 16], surb: [2; 16] };
    let (block, _) = Surb::make(SUITE, &path, to, expiry_at(WALL), &mut source(14))?;
    Ok(block.encode())
}

/// A service node's machines without its disk: a reading changes no row.
struct Shop {
    node: NodeId,
    store: Store,
    relay: Relay,
    barrier: Barrier<StoreOut>,
    rng: ChaCha20Rng,
}

impl Shop {
    fn open(operators: &[Operator]) -> Result<Self> {
        let Operator { keys, registration } = operators.first().context("a node")?;
        let node = registration.node;
        let key = Ed25519Secret::from_seed(keys.ed25519_seed().clone());
        let config = StoreConfig { node, key, operators: Operators::Waived, capacity: CAPACITY };
        let store = Store::open(config, Box::new(Registrar::new(SUITE)), [])?;
        let relay = Relay::new(SUITE, node, Start::Fresh, NOW);
        let mut shop = Self { node, store, relay, barrier: Barrier::default(), rng: source(15) };
        shop.store(StoreIn::Snapshot(snapshot(operators)?));
        shop.relay(RelayIn::Wake);
        Ok(shop)
    }

    fn store(&mut self, input: StoreIn) -> Vec<StoreOut> {
        let mut out = Vec::new();
        self.store.handle(&mut Cx { now: NOW, rng: &mut self.rng, out: &mut out }, input);
        out
    }

    fn relay(&mut self, input: RelayIn) -> Vec<RelayOut> {
        let mut out = Vec::new();
        self.relay.handle(&mut Cx { now: NOW, rng: &mut self.rng, out: &mut out }, input);
        out
    }

    fn fill(&mut self, key: &DayKey) -> Result<()> {
        for _ in 0..OBJECTS {
            let frame = Frame { request: 0, from: self.node, body: FrameBody::Store(put(key, &mut self.rng)) };
            let outputs = self.store(StoreIn::Frame(frame.encode()));
            ensure!(matches!(outputs.first(), Some(StoreOut::Persist(_))), "an object is not stored");
        }
        Ok(())
    }

    /// How many objects a reading returns.
    fn items(&mut self, body: Body) -> Result<usize> {
        match self.store(StoreIn::Command(body)).as_slice() {
            [StoreOut::Reply { body, .. }] => match Reply::decode(body)?.items {
                Items::Objects(items) => Ok(items.len()),
                other => bail!("objects were expected, not {other:?}"),
            },
            other => bail!("one reply was expected, not {} outputs", other.len()),
        }
    }

    fn read(&mut self, body: Body) -> Result<()> {
        let mut sent = 0;
        for output in self.store(StoreIn::Command(body)) {
            let Some(StoreOut::Reply { surb, body }) = self.barrier.pass(output) else { bail!("a reply was expected") };
            sent +=
                self.relay(RelayIn::Reply { surb, body }).iter().filter(|o| matches!(o, RelayOut::Send { .. })).count();
        }
        ensure!(sent == 1, "one packet was expected, not {sent}");
        Ok(())
    }
}
