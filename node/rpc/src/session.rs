//! `session.create`, `session.list`, `session.close`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::SessionId;

/// Of `session.create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSession {
    /// A bare `05…` id, or a `pars://session/…` link (with `?b=` the whole identity is checked).
    pub recipient: String,
}

/// Of `session.list`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListSessions {}

/// Of `session.close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloseSession {
    /// Which.
    pub session: SessionId,
}

/// Whether the other side has proven its post-quantum key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PqAuth {
    /// No handshake yet: it goes with the first message.
    None,
    /// Until the first answer.
    Pending,
    /// Proven.
    Confirmed,
}

/// What a stolen device could read of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ForwardSecrecy {
    /// A prekey of the day was used.
    Full,
    /// Only the last resort was there.
    Reduced,
}

/// A conversation with one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id: stable over handshakes.
    pub id: SessionId,
    /// The other side, `05…`.
    pub peer: String,
    /// The ratchet's id (`pars-sid-v1`), once there is one.
    pub ratchet: Option<SessionId>,
    /// See [`PqAuth`].
    pub pq_auth: PqAuth,
    /// See [`ForwardSecrecy`].
    pub fs: ForwardSecrecy,
    /// The whole identity core was checked by a link's `?b=`; otherwise its classical half is trust on first use.
    pub verified: bool,
    /// Closed: it only receives.
    pub archived: bool,
    /// Messages that are not marked as read.
    pub unread: u64,
}
