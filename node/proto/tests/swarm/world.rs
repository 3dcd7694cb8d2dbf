//! Stores and one client in a map, one clock; requests travel through a stand-in for the onion that keeps the reply blocks
//! apart by their first bytes. Rows are written before anything that follows them leaves, as the engine does.

use std::collections::{BTreeMap, BTreeSet};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::{random, sha3};
use pars_crypto::secret::{Ed25519Seed, MailboxSecret};
use pars_crypto::sign::Ed25519Secret;
use pars_proto::swarm::client::{Client, ClientIn, ClientOut, DeliveryId, PutTo, TaskId};
use pars_proto::swarm::directory::{Filed, Held, Records, Refused, What};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::placement::{Operators, Snapshot, StoreNode};
use pars_proto::swarm::reply::Reply;
use pars_proto::swarm::store::rows::Row;
use pars_proto::swarm::store::{Store, StoreConfig, StoreIn, StoreOut};
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::limits::{ONION_ROOM, SURB};
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

pub(crate) const NOON: UnixMinute = UnixMinute(20_000 * 1_440 + 12 * 60 + 7);
pub(crate) const TODAY: Day = Day(20_000);

type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

pub(crate) struct World {
    pub(crate) now: Now,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) stores: BTreeMap<NodeId, Store>,
    pub(crate) disks: BTreeMap<NodeId, Disk>,
    pub(crate) client: Client,
    pub(crate) client_disk: Disk,
    /// What the client said, without requests, rows and work.
    pub(crate) events: Vec<ClientOut>,
    /// Nodes that neither answer nor hear.
    pub(crate) dead: BTreeSet<NodeId>,
    /// Nodes that change their replies to clients.
    pub(crate) liars: BTreeMap<NodeId, fn(&mut Reply)>,
    /// Requests that reached a node: who, and the operation byte.
    pub(crate) asked: Vec<(NodeId, u8)>,
    /// Replies that reached somebody other than the client, by the number in their block.
    pub(crate) raw: Vec<(u64, Box<[u8; ONION_ROOM]>)>,
    /// Frames between nodes: how many, and their sizes.
    pub(crate) frames: Vec<usize>,
    /// Whether deliveries are committed at once.
    pub(crate) commits: bool,
    /// Whether two replies to one request arrive in the wrong order.
    pub(crate) swapped: bool,
    /// Minutes by which the client's clock runs ahead of the nodes'.
    pub(crate) skew: i64,
    /// How long every answer takes.
    pub(crate) slow_ms: u64,
    late: BTreeMap<(Tick, u64), Box<[u8; ONION_ROOM]>>,
    timeouts: BTreeMap<u64, Tick>,
    /// Bytes that a node holds at most, from its next start.
    pub(crate) capacity: usize,
}

/// How often something random is tried: a few times in `test`, as often as THREATS asks for where `PARS_DEEP` is set, which
/// `cargo xtask deep` does.
pub(crate) fn trials(quick: u64, deep: u64) -> u64 {
    let count = if std::env::var_os("PARS_DEEP").is_some() { deep } else { quick };
    println!("{count} trials");
    count
}

pub(crate) fn node(i: u8) -> NodeId {
    NodeId(sha3(&[b"store", &[i]]).into())
}

pub(crate) fn key(i: u8) -> Ed25519Secret {
    Ed25519Secret::from_seed(Ed25519Seed::from_bytes(sha3(&[b"key", &[i]])))
}

pub(crate) fn snapshot(count: u8, day: Day) -> Snapshot {
    let member = |i| StoreNode { node: node(i), operator: [i; 32], key: key(i).public() };
    Snapshot { day, beacon: sha3(&[b"beacon", &day.to_bytes()]), nodes: (0..count).map(member).collect() }
}

pub(crate) fn mailbox(fill: u8, flag: Flag, day: Day) -> DayKey {
    DayKey::derive(&MailboxSecret::from_bytes([fill; 32]), flag, day)
}

pub(crate) fn pair() -> DayKey {
    mailbox(1, Flag::Pair, TODAY)
}

/// A record "PSI1" whose bytes 5..13 are its sequence; every other kind stands where its kind says. Enough for the swarm.
pub(crate) struct Registrar;

impl Records for Registrar {
    fn file(&self, _: &[u8; 32], record: &[u8], held: &Held, _: UnixMinute) -> Result<Vec<Filed>, Refused> {
        let what = match &record[..4] {
            b"PSI1" => What::IdentityRecord,
            b"PSP1" => What::Batch(0),
            b"PSPL" => {
                let leaves = record[13..].chunks(1_744).enumerate();
                return Ok(leaves
                    .map(|(i, leaf)| Filed { what: What::Leaf(0, Day(i as u32)), record: leaf.to_vec() })
                    .collect());
            }
            _ => return Err(Refused),
        };
        let newer = held.get(&what).is_none_or(|old| old[5..13] <= record[5..13]);
        if newer { Ok(vec![Filed { what, record: record.to_vec() }]) } else { Err(Refused) }
    }

