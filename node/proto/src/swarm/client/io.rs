//! What a client is told and what it asks for.

use std::collections::BTreeSet;

use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::limits::ONION_ROOM;

use super::super::directory::What;
use super::super::hashcash::Work;
use super::super::mailbox::{DayKey, ObjectId, Tag};
use super::super::placement::Snapshot;
use super::super::store::rows::Row;

/// Names a task to the one who ordered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId(
    /// Chosen by the engine, never reused.
    pub u64,
);

/// Names one delivery of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId(
    /// The count.
    pub u64,
);

/// Where an object goes.
#[derive(Clone, Debug)]
pub enum PutTo {
    /// The mailbox shared with a contact.
    Mailbox(Box<DayKey>),
    /// A stranger's inbox.
    Inbox {
        /// Its key, from the identity record.
        key: [u8; 32],
        /// The day.
        day: Day,
        /// The work its owner asks for.
        bits: u8,
    },
}

/// What a client is told.
pub enum ClientIn {
    /// Registry and beacon of a day.
    Snapshot(Snapshot),
    /// A node left the registry.
    Departed(NodeId),
    /// Store an object of class S, M or L.
    Put {
        /// Names the task.
        id: TaskId,
        /// Where.
        to: PutTo,
        /// How long, in hours.
        ttl_hours: u16,
        /// What.
        object: Vec<u8>,
    },
    /// Give up a put, a fetch, a lookup or a publication.
    Cancel(TaskId),
    /// Read a mailbox day at so many replicas.
    Fetch {
        /// Names the task.
        id: TaskId,
        /// The right to it.
        mailbox: DayKey,
        /// At how many; more than there are means all.
        nodes: usize,
        /// At none of these: who orders it has read them.
        without: BTreeSet<NodeId>,
        /// Of an inbox: the work that its owner asks for. What shows less is passed over. 0: none.
        bits: u8,
    },
    /// What a delivery held is durable: cursors may move.
    Committed(DeliveryId),
    /// Delete objects that were read, so that their mailbox day has room again.
    Delete {
        /// Names the task.
        id: TaskId,
        /// The right to it.
        mailbox: DayKey,
        /// Which, at most 64.
        objects: Vec<ObjectId>,
    },
    /// Read a slot of the directory.
    Lookup {
        /// Names the task.
        id: TaskId,
        /// Whose.
        identity: [u8; 32],
        /// Which.
        what: What,
    },
    /// Publish a record.
    Publish {
        /// Names the task.
        id: TaskId,
        /// Whose.
        identity: [u8; 32],
        /// The record, or an upload of leaves.
        record: Vec<u8>,
        /// A slot it fills, to be read back.
        probe: What,
        /// What must stand there then.
        expect: Vec<u8>,
    },
    /// The work of a task.
    Solved {
        /// Which task.
        id: TaskId,
        /// The nonce.
        nonce: [u8; 8],
    },
    /// One answer to a request.
    Answer {
        /// Which request.
        request: u64,
        /// The body.
        body: Box<[u8; ONION_ROOM]>,
    },
    /// A request gets no (further) answer.
    Failed {
        /// Which.
        request: u64,
    },
    /// Relays, a link or a registry came: what waits after a failure is tried at once.
    Retry,
    /// A deadline passed.
    Wake,
}

/// What a client asks for.
#[derive(Debug)]
pub enum ClientOut {
    /// Send a command over the onion, with so many reply blocks appended.
    Request {
        /// Names the request.
        request: u64,
        /// The service node.
        to: NodeId,
        /// The command without blocks and padding.
        command: Vec<u8>,
        /// How many blocks.
        surbs: usize,
        /// How long to wait, in ms.
        timeout_ms: u64,
    },
    /// Find a nonce; slow, so it is done elsewhere.
    Work {
        /// For which task.
        id: TaskId,
        /// Bound to what.
        work: Work,
        /// How many bits.
        bits: u8,
    },
    /// The object lies at so many nodes.
    Stored {
        /// Which task.
        id: TaskId,
        /// Receipts that verified.
        copies: usize,
    },
    /// Typed error `insufficient_storage`: fewer than 3 nodes hold it. It stays queued and is tried again.
    InsufficientStorage {
        /// Which task.
        id: TaskId,
        /// Receipts that verified.
        copies: usize,
    },
    /// New objects of a mailbox, each once. Say Committed when they are durable.
    Deliver {
        /// Names the delivery.
        delivery: DeliveryId,
        /// The mailbox.
        tag: Tag,
        /// The objects in the node's order.
        objects: Vec<Vec<u8>>,
    },
    /// A reading has ended.
    Fetched {
        /// Which task.
        id: TaskId,
        /// Nodes read to their end.
        answered: BTreeSet<NodeId>,
    },
    /// A deletion has ended.
    Deleted {
        /// Which task.
        id: TaskId,
        /// Nodes that were told; each tells the other replicas.
        told: usize,
    },
    /// What stands in a slot.
    Found {
        /// Which task.
        id: TaskId,
        /// The record; of a leaf its batch, then the leaf.
        records: Vec<Vec<u8>>,
        /// Another node gave other bytes of the same sequence: warn, and keep what is pinned.
        fork: bool,
    },
    /// No node gave anything that verifies.
    NotFound {
        /// Which task.
        id: TaskId,
        /// Nodes that answered.
        answered: usize,
    },
    /// The record reads back from enough nodes.
    Published {
        /// Which task.
        id: TaskId,
    },
    /// The record does not read back from enough nodes; order it again later.
    NotPublished {
        /// Which task.
        id: TaskId,
    },
    /// The task is not begun, or its mailbox day ended while it was queued.
    Refused {
        /// Which task.
        id: TaskId,
        /// Why.
        error: TaskError,
    },
    /// Write these rows.
    Persist(Vec<Row>),
}

/// Why a task is not begun or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// Objects have 4,096, 6,144 or 11,136 bytes.
    #[error("an object has 4,096, 6,144 or 11,136 bytes, this one has {0}")]
    Size(usize),
    /// Objects live 1 h to 14 days.
    #[error("an object is kept for 1 to 336 hours, not {0}")]
    TimeToLive(u16),
    /// The mailbox's day is over or not yet begun.
    #[error("the mailbox's day is not in use")]
    Day,
    /// Too many objects, or a mailbox in which nobody deletes.
    #[error("at most 64 objects of a pair's, a file's or one's own mailbox are deleted at once, not {0}")]
    Deletion(usize),
    /// Too many tasks.
    #[error("too many tasks run; order this one again when some have ended")]
    Busy,
}
