//! What a subscription tells. A message received and a gap are durable: their event has the message's cursor and is told again,
//! also after a crash, until `event.ack`. The others say what changed since; whoever missed one reads it by `message.list` or `session.list`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::recording::RecordingStatus;
use crate::room_event::{Ended, Keys, Ordered, Progress, Roster, Stopped};
use crate::session::Session;

/// Of `event.subscribe`, over a WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscribe {
    /// Durable events after this cursor; if left out, all that are not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// Of `event.ack`: every durable event up to here has been dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ack {
    /// The cursor.
    pub cursor: u64,
}

/// Parameters of the notification `event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "type", content = "data")]
pub enum Event {
    /// A message arrived. Durable: its cursor is the message's.
    MessageReceived(Message),
    /// A message of ours is further.
    MessageUpdated(Message),
    /// A session is new or changed.
    SessionChanged(Session),
    /// An object can never be read: a message of kind `gap`, whose content says why. Durable, as one received is.
    Gap(Message),
    /// Our records stand in the directory.
    Published {},
    /// An attempt to join goes on.
    RoomProgress(Progress),
    /// Who is in a room.
    RoomRoster(Roster),
    /// Keys of an epoch.
    RoomKeys(Keys),
    /// A publisher must stop.
    RoomStopped(Stopped),
    /// An order by a seat that may give it.
    RoomOrder(Ordered),
    /// This daemon's seat is gone.
    RoomEnded(Ended),
    /// How recording stands in a room.
    RoomRecording(RecordingStatus),
}
