//! What the machine is told, and what it asks for.

use std::collections::BTreeMap;

use pars_crypto::Sealed;
use pars_crypto::secret::Zeroizing;
use pars_identity::IdentityId;
use pars_identity::bundle::Bundle;
use pars_identity::device::{DeviceCertificate, DeviceKeys};
use pars_identity::pin::Pin;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::record::IdentityRecord;
use pars_identity::seed::ContactKeys;
use pars_wire::codec::Hour;
use pars_wire::content::{ContentType, Flags};

use super::super::error::{ReceiveError, SendError};
use super::super::handshake::{Claims, HandshakeError, Local};
use super::super::message::{Delivered, Draft, MessageId};
use super::super::pair::{Address, SessionId, Superseded};
use super::super::replay::{Full, Known};

/// This device: its records and their secrets.
#[derive(Debug)]
pub struct Own {
    /// Our identity record as published.
    pub record: IdentityRecord,
    /// Our device certificate.
    pub certificate: DeviceCertificate,
    /// The secrets of the record's keys.
    pub contact: ContactKeys,
    /// The keys of the certificate.
    pub device: DeviceKeys,
    /// Leaf secrets that are alive.
    pub leaves: Vec<LeafSecret>,
    /// What is known of contacts.
    pub pins: BTreeMap<IdentityId, Pin>,
}

impl Own {
    pub(super) const fn local(&self) -> Local<'_> {
        Local { record: &self.record, certificate: &self.certificate, contact: &self.contact, device: &self.device }
    }
}

/// Names a command, so that its outcome can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(
    /// The caller's number.
    pub u64,
);

/// A message to be sent, owned; see [`Draft`].
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name.
    pub id: MessageId,
    /// Its place in the conversation.
    pub sequence: u64,
    /// What the content is.
    pub content_type: ContentType,
    /// Flags.
    pub flags: Flags,
    /// The content; wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
}

impl Outgoing {
    pub(super) fn draft(&self) -> Draft<'_> {
        let Self { id, sequence, content_type, flags, ref content } = *self;
        Draft { id, sequence, content_type, flags, content }
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.draft().fmt(f)
    }
}

/// What the machine is told.
#[derive(Debug)]
pub enum In {
    /// First contact with a device, or a new handshake for a chain that ended. The bundle has been verified.
    Begin {
        /// For the outcome.
        command: CommandId,
        /// The peer's records.
        peer: Box<Bundle>,
        /// The first message.
        message: Outgoing,
    },
    /// A message for a device with a current session.
    Send {
        /// For the outcome.
        command: CommandId,
        /// To whom.
        to: Address,
        /// The message.
        message: Outgoing,
    },
    /// Drop these sessions: the engine keeps its bounds.
    Forget(Vec<SessionId>),
    /// End the sessions with every device of this contact: they only receive from now on.
    Close(IdentityId),
    /// An object out of the mailbox of a session.
    FromMailbox {
        /// Whose mailbox it was.
        session: SessionId,
        /// The object.
        object: Vec<u8>,
    },
    /// An object out of our inbox.
    FromInbox {
        /// The object.
        object: Vec<u8>,
    },
    /// The records that a waiting handshake names, out of a directory.
    Records {
        /// Of [`Event::Waiting`].
        reference: [u8; 16],
        /// IR, still to be verified.
        record: Vec<u8>,
        /// DC, still to be verified.
        certificate: Vec<u8>,
    },
    /// The leaf secrets that are alive from now on.
    Prekeys(Vec<LeafSecret>),
    /// What is known of a contact from now on.
    Pin(Box<Pin>),
    /// Once an hour: forget what has had its time.
    Wake,
}

/// Where an object goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendTo {
    /// The inbox of a device's identity, with hashcash.
    Inbox(Address),
    /// The outgoing mailbox of a session.
    Mailbox(SessionId),
}

