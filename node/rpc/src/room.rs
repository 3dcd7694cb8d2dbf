//! Rooms, for the page and for a host: parameters and results of `room.*` and `dev.*`. What is told stands in
//! [`crate::room_event`].
//!
//! Hashes and accounts are `0x` and hexadecimal digits, as the chain writes them; times are whole seconds since 1970; large
//! amounts decimal text; binary fields base64.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{BadHex, HexBytes};
use crate::macros::{answer, params, words};
use crate::recording::RecorderSeat;
use crate::secret::Secret;

/// Bytes of a fixed length as `0x` and lower-case digits; read in either case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefixed<const N: usize>(
    /// The bytes.
    pub [u8; N],
);

/// A room's id.
pub type Room = Prefixed<32>;
/// An account on chain.
pub type Account = Prefixed<20>;

impl<const N: usize> fmt::Display for Prefixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", HexBytes(self.0))
    }
}

impl<const N: usize> fmt::Debug for Prefixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<const N: usize> FromStr for Prefixed<N> {
    type Err = BadHex;

    fn from_str(text: &str) -> Result<Self, BadHex> {
        let digits = text.strip_prefix("0x").ok_or(BadHex(2 * N))?;
        Ok(Self(digits.parse::<HexBytes<N>>()?.0))
    }
}

impl<const N: usize> Serialize for Prefixed<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'a, const N: usize> Deserialize<'a> for Prefixed<N> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<const N: usize> JsonSchema for Prefixed<N> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Prefixed{N}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^0x[0-9a-fA-F]{{{}}}$", 2 * N) })
    }
}

words! {
    /// What kind of room.
    RoomKind {
        /// Holders above a minimum.
        TownHall = "TownHall",
        /// Named members; never anonymous.
        Committee = "Committee",
        /// Any holder.
        OpenForum = "OpenForum",
    }
}
words! {
    /// How a seat is taken.
    Form {
        /// By proof alone.
        Anonymous = "anonymous",
        /// Under the own account.
        Known = "known",
    }
}
words! {
    /// What a seat may do.
    Role {
        /// Speaks, writes, raises its hand.
        Member = "member",
        /// Also shows.
        Presenter = "presenter",
        /// Also gives orders.
        Moderator = "moderator",
    }
}
words! {
    /// What a moderator orders, or a promoted seat answers.
    OrderKind {
        /// Offer it to present.
        Promote = "promote",
        /// End its presenting.
        Demote = "demote",
        /// Close its microphone.
        Mute = "mute",
        /// Ask it to open its microphone.
        Unmute = "unmute",
        /// Close every microphone but the moderators'.
        MuteAll = "muteAll",
        /// Out of the room.
        Kick = "kick",
        /// Out, and not again in this sitting.
        Ban = "ban",
        /// Lower its hand; told without a seat: every hand.
        LowerHand = "lowerHand",
        /// Accept to present.
        Accept = "accept",
    }
}
words! {
    /// What a signed message is.
    MessageKind {
        /// Text to everybody.
        Chat = "chat",
        /// A short mark.
        Reaction = "reaction",
        /// `up` or `down`.
        Hand = "hand",
        /// Number of the agenda's item.
        Agenda = "agenda",
    }
}

params! {
    /// Of `room.list`.
    ListRooms {}
}
params! {
    /// Of `room.lobby`.
    GetLobby {
        /// The room.
        room: Room,
        /// Accounts of a wallet that are judged beside this daemon's own, 20 at most.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accounts: Vec<Account>,
    }
}
params! {
    /// Of `room.prepare`.
    PrepareSeat {
        /// The room.
        room: Room,
        /// How.
        form: Form,
        /// Under which account, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<Account>,
        /// Take part by text alone.
        text_only: bool,
    }
}
params! {
    /// Of `room.join`.
    JoinRoom {
        /// Of `room.prepare`.
        attempt: String,
        /// 65 bytes in hexadecimal, if the wallet had to sign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wallet_signature: Option<String>,
        /// Go in although the room is recorded; without it that is the answer, no seat is taken, and one may join once more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        even_if_recorded: Option<bool>,
    }
}
params! {
    /// Of `room.cancel`.
    CancelJoin {
        /// Of `room.prepare`.
        attempt: String,
    }
}
params! {
    /// Of `room.connection`.
    NewConnection {
        /// The room.
        room: Room,
    }
}
params! {
    /// Of `room.sign`.
    SignMessage {
        /// The room.
        room: Room,
        /// What.
        kind: MessageKind,
        /// Text, `up` or `down`, or the item's number.
        body: Secret,
    }
}
params! {
    /// Of `room.open`.
    OpenMessage {
        /// The room.
        room: Room,
        /// The sender's name at the SFU.
        identity: String,
        /// base64.
        bytes: String,
    }
}
params! {
    /// Of `room.order`.
    GiveOrder {
        /// The room.
        room: Room,
        /// What.
        kind: OrderKind,
        /// To whom; not with `muteAll` and `accept`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<u16>,
    }
}
params! {
    /// Of `room.leave`.
    LeaveRoom {
        /// The room.
        room: Room,
    }
}
params! {
    /// Of `room.host`.
    HostSitting {
        /// The room; the daemon's account is its creator or a moderator.
        room: Room,
        /// End of the sitting.
        ends_at: u64,
        /// The room's name, 1 to 200 bytes.
        title: String,
        /// In order, 32 items at most.
        agenda: Vec<AgendaItem>,
        /// BCP 47 tags, the main one first, 16 at most.
        languages: Vec<String>,
    }
}
params! {
    /// Of `dev.accounts`.
    DevAccounts {}
}
params! {
    /// Of `dev.sign`.
    DevSign {
        /// Which account.
        account: Account,
        /// Of `room.prepare`.
        typed_data: TypedData,
    }
}
params! {
    /// A point of an agenda.
    AgendaItem {
        /// How long it may take; 0 is open.
        minutes: u16,
        /// What it is about.
        text: String,
    }
}
params! {
    /// EIP-712 typed data as `eth_signTypedData_v4` takes it.
    TypedData {
        /// Of the chain and contract.
        domain: BTreeMap<String, serde_json::Value>,
        /// Fields of each type.
        types: BTreeMap<String, serde_json::Value>,
        /// Which type the message is.
        primary_type: String,
        /// The fields.
        message: BTreeMap<String, serde_json::Value>,
    }
}

