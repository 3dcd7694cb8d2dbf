//! The network of one daemon: links over quinn, discovery over libp2p (SESSION section 5 "Link", decision O-50).
//!
//! ```text
//! driver ──NetIn──► links ──────► one task per connection ◄─ QUIC ─► nodes, clients
//!    ▲                │ Publish, Registry                  │ Recv, Connected, Disconnected
//!    │                ▼                                    │
//!    └──NetOut── discovery ◄─ libp2p ─► bootstrap nodes    │
//!    └─────────────────────────────────────────────────────┘
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`links`] | connections of 16,384-byte packets: dialling, accepting, limits, queues |
//! | [`discovery`] | descriptors put to and fetched from bootstrap nodes |
//! | [`admission`] | how much one address may have |
//! | [`directory`] | which descriptors are held: a value without I/O |
//! | [`capture`] | what `--capture` and `--capture-tunnels` write, on a development network only |
//! | [`mod@start`] | ports, tasks, and the order in which they end |
//! | [`clock`] | the one place that reads the wall clock |
//!
//! Nothing here waits for the driver while the driver waits for it: what comes in is always drained; a full queue of a link
//! drops packets (the engine repeats), and only tasks of single connections wait for room towards the driver.

mod admission;
pub mod capture;
mod clock;
mod directory;
mod discovery;
mod error;
pub(crate) mod links;
mod start;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use libp2p::Multiaddr;
use pars_crypto::secret::Ed25519Seed;
use pars_crypto::suite::DSA87_PUBLIC;
use pars_engine::Link;
use pars_engine::registry::Network;
use pars_proto::onion::descriptor::Registration;
use pars_wire::NodeId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::room::objects::ObjectClient;
pub use error::NetError;
pub use start::start;

/// Inputs that may wait: the driver waits when they are full, which lasts only as long as one of them is handed on.
const IN_QUEUE: usize = 1_024;
/// Outputs that may wait: links stop reading when they are full.
const OUT_QUEUE: usize = 1_024;

/// The keys of a service node's links.
#[derive(Clone, Debug)]
pub struct ServiceLink {
    /// Who it is in the registry.
    pub node: NodeId,
    /// The secret of the registered Ed25519 transport key; wiped when dropped.
    pub seed: Ed25519Seed,
}

/// How the network is set up.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Captures and many links of one address are for development only.
    pub network: Network,
    /// `/ip4/…/tcp/PORT` or `/ip6/…/tcp/PORT`; port 0: the system chooses. A service node's links listen on UDP of the same
    /// number.
    pub listen: Multiaddr,
    /// Present on a service node: it accepts links and serves descriptors.
    pub service: Option<ServiceLink>,
    /// `/ip4/…/tcp/PORT/p2p/ID` of nodes that descriptors are put to and fetched from.
    pub bootstrap: Vec<Multiaddr>,
    /// Where others reach this service node's links, if not where it listens (at most 3; behind a translated address, or a
    /// test's proxy).
    pub advertise: Vec<SocketAddr>,
    /// Where to write every packet of every link; refused off the development network.
    pub capture: Option<PathBuf>,
    /// How often descriptors are fetched, and our own put again.
    pub refresh: Duration,
}

/// What the network is told.
#[derive(Debug)]
pub enum NetIn {
    /// Open a link to a node and say how it went; replaces one that stands.
    Connect(NodeId),
    /// Close that link, without an answer.
    Disconnect(NodeId),
    /// Send 16,384 bytes. A service node opens a link to a node by itself; a member's must have been asked for. Dropped if the
    /// link's queue is full, there is no such link, or its node is not known.
    Send {
        /// Over which link.
        to: Link,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// Serve this descriptor of our own: put it to every bootstrap node until each has it.
    Publish {
        /// `PSRD`, 9,660 bytes.
        bytes: Vec<u8>,
        /// Our ML-DSA key.
        dsa: Box<[u8; DSA87_PUBLIC]>,
    },
    /// All nodes registered now: replaces what was said before.
    Registry(Vec<Registration>),
}

/// What the network reports.
#[derive(Debug)]
pub enum NetOut {
    /// A packet of 16,384 bytes came.
    Recv {
        /// Over which link; answers to a client go there.
        from: Link,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// A link that was asked for stands.
    Connected {
        /// With whom.
        node: NodeId,
        /// The connection's delivery token there.
        token: [u8; 16],
    },
    /// A link that was asked for broke, or never stood.
    Disconnected(NodeId),
    /// A descriptor that verified against the registry and is not the one told before for that node and day.
    Descriptor {
        /// `PSRD`, 9,660 bytes.
        bytes: Vec<u8>,
        /// The ML-DSA key served with it.
        dsa: Box<[u8; DSA87_PUBLIC]>,
    },
}

/// A running network. It ends when `to` is dropped.
#[derive(Debug)]
pub struct Net {
    /// Towards the network.
    pub to: mpsc::Sender<NetIn>,
    /// From the network; must be read all the time.
    pub from: mpsc::Receiver<NetOut>,
    /// Where discovery listens, with `/p2p/`.
    pub listen: Multiaddr,
    /// What a service node's descriptor says: where its links are reached. Empty on a member.
    pub addresses: Vec<SocketAddr>,
    /// Asks service nodes for metadata objects of rooms.
    pub objects: ObjectClient,
    /// Ends when every task has ended and a capture is on disk.
    pub ended: JoinHandle<()>,
}
