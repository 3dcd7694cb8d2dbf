//! The engine's own state of a member. Each entry has a row, written in the batch of the ratchet that made it.
//!
//! | Row | Value, sealed |
//! |---|---|
//! | contact `b`, id32 | IR, DC, PB, leaf with path |
//! | contact `p`, id32 | pin |
//! | outbox number8 | `message16\|kind1\|secret or inbox key 32\|bits1\|object` |
//! | message cursor8 | `from32\|id16\|sequence8\|object32\|text` |
//! | held hash32 | `until4\|object` |
//! | counter `c`, command16 | message id 16 |
//! | counter `s`, id32 | next sequence 8 |
//! | counter `a` | last acknowledged cursor 8 |

use std::collections::BTreeMap;

use pars_crypto::hash::sha3;
use pars_crypto::secret::{MailboxSecret, Zeroizing};
use pars_identity::IdentityId;
use pars_identity::bundle::Bundle;
use pars_identity::link::Link;
use pars_identity::pin::Pin;
use pars_proto::session::MessageId;
use pars_wire::codec::{DecodeError, Hour, Reader, Writer};

use crate::io::{CommandId, Received};

/// Objects on their way at once: a bound of memory (11 KiB each).
pub const MAX_OUTBOX: usize = 512;
/// Inbox objects that wait for companions at once: a bound of memory (11 KiB each).
pub const MAX_HELD: usize = 256;
/// Hours for which an inbox object waits for its companions.
pub const HELD_HOURS: u32 = 24;

/// Where a parcel goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The mailbox that this secret opens.
    Mailbox(MailboxSecret),
    /// A contact's inbox.
    Inbox {
        /// Its key.
        key: [u8; 32],
        /// The work its owner asks for.
        bits: u8,
    },
}

/// One object on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The message it belongs to.
    pub message: MessageId,
    /// Where it goes.
    pub to: Destination,
    /// What.
    pub object: Vec<u8>,
}

/// A contact whose records are being fetched.
pub(super) struct Opening {
    pub(super) link: Link,
    pub(super) record: Option<Vec<u8>>,
    pub(super) certificate: Option<Vec<u8>>,
}

/// An inbox object that waits for its companions.
pub(super) struct Held {
    pub(super) until: Hour,
    pub(super) object: Vec<u8>,
}

/// The engine's own state of a member.
#[derive(Default)]
pub struct Desk {
    pub(super) contacts: BTreeMap<IdentityId, Bundle>,
    pub(super) pins: BTreeMap<IdentityId, Pin>,
    pub(super) opening: BTreeMap<IdentityId, Opening>,
    pub(super) outbox: BTreeMap<u64, Parcel>,
    pub(super) copies: BTreeMap<MessageId, usize>,
    pub(super) commands: BTreeMap<CommandId, MessageId>,
    pub(super) messages: BTreeMap<u64, Received>,
    pub(super) held: BTreeMap<[u8; 32], Held>,
    pub(super) sequences: BTreeMap<IdentityId, u64>,
    pub(super) parcels: u64,
    pub(super) cursor: u64,
    pub(super) acknowledged: u64,
}

impl Desk {
    /// What this contact wrote, in its order.
    pub fn conversation(&self, with: IdentityId) -> Vec<&Received> {
        let mut messages: Vec<_> = self.messages.values().filter(|message| message.from == with).collect();
        messages.sort_by_key(|message| (message.sequence, message.cursor));
        messages
    }

    /// Objects that are not stored yet.
    pub fn on_the_way(&self) -> usize {
        self.outbox.len()
    }

    /// Inbox objects that wait for their companions.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn parcel(&self, number: u64) -> Option<&Parcel> {
        self.outbox.get(&number)
    }
}

impl Parcel {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::with_capacity(16 + 34 + self.object.len());
        out.bytes(&self.message.0);
        match &self.to {
            Destination::Mailbox(secret) => out.u8(1).bytes(secret.expose()).u8(0),
            Destination::Inbox { key, bits } => out.u8(2).bytes(key).u8(*bits),
        };
        out.bytes(&self.object);
        Zeroizing::new(out.into_bytes())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let message = MessageId(from.array("message id")?);
        let (kind, key, bits) = (from.u8("destination")?, from.array("mailbox")?, from.u8("bits")?);
        let to = match kind {
            1 => Destination::Mailbox(MailboxSecret::from_bytes(key)),
            2 => Destination::Inbox { key, bits },
            value => return Err(DecodeError::Value { what: "destination", value: value.into() }),
        };
        Ok(Self { message, to, object: from.rest().to_vec() })
    }
}

pub(super) fn encode_message(message: &Received) -> Zeroizing<Vec<u8>> {
    let mut out = Writer::with_capacity(88 + message.text.len());
    out.bytes(&message.from.0).bytes(&message.id.0).u64(message.sequence).bytes(&message.object);
    out.bytes(&message.text);
    Zeroizing::new(out.into_bytes())
}

pub(super) fn decode_message(cursor: u64, bytes: &[u8]) -> Result<Received, DecodeError> {
    let mut from = Reader::new(bytes);
    Ok(Received {
        cursor,
        from: IdentityId(from.array("sender")?),
        id: MessageId(from.array("message id")?),
        sequence: from.u64("sequence")?,
        object: from.array("object hash")?,
        text: Zeroizing::new(from.rest().to_vec()),
    })
}

pub(super) fn encode_held(held: &Held) -> Vec<u8> {
    [&held.until.to_bytes()[..], &held.object].concat()
}

pub(super) fn decode_held(bytes: &[u8]) -> Result<([u8; 32], Held), DecodeError> {
    let mut from = Reader::new(bytes);
    let until = from.hour("end of waiting")?;
    let object = from.rest().to_vec();
    Ok((sha3(&[&object]), Held { until, object }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back() {
        let object = vec![7; 40];
        for to in
            [Destination::Mailbox(MailboxSecret::from_bytes([3; 32])), Destination::Inbox { key: [4; 32], bits: 18 }]
        {
            let parcel = Parcel { message: MessageId([1; 16]), to, object: object.clone() };
            assert_eq!(Parcel::decode(&parcel.encode()), Ok(parcel));
        }
        let message = Received {
            cursor: 9,
            from: IdentityId([1; 32]),
            id: MessageId([2; 16]),
            sequence: 3,
            object: [4; 32],
            text: Zeroizing::new(b"hello".to_vec()),
        };
        assert_eq!(decode_message(9, &encode_message(&message)), Ok(message));
        let held = Held { until: Hour(5), object };
        let (hash, back) = decode_held(&encode_held(&held)).unwrap();
        assert_eq!((hash, back.until, back.object), (sha3(&[&held.object]), held.until, held.object));
    }
}
