//! Hosts, one clock, one chain, and a queue of what is to happen. Everything is drawn from the seed; nothing waits for real
//! time.
//!
//! | Module | Holds |
//! |---|---|
//! | this | hosts that start and crash, the queue, inputs |
//! | `carry` | what nodes ask for: packets, batches, events |
//! | `blocks` | the chain goes on; hosts learn of it through their views |
//! | `describe` | what stands in the log |

mod blocks;
mod carry;
mod describe;

use std::collections::{BTreeMap, BTreeSet};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::Rng;
use pars_crypto::suite::DSA87_PUBLIC;
use pars_crypto::witness::Witness;
use pars_engine::io::{CommandId, Event, Input};
use pars_engine::store::Table;
use pars_engine::{BatchId, Command};
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

use describe::describe;

use crate::chain::setting::NODES;
use crate::chain::{Ledger, Setting, View};
use crate::faults::{Faults, Happened};
use crate::host::{Host, HostId, Role, randomness};
use crate::log::Log;
use crate::watch::{Broken, Watch};

/// When the world begins: in the middle of an epoch, a day and a week.
pub const BEGIN: UnixMinute = UnixMinute(20_003 * 1_440 + 12 * 60 + 31);
/// Services and members together, as the issue asks.
pub const HOSTS: u8 = 20;

/// Something that will happen.
enum Happening {
    /// An input reaches a host, if it still lives that life.
    Input { host: HostId, life: u64, input: Box<Input>, way: Vec<HostId> },
    /// A batch reaches the disk.
    Commit { host: HostId, life: u64, batch: BatchId },
    /// A crashed host starts again.
    Start(HostId),
    /// The chain's next block.
    Block,
}

/// A simulated network.
pub struct World {
    /// What everything was drawn from.
    pub seed: u64,
    faults: Faults,
    /// Which faults there were.
    pub happened: Happened,
    rng: ChaCha20Rng,
    tick: Tick,
    /// The hosts: services first, then members.
    pub hosts: BTreeMap<HostId, Host>,
    queue: BTreeMap<(Tick, u64), Happening>,
    count: u64,
    /// What happened.
    pub log: Log,
    /// What must hold.
    pub watch: Watch,
    /// Under which pairs of key and nonce anybody sealed anything.
    pub sealed: Witness,
    /// What users were told, in order.
    pub events: Vec<(HostId, Event)>,
    /// The chain.
    pub ledger: Ledger,
    /// What hosts see of it; several share one.
    pub views: Vec<View>,
    rolled: Option<Day>,
    board: Vec<(NodeId, Vec<u8>, Box<[u8; DSA87_PUBLIC]>)>,
    cut: (BTreeSet<HostId>, Tick),
    /// When the last packet from one host to another arrives, of those sent so far.
    arrivals: BTreeMap<(HostId, HostId), Tick>,
    crash_next: BTreeSet<HostId>,
    dead: BTreeSet<HostId>,
    /// Acknowledgements that were asked for, by the command.
    acknowledging: BTreeMap<(HostId, CommandId), u64>,
}

impl World {
    /// Sixteen nodes that run and four members whose keys are made.
    pub fn new(seed: u64, faults: Faults, log: Log) -> Self {
        let setting = Setting::of(seed);
        let lags = [0, 1, faults.lag];
        let views = lags.into_iter().map(|lag| View::new(&setting.ledger, lag, Some(&setting.start))).collect();
        let mut world = Self {
            seed,
            faults,
            happened: Happened::default(),
            rng: randomness(seed, "world", 0),
            tick: Tick(0),
            hosts: BTreeMap::new(),
            queue: BTreeMap::new(),
            count: 0,
            log,
            watch: Watch::default(),
            sealed: Witness::begin(),
            events: Vec::new(),
            ledger: setting.ledger.clone(),
            views,
            rolled: None,
            board: Vec::new(),
            cut: (BTreeSet::new(), Tick(0)),
            arrivals: BTreeMap::new(),
            crash_next: BTreeSet::new(),
            dead: BTreeSet::new(),
            acknowledging: BTreeMap::new(),
        };
        world.populate(setting);
        world
    }

