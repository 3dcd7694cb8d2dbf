//! The machine of a client of the swarm (SESSION section 6).
//!
//! | Task | Steps | Ends with |
//! |---|---|---|
//! | put | work (strangers' inbox only) → one random replica → receipts verified → another replica while fewer than 5 | [`ClientOut::Stored`]; or [`ClientOut::InsufficientStorage`] below 3 after all, and again later: the object stays queued |
//! | fetch | some replicas, each behind its own cursor → objects dedup'd by id → [`ClientOut::Deliver`] → committed → cursor moves | [`ClientOut::Fetched`] |
//! | delete | two replicas, one after the other: each tells the others | [`ClientOut::Deleted`] |
//! | lookup | 3 nodes of the week (1 for what a signature already fixed) → highest sequence that verifies | [`ClientOut::Found`], [`ClientOut::NotFound`] |
//! | publish | work → one node → read back from three, unanswered questions asked again | [`ClientOut::Published`], [`ClientOut::NotPublished`] |
//!
//! What is queued here lives in memory: who orders a put keeps the object until it is stored, and orders it again after a
//! restart (storing is idempotent). Cursors are rows: [`ClientOut::Persist`].

mod delete;
mod get;
mod io;
mod lookup;
mod publish;
mod put;

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::codec::{Day, DecodeError, Minute, Reader};
use pars_wire::limits::ONION_ROOM;
use pars_wire::machine::{Cx, Machine, Tick, UnixMinute};

use super::auth::in_use;
use super::command::{Command, Op};
use super::directory::Records;
use super::mailbox::Tag;
use super::placement::{Operators, Placement};
use super::reply::Reply;
use super::store::rows::Row;

pub use io::{ClientIn, ClientOut, DeliveryId, PutTo, TaskError, TaskId};

/// How long a request may take with its answer, in ms: both ways over the onion, and a coordinator's 3 s between; what hops hold
/// packets for comes on top. Doubled up to [`MAX_REQUEST_MS`] while everything fails: nodes may be slow rather than dead.
pub const REQUEST_MS: u64 = 6_000;
/// The same of a request that its node answers alone.
pub const READ_MS: u64 = 3_000;
/// How long after a command without a reply block its effect is asked for, in ms.
pub const SETTLE_MS: u64 = 1_000;
/// How long an object waits after every replica failed, in ms; doubled each time in a row, up to [`MAX_RETRY_MS`].
pub const RETRY_MS: u64 = 4_000;
/// The longest such pause, in ms.
pub const MAX_RETRY_MS: u64 = 64_000;
/// Requests in a row without an answer at which the patience with each is doubled.
const SLOW_AFTER: u32 = 6;
/// How often it may be doubled.
const MOST_DOUBLINGS: u32 = 3;
/// The longest patience with a request, in ms: what waits when a line becomes good again waits no longer than that.
pub const MAX_REQUEST_MS: u64 = 24_000;
/// How often every replica is tried before the sender hears of it: a path may fail as well as a node.
pub const ROUNDS: u32 = 2;
/// Tasks at once: a bound of memory.
pub const MAX_TASKS: usize = 1_024;
/// Of these, readings: however many mailboxes there are, what is to be sent finds its place.
pub const MAX_READINGS: usize = MAX_TASKS / 2;
/// Nodes whose answers to a lookup are compared, where a node could serve something old.
pub const LOOKUP_NODES: usize = 3;

/// What a request was for.
#[derive(Clone, Copy)]
struct Asked {
    task: TaskId,
    node: NodeId,
}

enum Task {
    Put(put::Put),
    Fetch(get::Fetch),
    Delete(delete::Delete),
    Lookup(lookup::Lookup),
    Publish(publish::Publish),
}

/// A client's swarm half.
pub struct Client {
    records: Box<dyn Records>,
    placement: Placement,
    tasks: BTreeMap<TaskId, Task>,
    asked: BTreeMap<u64, Asked>,
    books: BTreeMap<(Day, Tag), get::Book>,
    requests: u64,
    deliveries: u64,
    /// Nodes' clocks against ours in minutes, of those that answered last; the newest is last.
    skews: Vec<(NodeId, i64)>,
    /// What the hops' delays add to every time, in ms.
    pace_ms: u64,
    /// Requests without an answer, less four for each with one.
    failures: u32,
}

type Context<'a, 'b> = &'a mut Cx<'b, ClientOut>;

/// Nodes whose clocks are compared.
const SKEW_SAMPLES: usize = 5;

