//! Discovery: descriptors are put to bootstrap nodes and fetched from them whole, over libp2p (SESSION section 5, O-50).
//!
//! A service node puts its own to every bootstrap node, at once and again at each refresh; bootstrap nodes are service nodes
//! that hold what verifies. Everybody fetches all descriptors of today and tomorrow that it does not hold; nobody asks about
//! one node. A service node is known here by its transport key, a member by a key of this start.
//!
//! What failed, or is not complete, is tried again soon, then later and later, at last at each refresh.

mod addresses;
mod objects;
mod swarm;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::request_response::{Event, InboundRequestId, Message, OutboundRequestId};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm};
use pars_crypto::suite::{DSA87_PUBLIC, Libcrux};
use pars_engine::registry::Network;
use pars_proto::onion::descriptor::{Descriptor, Registration};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::objects::Questions;
use self::swarm::{Behaviour, BehaviourEvent};
use self::wire::{Request, Response};
use super::admission::{Admission, Slot};
use super::directory::{Accepted, Directory, Item, ItemHash, MAX_NODES, PAGE, Refusal, Routes, Source, first_day};
use super::{NetError, NetOut, clock};
use crate::room::objects::{ObjectAsk, Objects};

pub(super) use self::swarm::{address, parts};

/// The first repetition of what failed.
const RETRY: Duration = Duration::from_millis(500);
/// Pages of one day fetched from one bootstrap node in a row.
const PAGES: usize = MAX_NODES / PAGE;
/// Pages that are being written at once: 4 MB.
const WRITTEN: usize = 32;
/// Of these, to one address; no limit on a development network.
const WRITTEN_TO_ONE: usize = 4;
/// Refreshes are not closer than this, whatever the configuration says.
const SHORTEST: Duration = Duration::from_millis(100);

/// What discovery is told.
pub(super) enum Told {
    /// Our own descriptor.
    Publish {
        /// `PSRD`.
        psrd: Vec<u8>,
        /// Our ML-DSA key.
        dsa: Box<[u8; DSA87_PUBLIC]>,
    },
    /// All nodes registered now.
    Registry(Vec<Registration>),
}

/// What discovery is made of.
pub(super) struct DiscoveryConfig {
    /// The transport key of a service node, a fresh key of a member.
    pub(super) key: Keypair,
    /// One address is everybody's on a development network.
    pub(super) network: Network,
    /// Whether descriptors are held for others.
    pub(super) serves: bool,
    /// Nodes to put to and fetch from.
    pub(super) bootstrap: Vec<(PeerId, Multiaddr)>,
    /// How often.
    pub(super) refresh: Duration,
    /// Towards the driver.
    pub(super) out: mpsc::Sender<NetOut>,
    /// Towards the links.
    pub(super) routes: watch::Sender<Routes>,
    /// Metadata objects of rooms: held here, and asked for.
    pub(super) objects: (Objects, mpsc::Receiver<ObjectAsk>),
}

/// A request that waits for its answer.
enum Asked {
    Put {
        peer: PeerId,
        hash: ItemHash,
    },
    Get {
        peer: PeerId,
        day: Day,
        known: BTreeSet<ItemHash>,
        pages: usize,
    },
    /// Of an object, by the number of the question.
    Object(u64),
}

/// The one task that knows every descriptor.
pub(super) struct Discovery {
    swarm: Swarm<Behaviour>,
    config: DiscoveryConfig,
    directory: Directory,
    own: BTreeMap<Day, Item>,
    asked: BTreeMap<OutboundRequestId, Asked>,
    questions: Questions,
    /// Room for pages, and those that are being written.
    room: Admission,
    written: BTreeMap<InboundRequestId, Slot>,
    /// What the driver was not told yet: the newest of each node and day.
    news: BTreeMap<(Day, NodeId), NetOut>,
    next: Instant,
    retry: Duration,
    /// Something failed, or was missing, since the last refresh.
    behind: bool,
}

impl Discovery {
    /// Put together; listens nowhere yet.
    pub(super) fn new(mut config: DiscoveryConfig) -> Result<Self, NetError> {
        config.refresh = config.refresh.max(SHORTEST);
        let of_one = if config.network == Network::Dev { WRITTEN } else { WRITTEN_TO_ONE };
        Ok(Self {
            swarm: swarm::swarm(&config.key, config.network)?,
            config,
            directory: Directory::new(&Libcrux),
            own: BTreeMap::new(),
            asked: BTreeMap::new(),
            questions: Questions::default(),
            room: Admission::new(WRITTEN, of_one),
            written: BTreeMap::new(),
            news: BTreeMap::new(),
            next: Instant::now(),
            retry: RETRY,
            behind: false,
        })
    }

