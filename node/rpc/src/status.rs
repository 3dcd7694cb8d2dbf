//! `status.get`, `peers.list`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::SessionId;

/// Of `status.get`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetStatus {}

/// Of `peers.list`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPeers {}

/// How the daemon does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `mainnet`, `testnet` or `dev`.
    pub network: String,
    /// 7070, 7071, 7072.
    pub chain_id: u64,
    /// Version of the daemon.
    pub version: String,
    /// Whether messages can be sent now.
    pub state: State,
    /// Our own index of the chain.
    pub chain: Chain,
    /// Nodes whose descriptors of today are here and verified.
    pub relays: u32,
    /// The first relay, if a link stands: 64 digits.
    pub first_relay: Option<String>,
    /// Objects that are not stored yet.
    pub outgoing: u32,
    /// What this daemon does besides: a service node's id.
    pub service: Option<String>,
    /// Whether it carries out actions.
    pub executor: bool,
    /// Newest event's cursor.
    pub cursor: u64,
    /// What was acknowledged.
    pub acknowledged: u64,
    /// Sessions that are read no further before some of their messages are acknowledged or marked as read. What is sent there
    /// meanwhile waits at the nodes, for 14 days at most. By id; empty: everything is read.
    pub paused: Vec<Paused>,
}

/// A session that is read no further for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paused {
    /// Which.
    pub session: SessionId,
    /// Its messages that are neither acknowledged nor marked as read.
    pub open: u32,
}

/// Whether messages can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// No identity yet.
    NoIdentity,
    /// No chain, no descriptors or no link yet.
    Connecting,
    /// All well.
    Ready,
    /// Fewer than 20 relays or 3 operators: works, hides less.
    Degraded,
}

/// Our own index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// Newest block.
    pub head: u64,
    /// Newest final block.
    pub finalized: u64,
    /// The chain's node answers and the index is at its head.
    pub synced: bool,
}

/// A registered node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// 64 digits.
    pub node: String,
    /// Who runs it: 64 digits.
    pub operator: String,
    /// Raw units of the token, decimal.
    pub stake: String,
    /// Where it listens, by its descriptor.
    pub addresses: Vec<String>,
    /// A descriptor of today is here.
    pub described: bool,
    /// The first relay.
    pub first_relay: bool,
}

/// What `peers.list` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Peers {
    /// By id.
    pub peers: Vec<Peer>,
}