    fn rank(&self, _: &[u8; 32], _: What, items: &[Vec<u8>], _: UnixMinute) -> Option<u64> {
        let first = items.first()?;
        first.starts_with(b"PS").then(|| u64::from_be_bytes(first[5..13].try_into().unwrap()))
    }
}

impl World {
    pub(crate) fn new(count: u8, seed: u64) -> Self {
        Self::with_capacity(count, seed, 64 << 20)
    }

    pub(crate) fn with_capacity(count: u8, seed: u64, capacity: usize) -> Self {
        println!("seed {seed}");
        let mut world = Self {
            now: Now { tick: Tick(0), wall: NOON },
            rng: ChaCha20Rng::seed_from_u64(seed),
            stores: BTreeMap::new(),
            disks: BTreeMap::new(),
            client: Client::open(Operators::Capped, Box::new(Registrar), []).unwrap(),
            client_disk: Disk::new(),
            events: Vec::new(),
            dead: BTreeSet::new(),
            liars: BTreeMap::new(),
            asked: Vec::new(),
            raw: Vec::new(),
            frames: Vec::new(),
            commits: true,
            swapped: false,
            skew: 0,
            slow_ms: 0,
            late: BTreeMap::new(),
            timeouts: BTreeMap::new(),
            capacity,
        };
        for i in 0..count {
            world.disks.insert(node(i), Disk::new());
            world.start(i, count);
        }
        world.teach(count);
        world
    }

    /// Start or restart a store with what its disk holds.
    pub(crate) fn start(&mut self, i: u8, count: u8) {
        let config = StoreConfig { node: node(i), key: key(i), operators: Operators::Capped, capacity: self.capacity };
        let store = Store::open(config, Box::new(Registrar), self.disks[&node(i)].clone()).unwrap();
        self.stores.insert(node(i), store);
        for day in days() {
            self.store_input(node(i), StoreIn::Snapshot(snapshot(count, day)));
        }
    }

    /// Start or restart the client with what its disk holds.
    pub(crate) fn restart_client(&mut self) {
        self.client = Client::open(Operators::Capped, Box::new(Registrar), self.client_disk.clone()).unwrap();
        self.timeouts.clear();
        self.teach(self.stores.len() as u8);
    }

    fn teach(&mut self, count: u8) {
        for day in days() {
            self.input(ClientIn::Snapshot(snapshot(count, day)));
        }
    }

    pub(crate) fn input(&mut self, input: ClientIn) {
        let mut out = Vec::new();
        let wall = UnixMinute((i64::from(self.now.wall.0) + self.skew) as u32);
        let now = Now { tick: self.now.tick, wall };
        self.client.handle(&mut Cx { now, rng: &mut self.rng, out: &mut out }, input);
        for output in out {
            self.output(output);
        }
    }

    fn output(&mut self, output: ClientOut) {
        match output {
            ClientOut::Request { request, to, command, surbs, timeout_ms } => {
                self.asked.push((to, command[0]));
                let body = body_of(&command, &vec![request; surbs]);
                if surbs > 0 {
                    self.timeouts.insert(request, self.now.tick.after(timeout_ms));
                }
                self.store_input(to, StoreIn::Command(body));
            }
            ClientOut::Work { id, work, bits } => {
                // Nodes ask for 18 bits; what an owner asks for beyond that would only slow the tests down.
                let nonce = work.search(bits.min(18), 0, u64::MAX).unwrap();
                self.input(ClientIn::Solved { id, nonce });
            }
            ClientOut::Persist(rows) => write(&mut self.client_disk, rows),
            other => {
                let delivery = if let ClientOut::Deliver { delivery, .. } = &other { Some(*delivery) } else { None };
                self.events.push(other);
                if let Some(delivery) = delivery.filter(|_| self.commits) {
                    self.input(ClientIn::Committed(delivery));
                }
            }
        }
    }

    pub(crate) fn store_input(&mut self, at: NodeId, input: StoreIn) {
        let Some(store) = self.stores.get_mut(&at).filter(|_| !self.dead.contains(&at)) else { return };
        let mut out = Vec::new();
        store.handle(&mut Cx { now: self.now, rng: &mut self.rng, out: &mut out }, input);
        let (mut replies, mut rest) = (Vec::new(), Vec::new());
        for output in out {
            if matches!(output, StoreOut::Reply { .. }) { replies.push(output) } else { rest.push(output) }
        }
        if self.swapped {
            replies.reverse();
        }
        for output in rest.into_iter().chain(replies) {
            self.store_output(at, output);
        }
    }

    fn store_output(&mut self, at: NodeId, output: StoreOut) {
        match output {
            StoreOut::Persist(rows) => write(self.disks.get_mut(&at).unwrap(), rows),
            StoreOut::Frame { to, bytes } => {
                self.frames.push(bytes.len());
                self.store_input(to, StoreIn::Frame(bytes));
            }
            StoreOut::Reply { surb, mut body } => {
                let request = u64::from_be_bytes(surb[..8].try_into().unwrap());
                if let Some(lie) = self.liars.get(&at) {
                    let mut reply = Reply::decode(&body).unwrap();
                    lie(&mut reply);
                    body = reply.encode();
                }
                if request >> 63 == 1 {
                    self.raw.push((request & (u64::MAX >> 1), body));
                } else if self.slow_ms > 0 {
                    self.late.insert((self.now.tick.after(self.slow_ms), request), body);
                } else {
                    self.timeouts.remove(&request);
                    self.input(ClientIn::Answer { request, body });
                }
            }
            StoreOut::Malformed => {}
        }
    }

