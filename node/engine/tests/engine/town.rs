//! Seven service nodes and some members in one map, one clock: enough for two people to write to each other. Faults are
//! asked for by the test; the simulator (`tests/sim`) is where everything goes wrong at once.

use std::collections::{BTreeMap, BTreeSet};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use pars_crypto::hash::{random, sha3};
use pars_crypto::secret::StoreKey;
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::{DSA87_PUBLIC, Libcrux};
use pars_engine::identity::Identity;
use pars_engine::io::{CommandId, Event, Input, Link, Output};
use pars_engine::member::{Member, MemberConfig};
use pars_engine::registry::{Network, Registry};
use pars_engine::service::{Service, ServiceConfig};
use pars_engine::{Batch, Command, Node, Rows};
use pars_identity::IdentityId;
use pars_identity::link::Link as IdentityLink;
use pars_proto::onion::delay::Delay;
use pars_proto::onion::descriptor::Registration;
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

/// Noon, in the middle of an epoch and a week.
const BEGIN: UnixMinute = UnixMinute(20_003 * 1_440 + 12 * 60 + 31);
const SERVICES: usize = 7;
const BITS: u8 = 18;

/// Which host: services first, then members.
pub(crate) type Id = usize;
pub(crate) const ALICE: Id = SERVICES;
pub(crate) const BOB: Id = SERVICES + 1;

enum Happening {
    Input(Id, u64, Box<Input>),
    Commit(Id, u64),
}

struct Host {
    role: Role,
    node: Option<Node>,
    life: u64,
    rows: Rows,
    open: Vec<Batch>,
    clients: BTreeMap<[u8; 16], Id>,
}

enum Role {
    Service(NodeId, Box<HybridSecret>),
    Member(IdentityLink),
}

type Board = Vec<(Vec<u8>, Box<[u8; DSA87_PUBLIC]>)>;

pub(crate) struct Town {
    hosts: Vec<Host>,
    rng: ChaCha20Rng,
    tick: Tick,
    queue: BTreeMap<(Tick, u64), Happening>,
    count: u64,
    board: Board,
    /// Thousandths of the packets that never arrive.
    pub(crate) loss: u64,
    /// The member that no packet reaches or leaves.
    pub(crate) cut: Option<Id>,
    /// Polls by itself so often, from its next start.
    pub(crate) poll: Option<u64>,
    /// The member that crashes at its next batch, with so many of its open batches on the disk.
    pub(crate) crash_at_batch: Option<(Id, usize)>,
    /// First relays that members asked to be connected to.
    pub(crate) connects: Vec<NodeId>,
    /// What members were told.
    pub(crate) events: Vec<(Id, Event)>,
}

impl Town {
    /// Two members who have published, and of whom Alice has opened Bob.
    pub(crate) fn acquainted(seed: u64) -> Self {
        let mut town = Self::new(seed, 2);
        for member in [ALICE, BOB] {
            town.command(member, 200, Command::Publish);
            town.until("publishing", |town| town.member(member).published());
        }
        town.open(ALICE, BOB);
        town
    }

    /// Three members; the third has opened Bob too.
    pub(crate) fn third(seed: u64) -> Self {
        let mut town = Self::new(seed, 3);
        for member in [ALICE, BOB, BOB + 1] {
            town.command(member, 200, Command::Publish);
            town.until("publishing", |town| town.member(member).published());
        }
        town.open(ALICE, BOB);
        town.open(BOB + 1, BOB);
        town
    }

    /// Start a service node again with a new member beside it.
    pub(crate) fn join(&mut self, id: Id) {
        self.stop(id, usize::MAX);
        let Role::Service(node, keys) = &self.hosts[id].role else { panic!("a service node") };
        let (node, keys, now) = (*node, (**keys).clone(), self.now());
        let (addresses, network, capacity) = (Vec::new(), Network::Dev, 64 << 20);
        let config = ServiceConfig { node, keys, addresses, network, capacity, suite: &Libcrux };
        let service = Service::open(config, &self.hosts[id].rows, now).unwrap();
        let identity = Identity::create(&Libcrux, BITS, now.wall, &mut self.rng);
        let member = Member::create(self.config(id), identity, now).unwrap();
        self.start(id, Some(Node::new(&Libcrux, Some(member), Some(service))));
        // Its own descriptor of this life too.
        self.run(1_000);
        for (bytes, dsa) in self.board.clone() {
            self.later(1, id, Input::Descriptor { bytes, dsa });
        }
    }