    /// Listen at this address; ends when the system has given the port.
    pub(super) async fn listen(&mut self, at: Multiaddr) -> Result<Multiaddr, std::io::Error> {
        let other = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
        let listener = self.swarm.listen_on(at).map_err(|error| match error {
            libp2p::TransportError::Other(error) => error,
            libp2p::TransportError::MultiaddrNotSupported(address) => other(&address),
        })?;
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => return Ok(address),
                SwarmEvent::ListenerError { listener_id, error } if listener_id == listener => return Err(error),
                SwarmEvent::ListenerClosed { listener_id, .. } if listener_id == listener => {
                    return Err(std::io::ErrorKind::ConnectionAborted.into());
                }
                _ => {}
            }
        }
    }

    /// Run until the links end.
    pub(super) async fn run(mut self, mut told: mpsc::Receiver<Told>) {
        let out = self.config.out.clone();
        loop {
            tokio::select! {
                told = told.recv() => match told {
                    Some(Told::Publish { psrd, dsa }) => self.publish(Item { psrd, dsa }),
                    Some(Told::Registry(nodes)) => self.register(nodes),
                    None => break,
                },
                // The swarm is served while the driver is busy.
                Ok(permit) = out.reserve(), if !self.news.is_empty() => {
                    if let Some((_, news)) = self.news.pop_first() {
                        permit.send(news);
                    }
                }
                Some(ask) = self.config.objects.1.recv() => self.ask_object(ask),
                event = self.swarm.select_next_some() => self.event(event),
                () = sleep_until(self.next) => self.refresh(),
            }
        }
    }

    fn publish(&mut self, item: Item) {
        let Ok(descriptor) = Descriptor::decode(&item.psrd) else {
            tracing::error!("a descriptor of our own is malformed and is not published");
            return;
        };
        if let Err(error) = self.take(item.clone(), Source::Own) {
            tracing::warn!(%error, "our own descriptor is not in the registry's sense yet; it is put again later");
        }
        self.own.insert(descriptor.day(), item);
        self.next = Instant::now();
    }

    fn register(&mut self, nodes: Vec<Registration>) {
        if !self.directory.register(nodes) {
            return;
        }
        for item in self.own.values().cloned().collect::<Vec<_>>() {
            // Refused until we are registered ourselves; asked again with the next registry.
            let _ = self.directory.accept(item, Source::Own, clock::now());
        }
        // The driver has a new registry as well: what it refused before may count now.
        self.news = self.directory.items().map(|(day, node, item)| ((day, node), news(item))).collect();
        self.reroute();
        self.retry = RETRY;
        self.next = Instant::now();
    }

    fn take(&mut self, item: Item, source: Source) -> Result<Accepted, Refusal> {
        let telling = news(&item);
        let accepted = self.directory.accept(item, source, clock::now())?;
        if let Accepted::New(day, node) = accepted {
            self.news.insert((day, node), telling);
            self.reroute();
        }
        Ok(accepted)
    }

    fn reroute(&self) {
        let routes = self.directory.routes(clock::now());
        self.config.routes.send_if_modified(|held| {
            let changed = *held != routes;
            *held = routes;
            changed
        });
    }

    /// Ask every bootstrap node for what is missing, and give it what is ours.
    fn refresh(&mut self) {
        let now = clock::now();
        self.directory.expire(now);
        let first = first_day(now);
        self.own.retain(|day, _| *day >= first);
        self.reroute();
        self.next = Instant::now() + self.config.refresh;
        let today = Day(now.day());
        for (peer, _) in self.config.bootstrap.clone() {
            if peer == *self.swarm.local_peer_id() {
                continue;
            }
            for item in self.own.values().cloned().collect::<Vec<_>>() {
                self.put(peer, &item);
            }
            for day in [today, Day(today.0.saturating_add(1))] {
                let known = self.directory.known(day);
                self.get(peer, day, known, 0);
            }
        }
        if !std::mem::take(&mut self.behind) {
            self.retry = RETRY;
        }
        if self.directory.incomplete(now) {
            self.soon();
        }
    }

    /// Something is missing: do not wait for the next refresh.
    fn soon(&mut self) {
        self.behind = true;
        let soon = Instant::now() + self.retry;
        if soon < self.next {
            self.next = soon;
            self.retry = (self.retry * 2).min(self.config.refresh);
        }
    }

    fn put(&mut self, to: PeerId, item: &Item) {
        let hash = item.hash();
        let open = |asked: &Asked| matches!(asked, Asked::Put { peer, hash: of } if *peer == to && *of == hash);
        if !self.asked.values().any(open) {
            self.ask(to, Request::Put(item.into()), Asked::Put { peer: to, hash });
        }
    }

    fn get(&mut self, from: PeerId, day: Day, known: BTreeSet<ItemHash>, pages: usize) {
        let open = |asked: &Asked| matches!(asked, Asked::Get { peer, day: of, .. } if *peer == from && *of == day);
        if !self.asked.values().any(open) {
            let request = Request::Get { day: day.0, known: wire::join(&known) };
            self.ask(from, request, Asked::Get { peer: from, day, known, pages });
        }
    }

    fn ask(&mut self, peer: PeerId, request: Request, asked: Asked) {
        let addresses = self.config.bootstrap.iter().filter(|(of, _)| *of == peer).map(|(_, at)| at.clone()).collect();
        let descriptors = &mut self.swarm.behaviour_mut().descriptors;
        let id = descriptors.send_request_with_addresses(&peer, request, addresses);
        self.asked.insert(id, asked);
    }

    fn event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let SwarmEvent::Behaviour(BehaviourEvent::Descriptors(event)) = event else { return };
        match event {
            Event::Message { peer, connection_id, message: Message::Request { request_id, request, channel } } => {
                let from = self.swarm.behaviour().addresses.of(connection_id);
                let (response, slot) = self.answer((peer, from), request);
                // Whoever asked may be gone: then nothing is written.
                if self.swarm.behaviour_mut().descriptors.send_response(channel, response).is_ok() {
                    self.written.extend(slot.map(|slot| (request_id, slot)));
                }
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                if let Some(asked) = self.asked.remove(&request_id) {
                    self.answered(asked, response);
                }
            }
            Event::OutboundFailure { request_id, error, .. } => {
                tracing::debug!(%error, "a bootstrap node did not answer");
                match self.asked.remove(&request_id) {
                    Some(Asked::Object(question)) => self.questions.failed(question),
                    _ => self.soon(),
                }
            }
            Event::InboundFailure { request_id, .. } | Event::ResponseSent { request_id, .. } => {
                self.written.remove(&request_id);
            }
        }
    }

    /// The answer, and if it is a page its place among those that are being written.
    fn answer(&mut self, (peer, from): (PeerId, Option<IpAddr>), request: Request) -> (Response, Option<Slot>) {
        if !self.config.serves {
            return (Response::Refused(Refusal::NotServed), None);
        }
        match request {
            Request::Put(signed) => {
                let taken = Item::try_from(signed).and_then(|item| self.take(item, Source::Peer(peer)));
                (taken.map_or_else(Response::Refused, |_| Response::Held), None)
            }
            Request::PutObject(_) | Request::GetObject(_) => (self.answer_object(request), None),
            Request::Get { day, known } => {
                let Some(slot) = from.and_then(|from| self.room.admit(from)) else {
                    return (Response::Refused(Refusal::Busy), None);
                };
                let (items, more) = self.directory.page(Day(day), &wire::split(&known));
                let items = items.iter().map(|item| (&**item).into()).collect();
                (Response::Page { items, more }, Some(slot))
            }
        }
    }

    fn answered(&mut self, asked: Asked, response: Response) {
        match (asked, response) {
            (Asked::Object(question), response) => self.questions.answered(question, response),
            (Asked::Put { .. }, Response::Held) => {}
            (Asked::Get { peer, day, mut known, pages }, Response::Page { items, more }) => {
                let before = known.len();
                for item in items.into_iter().take(PAGE).filter_map(|signed| Item::try_from(signed).ok()) {
                    known.insert(item.hash());
                    if let Err(error) = self.take(item, Source::Fetched) {
                        tracing::debug!(%error, "a fetched descriptor is not taken");
                    }
                }
                if more && known.len() > before && pages + 1 < PAGES {
                    self.get(peer, day, known, pages + 1);
                }
            }
            (_, Response::Refused(error)) => {
                tracing::debug!(%error, "a bootstrap node refuses");
                self.soon();
            }
            (Asked::Put { .. }, _) | (Asked::Get { .. }, _) => self.soon(),
        }
    }
}

