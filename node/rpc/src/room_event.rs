//! What a page is told of its rooms: to every WebSocket that called a method of `room.*`, without a subscription. Nothing of it
//! is durable: `room.connection` tells roster and keys anew.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::macros::answer;
use crate::room::{Account, OrderKind, Role, Room};
use crate::secret::Secret;

/// How far an attempt to join is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The pinned tree is rebuilt.
    Tree,
    /// The proof is made.
    Proof,
    /// The statement is sealed and on its way.
    Sealed,
    /// The host granted a seat.
    Admitted,
    /// The others are verified.
    Verifying,
}

/// Why a publisher must not send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopReason {
    /// The seat named could not be verified.
    Unverified,
    /// A new epoch is being agreed on.
    Rotation,
    /// Nobody has made an epoch with this seat yet.
    NoSteward,
    /// Others are here and nobody shares keys with this seat: none came, or not those that were signed. Somebody may sit between.
    NoSharedKeys,
    /// The chain does not answer.
    ChainUnreachable,
    /// The host is silent.
    HostLost,
    /// Members see different epochs.
    CodesDiffer,
    /// A recorder is in the epoch, and the consent of exactly its participants is not final, or stands no more.
    NotConsented,
}

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EndReason {
    /// A moderator closed the room.
    Closed,
    /// The sitting ended.
    SittingOver,
    /// The account lost its access.
    EligibilityLost,
    /// A moderator removed this seat.
    Kicked,
    /// And for the whole sitting.
    Banned,
    /// A newer join of the same member took the seat.
    Replaced,
    /// The chain could not be asked for too long.
    ChainUnreachable,
    /// The host could not be reached for too long, or is not who it should be.
    HostLost,
    /// This seat left.
    Left,
}

answer! {
    /// An attempt goes on.
    Progress {
        /// Which.
        attempt: String,
        /// Where it is.
        stage: Stage,
        /// Of the stage.
        percent: u8,
    }
}
answer! {
    /// One seat.
    Seat {
        /// Its number.
        seat: u16,
        /// Its name at the SFU.
        identity: String,
        /// Whether it shows no account.
        anonymous: bool,
        /// What it may do.
        role: Role,
        /// None: anonymous.
        account: Option<Account>,
        /// Whether this daemon has verified its statement.
        verified: bool,
        /// Place in the queue, from 1; none: the hand is down.
        hand: Option<u16>,
        /// Muted by a moderator.
        muted: bool,
        /// Whether it is in the epoch of now.
        live: bool,
        /// Whether it records.
        recorder: bool,
        /// Whether it has long been here and shares no keys with this seat: check codes should be compared.
        unshared: bool,
    }
}
answer! {
    /// Who is there.
    Roster {
        /// The room.
        room: Room,
        /// The epoch; 0 before the first.
        epoch: u32,
        /// Five groups of five digits, equal at all honest members; empty before the first epoch.
        check_code: String,
        /// By number.
        seats: Vec<Seat>,
    }
}
answer! {
    /// Keys of one seat in one epoch and connection.
    SeatKeys {
        /// Its name at the SFU.
        identity: String,
        /// base64 of 32 bytes.
        media: Secret,
        /// base64 of 32 bytes.
        data: Secret,
    }
}
answer! {
    /// Keys of an epoch; comes again when there are more.
    Keys {
        /// The room.
        room: Room,
        /// The epoch.
        epoch: u32,
        /// The epoch modulo 256: the key index in frames.
        index: u8,
        /// Of the verified seats, without the own.
        keys: Vec<SeatKeys>,
        /// None while this seat must not send.
        own: Option<SeatKeys>,
    }
}
answer! {
    /// A publisher must stop.
    Stopped {
        /// The room.
        room: Room,
        /// Why.
        reason: StopReason,
        /// Because of which seat.
        seat: Option<u16>,
    }
}
answer! {
    /// An order by a seat that may give it.
    Ordered {
        /// The room.
        room: Room,
        /// What.
        kind: OrderKind,
        /// To whom; none: everybody.
        seat: Option<u16>,
        /// By whom.
        by: u16,
    }
}
answer! {
    /// This seat is gone.
    Ended {
        /// The room.
        room: Room,
        /// Why.
        reason: EndReason,
        /// In words, for people.
        detail: Option<String>,
    }
}