    /// Ask a node directly and collect its replies.
    pub(crate) fn raw(
        &mut self,
        at: NodeId,
        command: &pars_proto::swarm::command::Command,
        surbs: usize,
    ) -> Vec<Box<[u8; ONION_ROOM]>> {
        let number: u64 = u64::from_be_bytes(random(&mut self.rng)) | 1 << 63;
        let body = body_of(&command.encode(surbs as u8), &vec![number; surbs]);
        self.store_input(at, StoreIn::Command(body));
        self.run(3_100);
        std::mem::take(&mut self.raw).into_iter().map(|(_, body)| body).collect()
    }

    /// Let time pass: every deadline in its order.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now.tick.after(ms);
        let base = (self.now.tick.0, self.now.wall.0);
        loop {
            let stores = self.stores.iter().filter(|(id, _)| !self.dead.contains(id));
            let store = stores.filter_map(|(id, store)| store.deadline().map(|tick| (tick, *id))).min();
            let late = self.timeouts.iter().map(|(request, tick)| (*tick, *request)).min();
            let client = self.client.deadline();
            let answer = self.late.keys().next().copied();
            let ticks = [store.map(|(tick, _)| tick), late.map(|(tick, _)| tick), answer.map(|(tick, _)| tick), client];
            let Some(next) = ticks.into_iter().flatten().min().filter(|tick| *tick <= end) else { break };
            self.now.tick = self.now.tick.max(next);
            self.now.wall = UnixMinute(base.1 + ((self.now.tick.0 - base.0) / 60_000) as u32);
            if let Some((_, request)) = answer.filter(|(tick, _)| *tick == next) {
                // What comes after its time meets a reply block that is closed.
                let (_, body) = self.late.pop_first().unwrap();
                if self.timeouts.remove(&request).is_some() {
                    self.input(ClientIn::Answer { request, body });
                }
            } else if let Some((_, id)) = store.filter(|(tick, _)| *tick == next) {
                self.store_input(id, StoreIn::Wake);
            } else if let Some((_, request)) = late.filter(|(tick, _)| *tick == next) {
                self.timeouts.remove(&request);
                self.input(ClientIn::Failed { request });
            } else {
                self.input(ClientIn::Wake);
            }
        }
        self.now = Now { tick: end, wall: UnixMinute(base.1 + ((end.0 - base.0) / 60_000) as u32) };
    }

    pub(crate) fn put(&mut self, id: u64, key: DayKey, object: Vec<u8>) {
        self.input(ClientIn::Put { id: TaskId(id), to: PutTo::Mailbox(Box::new(key)), ttl_hours: 24, object });
    }

    pub(crate) fn object<const N: usize>(&mut self) -> Vec<u8> {
        random::<N>(&mut self.rng).to_vec()
    }

    /// Copies of an object's task that was stored.
    pub(crate) fn stored(&self, id: u64) -> Option<usize> {
        self.events.iter().find_map(|event| match event {
            ClientOut::Stored { id: TaskId(of), copies } if *of == id => Some(*copies),
            _ => None,
        })
    }

    pub(crate) fn fetch(&mut self, id: u64, mailbox: DayKey, nodes: usize) {
        let bits = if mailbox.flag == Flag::Inbox { 18 } else { 0 };
        self.input(ClientIn::Fetch { id: TaskId(id), mailbox, nodes, without: BTreeSet::new(), bits });
    }

    /// Every object delivered so far.
    pub(crate) fn delivered(&self) -> Vec<Vec<u8>> {
        let objects = |event: &ClientOut| match event {
            ClientOut::Deliver { objects, .. } => objects.clone(),
            _ => Vec::new(),
        };
        self.events.iter().flat_map(objects).collect()
    }

    pub(crate) fn deliveries(&self) -> Vec<DeliveryId> {
        let id = |event: &ClientOut| match event {
            ClientOut::Deliver { delivery, .. } => Some(*delivery),
            _ => None,
        };
        self.events.iter().filter_map(id).collect()
    }
}

fn days() -> impl Iterator<Item = Day> {
    (TODAY.0 - 22..TODAY.0 + 20).map(Day)
}

fn write(disk: &mut Disk, rows: Vec<Row>) {
    for row in rows {
        match row.value {
            Some(value) => disk.insert(row.key, value),
            None => disk.remove(&row.key),
        };
    }
}

/// A command as the onion hands it over: padded, blocks last.
pub(crate) fn body_of(command: &[u8], surbs: &[u64]) -> Box<[u8; ONION_ROOM]> {
    let mut body = command.to_vec();
    body.resize(ONION_ROOM - surbs.len() * SURB, 0);
    for number in surbs {
        body.extend(number.to_be_bytes());
        body.resize(body.len() + SURB - 8, 7);
    }
    Box::new(body.try_into().unwrap())
}