answer! {
    /// A running sitting.
    Sitting {
        /// Counted per room from 1.
        id: u64,
        /// When it was opened.
        opened_at: u64,
        /// When it ends.
        ends_at: u64,
    }
}
answer! {
    /// A room as the list shows it.
    RoomSummary {
        /// Its id.
        room: Room,
        /// Its kind.
        kind: RoomKind,
        /// None: sealed, or no host has told it.
        title: Option<String>,
        /// Whether a host is known.
        host: bool,
        /// The running sitting, once its block is final.
        sitting: Option<Sitting>,
        /// Seats taken, of a sitting that this daemon hosts; none of others: asked, a host would learn who looks.
        seats: Option<u16>,
        /// Seats at most.
        capacity: u16,
        /// Least locked balance, raw units, decimal.
        min_balance: String,
    }
}
answer! {
    /// Whether somebody may enter by name, and as whom.
    KnownEntry {
        /// Whether.
        allowed: bool,
        /// The refusal's name, if not.
        reason: Option<String>,
        /// Accounts that may: of this daemon, and of those that were asked about.
        accounts: Vec<Account>,
    }
}
answer! {
    /// Whether somebody may enter by proof.
    AnonymousEntry {
        /// Whether.
        allowed: bool,
        /// The refusal's name, if not.
        reason: Option<String>,
        /// A leaf of this daemon is among the eligible ones.
        ready: bool,
        /// Eligible leaves of the pinned tree.
        k: u64,
    }
}
answer! {
    /// What is shown before joining.
    Lobby {
        /// The list's row.
        #[serde(flatten)]
        summary: RoomSummary,
        /// In order.
        agenda: Vec<AgendaItem>,
        /// BCP 47 tags.
        languages: Vec<String>,
        /// Entry by name.
        known: KnownEntry,
        /// Entry by proof.
        anonymous: AnonymousEntry,
        /// Own voting power at `at`, raw units, decimal; none without a lock.
        power: Option<String>,
        /// The time that powers are counted at.
        at: u64,
        /// Chain.
        chain_id: u64,
        /// Whether the built-in development wallet is there.
        dev_wallet: bool,
    }
}
answer! {
    /// What `room.prepare` answers.
    Prepared {
        /// Names this attempt.
        attempt: String,
        /// What the wallet signs; none for an anonymous seat.
        typed_data: Option<TypedData>,
    }
}
answer! {
    /// A seat, and how the page connects.
    Joined {
        /// The room.
        room: Room,
        /// The seat.
        seat: u16,
        /// Its name at the SFU: 16 digits.
        identity: String,
        /// What it may do.
        role: Role,
        /// Whether it is anonymous.
        anonymous: bool,
        /// LiveKit access token for one connection.
        token: Secret,
        /// This daemon: `ws://127.0.0.1:PORT`.
        signal_url: String,
        /// SHA-256 of the SFU's DTLS certificate as the host signed it; zero: it named none. Any other is refused.
        dtls_fingerprint: Prefixed<32>,
        /// End of the sitting.
        ends_at: u64,
        /// As it was asked for.
        text_only: bool,
        /// The recorder's seat that was in the room when this seat came, if there was one: the user is told before anything is
        /// sent. Nothing of this seat is recorded until it agrees.
        recorder: Option<RecorderSeat>,
    }
}
answer! {
    /// What `room.sign` answers.
    SignedBytes {
        /// base64, to be sent over the data channel.
        bytes: String,
    }
}
answer! {
    /// What `room.open` answers.
    OpenedMessage {
        /// Who said it.
        seat: u16,
        /// Its number.
        seq: u32,
        /// What.
        kind: MessageKind,
        /// As in `room.sign`.
        body: Secret,
    }
}
answer! {
    /// What `room.host` answers, when the sitting is final and its host answers.
    Hosted {
        /// The sitting.
        sitting: u64,
        /// Hash of the metadata object that it pinned.
        metadata_hash: Prefixed<32>,
    }
}
answer! {
    /// What `dev.sign` answers.
    DevSignature {
        /// 65 bytes, `0x` and hexadecimal.
        signature: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefixed_id_is_written_in_lower_case_and_wants_its_prefix() {
        let account: Account = "0xABababababababababababababababababababab".parse().unwrap();
        assert_eq!(account.to_string(), format!("0x{}", "ab".repeat(20)));
        for text in ["", "0x", "abababababababababababababababababababab", "0xab"] {
            assert_eq!(text.parse::<Account>(), Err(BadHex(40)), "{text}");
        }
    }
}
