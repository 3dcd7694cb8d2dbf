//! `status.get`, `peers.list`.

use pars_crypto::Suite;
use pars_engine::registry::Registry;
use pars_engine::{Node, io as engine};
use pars_proto::onion::Descriptor;
use pars_rpc::status::{Chain, GetStatus, ListPeers, Paused, Peer, Peers, State, Status};
use pars_rpc::{HexBytes, RpcError};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};

use super::Context;
use super::answer::{Answers, stopped};
use crate::clock;
use crate::driver::{Described, SUITE, View};

/// What a member's half of the engine says of itself.
#[derive(Default)]
struct Member {
    first_relay: Option<NodeId>,
    degraded: bool,
    outgoing: usize,
    cursor: u64,
    acknowledged: u64,
    paused: Vec<Paused>,
}

fn paused(of: &engine::Paused) -> Paused {
    Paused { session: HexBytes(of.peer.0), open: count(of.open) }
}

fn member(node: &Node) -> Option<Member> {
    let member = node.member()?;
    Some(Member {
        first_relay: member.first_relay(),
        degraded: member.degraded(),
        outgoing: member.desk().on_the_way(),
        cursor: member.cursor(),
        acknowledged: member.acknowledged(),
        paused: member.paused().iter().map(paused).collect(),
    })
}

/// 64 digits.
fn digits(id: NodeId) -> String {
    hex::encode(id.0)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Answers for GetStatus {
    async fn answer(self, context: &Context) -> Result<Status, RpcError> {
        let member = context.handle.read(member).await.map_err(stopped)?;
        let progress = *context.progress.borrow();
        let relays = context.handle.view().relays(Day::at(clock::wall())).len();
        let state = match &member {
            None => State::NoIdentity,
            Some(member) if !progress.synced || member.first_relay.is_none() => State::Connecting,
            Some(member) if member.degraded => State::Degraded,
            Some(_) => State::Ready,
        };
        let member = member.unwrap_or_default();
        Ok(Status {
            network: context.network.name().to_owned(),
            chain_id: context.network.chain_id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state,
            chain: Chain { head: progress.head, finalized: progress.finalized, synced: progress.synced },
            relays: count(relays),
            first_relay: member.first_relay.map(digits),
            outgoing: count(member.outgoing),
            service: context.service.map(digits),
            executor: context.executor,
            cursor: member.cursor,
            acknowledged: member.acknowledged,
            paused: member.paused,
        })
    }
}

impl Answers for ListPeers {
    async fn answer(self, context: &Context) -> Result<Peers, RpcError> {
        let first = context.handle.read(|node| node.member().and_then(|member| member.first_relay()));
        let first = first.await.map_err(stopped)?;
        let view = context.handle.view();
        let today = Day::at(clock::wall());
        let peers = view.registries.get(&today).map(|registry| peers(&view, registry, first)).unwrap_or_default();
        Ok(Peers { peers })
    }
}

fn peers(view: &View, registry: &Registry, first: Option<NodeId>) -> Vec<Peer> {
    let peer = |registration: &pars_proto::onion::descriptor::Registration| {
        let described = view.described.get(&(registry.day, registration.node));
        Peer {
            node: digits(registration.node),
            operator: hex::encode(registration.operator),
            stake: registration.stake.to_string(),
            addresses: described.map(|described| addresses(described, registration)).unwrap_or_default(),
            described: described.is_some(),
            first_relay: first == Some(registration.node),
        }
    };
    let mut peers: Vec<Peer> = registry.nodes.iter().map(peer).collect();
    peers.sort_by(|a, b| a.node.cmp(&b.node));
    peers
}

/// Where a node listens: only what its signature covers.
fn addresses(described: &Described, registration: &pars_proto::onion::descriptor::Registration) -> Vec<String> {
    let suite: &dyn Suite = SUITE;
    let descriptor = Descriptor::decode(&described.bytes).ok();
    let verified = descriptor.and_then(|of| of.verify(suite, registration, &described.dsa, clock::wall()).ok());
    verified.map(|of| of.addresses().iter().map(ToString::to_string).collect()).unwrap_or_default()
}
