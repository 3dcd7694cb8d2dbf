//! Links: QUIC connections that carry packets of 16,384 bytes and nothing else (SESSION section 5 "Link").
//!
//! A node is reached as an anonymous client of it, by members and by other nodes alike; what it answers comes back over the
//! same connection. Who opened a link keeps it; an accepting node names it by its delivery token only.
//!
//! | Case | What happens |
//! |---|---|
//! | `Connect` | dialled; `Connected` or `Disconnected`; never dialled again before the engine asks |
//! | `Send` to a node, link stands or is being dialled | queued |
//! | `Send` to a node, no link, service node | dialled, unless an attempt failed a moment ago; closed after two idle minutes |
//! | `Send` to a node, no link, member | dropped |
//! | a queue is full | dropped |
//! | a stream ends within a packet | the connection is closed |

mod connection;
mod limits;
mod pump;
pub(crate) mod tls;
pub(super) mod transport;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use pars_engine::Link;
use pars_engine::registry::Network;
use pars_wire::NodeId;
use pars_wire::limits::PACKET;
use quinn::Endpoint;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use self::connection::{Outgoing, Report, Shared, accept};
use self::pump::Queued;
use self::transport::Dialer;
use super::admission::Admission;
use super::capture::Capture;
use super::directory::Routes;
use super::discovery::Told;
use super::{NetIn, NetOut};

/// Reports that may wait: tasks of connections wait when they are full.
const REPORTS: usize = 256;

/// What links are made of.
pub(super) struct LinksConfig {
    /// Links of one address have no limit on a development network.
    pub(super) network: Network,
    /// Opens links.
    pub(super) dialer: Dialer,
    /// Present on a service node.
    pub(super) endpoint: Option<Endpoint>,
    /// Where nodes are and which keys they have.
    pub(super) routes: watch::Receiver<Routes>,
    /// Towards the driver.
    pub(super) out: mpsc::Sender<NetOut>,
    /// Towards discovery.
    pub(super) discovery: mpsc::Sender<Told>,
    /// Where packets are written down.
    pub(super) capture: Option<Capture>,
}

/// A link we opened; it ends when this is dropped.
struct Open {
    number: u64,
    queue: mpsc::Sender<Queued>,
    task: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A node that was not reached.
struct Rest {
    until: Instant,
    next: Duration,
}

/// The one task that knows every link.
pub(super) struct Links {
    shared: Shared,
    reports: mpsc::Receiver<Report>,
    dialer: Dialer,
    endpoint: Option<Endpoint>,
    admission: Admission,
    routes: watch::Receiver<Routes>,
    discovery: mpsc::Sender<Told>,
    room: Arc<Semaphore>,
    tasks: JoinSet<()>,
    /// Links the engine asked for.
    asked: BTreeMap<NodeId, Open>,
    /// Links to nodes that a service node opened by itself.
    nodes: BTreeMap<NodeId, Open>,
    clients: BTreeMap<[u8; 16], mpsc::Sender<Queued>>,
    resting: BTreeMap<NodeId, Rest>,
    number: u64,
}

impl Links {
    /// Put together; nothing runs yet.
    pub(super) fn new(config: LinksConfig) -> Self {
        let (to, reports) = mpsc::channel(REPORTS);
        let of_one = match config.network {
            Network::Dev => limits::CONNECTIONS,
            Network::Public => limits::CONNECTIONS_OF_ONE,
        };
        Self {
            shared: Shared { out: config.out, reports: to, capture: config.capture },
            reports,
            dialer: config.dialer,
            endpoint: config.endpoint,
            admission: Admission::new(limits::CONNECTIONS, of_one),
            routes: config.routes,
            discovery: config.discovery,
            room: Arc::new(Semaphore::new(limits::QUEUED)),
            tasks: JoinSet::new(),
            asked: BTreeMap::new(),
            nodes: BTreeMap::new(),
            clients: BTreeMap::new(),
            resting: BTreeMap::new(),
            number: 0,
        }
    }

