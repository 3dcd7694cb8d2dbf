//! The machine of a storing node (SESSION section 6).
//!
//! | Input | Output |
//! |---|---|
//! | PUT, PUT_INBOX that may stay | [`StoreOut::Persist`], then STORE to the other replicas; the answer with the receipts there are at 5, or after 3 s |
//! | the same object again | the receipts known, nothing stored twice |
//! | GET | items behind the cursor; nobody can tell a wrong signature from an unknown or empty mailbox |
//! | DEL | objects go, tombstones stay 24 h, the other replicas hear of it |
//! | STAT | receipts, asked for where they are not known |
//! | DIR_PUT, DIR_GET | records that [`Records`] lets stand; read back by slot |
//! | SUBSCRIBE, RENDEZVOUS | status "not supported" |
//! | frames of other replicas | the same checks as for a client's command, one frame back |
//!
//! Whoever drives it withholds what follows a Persist until that is synced: no receipt leaves before its object is safe.
//! Objects and records lie in memory as well as in the rows: [`StoreConfig::capacity`] bounds both.

mod directory;
mod fan;
mod mailboxes;
mod nonces;
pub mod rows;

use std::collections::BTreeMap;

use pars_crypto::sign::Ed25519Secret;
use pars_wire::NodeId;
use pars_wire::codec::{Day, Hour, Minute};
use pars_wire::limits::ONION_ROOM;
use pars_wire::machine::{Cx, Machine, Tick};

use super::command::{Command, Op, Received};
use super::directory::{Records, What};
use super::frame::{Body as FrameBody, Frame};
use super::mailbox::{ObjectId, Tag};
use super::placement::{Operators, Placement, Snapshot};
use super::reply::{Reply, Status};
use super::shelf::Shelf;
use fan::Gathering;
use nonces::Nonces;
use rows::{Row, RowError};

/// A body of the onion.
pub type Body = Box<[u8; ONION_ROOM]>;

/// How long a coordinator waits for the receipts of the other replicas, in ms.
pub const GATHER_MS: u64 = 3_000;
/// Objects for which receipts are gathered at once: a bound of memory.
pub const MAX_GATHERINGS: usize = 4_096;
/// Mailbox days whose replicas are remembered: a bound of memory (300 bytes each).
const MAX_RANKED: usize = 4_096;
/// How often expired things are looked for, in ms.
const SWEEP_MS: u64 = 60_000;

/// Who a storing node is, and how much it holds.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Its id.
    pub node: NodeId,
    /// Its registered Ed25519 key.
    pub key: Ed25519Secret,
    /// Whether the network tells operators apart.
    pub operators: Operators,
    /// Bytes of objects and records it holds at most.
    pub capacity: usize,
}

/// What a store is told.
pub enum StoreIn {
    /// A command that came out of the onion.
    Command(Body),
    /// Bytes of another node's link.
    Frame(Vec<u8>),
    /// Registry and beacon of a day.
    Snapshot(Snapshot),
    /// A node left the registry.
    Departed(NodeId),
    /// A deadline passed.
    Wake,
}

