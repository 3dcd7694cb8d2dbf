//! What seats say besides media: encrypted under K_data on its way through the SFU, and always signed (TOWNHALL section 3).
//!
//! ```text
//! signed   = Sig("pars-room-msg-v1", RS | seat2 | seq4 | kind1 | lp(body)) by the seat
//! on wire  = 1 | seat2 | seq4 | kind1 | lp(body) | signature64
//! ```
//!
//! | Kind | Body |
//! |---|---|
//! | 1 chat | text, 1 to 4,096 bytes |
//! | 2 reaction | text, 1 to 32 bytes |
//! | 3 hand | 1 raised, 0 lowered |
//! | 4 order | see [`super::order`] |
//! | 5 agenda | item1 ‖ started_at8 |
//! | 6 beat | epoch4: its steward is there |
//! | 7 decline | empty: will not be steward |
//! | 8 leave | empty |
//! | 9 answer | 1 accepts, 0 declines what a moderator asked |
//! | 10 withdraw | span32: no longer consents |
//! | 11 recording | see [`super::recording::notice`] |

use std::collections::BTreeMap;

use pars_crypto::label::SignatureLabel;
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Public, Ed25519Secret};
use pars_wire::RecordingId;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::line::Line;
use super::order::Order;
use super::recording::SealedNotice;
use super::scope::{Scope, SeatNo};

const VERSION: u8 = 1;
/// Bytes of a chat text at most.
pub const MAX_CHAT: usize = 4_096;

/// A chat text: UTF-8, 1 to 4,096 bytes; of control characters only line feed and tabulator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChatText(String);

impl ChatText {
    /// Check a text; none if it is empty, too long, or holds another control character.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=MAX_CHAT).contains(&text.len());
        let plain = text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t');
        (fits && plain).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// To everybody.
    Chat(ChatText),
    /// A short mark, usually one emoji.
    Reaction(Line<32>),
    /// Whether the hand is up.
    Hand(bool),
    /// A moderator's order.
    Order(Order),
    /// A moderator moves to an item of the agenda.
    Agenda {
        /// Position in the metadata's agenda.
        item: u8,
        /// Unix seconds.
        started_at: u64,
    },
    /// The steward of this epoch is there.
    Beat {
        /// Its number.
        epoch: u32,
    },
    /// Will not be steward.
    Decline,
    /// Gives up the seat.
    Leave,
    /// To a moderator's promotion or request.
    Answer(bool),
    /// No longer consents to a span of a recording.
    Withdraw(RecordingId),
    /// About a recording, sealed to the group.
    Recording(SealedNotice),
}

impl Content {
    /// The kind's number.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Chat(_) => 1,
            Self::Reaction(_) => 2,
            Self::Hand(_) => 3,
            Self::Order(_) => 4,
            Self::Agenda { .. } => 5,
            Self::Beat { .. } => 6,
            Self::Decline => 7,
            Self::Leave => 8,
            Self::Answer(_) => 9,
            Self::Withdraw(_) => 10,
            Self::Recording(_) => 11,
        }
    }

    /// Whether only a moderator may say it.
    pub const fn needs_lead(&self) -> bool {
        matches!(self, Self::Order(_) | Self::Agenda { .. })
    }

    fn body(&self) -> Vec<u8> {
        match self {
            Self::Chat(text) => text.0.as_bytes().to_vec(),
            Self::Reaction(text) => text.as_str().as_bytes().to_vec(),
            Self::Hand(yes) | Self::Answer(yes) => vec![u8::from(*yes)],
            Self::Order(order) => order.encode(),
            Self::Agenda { item, started_at } => [&[*item], &started_at.to_be_bytes()[..]].concat(),
            Self::Beat { epoch } => epoch.to_be_bytes().to_vec(),
            Self::Decline | Self::Leave => Vec::new(),
            Self::Withdraw(span) => span.0.to_vec(),
            Self::Recording(notice) => notice.encode(),
        }
    }

    fn decoded(kind: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let malformed = DecodeError::Malformed { what: "text of a message" };
        let text = || str::from_utf8(body).map_err(|_| malformed);
        let mut from = Reader::new(body);
        let content = match kind {
            1 => return ChatText::new(text()?).map(Self::Chat).ok_or(malformed),
            2 => return Line::new(text()?).map(Self::Reaction).map_err(|_| malformed),
            3 => Self::Hand(flag(&mut from)?),
            4 => Self::Order(Order::read(&mut from)?),
            5 => Self::Agenda { item: from.u8("agenda item")?, started_at: from.u64("begin of an agenda item")? },
            6 => Self::Beat { epoch: from.u32("number of an epoch")? },
            7 => Self::Decline,
            8 => Self::Leave,
            9 => Self::Answer(flag(&mut from)?),
            10 => Self::Withdraw(RecordingId(from.array::<32>("span")?.into())),
            11 => Self::Recording(SealedNotice::read(&mut from)?),
            other => return Err(DecodeError::Value { what: "kind of message", value: other.into() }),
        };
        from.finish()?;
        Ok(content)
    }
}

