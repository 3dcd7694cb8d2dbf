//! What the machine is told and what it asks for.

use livekit_protocol as lk;
use thiserror::Error;

use crate::{
    id::{ConnectionId, Identity, ParticipantSid, PeerId, RoomName},
    peer::{Channel, PeerCommand, PeerEvent},
    rights::Rights,
};

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The one room it is for.
    pub room: RoomName,
    /// Who joins.
    pub identity: Identity,
    /// What it may do.
    pub rights: Rights,
    /// The token's not-before in seconds since the Unix epoch: tokens made before a removal are refused.
    pub issued: u64,
}

/// A client's offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The client's number of it, repeated by the answer.
    pub id: u32,
    /// The description.
    pub sdp: String,
}

/// A client that wants to join or to resume.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// What its token says.
    pub grant: Grant,
    /// Signalling of version 1: one peer connection, the client offers.
    pub single: bool,
    /// Whether it receives every track without asking.
    pub auto_subscribe: bool,
    /// The participant whose lost connection it goes on.
    pub resume: Option<ParticipantSid>,
    /// The offer that came with the request.
    pub offer: Option<Offer>,
    /// Tracks that were announced with the request.
    pub tracks: Vec<lk::AddTrackRequest>,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "handed over once, never stored")]
pub enum Input {
    /// A connection's first message.
    Join {
        /// Where.
        connection: ConnectionId,
        /// What it wants.
        join: Join,
    },
    /// A signalling message.
    Signal {
        /// Where.
        connection: ConnectionId,
        /// The message.
        request: lk::SignalRequest,
    },
    /// A signalling connection ended.
    Closed {
        /// Which.
        connection: ConnectionId,
    },
    /// A media peer reports.
    Peer {
        /// Which.
        peer: PeerId,
        /// What.
        event: PeerEvent,
    },
    /// The time of [`Sfu::deadline`](crate::Sfu::deadline) has come.
    Tick,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "drained at once, never stored")]
pub enum Output {
    /// One message to all these connections; encode it once.
    Signal {
        /// Where to.
        to: Vec<ConnectionId>,
        /// The message.
        message: lk::signal_response::Message,
    },
    /// Close the connection after what was sent to it.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// A command for a media peer.
    Peer {
        /// Which.
        peer: PeerId,
        /// What.
        command: PeerCommand,
    },
    /// A data packet to all these peers.
    Data {
        /// Where to.
        to: Vec<PeerId>,
        /// On which channel.
        channel: Channel,
        /// An encoded `DataPacket`.
        bytes: Vec<u8>,
    },
}

/// Why a join was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No such room: the host has not opened it, or has closed it.
    #[error("the room is not open; ask its host for a new token")]
    NoRoom,
    /// The identity was removed after this token was made.
    #[error("this token was revoked when its participant was removed")]
    Revoked,
    /// The room is full.
    #[error("the room is full")]
    Full,
    /// The identity is empty or longer than 256 characters.
    #[error("the token names no usable identity")]
    Identity,
    /// The identity takes its own seat again and again; the seat stays.
    #[error("this identity joins too often; wait a few seconds")]
    Often,
}