fn news(item: &Item) -> NetOut {
    NetOut::Descriptor { bytes: item.psrd.clone(), dsa: item.dsa.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery(serves: bool) -> Discovery {
        let config = DiscoveryConfig {
            key: Keypair::ed25519_from_bytes([1; 32]).unwrap(),
            network: Network::Public,
            serves,
            bootstrap: Vec::new(),
            refresh: Duration::from_secs(1),
            out: mpsc::channel(1).0,
            routes: watch::channel(Routes::default()).0,
            objects: (Objects::default(), mpsc::channel(1).1),
        };
        Discovery::new(config).unwrap()
    }

    fn get() -> Request {
        Request::Get { day: 1, known: wire::join(&BTreeSet::new()) }
    }

    fn somebody(number: u8) -> (PeerId, Option<IpAddr>) {
        (PeerId::random(), Some([192, 0, 2, number].into()))
    }

    #[tokio::test]
    async fn a_member_serves_nobody() {
        let mut member = discovery(false);
        let signed = (&Item { psrd: vec![1], dsa: Box::new([2; DSA87_PUBLIC]) }).into();
        for request in [Request::Put(signed), get()] {
            assert_eq!(member.answer(somebody(1), request).0, Response::Refused(Refusal::NotServed));
        }
        member.config.serves = true;
        assert_eq!(member.answer(somebody(1), get()).0, Response::Page { items: Vec::new(), more: false });
    }

    /// TOWNHALL 2: a service node keeps and serves what its own index pins, and is no store for anybody else.
    #[tokio::test]
    async fn an_object_that_nobody_pinned_is_neither_kept_nor_served() {
        use crate::room::objects::{MAX_OBJECT, name};
        use wire::Bytes;

        let mut node = discovery(true);
        let (object, other) = (vec![7; 300], vec![8; 300]);
        let put = |object: &[u8]| Request::PutObject(Bytes(object.to_vec()));
        let get = |object: &[u8]| Request::GetObject(Bytes(name(object).to_vec()));
        let says = |node: &mut Discovery, request| node.answer(somebody(1), request).0;
        let (refused, nothing) = (Response::Refused(Refusal::Unregistered), Response::Object(None));
        let pin = |node: &Discovery, objects: &[&[u8]]| {
            node.config.objects.0.want(objects.iter().map(|object| name(object)).collect());
        };
        assert_eq!((says(&mut node, put(&object)), says(&mut node, get(&object))), (refused.clone(), nothing.clone()));
        pin(&node, &[&object]);
        assert_eq!(says(&mut node, put(&object)), Response::Held);
        assert_eq!(says(&mut node, get(&object)), Response::Object(Some(Bytes(object.clone()))));
        // Another room's pin lets in that room's object only, and what is longer than any object is never looked at.
        let long = vec![9; MAX_OBJECT + 1];
        pin(&node, &[&object, &long]);
        for unwanted in [&other, &long] {
            assert_eq!(says(&mut node, put(unwanted)), refused);
            assert_eq!(says(&mut node, get(unwanted)), nothing);
        }
        assert_eq!(says(&mut node, Request::GetObject(Bytes(vec![0; 31]))), nothing);
        // The sitting is over: what it pinned goes.
        pin(&node, &[]);
        assert_eq!((says(&mut node, get(&object)), says(&mut node, put(&object))), (nothing, refused));
    }

    #[tokio::test]
    async fn only_so_many_pages_are_written_at_once_and_an_address_gets_its_share() {
        let mut node = discovery(true);
        let busy = |answer: &(Response, Option<Slot>)| answer.0 == Response::Refused(Refusal::Busy);
        let mut written: Vec<_> = (0..WRITTEN_TO_ONE).map(|_| node.answer(somebody(1), get())).collect();
        assert!(!written.iter().any(busy));
        assert!(busy(&node.answer(somebody(1), get())), "the address has its share");
        while written.len() < WRITTEN {
            written.push(node.answer(somebody(u8::try_from(written.len()).unwrap()), get()));
        }
        assert!(!written.iter().any(busy));
        assert!(busy(&node.answer(somebody(200), get())), "nobody else fits");
        written.pop();
        assert!(!busy(&node.answer(somebody(200), get())), "what is written makes room");
    }
}
