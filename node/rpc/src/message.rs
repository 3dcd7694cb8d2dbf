//! `message.send`, `message.list`, `message.markRead`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, MessageId, SessionId};

/// Messages of one page at most.
pub const MAX_PAGE: u32 = 256;

/// Of `message.send`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMessage {
    /// To whom.
    pub session: SessionId,
    /// UTF-8 text, 1 to 7,838 bytes (1,419 before the first answer).
    pub content: String,
    /// Names this request: sent again within 24 h, it is the same message. Drawn by the daemon if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

impl std::fmt::Debug for SendMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendMessage").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What `message.send` answers, as soon as the message is durable here: from then on it is not lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// The message's id.
    pub id: MessageId,
    /// The request's id.
    pub client_id: ClientId,
}

/// Of `message.list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListMessages {
    /// Of which session.
    pub session: SessionId,
    /// Only messages after this cursor.
    #[serde(default)]
    pub after: u64,
    /// Only messages since this time, in seconds since the Unix epoch.
    #[serde(default)]
    pub since: u64,
    /// At most so many, 1 to 256; 256 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// By rising cursor.
    pub messages: Vec<Message>,
    /// Give it as `after` for the next page; none: this was the last.
    pub next: Option<u64>,
}

/// Of `message.markRead`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkRead {
    /// In which session.
    pub session: SessionId,
    /// Every received message up to this cursor.
    pub cursor: u64,
}

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// We did.
    Sent,
    /// The other side did.
    Received,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Delivery {
    /// Durable here, on its way.
    Queued,
    /// So many nodes hold every part of it.
    Stored {
        /// Copies, 3 to 7.
        copies: u32,
    },
    /// Fewer than three nodes took it: it stays queued and is tried again (`insufficient_storage`).
    InsufficientStorage {
        /// Copies, 0 to 2.
        copies: u32,
    },
    /// Received, not marked as read.
    Unread,
    /// Received and marked as read.
    Read,
}

/// The kind of an entry that is no message: an object that can never be read.
pub const GAP: &str = "gap";

/// A message, or a gap: an object that can never be read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its place in this daemon's history: rises over all sessions, the same after a restart.
    pub cursor: u64,
    /// Its id; of a gap the first half of the object's SHA3-256.
    pub id: MessageId,
    /// In which session. The session of this daemon's own account holds the gaps of the inbox, where nothing says who wrote.
    pub session: SessionId,
    /// The account that wrote it, `05…`; of a gap the session's.
    pub sender: String,
    /// Who wrote it.
    pub direction: Direction,
    /// Its place among what this sender wrote in this session, from 1; 0 of a gap.
    pub sequence: u64,
    /// When it was written, in seconds since the Unix epoch, rounded down to 300.
    pub timestamp: u64,
    /// `text`, `action`, `action receipt`: the registry of content types; or `gap`.
    pub kind: String,
    /// Text; of a gap why it cannot be read; of another kind, hexadecimal.
    pub content: String,
    /// How far it is.
    #[serde(flatten)]
    pub delivery: Delivery,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("cursor", &self.cursor).field("id", &self.id).finish_non_exhaustive()
    }
}