    /// Run until the driver drops its end.
    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<NetIn>) {
        if let Some(endpoint) = &self.endpoint {
            self.tasks.spawn(accept(endpoint.clone(), self.admission.clone(), self.shared.clone()));
        }
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => {
                        self.catch_up();
                        self.input(input).await;
                    }
                    None => break,
                },
                Some(report) = self.reports.recv() => self.report(report),
                Some(_) = self.tasks.join_next() => {}
            }
        }
        self.tasks.shutdown().await;
        if let Some(endpoint) = &self.endpoint {
            transport::close(endpoint).await;
        }
        self.dialer.close().await;
    }

    /// A client's link is reported before its first packet is: an answer to that packet must find it.
    fn catch_up(&mut self) {
        for _ in 0..self.reports.len() {
            if let Ok(report) = self.reports.try_recv() {
                self.report(report);
            }
        }
    }

    async fn input(&mut self, input: NetIn) {
        match input {
            NetIn::Connect(node) => {
                self.asked.remove(&node);
                let open = self.open(node, true);
                self.asked.insert(node, open);
            }
            NetIn::Disconnect(node) => {
                self.asked.remove(&node);
            }
            NetIn::Send { to, bytes } => self.send(to, bytes),
            // Discovery never waits for us, so that this wait is short.
            NetIn::Publish { bytes, dsa } => {
                let _ = self.discovery.send(Told::Publish { psrd: bytes, dsa }).await;
            }
            NetIn::Registry(nodes) => {
                let _ = self.discovery.send(Told::Registry(nodes)).await;
            }
        }
    }

    fn open(&mut self, node: NodeId, asked: bool) -> Open {
        self.number += 1;
        let (queue, queued) = mpsc::channel(limits::QUEUE);
        let outgoing = Outgoing {
            shared: self.shared.clone(),
            dialer: self.dialer.clone(),
            node,
            route: self.routes.borrow().get(&node).cloned(),
            number: self.number,
            asked,
        };
        Open { number: self.number, queue, task: self.tasks.spawn(outgoing.run(queued)) }
    }

    fn send(&mut self, to: Link, bytes: Vec<u8>) {
        if bytes.len() != PACKET {
            tracing::error!(length = bytes.len(), "only packets of 16,384 bytes are sent; this one is dropped");
            return;
        }
        let Some(queue) = self.queue(to) else { return };
        // Full: dropped, the engine repeats.
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            let _ = queue.try_send(Queued { bytes, _place: place });
        }
    }

    fn queue(&mut self, to: Link) -> Option<mpsc::Sender<Queued>> {
        let node = match to {
            Link::Client(token) => return self.clients.get(&token).cloned(),
            Link::Node(node) => node,
        };
        if let Some(open) = self.asked.get(&node).or_else(|| self.nodes.get(&node)) {
            return Some(open.queue.clone());
        }
        let rests = self.resting.get(&node).is_some_and(|rest| Instant::now() < rest.until);
        if self.endpoint.is_none() || rests || self.nodes.len() >= limits::NODE_LINKS {
            return None;
        }
        if !self.routes.borrow().contains_key(&node) {
            return None;
        }
        let open = self.open(node, false);
        let queue = open.queue.clone();
        self.nodes.insert(node, open);
        Some(queue)
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Opened { token, queue } => {
                self.clients.insert(token, queue);
            }
            Report::Closed { token } => {
                self.clients.remove(&token);
            }
            Report::Ended { node, number, stood } => {
                for links in [&mut self.asked, &mut self.nodes] {
                    if let Entry::Occupied(open) = links.entry(node)
                        && open.get().number == number
                    {
                        open.remove();
                    }
                }
                self.rest(node, stood);
            }
        }
    }

    /// Only nodes with a route are dialled by themselves, so that this map is bounded by the registry.
    fn rest(&mut self, node: NodeId, stood: bool) {
        if stood {
            self.resting.remove(&node);
        } else if self.routes.borrow().contains_key(&node) {
            let rest = self.resting.entry(node).or_insert(Rest { until: Instant::now(), next: limits::REST });
            rest.until = Instant::now() + rest.next;
            rest.next = (rest.next * 2).min(limits::LONGEST_REST);
        } else {
            self.resting.remove(&node);
        }
    }
}

#[cfg(test)]
mod tests;
