//! The engine's words in those of the RPC: entries, conversations, refusals.

use pars_engine::io::{CommandError, Conversation, Delivery, Direction, Entry, Gap, OpenError, Received};
use pars_identity::IdentityId;
use pars_proto::session::PqAuth;
use pars_proto::session::SendError;
use pars_proto::session::machine::RefusedError;
use pars_rpc::message::{self, Message};
use pars_rpc::session::{self, ForwardSecrecy, Session};
use pars_rpc::{Code, HexBytes, RpcError};
use pars_wire::content::ContentType;

/// A message of the history; `own` is who this daemon speaks for.
pub fn message(own: IdentityId, entry: &Entry) -> Message {
    let (direction, sender) = match entry.direction {
        Direction::Sent => (message::Direction::Sent, own),
        Direction::Received => (message::Direction::Received, entry.peer),
    };
    Message {
        cursor: entry.cursor,
        id: HexBytes(entry.id.0),
        session: HexBytes(entry.peer.0),
        sender: sender.to_string(),
        direction,
        sequence: entry.sequence,
        timestamp: entry.timestamp,
        kind: entry.content_type.map_or(message::GAP, ContentType::name).to_owned(),
        content: content(entry.content_type, &entry.content),
        delivery: delivery(entry.delivery),
    }
}

/// A gap that was just met.
pub fn gap(gap: &Gap) -> Message {
    let (id, _) = gap.object.split_first_chunk().unwrap_or((&[0; 16], &[]));
    Message {
        cursor: gap.cursor,
        id: HexBytes(*id),
        session: HexBytes(gap.from.0),
        sender: gap.from.to_string(),
        direction: message::Direction::Received,
        sequence: 0,
        timestamp: gap.timestamp,
        kind: message::GAP.to_owned(),
        content: gap.reason.clone(),
        delivery: message::Delivery::Unread,
    }
}

/// A message that just arrived.
pub fn received(message: &Received) -> Message {
    Message {
        cursor: message.cursor,
        id: HexBytes(message.id.0),
        session: HexBytes(message.from.0),
        sender: message.from.to_string(),
        direction: message::Direction::Received,
        sequence: message.sequence,
        timestamp: message.timestamp,
        kind: message.content_type.name().to_owned(),
        content: content(Some(message.content_type), &message.content),
        delivery: message::Delivery::Unread,
    }
}

fn content(kind: Option<ContentType>, bytes: &[u8]) -> String {
    match kind {
        Some(ContentType::Text) | None => String::from_utf8_lossy(bytes).into_owned(),
        Some(_) => hex::encode(bytes),
    }
}

fn delivery(delivery: Delivery) -> message::Delivery {
    let count = |copies: usize| u32::try_from(copies).unwrap_or(u32::MAX);
    match delivery {
        Delivery::Queued => message::Delivery::Queued,
        Delivery::Stored { copies } => message::Delivery::Stored { copies: count(copies) },
        Delivery::InsufficientStorage { copies } => message::Delivery::InsufficientStorage { copies: count(copies) },
        Delivery::Unread => message::Delivery::Unread,
        Delivery::Read => message::Delivery::Read,
    }
}

/// A conversation.
pub fn conversation(of: &Conversation) -> Session {
    Session {
        id: HexBytes(of.peer.0),
        peer: of.peer.to_string(),
        ratchet: of.ratchet.map(|id| HexBytes(id.0)),
        pq_auth: match of.pq_auth {
            None => session::PqAuth::None,
            Some(PqAuth::Pending) => session::PqAuth::Pending,
            Some(PqAuth::Confirmed) => session::PqAuth::Confirmed,
        },
        fs: if of.reduced { ForwardSecrecy::Reduced } else { ForwardSecrecy::Full },
        verified: of.verified,
        archived: of.closed,
        unread: of.unread,
    }
}

/// Why a command came to nothing.
pub fn refused(error: &CommandError) -> RpcError {
    let code = match error {
        CommandError::NoMember => Code::NoIdentity,
        CommandError::UnknownContact | CommandError::NoConversation => Code::UnknownSession,
        CommandError::Open(error) => return not_opened(error),
        CommandError::Unconfirmed => Code::SessionState,
        CommandError::Text => Code::ContentSize,
        CommandError::ContentType(_) => Code::InvalidParams,
        CommandError::ClientIdReused => Code::ClientIdReused,
        CommandError::RateLimited { .. } => Code::RateLimited,
        CommandError::Busy | CommandError::Task(_) => Code::Busy,
        CommandError::Session(error) => refused_by_session(error),
    };
    RpcError::new(code, error.to_string())
}

const fn refused_by_session(error: &RefusedError) -> Code {
    match error {
        RefusedError::Send(SendError::TooLong { .. }) => Code::ContentSize,
        RefusedError::NoSession | RefusedError::Send(_) | RefusedError::Handshake(_) => Code::SessionState,
    }
}

/// Why a contact's records are not here.
pub fn not_opened(error: &OpenError) -> RpcError {
    let code = match error {
        OpenError::NotFound => Code::RecipientNotFound,
        OpenError::Fork | OpenError::OtherCheck | OpenError::Bundle(_) | OpenError::Pin(_) => Code::RecipientRefused,
    };
    RpcError::new(code, error.to_string())
}
