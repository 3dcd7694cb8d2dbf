//! What a node is told and what it asks for. Plain values: a shell carries them out, the simulator looks at them.

use pars_crypto::secret::Zeroizing;
use pars_crypto::suite::DSA87_PUBLIC;
use pars_identity::IdentityId;
use pars_identity::link::{Assurance, Link as IdentityLink};
use pars_proto::onion::DropReason;
use pars_proto::session::machine::{GapError, RefusedError};
use pars_proto::session::{MessageId, SessionId};
use pars_proto::swarm::hashcash::Work;
use pars_wire::NodeId;

use crate::registry::Registry;
use crate::store::{Batch, BatchId};

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
    /// Publish our own records in the directory, or do it again.
    Publish,
    /// Fetch and check a contact's records, so that messages can be sent.
    Open(IdentityLink),
    /// Send text.
    Send {
        /// To whom: a contact that was opened, or one that wrote to us.
        to: IdentityId,
        /// UTF-8; wiped when dropped.
        text: Zeroizing<Vec<u8>>,
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

/// A message that arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Its place among the durable events; the same message has the same cursor after a restart.
    pub cursor: u64,
    /// Who wrote it.
    pub from: IdentityId,
    /// Its name.
    pub id: MessageId,
    /// Its place in what this contact wrote.
    pub sequence: u64,
    /// SHA3-256 of the object it came in: tells a second copy from a second use of a key.
    pub object: [u8; 32],
    /// UTF-8; wiped when dropped.
    pub text: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Received(cursor {}, sequence {}, {} bytes)", self.cursor, self.sequence, self.text.len())
    }
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Our records read back from the directory.
    Published,
    /// They do not yet; tried again later.
    NotPublished,
    /// A contact's records are here and verified.
    Opened {
        /// Who.
        contact: IdentityId,
        /// What the link said of the identity core.
        assurance: Assurance,
        /// Forward secrecy is reduced: no prekey of the day, the last resort is used.
        reduced: bool,
    },
    /// A contact's records are not here.
    NotOpened {
        /// Who.
        contact: IdentityId,
        /// Why.
        error: OpenError,
    },
    /// The message is durable here and on its way: it will not be lost.
    Queued {
        /// Of which command.
        command: CommandId,
        /// The message's name.
        id: MessageId,
    },
    /// So many nodes hold every object of the message.
    Stored {
        /// Which message.
        id: MessageId,
        /// Copies of the object that has fewest.
        copies: usize,
    },
    /// Typed error `insufficient_storage`: too few nodes hold an object; it stays queued.
    InsufficientStorage {
        /// Which message.
        id: MessageId,
        /// How many hold it.
        copies: usize,
    },
    /// A command came to nothing, and changed nothing.
    Refused {
        /// Which.
        command: CommandId,
        /// Why.
        error: CommandError,
    },
    /// A message arrived; told again after a restart until it is acknowledged.
    Received(Received),
    /// `pq_auth` of a session is confirmed.
    Confirmed {
        /// Which.
        session: SessionId,
        /// With whom.
        contact: IdentityId,
    },
    /// An object was not read: shown as a gap.
    Gap {
        /// SHA3-256 of the object.
        object: [u8; 32],
        /// Why.
        error: GapError,
    },
    /// An object that waited for its companions waits no longer: it was read with the one that completed them, whose hash
    /// its message carries.
    Settled {
        /// SHA3-256 of the object.
        object: [u8; 32],
    },
    /// A poll's reading of one mailbox ended.
    Read {
        /// Nodes that were read to their end.
        answered: usize,
    },
    /// A packet ended here; for local counters.
    Dropped(DropReason),
    /// Bytes that no machine takes.
    Malformed,
    /// The registry or a descriptor is refused.
    Descriptor(DescriptorRefused),
}

/// Why a descriptor is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorRefused {
    /// The bytes are none.
    #[error("the descriptor is malformed: {0}")]
    Malformed(#[from] pars_wire::codec::DecodeError),
    /// The registry does not know its node on that day.
    #[error("the descriptor is of a node that is not registered; fetch the registry first")]
    Unregistered,
    /// It does not verify.
    #[error(transparent)]
    Refused(#[from] pars_proto::onion::descriptor::DescriptorError),
}

/// Why a contact cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No node of the directory gave a record that verifies.
    #[error("no record of this contact was found; has it been published, and do enough nodes answer?")]
    NotFound,
    /// Two records of one number: somebody lies.
    #[error("the directory gave two different records of one number; nothing is sent before that is understood")]
    Fork,
    /// The parts do not fit.
    #[error(transparent)]
    Bundle(#[from] pars_identity::bundle::BundleError),
    /// What is pinned forbids it.
    #[error(transparent)]
    Pin(#[from] pars_identity::pin::PinError),
}

/// Why a command came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// This node has no identity.
    #[error("this node has no identity; give the command to a member")]
    NoMember,
    /// The contact was never opened.
    #[error("this contact is not known; open it by its link first")]
    UnknownContact,
    /// Too much is on its way.
    #[error("too many objects are on their way; send again when some have been stored")]
    Busy,
    /// The session refuses.
    #[error(transparent)]
    Session(#[from] RefusedError),
    /// A store of this store's place does not open: a mistake of the engine or damage.
    #[error("the task of the swarm is refused: {0}")]
    Task(#[from] pars_proto::swarm::client::TaskError),
}