    pub(crate) fn new(seed: u64, members: usize) -> Self {
        println!("seed {seed}");
        let mut town = Self {
            hosts: Vec::new(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            tick: Tick(0),
            queue: BTreeMap::new(),
            count: 0,
            board: Vec::new(),
            loss: 0,
            cut: None,
            poll: None,
            crash_at_batch: None,
            connects: Vec::new(),
            events: Vec::new(),
        };
        for i in 0..SERVICES {
            let keys = HybridSecret::generate(&Libcrux, &mut town.rng);
            let node = NodeId(sha3(&[b"node", &[i as u8]]).into());
            town.add(Role::Service(node, Box::new(keys)));
        }
        let mut ready = Vec::new();
        for id in SERVICES..SERVICES + members {
            let identity = Identity::create(&Libcrux, BITS, town.now().wall, &mut town.rng);
            let role = Role::Member(identity.link());
            let member = Member::create(town.config(id), identity, town.now()).unwrap();
            town.add(role);
            ready.push((id, Node::new(&Libcrux, Some(member), None)));
        }
        (0..SERVICES).for_each(|id| town.start(id, None));
        ready.into_iter().for_each(|(id, node)| town.start(id, Some(node)));
        town
    }

    fn add(&mut self, role: Role) {
        let (clients, open) = (BTreeMap::new(), Vec::new());
        self.hosts.push(Host { role, node: None, life: 0, rows: Rows::default(), open, clients });
    }

    fn config(&self, id: Id) -> MemberConfig {
        let key = StoreKey::from_bytes([id as u8; 32]);
        MemberConfig { suite: &Libcrux, key, network: Network::Dev, delay: Delay::FAST, poll: self.poll }
    }

    pub(crate) const fn now(&self) -> Now {
        Now { tick: self.tick, wall: UnixMinute(BEGIN.0 + (self.tick.0 / 60_000) as u32) }
    }

    /// Let days pass in which nobody runs.
    pub(crate) fn sleep(&mut self, days: u64) {
        for id in 0..self.hosts.len() {
            self.stop(id, usize::MAX);
        }
        self.queue.clear();
        self.board.clear();
        self.tick = self.tick.after(days * 24 * 3_600_000);
        (0..self.hosts.len()).for_each(|id| self.start(id, None));
    }

    /// Start a host with a node that was made already, or from its rows.
    pub(crate) fn start(&mut self, id: Id, ready: Option<Node>) {
        let now = self.now();
        let made = |host: &Host, config: MemberConfig| match &host.role {
            Role::Service(node, keys) => {
                let keys = (**keys).clone();
                let (addresses, network, capacity) = (Vec::new(), Network::Dev, 64 << 20);
                let config = ServiceConfig { node: *node, keys, addresses, network, capacity, suite: &Libcrux };
                Node::new(&Libcrux, None, Some(Service::open(config, &host.rows, now).unwrap()))
            }
            Role::Member(_) => Node::new(&Libcrux, Some(Member::restore(config, &host.rows, now).unwrap()), None),
        };
        let node = ready.unwrap_or_else(|| made(&self.hosts[id], self.config(id)));
        let host = &mut self.hosts[id];
        (host.life, host.node) = (host.life + 1, Some(node));
        self.learn(id, 20);
        for (bytes, dsa) in self.board.clone() {
            self.later(1, id, Input::Descriptor { bytes, dsa });
        }
        self.later(1, id, Input::Wake);
    }

    /// A host learns the registries of so many days before, of today and of tomorrow.
    fn learn(&mut self, id: Id, back: u32) {
        let today = Day::at(self.now().wall).0;
        let nodes: Vec<_> = self.hosts.iter().filter_map(registration).collect();
        for day in today - back..=today + 1 {
            let registry = Registry { day: Day(day), beacon: sha3(&[&day.to_be_bytes()]), nodes: nodes.clone() };
            self.later(0, id, Input::Chain(registry));
        }
    }

    /// A day goes by at once for all who run, and everybody learns the registry of the next one.
    pub(crate) fn dawn(&mut self) {
        self.tick = self.tick.after(24 * 3_600_000);
        (0..self.hosts.len()).for_each(|id| self.learn(id, 0));
        self.run(60_000);
    }

    /// No packet reaches or leaves this member any more.
    pub(crate) fn cut_off(&mut self, id: Id) {
        self.cut = Some(id);
        if let Some(first) = self.member(id).first_relay() {
            self.later(5, id, Input::Disconnected(first));
        }
    }

    /// Stop a host at once; so many of its open batches reached its disk.
    pub(crate) fn stop(&mut self, id: Id, durable: usize) {
        let host = &mut self.hosts[id];
        host.node = None;
        let open = std::mem::take(&mut host.open);
        open.iter().take(durable).for_each(|batch| host.rows.apply(batch));
        if let Role::Service(node, _) = host.role {
            (SERVICES..self.hosts.len()).for_each(|member| self.later(5, member, Input::Disconnected(node)));
        }
    }

    pub(crate) fn restart(&mut self, id: Id) {
        self.stop(id, usize::MAX);
        self.start(id, None);
    }

    /// Start a member again with rows it had before: its disk was put back.
    pub(crate) fn roll_back(&mut self, id: Id, rows: Rows) {
        self.stop(id, 0);
        self.hosts[id].rows = rows;
        self.start(id, None);
    }

    pub(crate) fn service(&self, node: NodeId) -> Id {
        let of = |host: &Host| matches!(host.role, Role::Service(id, _) if id == node);
        self.hosts.iter().position(of).unwrap()
    }

    pub(crate) fn member(&self, id: Id) -> &Member {
        self.hosts[id].node.as_ref().unwrap().member().unwrap()
    }

    pub(crate) fn runs(&self, id: Id) -> bool {
        self.hosts[id].node.is_some()
    }

    pub(crate) fn link(&self, id: Id) -> IdentityLink {
        let Role::Member(link) = &self.hosts[id].role else { panic!("a member") };
        *link
    }

    pub(crate) fn id(&self, id: Id) -> IdentityId {
        self.link(id).id
    }

    pub(crate) fn command(&mut self, id: Id, number: u8, command: Command) {
        self.handle(id, Input::Command { id: CommandId([number; 16]), command });
    }

    pub(crate) fn open(&mut self, id: Id, contact: Id) {
        self.command(id, 201, Command::Open(self.link(contact)));
        self.until("opening", |town| town.told(id, |event| matches!(event, Event::Opened { .. })));
    }

    pub(crate) fn told(&self, id: Id, what: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(at, event)| *at == id && what(event))
    }