/// What a session may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Sends and receives.
    Current,
    /// Replaced, or lost a crossing: opens late messages until its time is up, is never answered on.
    ReceiveOnly {
        /// The last hour.
        until: Hour,
    },
}

/// One change to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A session as it is now.
    Session {
        /// The row's key.
        id: SessionId,
        /// What it may be used for.
        standing: Standing,
        /// The peer's INIT that its REPLY superseded.
        superseded: Option<Superseded>,
        /// The state.
        sealed: Sealed,
    },
    /// Delete the row of this session.
    Forget(SessionId),
    /// Remember a handshake against replay.
    Handshake {
        /// [`super::super::handshake::init_id`].
        id: [u8; 32],
        /// What it made.
        known: Known,
    },
    /// Delete the row of this handshake: its leaf is erased, no copy of it opens.
    ForgetHandshake([u8; 32]),
}

/// What the machine asks for. What follows a `Persist` waits until it is durable.
#[derive(Debug)]
pub enum Out {
    /// Make these rows durable, all or none.
    Persist(Vec<Row>),
    /// Put an object.
    Send {
        /// Where.
        to: SendTo,
        /// The object.
        object: Vec<u8>,
    },
    /// Tell the engine.
    Event(Event),
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A command's objects are on their way.
    Sent {
        /// Which command.
        command: CommandId,
        /// On which session.
        session: SessionId,
    },
    /// A command came to nothing.
    Refused {
        /// Which command.
        command: CommandId,
        /// Why.
        error: RefusedError,
    },
    /// A handshake waits for its companions. If they do not come within ten minutes, ask a directory. Its objects are in
    /// memory only: they stay at the swarm until `Begun` or `Gap`.
    Waiting {
        /// Names it.
        reference: [u8; 16],
        /// Whose records it needs; not shown to the user, for nothing is proven yet.
        claims: Claims,
    },
    /// A peer opened a session.
    Begun {
        /// The session.
        session: SessionId,
        /// With whom.
        peer: Address,
        /// The identity record it showed, verified: what the engine pins.
        record: Box<IdentityRecord>,
        /// It was made for our last resort: forward secrecy is reduced.
        reduced: bool,
    },
    /// A message, this once.
    Delivered {
        /// Of which session.
        session: SessionId,
        /// The message.
        message: Delivered,
    },
    /// `pq_auth` is confirmed.
    Confirmed {
        /// Of which session.
        session: SessionId,
    },
    /// An object was not delivered: shown as a gap if it was meant for us.
    Gap {
        /// The session, if it is known.
        session: Option<SessionId>,
        /// Why.
        error: GapError,
    },
}

/// Why a command came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedError {
    /// There is no current session with this device.
    #[error("there is no session with this device; begin one with its records")]
    NoSession,
    /// The session refuses.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The handshake refuses.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
}

/// Why an object was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GapError {
    /// The session refuses.
    #[error(transparent)]
    Session(#[from] ReceiveError),
    /// The handshake refuses.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// A record in a companion does not verify.
    #[error("a record of the caller is refused: {0}")]
    Record(#[from] pars_identity::RecordError),
    /// Too many handshakes are remembered.
    #[error(transparent)]
    Full(#[from] Full),
    /// Too many first contacts wait.
    #[error("too many first contacts wait for their records; this one was passed over, its sender must write again")]
    Crowded,
    /// A first contact without the records that belong to it.
    #[error("the records of this first contact did not come within a day; its sender must write again")]
    NoRecords,
    /// The session it is for is gone.
    #[error("the session of this object is gone")]
    NoSession,
    /// Content that waits for `pq_auth`, of a peer that is not proven.
    #[error("content of type {} came before its sender was proven post-quantum", .0.name())]
    Unconfirmed(ContentType),
    /// An object of another kind than this mailbox holds.
    #[error("this kind of object does not belong into this mailbox")]
    Misplaced,
    /// The prekey it was made for is erased, or is not ours.
    #[error("the prekey of this handshake is not alive")]
    NoPrekey,
}