fn flag(from: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match from.u8("yes or no")? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(DecodeError::Value { what: "yes or no", value: value.into() }),
    }
}

/// Why a message is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// No canonical encoding.
    #[error("the message is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// No such seat.
    #[error("seat {0} is not in the room")]
    Unseated(SeatNo),
    /// Not the seat's signature.
    #[error("the message is not signed by seat {0}: forged, or of another sitting")]
    Forged(SeatNo),
    /// Seen already, or older than what was seen.
    #[error("message {seq} of seat {seat} was seen already")]
    Replayed {
        /// Whose.
        seat: SeatNo,
        /// Its number.
        seq: u32,
    },
}

/// A message of a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMessage {
    /// Whose.
    pub seat: SeatNo,
    /// Rises with every message of the seat.
    pub seq: u32,
    /// What it says.
    pub content: Content,
}

impl RoomMessage {
    fn framed(&self, out: &mut Writer) {
        let body = self.content.body();
        // At most 4,710 bytes, which fits its length.
        out.u16(self.seat.0).u32(self.seq).u8(self.content.kind()).u16(body.len() as u16).bytes(&body);
    }

    fn signed(&self, scope: &Scope) -> Vec<u8> {
        let mut out = Writer::default();
        scope.write(&mut out);
        self.framed(&mut out);
        out.into_bytes()
    }

    /// Sign as the seat.
    pub fn sign(self, scope: &Scope, seat: &Ed25519Secret) -> SignedMessage {
        let signature = seat.sign(SignatureLabel::ROOM_MESSAGE, &self.signed(scope));
        SignedMessage { message: self, signature }
    }
}

/// A message and its signature; says nothing until [`SignedMessage::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    message: RoomMessage,
    signature: [u8; ED25519_SIGNATURE],
}

impl SignedMessage {
    /// Whose it says to be: to find the key for [`SignedMessage::open`].
    pub const fn claimed_seat(&self) -> SeatNo {
        self.message.seat
    }

    /// The message, if its seat signed it for this sitting and it is new.
    ///
    /// # Errors
    /// [`MessageError`]; `key` is none when the seat is not in the room.
    pub fn open(
        self,
        scope: &Scope,
        key: Option<&Ed25519Public>,
        seen: &mut SequenceGate,
    ) -> Result<RoomMessage, MessageError> {
        let Self { message, signature } = self;
        let key = key.ok_or(MessageError::Unseated(message.seat))?;
        let verified = key.verify(SignatureLabel::ROOM_MESSAGE, &message.signed(scope), &signature);
        verified.map_err(|_| MessageError::Forged(message.seat))?;
        seen.admit(&message)?;
        Ok(message)
    }
}

impl Wire for SignedMessage {
    fn write(&self, out: &mut Writer) {
        out.u8(VERSION);
        self.message.framed(out);
        out.bytes(&self.signature);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(&[VERSION], "room message of version 1")?;
        let (seat, seq) = (SeatNo(from.u16("seat")?), from.u32("number of a message")?);
        let kind = from.u8("kind of message")?;
        let content = Content::decoded(kind, from.lp("body of a message")?)?;
        Ok(Self { message: RoomMessage { seat, seq, content }, signature: from.array("signature of a message")? })
    }
}

/// What was seen of each seat. Numbers must rise per seat and kind: kinds travel different roads, and a beat through the host
/// overtakes a chat text through the SFU.
#[derive(Clone, Debug, Default)]
pub struct SequenceGate {
    last: BTreeMap<(SeatNo, u8), u32>,
}

impl SequenceGate {
    fn admit(&mut self, message: &RoomMessage) -> Result<(), MessageError> {
        let RoomMessage { seat, seq, .. } = *message;
        let last = self.last.get(&(seat, message.content.kind()));
        if last.is_some_and(|last| seq <= *last) {
            return Err(MessageError::Replayed { seat, seq });
        }
        self.last.insert((seat, message.content.kind()), seq);
        Ok(())
    }

    /// Forget a seat that is gone: its number is not given again.
    pub fn forget(&mut self, seat: SeatNo) {
        self.last.retain(|(other, _), _| *other != seat);
    }
}