impl Client {
    /// A client with the rows that an earlier one persisted.
    ///
    /// # Errors
    /// [`DecodeError`]: the rows are not those of a client.
    pub fn open(
        operators: Operators,
        records: Box<dyn Records>,
        rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<Self, DecodeError> {
        let mut books: BTreeMap<(Day, Tag), get::Book> = BTreeMap::new();
        for (key, value) in rows {
            let (place, node, cursor) = get::read_row(&mut Reader::new(&key), &mut Reader::new(&value))?;
            books.entry(place).or_default().cursors.insert(node, cursor);
        }
        Ok(Self {
            records,
            placement: Placement::new(operators),
            tasks: BTreeMap::new(),
            asked: BTreeMap::new(),
            books,
            requests: 0,
            deliveries: 0,
            skews: Vec::new(),
            pace_ms: 0,
            failures: 0,
        })
    }

    /// The delays that hops are asked for add so many ms to a request with its answer.
    pub const fn set_pace(&mut self, ms: u64) {
        self.pace_ms = ms;
    }

    /// When the effect of a command without a reply block can be asked for.
    const fn settled(&self, now: Tick) -> Tick {
        now.after(SETTLE_MS + self.pace_ms)
    }

    /// Tasks that have not ended.
    pub fn open_tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Ours, corrected by the middle one of the last nodes' clocks: one liar moves nothing, however often it answers.
    pub fn clock(&self, now: UnixMinute) -> UnixMinute {
        let mut skews: Vec<i64> = self.skews.iter().map(|(_, skew)| *skew).collect();
        skews.sort_unstable();
        let skew = skews.get(skews.len() / 2).copied().unwrap_or(0);
        UnixMinute((i64::from(now.0) + skew).clamp(0, i64::from(u32::MAX)) as u32)
    }

    fn note_clock(&mut self, now: UnixMinute, node: NodeId, theirs: Minute) {
        self.skews.retain(|(of, _)| *of != node);
        if self.skews.len() >= SKEW_SAMPLES {
            self.skews.remove(0);
        }
        self.skews.push((node, i64::from(theirs.0) - i64::from(now.0)));
    }

    /// Send a command for a task; `surbs` 0: nothing will come back.
    fn ask(&mut self, cx: Context<'_, '_>, asked: Asked, command: &Command, surbs: u8) -> u64 {
        self.requests += 1;
        let request = self.requests;
        if surbs > 0 {
            self.asked.insert(request, asked);
        }
        let base = match command.op() {
            Op::Get | Op::DirGet => READ_MS,
            _ => REQUEST_MS,
        };
        let patience = base << (self.failures / SLOW_AFTER).min(MOST_DOUBLINGS);
        let timeout_ms = patience.min(MAX_REQUEST_MS) + self.pace_ms;
        let command = command.encode(surbs);
        cx.out.push(ClientOut::Request { request, to: asked.node, command, surbs: surbs.into(), timeout_ms });
        request
    }

    /// Relays or a link came: what waits for its next try has it now.
    fn retry(&mut self, cx: Context<'_, '_>) {
        self.failures = 0;
        let waiting = |task: &Task| matches!(task, Task::Put(put) if put.waits());
        let waiting: Vec<TaskId> = self.tasks.iter().filter(|(_, task)| waiting(task)).map(|(id, _)| *id).collect();
        waiting.into_iter().for_each(|id| self.event(cx, id, Event::Due));
    }

    fn begin(&mut self, cx: Context<'_, '_>, id: TaskId, task: Result<Task, TaskError>) {
        let readings = || self.tasks.values().filter(|task| matches!(task, Task::Fetch(_))).count();
        let full = self.tasks.len() >= MAX_TASKS || matches!(task, Ok(Task::Fetch(_))) && readings() >= MAX_READINGS;
        let task = if full { Err(TaskError::Busy) } else { task };
        match task {
            Ok(task) => self.run(cx, id, task, Event::Begin),
            Err(error) => cx.out.push(ClientOut::Refused { id, error }),
        }
    }

    /// Give a task one event; it stays unless it has ended.
    fn run(&mut self, cx: Context<'_, '_>, id: TaskId, task: Task, event: Event) {
        let left = match task {
            Task::Put(task) => task.run(self, cx, event).map(Task::Put),
            Task::Fetch(task) => task.run(self, cx, id, event).map(Task::Fetch),
            Task::Delete(task) => task.run(self, cx, id, event).map(Task::Delete),
            Task::Lookup(task) => task.run(self, cx, id, event).map(Task::Lookup),
            Task::Publish(task) => task.run(self, cx, id, event).map(Task::Publish),
        };
        match left {
            Some(task) => {
                self.tasks.insert(id, task);
            }
            None => self.asked.retain(|_, asked| asked.task != id),
        }
    }

    fn event(&mut self, cx: Context<'_, '_>, id: TaskId, event: Event) {
        if let Some(task) = self.tasks.remove(&id) {
            self.run(cx, id, task, event);
        }
    }

    fn answer(&mut self, cx: Context<'_, '_>, request: u64, body: &[u8; ONION_ROOM]) {
        let Some(Asked { task, node }) = self.asked.get(&request).copied() else { return };
        let event = match Reply::decode(body) {
            Ok(reply) => {
                self.failures = self.failures.saturating_sub(4);
                self.note_clock(cx.now.wall, node, reply.minute);
                Event::Answer { request, node, reply: Box::new(reply) }
            }
            Err(_) => Event::Failed { request, node },
        };
        self.event(cx, task, event);
    }

    fn wake(&mut self, cx: Context<'_, '_>) {
        let due = |task: &Task| task.deadline().is_some_and(|tick| tick <= cx.now.tick);
        let due: Vec<TaskId> = self.tasks.iter().filter(|(_, task)| due(task)).map(|(id, _)| *id).collect();
        due.into_iter().for_each(|id| self.event(cx, id, Event::Due));
        let now = cx.now.wall;
        self.placement.expire(Day::at(now));
        let over: Vec<_> =
            self.books.keys().filter(|(day, _)| *day < Day::at(now) && !in_use(*day, now)).copied().collect();
        let gone = over.into_iter().filter_map(|place| self.books.remove(&place).map(|book| (place, book)));
        let rows: Vec<Row> = gone.flat_map(|(place, book)| book.drop_rows(place)).collect();
        if !rows.is_empty() {
            cx.out.push(ClientOut::Persist(rows));
        }
    }

    fn committed(&mut self, cx: Context<'_, '_>, delivery: DeliveryId) {
        let mut rows = Vec::new();
        for (place, book) in &mut self.books {
            rows.extend(book.committed(*place, delivery));
        }
        if !rows.is_empty() {
            cx.out.push(ClientOut::Persist(rows));
        }
        let ids: Vec<TaskId> = self.tasks.keys().copied().collect();
        ids.into_iter().for_each(|id| self.event(cx, id, Event::Committed));
    }
}

impl Task {
    fn deadline(&self) -> Option<Tick> {
        match self {
            Self::Put(task) => task.due,
            Self::Publish(task) => task.due,
            Self::Fetch(_) | Self::Delete(_) | Self::Lookup(_) => None,
        }
    }
}

/// What happens to a task.
enum Event {
    Begin,
    Answer { request: u64, node: NodeId, reply: Box<Reply> },
    Failed { request: u64, node: NodeId },
    Solved([u8; 8]),
    Committed,
    Due,
}

/// One of `nodes` that is not in `without`, at random.
fn draw(cx: Context<'_, '_>, nodes: &[NodeId], without: &BTreeSet<NodeId>) -> Option<NodeId> {
    let left: Vec<NodeId> = nodes.iter().filter(|node| !without.contains(node)).copied().collect();
    let at = u64::from_be_bytes(random(cx.rng)).checked_rem(left.len() as u64)?;
    left.get(at as usize).copied()
}

impl Machine for Client {
    type In = ClientIn;
    type Out = ClientOut;