/// What a store asks for.
#[derive(Debug)]
pub enum StoreOut {
    /// Write these rows and sync, before anything that follows leaves.
    Persist(Vec<Row>),
    /// Answer over a reply block (4,800 bytes).
    Reply {
        /// The block.
        surb: Vec<u8>,
        /// The answer.
        body: Body,
    },
    /// Send 16,384 bytes to another node.
    Frame {
        /// To whom.
        to: NodeId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Bytes that are no command or frame; for local counters.
    Malformed,
}

/// Until when and what.
type Record = (Hour, Vec<u8>);

/// A storing node.
pub struct Store {
    config: StoreConfig,
    records: Box<dyn Records>,
    placement: Placement,
    shelves: BTreeMap<(Day, Tag), Shelf>,
    places: BTreeMap<ObjectId, (Day, Tag)>,
    identities: BTreeMap<[u8; 32], BTreeMap<What, Record>>,
    bytes: usize,
    /// Deletions that are remembered, over all mailbox days.
    tombstones: usize,
    nonces: Nonces,
    /// Replicas of the mailbox days asked for lately: ranking hashes the whole registry.
    ranked: BTreeMap<(Day, Tag), Vec<NodeId>>,
    gatherings: BTreeMap<u64, Gathering>,
    sweep: Tick,
}

pub(super) type Context<'a, 'b> = &'a mut Cx<'b, StoreOut>;

impl Store {
    /// A store with the rows that an earlier one persisted (none: a new node).
    ///
    /// # Errors
    /// [`RowError`]: the rows are not those of a store.
    pub fn open(
        config: StoreConfig,
        records: Box<dyn Records>,
        rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<Self, RowError> {
        let mut store = Self {
            placement: Placement::new(config.operators),
            config,
            records,
            shelves: BTreeMap::new(),
            places: BTreeMap::new(),
            identities: BTreeMap::new(),
            bytes: 0,
            tombstones: 0,
            nonces: Nonces::default(),
            ranked: BTreeMap::new(),
            gatherings: BTreeMap::new(),
            sweep: Tick(0),
        };
        for (key, value) in rows {
            store.restore(&key, &value)?;
        }
        Ok(store)
    }

    /// Bytes of objects and records held.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn command(&mut self, cx: Context<'_, '_>, body: &Body) {
        let Ok(received) = Received::decode(body) else {
            cx.out.push(StoreOut::Malformed);
            return;
        };
        let surbs: Vec<Vec<u8>> = received.surbs.iter().map(|surb| surb.to_vec()).collect();
        let (op, minute) = (received.command.op(), Minute::at(cx.now.wall));
        match received.command {
            command @ (Command::Put { .. } | Command::PutInbox { .. }) => self.put(cx, command, surbs),
            command @ Command::Get { .. } => self.get(cx, &command, surbs),
            command @ Command::Del { .. } => {
                self.delete(cx, &command, true);
                reply(cx, surbs, &Reply::bare(op, Status::Ok, minute));
            }
            Command::Stat { object } => self.stat(cx, object, surbs),
            Command::DirGet { identity, what, .. } => self.directory_get(cx, &identity, what, surbs),
            command @ Command::DirPut { .. } => {
                let status = self.directory_put(cx, &command, true);
                reply(cx, surbs, &Reply::bare(op, status, minute));
            }
            Command::Opaque { op: Op::Nop, .. } => {}
            Command::Opaque { .. } => reply(cx, surbs, &Reply::bare(op, Status::NotSupported, minute)),
        }
    }

    fn frame(&mut self, cx: Context<'_, '_>, bytes: &[u8]) {
        let Ok(frame) = Frame::decode(bytes) else {
            cx.out.push(StoreOut::Malformed);
            return;
        };
        let answer = match frame.body {
            FrameBody::Store(command) => self.store_for(cx, &command),
            FrameBody::Query(object) => Some(self.receipt(&object).ok_or(Status::Refused)),
            FrameBody::Answer(answer) => {
                self.gathered(cx, frame.request, frame.from, answer);
                None
            }
        };
        if let Some(answer) = answer {
            self.send(cx, frame.from, frame.request, FrameBody::Answer(answer));
        }
    }

    /// Carry out a command that another replica passes on; an answer if it stores an object.
    fn store_for(&mut self, cx: Context<'_, '_>, body: &Body) -> Option<Result<super::receipt::Receipt, Status>> {
        let Ok(received) = Received::decode(body) else {
            cx.out.push(StoreOut::Malformed);
            return None;
        };
        match received.command {
            command @ (Command::Put { .. } | Command::PutInbox { .. }) => {
                Some(self.admit(cx, &command).and_then(|object| self.receipt(&object).ok_or(Status::Busy)))
            }
            command @ Command::Del { .. } => {
                self.delete(cx, &command, false);
                None
            }
            command @ Command::DirPut { .. } => {
                self.directory_put(cx, &command, false);
                None
            }
            _ => None,
        }
    }