    fn populate(&mut self, setting: &Setting) {
        self.read_chain();
        for (i, node) in (0..NODES).zip(&setting.nodes) {
            self.hosts.insert(HostId(i), Host::service(self.seed, HostId(i), *node));
        }
        let mut ready = Vec::new();
        for i in NODES..HOSTS {
            let (host, node) = Host::member(self.seed, HostId(i), self.now());
            self.hosts.insert(HostId(i), host);
            ready.push((HostId(i), node));
        }
        for i in 0..NODES {
            self.start(HostId(i), None);
        }
        for (host, node) in ready {
            self.start(host, Some(node));
        }
        self.later(blocks::BLOCK_MS, Happening::Block);
    }

    /// The time.
    pub const fn now(&self) -> Now {
        Now { tick: self.tick, wall: UnixMinute(BEGIN.0 + (self.tick.0 / 60_000) as u32) }
    }

    /// Whether nothing goes wrong in this world.
    pub fn is_calm(&self) -> bool {
        self.faults == Faults::NONE
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound.max(1)
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        self.below(1_000) < thousandths.into()
    }

    fn say(&mut self, line: std::fmt::Arguments<'_>) {
        self.log.push(format!("{:>8} {line}", self.tick.0));
    }

    /// A line of a scenario in the log.
    pub fn note(&mut self, line: &str) {
        self.say(format_args!("{line}"));
    }

    fn broken(&mut self, rule: Result<(), Broken>) {
        if let Err(rule) = rule {
            panic!("seed {}: {rule}\n{}", self.seed, self.log.tail());
        }
    }

    fn later(&mut self, ms: u64, happening: Happening) {
        self.count += 1;
        self.queue.insert((self.tick.after(ms), self.count), happening);
    }

    fn input(&mut self, ms: u64, host: HostId, input: Input, way: Vec<HostId>) {
        let life = self.hosts[&host].life;
        self.later(ms, Happening::Input { host, life, input: Box::new(input), way });
    }

    /// Start a host with what is on its disk, or with a node that was made already; tell it what everybody knows.
    pub fn start(&mut self, host: HostId, ready: Option<pars_engine::Node>) {
        let now = self.now();
        let started = self.hosts.get_mut(&host).map(|at| at.start(ready, now));
        if let Some(Err(error)) = started {
            self.broken(Err(format!("{host} does not start: {error}")));
        }
        self.say(format_args!("{host} starts"));
        for registry in self.view(host).known(self.today()) {
            self.input(0, host, Input::Chain(registry), Vec::new());
        }
        for (_, bytes, dsa) in self.board.clone() {
            self.input(1, host, Input::Descriptor { bytes, dsa }, Vec::new());
        }
        self.input(1, host, Input::Wake, Vec::new());
    }

    /// Stop a host; any number of its open batches may have reached the disk.
    pub fn crash(&mut self, host: HostId) {
        let open = self.hosts[&host].open.len() as u64;
        let durable = self.below(open + 1) as usize;
        self.say(format_args!("{host} crashes, {durable} of {open} open batches are durable"));
        if let Some(at) = self.hosts.get_mut(&host) {
            at.crash(durable);
        }
        let node = self.node_id(host);
        for member in self.members() {
            if let Some(node) = node {
                self.input(20, member, Input::Disconnected(node), Vec::new());
            }
        }
    }

    /// Stop a host for ever.
    pub fn kill(&mut self, host: HostId) {
        self.dead.insert(host);
        self.crash(host);
    }

    /// Crash this host at its next barrier, and start it again a little later.
    pub fn crash_at_next_barrier(&mut self, host: HostId) {
        self.crash_next.insert(host);
    }

    /// Cut these hosts off from all others for a while.
    pub fn partition(&mut self, hosts: BTreeSet<HostId>, ms: u64) {
        if self.faults.partition {
            self.say(format_args!("{hosts:?} are cut off for {ms} ms"));
            self.cut = (hosts, self.tick.after(ms));
        }
    }

    /// From now on nothing goes wrong: no fault of a link, a disk or a chain, no host is cut off, and those that crashed run.
    pub fn settle(&mut self) {
        self.say(format_args!("all faults end"));
        self.faults = Faults::NONE;
        self.cut.1 = self.tick;
        let down: Vec<_> = self.hosts.keys().copied().filter(|host| !self.runs(*host)).collect();
        for host in down.into_iter().filter(|host| !self.dead.contains(host)).collect::<Vec<_>>() {
            self.start(host, None);
        }
    }