    fn handle(&mut self, cx: &mut Cx<'_, ClientOut>, input: ClientIn) {
        match input {
            ClientIn::Snapshot(snapshot) => self.placement.learn(snapshot),
            ClientIn::Departed(node) => self.placement.depart(node),
            ClientIn::Put { id, to, ttl_hours, object } => {
                let task = put::Put::new(id, to, ttl_hours, object, cx.now.wall).map(Task::Put);
                self.begin(cx, id, task);
            }
            ClientIn::Cancel(id) => {
                self.tasks.remove(&id);
                self.asked.retain(|_, asked| asked.task != id);
            }
            ClientIn::Fetch { id, mailbox, nodes, without, bits } => {
                let task = get::Fetch::new(mailbox, (nodes, bits), without, cx.now.wall).map(Task::Fetch);
                self.begin(cx, id, task);
            }
            ClientIn::Delete { id, mailbox, objects } => {
                let task = delete::Delete::new(mailbox, objects, cx.now.wall).map(Task::Delete);
                self.begin(cx, id, task);
            }
            ClientIn::Committed(delivery) => self.committed(cx, delivery),
            ClientIn::Lookup { id, identity, what } => {
                self.begin(cx, id, Ok(Task::Lookup(lookup::Lookup::new(identity, what))));
            }
            ClientIn::Publish { id, identity, record, probe, expect } => {
                let task = publish::Publish::new(identity, record, probe, expect);
                self.begin(cx, id, Ok(Task::Publish(task)));
            }
            ClientIn::Solved { id, nonce } => self.event(cx, id, Event::Solved(nonce)),
            ClientIn::Answer { request, body } => self.answer(cx, request, &body),
            ClientIn::Failed { request } => {
                if let Some(Asked { task, node }) = self.asked.remove(&request) {
                    self.failures = (self.failures + 1).min(MOST_DOUBLINGS * SLOW_AFTER);
                    self.event(cx, task, Event::Failed { request, node });
                }
            }
            ClientIn::Retry => self.retry(cx),
            ClientIn::Wake => {}
        }
        self.wake(cx);
    }

    fn deadline(&self) -> Option<Tick> {
        self.tasks.values().filter_map(Task::deadline).min()
    }
}