    fn send(&self, cx: Context<'_, '_>, to: NodeId, request: u64, body: FrameBody) {
        let bytes = Frame { request, from: self.config.node, body }.encode();
        cx.out.push(StoreOut::Frame { to, bytes });
    }

    /// The other replicas of a tag, if this node is one.
    fn peers(&mut self, tag: &Tag, day: Day) -> Result<Vec<NodeId>, Status> {
        if self.ranked.len() >= MAX_RANKED {
            self.ranked.clear();
        }
        let (ranked, placement) = (self.ranked.entry((day, *tag)), &self.placement);
        let mut replicas = ranked.or_insert_with(|| placement.replicas(tag, day)).clone();
        let count = replicas.len();
        replicas.retain(|node| *node != self.config.node);
        if replicas.len() < count { Ok(replicas) } else { Err(Status::NotPlaced) }
    }

    fn wake(&mut self, cx: Context<'_, '_>) {
        self.finish_gatherings(cx);
        if self.sweep <= cx.now.tick {
            self.sweep = cx.now.tick.after(SWEEP_MS);
            self.expire(cx);
        }
    }

    /// Forget what is over: objects, tombstones, records, nonces.
    fn expire(&mut self, cx: Context<'_, '_>) {
        let now = Hour::at(cx.now.wall);
        self.placement.expire(now.day());
        self.ranked.clear();
        let mut rows = Vec::new();
        for ((day, tag), shelf) in &mut self.shelves {
            let before = shelf.bytes();
            let (objects, tombstones) = shelf.expire(now);
            self.bytes = self.bytes.saturating_sub(before - shelf.bytes());
            self.tombstones = self.tombstones.saturating_sub(tombstones.len());
            rows.extend(objects.iter().map(|id| Row::drop_object(*day, tag, id)));
            rows.extend(tombstones.iter().map(|id| Row::drop_tombstone(*day, tag, id)));
            objects.iter().for_each(|id| {
                self.places.remove(id);
            });
        }
        self.shelves.retain(|_, shelf| !shelf.is_empty());
        self.expire_records(now, &mut rows);
        self.nonces.expire(Minute::at(cx.now.wall));
        if !rows.is_empty() {
            cx.out.push(StoreOut::Persist(rows));
        }
    }
}

/// The same answer over the first block; the others stay unused.
fn reply(cx: Context<'_, '_>, surbs: Vec<Vec<u8>>, reply: &Reply) {
    let body = reply.encode();
    cx.out.extend(surbs.into_iter().take(1).map(|surb| StoreOut::Reply { surb, body: body.clone() }));
}

/// A command's bytes for another replica: as the client sent them, without reply blocks.
fn passed_on(command: &Command) -> Body {
    let mut body = Box::new([0; ONION_ROOM]);
    let bytes = command.encode(0);
    body.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
    body
}

impl Machine for Store {
    type In = StoreIn;
    type Out = StoreOut;

    fn handle(&mut self, cx: &mut Cx<'_, StoreOut>, input: StoreIn) {
        match input {
            StoreIn::Command(body) => self.command(cx, &body),
            StoreIn::Frame(bytes) => self.frame(cx, &bytes),
            StoreIn::Snapshot(snapshot) => {
                self.placement.learn(snapshot);
                self.ranked.clear();
            }
            StoreIn::Departed(node) => {
                self.placement.depart(node);
                self.ranked.clear();
            }
            StoreIn::Wake => {}
        }
        self.wake(cx);
    }

    fn deadline(&self) -> Option<Tick> {
        let gathering = self.gatherings.values().map(|gathering| gathering.deadline).min();
        Some(gathering.map_or(self.sweep, |tick| tick.min(self.sweep)))
    }
}
