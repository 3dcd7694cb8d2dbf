//! The history of a member: messages sent and received, in one order under one cursor that rises and survives restarts.

use pars_crypto::secret::Zeroizing;
use pars_identity::IdentityId;
use pars_proto::session::{MessageId, PqAuth, SessionId};
use pars_wire::content::ContentType;

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We did.
    Sent,
    /// The contact did.
    Received,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Ours: durable here, on its way.
    Queued,
    /// Ours: so many nodes hold every object of it.
    Stored {
        /// Copies of the object that has fewest.
        copies: usize,
    },
    /// Ours: too few nodes hold an object; it is tried again. Shown until it is stored or this device restarts.
    InsufficientStorage {
        /// How many hold it.
        copies: usize,
    },
    /// The contact's: not marked as read.
    Unread,
    /// The contact's: marked as read.
    Read,
}

/// One message of the history, or a gap in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place, over all conversations; the same after a restart.
    pub cursor: u64,
    /// The other side; of a gap in the inbox our own identity.
    pub peer: IdentityId,
    /// Its name; of a gap the first 16 bytes of the object's SHA3-256.
    pub id: MessageId,
    /// Who wrote it.
    pub direction: Direction,
    /// Its place in what its writer wrote in this conversation, from 1; 0 of a gap.
    pub sequence: u64,
    /// Seconds since the Unix epoch by its writer's clock, of a gap by ours; rounded down to 300.
    pub timestamp: u64,
    /// What the content is; none: a gap, an object that can never be read, and the content says why, in words.
    pub content_type: Option<ContentType>,
    /// The content; wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
    /// How far it is.
    pub delivery: Delivery,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry(cursor {}, {:?}, {:?}", self.cursor, self.direction, self.delivery)?;
        write!(f, ", {:?}, {} bytes)", self.content_type, self.content.len())
    }
}

/// All that was said with one contact, over every handshake. The one with our own identity holds the gaps of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The other side.
    pub peer: IdentityId,
    /// The session that sends now; none: the next message begins one.
    pub ratchet: Option<SessionId>,
    /// Of that session.
    pub pq_auth: Option<PqAuth>,
    /// The last handshake used the last resort in place of a prekey of the day.
    pub reduced: bool,
    /// The identity core was compared with a link's check (`?b=`).
    pub verified: bool,
    /// Closed by a command, and nothing was sent since.
    pub closed: bool,
    /// Messages received and not marked as read.
    pub unread: u64,
    /// So many messages are neither read nor acknowledged that the rest waits at the swarm.
    pub paused: bool,
}

/// A conversation whose reading pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    /// The other side.
    pub peer: IdentityId,
    /// Messages received, neither acknowledged nor marked as read.
    pub open: usize,
}