    /// Virtual hours are enough for everything.
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = self.tick.after(4 * 3_600_000);
        while !done(self) {
            let told: Vec<_> =
                self.events.iter().rev().filter(|(_, event)| !matches!(event, Event::Read { .. })).take(9).collect();
            assert!(self.tick < end, "{what} did not come about; newest first: {told:?}");
            self.step(end);
        }
    }

    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.tick.after(ms);
        while self.step(end) {}
    }

    fn step(&mut self, end: Tick) -> bool {
        let deadline = |(id, host): (Id, &Host)| host.node.as_ref().and_then(Node::deadline).map(|tick| (tick, id));
        let due = self.hosts.iter().enumerate().filter_map(deadline).min();
        let next = self.queue.keys().next().map(|(tick, _)| *tick);
        let wakes = due.filter(|(tick, _)| next.is_none_or(|next| *tick < next));
        let tick = wakes.map(|(tick, _)| tick).or(next).filter(|tick| *tick <= end);
        let Some(tick) = tick else {
            self.tick = self.tick.max(end);
            return false;
        };
        self.tick = self.tick.max(tick);
        match wakes {
            Some((_, id)) => self.handle(id, Input::Wake),
            None => match self.queue.pop_first().map(|(_, happening)| happening) {
                Some(Happening::Input(id, life, input)) if self.hosts[id].life == life => self.handle(id, *input),
                Some(Happening::Commit(id, life)) if self.hosts[id].life == life && self.runs(id) => self.commit(id),
                _ => {}
            },
        }
        true
    }

    fn later(&mut self, ms: u64, id: Id, input: Input) {
        let life = self.hosts[id].life;
        self.push(ms, Happening::Input(id, life, Box::new(input)));
    }

    fn push(&mut self, ms: u64, happening: Happening) {
        self.count += 1;
        self.queue.insert((self.tick.after(ms), self.count), happening);
    }

    fn commit(&mut self, id: Id) {
        let host = &mut self.hosts[id];
        if host.open.is_empty() {
            return;
        }
        let batch = host.open.remove(0);
        host.rows.apply(&batch);
        self.handle(id, Input::Committed(batch.id));
    }

    pub(crate) fn handle(&mut self, id: Id, input: Input) {
        let now = self.now();
        let Some(node) = &mut self.hosts[id].node else { return };
        let mut out = Vec::new();
        node.handle(&mut Cx { now, rng: &mut self.rng, out: &mut out }, input);
        for output in out {
            if self.runs(id) {
                self.output(id, output);
            }
        }
    }

    fn output(&mut self, id: Id, output: Output) {
        match output {
            Output::Send { to, bytes } => self.send(id, to, bytes),
            Output::Connect(node) => {
                self.connects.push(node);
                let relay = self.service(node);
                let token = random(&mut self.rng);
                self.hosts[relay].clients.insert(token, id);
                let up = self.runs(relay) && self.cut != Some(id);
                let answer = if up { Input::Connected { node, token } } else { Input::Disconnected(node) };
                self.later(5, id, answer);
            }
            Output::Disconnect(_) => {}
            Output::Persist(batch) => {
                self.hosts[id].open.push(batch);
                let life = self.hosts[id].life;
                self.push(2, Happening::Commit(id, life));
                if let Some((_, durable)) = self.crash_at_batch.take_if(|(member, _)| *member == id) {
                    self.stop(id, durable);
                }
            }
            Output::Work { id: question, work, bits } => {
                let nonce = work.search(bits.min(BITS), 0, u64::MAX).unwrap();
                self.later(5, id, Input::Solved { id: question, nonce });
            }
            Output::Publish { bytes, dsa } => {
                self.board.push((bytes.clone(), dsa.clone()));
                for member in SERVICES..self.hosts.len() {
                    self.later(5, member, Input::Descriptor { bytes: bytes.clone(), dsa: dsa.clone() });
                }
            }
            Output::Event(event) => self.events.push((id, event)),
        }
    }

    fn send(&mut self, id: Id, to: Link, bytes: Vec<u8>) {
        let target = match to {
            Link::Node(node) => Some(self.service(node)),
            Link::Client(token) => self.hosts[id].clients.get(&token).copied(),
        };
        let from = match self.hosts[id].role {
            Role::Service(node, _) => Link::Node(node),
            Role::Member(_) => Link::Client([0; 16]),
        };
        let lost = self.rng.next_u64() % 1_000 < self.loss;
        let cut = self.cut.is_some_and(|cut| cut == id || Some(cut) == target);
        if let Some(target) = target.filter(|_| !lost && !cut) {
            let ms = 1 + self.rng.next_u64() % 40;
            self.later(ms, target, Input::Recv { from, bytes });
        }
    }

    /// What is on a host's disk.
    pub(crate) fn rows(&self, id: Id) -> &Rows {
        &self.hosts[id].rows
    }

    /// Service nodes that run.
    pub(crate) fn alive(&self) -> BTreeSet<Id> {
        (0..SERVICES).filter(|id| self.runs(*id)).collect()
    }
}

fn registration(host: &Host) -> Option<Registration> {
    let Role::Service(node, keys) = &host.role else { return None };
    let (public, operator) = (keys.public(), [1; 32]);
    let identity_hash = sha3(&[public.dsa()]);
    Some(Registration { node: *node, operator, identity_hash, transport_key: *public.ed25519().as_bytes(), stake: 1 })
}