    /// Give a user's command to a host that runs.
    pub fn command(&mut self, host: HostId, id: CommandId, command: Command) {
        if let Command::Acknowledge(cursor) = command {
            self.acknowledging.insert((host, id), cursor);
        }
        if self.runs(host) {
            self.handle(host, Input::Command { id, command }, &[]);
        }
    }

    /// Whether a host runs.
    pub fn runs(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|at| at.node.is_some())
    }

    fn members(&self) -> Vec<HostId> {
        let member = |at: &Host| matches!(at.role, Role::Member(..));
        self.hosts.iter().filter(|(_, at)| member(at)).map(|(id, _)| *id).collect()
    }

    fn node_id(&self, host: HostId) -> Option<NodeId> {
        match &self.hosts.get(&host)?.role {
            Role::Service(node, _) => Some(*node),
            Role::Member(..) => None,
        }
    }

    fn host_of(&self, node: NodeId) -> Option<HostId> {
        self.hosts.keys().copied().find(|host| self.node_id(*host) == Some(node))
    }

    /// Services, those that hold most objects first.
    pub fn holders(&self) -> Vec<HostId> {
        let objects = |at: &Host| at.rows.of(Table::Store).filter(|(key, _)| key.first() == Some(&b'o')).count();
        let mut all: Vec<_> =
            self.hosts.iter().filter(|(id, _)| self.runs(**id)).map(|(id, at)| (objects(at), *id)).collect();
        all.sort_by(|a, b| b.cmp(a));
        all.into_iter().filter(|(objects, _)| *objects > 0).map(|(_, id)| id).collect()
    }

    /// Let the next thing happen. False: nothing will happen before `end`.
    pub fn step(&mut self, end: Tick) -> bool {
        let due = self.hosts.iter().filter_map(|(id, at)| at.deadline.map(|tick| (tick, *id))).min();
        let next = self.queue.keys().next().copied();
        let wakes = due.is_some_and(|(tick, _)| next.is_none_or(|(at, _)| tick < at));
        let tick = if wakes { due.map(|(tick, _)| tick) } else { next.map(|(tick, _)| tick) };
        let Some(tick) = tick.filter(|tick| *tick <= end) else {
            self.tick = self.tick.max(end);
            return false;
        };
        self.tick = self.tick.max(tick);
        match (wakes, due) {
            (true, Some((_, host))) => self.handle(host, Input::Wake, &[]),
            _ => {
                if let Some((_, happening)) = self.queue.pop_first() {
                    self.happen(happening);
                }
            }
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Input { host, life, input, way } => {
                if self.hosts[&host].life == life && self.runs(host) {
                    self.handle(host, *input, &way);
                }
            }
            Happening::Commit { host, life, batch } => {
                if self.hosts[&host].life == life && self.runs(host) {
                    self.hosts.get_mut(&host).into_iter().for_each(|at| at.commit(batch));
                    self.handle(host, Input::Committed(batch), &[]);
                }
            }
            Happening::Start(host) if !self.runs(host) && !self.dead.contains(&host) => self.start(host, None),
            Happening::Start(_) => {}
            Happening::Block => self.block(),
        }
    }

    fn handle(&mut self, host: HostId, input: Input, way: &[HostId]) {
        self.say(format_args!("{host} <- {}", describe(&input)));
        if let Input::Recv { bytes, .. } = &input
            && bytes.get(..2) == Some(&[1, 3])
        {
            let whole = [way, &[host]].concat();
            let rule = self.watch.way(&whole);
            self.broken(rule);
        }
        let now = self.now();
        let Some(at) = self.hosts.get_mut(&host) else { return };
        let Some(node) = &mut at.node else { return };
        let mut out = Vec::new();
        node.handle(&mut Cx { now, rng: &mut at.rng, out: &mut out }, input);
        at.deadline = node.deadline();
        let rule = self.watch.node(node, self.queue.len()).and_then(|()| self.watch.nonces(self.sealed.repeated()));
        self.broken(rule);
        for output in out {
            // Whatever is left was never sent: the host is gone.
            if self.hosts[&host].node.is_none() {
                break;
            }
            self.output(host, output, way);
        }
    }
}
