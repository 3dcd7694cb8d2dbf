//! What a node is told and what it asks for. Plain values: a shell carries them out, the simulator looks at them.

mod error;
mod event;
mod history;

use pars_crypto::secret::Zeroizing;
use pars_crypto::suite::DSA87_PUBLIC;
use pars_identity::IdentityId;
use pars_identity::link::Link as IdentityLink;
use pars_proto::swarm::hashcash::Work;
use pars_wire::NodeId;
use pars_wire::content::ContentType;

use crate::registry::Registry;
use crate::store::{Batch, BatchId};

pub use error::{CommandError, DescriptorRefused, OpenError};
pub use event::{Event, Gap, Received};
pub use history::{Conversation, Delivery, Direction, Entry, Paused};

/// Where bytes come from or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// The link with a registered node: of a member with its first relay, or of two nodes.
    Node(NodeId),
    /// A client's connection at this relay, by its delivery token.
    Client([u8; 16]),
}

/// Names a command, chosen at random by its caller: the same id again is the same command (idempotent). 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandId(
    /// The bytes.
    pub [u8; 16],
);

/// Names a question that somebody else answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuestionId(
    /// The count.
    pub u64,
);

/// What a user asks of a member.
#[derive(Clone, Debug)]
pub enum Command {
    /// Publish our own records in the directory, or do it again. `Done` when the keys are durable, `Published` when the
    /// records were read back; between them it goes on by itself, over restarts too.
    Publish,
    /// Fetch and check a contact's records, so that messages can be sent. `Opened` or `NotOpened` of the contact, or `Refused`
    /// when the link contradicts another one by which the contact is being opened.
    Open(IdentityLink),
    /// Send a message. The same command id again is the same message, and refused with another one.
    Send {
        /// To whom: a contact that was opened, or one that wrote to us.
        to: IdentityId,
        /// Text, a file, a voice message, an invitation, an action or its receipt. All but text and receipts need a contact
        /// whose `pq_auth` is confirmed.
        content_type: ContentType,
        /// The content (text: UTF-8, at least a byte); wiped when dropped.
        content: Zeroizing<Vec<u8>>,
    },
    /// End the session with a contact: it only receives from now on. What is sent later begins a new one.
    Close(IdentityId),
    /// Every message received from a contact up to a cursor has been read.
    MarkRead {
        /// From whom.
        with: IdentityId,
        /// Up to here.
        cursor: u64,
    },
    /// Read the inbox and every session's mailbox of today and so many days before.
    Poll {
        /// Days back, at most 15.
        days: u32,
    },
    /// Events of messages up to this cursor need not be told again.
    Acknowledge(u64),
}

/// What a node is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// 16,384 bytes of a link.
    Recv {
        /// Which link.
        from: Link,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A link to a first relay stands.
    Connected {
        /// The relay.
        node: NodeId,
        /// The connection's delivery token there.
        token: [u8; 16],
    },
    /// A link to a first relay broke, or never stood.
    Disconnected(NodeId),
    /// A user's command.
    Command {
        /// Names it.
        id: CommandId,
        /// What.
        command: Command,
    },
    /// A nonce that was asked for.
    Solved {
        /// Of [`Output::Work`].
        id: QuestionId,
        /// The nonce.
        nonce: [u8; 8],
    },
    /// This batch and all before it are durable.
    Committed(BatchId),
    /// Registry and beacon of a day.
    Chain(Registry),
    /// A node's descriptor of a day, and the ML-DSA key served with it; not verified yet.
    Descriptor {
        /// `PSRD`, 9,660 bytes.
        bytes: Vec<u8>,
        /// 2,592 bytes.
        dsa: Box<[u8; DSA87_PUBLIC]>,
    },
    /// A deadline passed.
    Wake,
}

/// What a node asks for.
#[derive(Debug)]
pub enum Output {
    /// Send 16,384 bytes.
    Send {
        /// Over which link.
        to: Link,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Open a link to a relay; answer with Connected or Disconnected.
    Connect(NodeId),
    /// Close the link to a relay.
    Disconnect(NodeId),
    /// Make this durable; answer with Committed.
    Persist(Batch),
    /// Find a nonce; answer with Solved.
    Work {
        /// Names the question.
        id: QuestionId,
        /// Bound to what.
        work: Work,
        /// How many bits.
        bits: u8,
    },
    /// Serve this descriptor of our own, with our ML-DSA key.
    Publish {
        /// `PSRD`, 9,660 bytes.
        bytes: Vec<u8>,
        /// 2,592 bytes.
        dsa: Box<[u8; DSA87_PUBLIC]>,
    },
    /// Tell the user.
    Event(Event),
}
