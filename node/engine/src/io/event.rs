//! What happened. Durable are messages and gaps, told again until they are acknowledged; the rest says what changed.

use pars_crypto::secret::Zeroizing;
use pars_identity::IdentityId;
use pars_identity::link::Assurance;
use pars_proto::onion::DropReason;
use pars_proto::session::{MessageId, SessionId};
use pars_wire::content::ContentType;

use super::{CommandError, CommandId, DescriptorRefused, OpenError};

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
    /// What the content is.
    pub content_type: ContentType,
    /// When it was written by its sender's clock: seconds since the Unix epoch, rounded down to 300.
    pub timestamp: u64,
    /// The content; wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Received(cursor {}, sequence {}, {} bytes)", self.cursor, self.sequence, self.content.len())
    }
}

/// An object that can never be read. Durable, as a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its place among the durable events.
    pub cursor: u64,
    /// Whose mailbox it came in; our own identity: the inbox, where nothing says who wrote what does not open.
    pub from: IdentityId,
    /// SHA3-256 of the object.
    pub object: [u8; 32],
    /// When it was met by our clock: seconds since the Unix epoch, rounded down to 300.
    pub timestamp: u64,
    /// Why, in words.
    pub reason: String,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Our records were read back from the directory; durable.
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
        /// To whom.
        to: IdentityId,
        /// Its place in the history.
        cursor: u64,
    },
    /// So many nodes hold every object of the message.
    Stored {
        /// Which message.
        id: MessageId,
        /// To whom.
        to: IdentityId,
        /// Its place in the history.
        cursor: u64,
        /// Copies of the object that has fewest.
        copies: usize,
    },
    /// Typed error `insufficient_storage`: too few nodes hold an object; it stays queued.
    InsufficientStorage {
        /// Which message.
        id: MessageId,
        /// To whom.
        to: IdentityId,
        /// Its place in the history.
        cursor: u64,
        /// How many hold it.
        copies: usize,
    },
    /// A command was carried out and its effect is durable: publishing begun, a session closed, messages read, events
    /// acknowledged.
    Done {
        /// Which.
        command: CommandId,
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
    /// An object can never be read; told again after a restart until it is acknowledged.
    Gap(Gap),
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
