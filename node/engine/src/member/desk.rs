//! The engine's own state of a member. Each entry has a row, written in the batch of the ratchet that made it.
//!
//! | Row | Value, sealed |
//! |---|---|
//! | contact `b`, id32 | `hour4` of their verification, IR, DC, PB, leaf with path |
//! | contact `p`, id32 | pin |
//! | contact `t`, id32 | `flags1 (1 closed, 2 verified, 4 reduced)\|sequence8\|received8\|read8` |
//! | outbox number8 | `cursor8\|kind1\|secret or inbox key 32\|bits1\|object` |
//! | held hash32 | `until4\|object` |
//! | held id32, sequence8 | a message that waits for those before it (`early`), as in the history |
//! | seen hash32 | `until4`, plain: an object and its mailbox, dealt with; it may come again, from another replica or after a crash |
//! | counter `p` | how far publishing is: `week4\|records1\|whole1` |
//!
//! Messages and commands: `history`.

use std::collections::BTreeMap;

use pars_crypto::hash::sha3;
use pars_crypto::secret::{MailboxSecret, Zeroizing};
use pars_identity::IdentityId;
use pars_identity::bundle::Bundle;
use pars_identity::link::Link;
use pars_identity::pin::Pin;
use pars_wire::codec::{DecodeError, Hour, Reader, Writer};
use pars_wire::limits::{GRACE_HOURS, MAX_TTL_HOURS};

use super::commands::Commands;
use super::early::Place;
use super::history::{History, Kept};
use super::shed::Consumed;

/// Objects on their way at once: a bound of memory (11 KiB each).
pub const MAX_OUTBOX: usize = 512;
/// Inbox objects that wait for companions at once: a bound of memory (11 KiB each).
pub const MAX_HELD: usize = 256;
/// Hours for which an inbox object waits for its companions.
pub const HELD_HOURS: u32 = 24;

/// Objects remembered as dealt with: a bound of memory and disk (36 bytes each). Beyond it a second copy may show a gap.
pub const MAX_SEEN: usize = 65_536;
/// Hours for which they are: the longest life of an object, and what clocks may differ.
pub const SEEN_HOURS: u32 = MAX_TTL_HOURS as u32 + GRACE_HOURS;

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
    /// The message it belongs to, by its place in the history.
    pub cursor: u64,
    /// Where it goes.
    pub to: Destination,
    /// What.
    pub object: Vec<u8>,
}

/// A contact whose records are being fetched.
pub(super) struct Opening {
    pub(super) link: Link,
    /// Begun for a message, not by a user's link.
    pub(super) implied: bool,
    pub(super) record: Option<Vec<u8>>,
    pub(super) certificate: Option<Vec<u8>>,
    /// How often certificate and prekey did not fit the record.
    pub(super) misfits: u8,
}

impl Opening {
    pub(super) const fn new(link: Link, implied: bool) -> Self {
        Self { link, implied, record: None, certificate: None, misfits: 0 }
    }
}

/// An inbox object that waits for its companions.
pub(super) struct Held {
    pub(super) until: Hour,
    pub(super) object: Vec<u8>,
}

/// What is remembered of a conversation besides its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) closed: bool,
    pub(super) verified: bool,
    pub(super) reduced: bool,
    /// Of the last message sent.
    pub(super) sequence: u64,
    /// Of the last message received.
    pub(super) received: u64,
    /// Up to here everything is read.
    pub(super) read: u64,
}

/// How far publishing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Publication {
    /// Whose nodes hold the records.
    pub(super) week: u32,
    /// Records that were read back.
    pub(super) records: u8,
    /// All were.
    pub(super) whole: bool,
}

/// The engine's own state of a member.
#[derive(Default)]
pub struct Desk {
    pub(super) contacts: BTreeMap<IdentityId, Bundle>,
    pub(super) pins: BTreeMap<IdentityId, Pin>,
    pub(super) threads: BTreeMap<IdentityId, Thread>,
    pub(super) opening: BTreeMap<IdentityId, Opening>,
    pub(super) outbox: BTreeMap<u64, Parcel>,
    pub(super) held: BTreeMap<[u8; 32], Held>,
    /// Messages that wait for those before them.
    pub(super) early: BTreeMap<Place, Kept>,
    pub(super) history: History,
    pub(super) commands: Commands,
    pub(super) seen: BTreeMap<[u8; 32], Hour>,
    pub(super) publication: Option<Publication>,
    /// Durable here, but the swarm is not told so until their conversation has room: its reading pauses.
    pub(super) paused: Vec<Consumed>,
    pub(super) parcels: u64,
}

impl Desk {
    /// Objects that are not stored yet.
    pub fn on_the_way(&self) -> usize {
        self.outbox.len()
    }

    /// Inbox objects that wait for their companions.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Objects that are not stored yet, by their numbers, which rise.
    pub fn parcels(&self) -> impl DoubleEndedIterator<Item = (u64, &Parcel)> {
        self.outbox.iter().map(|(number, parcel)| (*number, parcel))
    }

    pub(super) fn parcel(&self, number: u64) -> Option<&Parcel> {
        self.outbox.get(&number)
    }
}

impl Parcel {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::with_capacity(8 + 34 + self.object.len());
        out.u64(self.cursor);
        match &self.to {
            Destination::Mailbox(secret) => out.u8(1).bytes(secret.expose()).u8(0),
            Destination::Inbox { key, bits } => out.u8(2).bytes(key).u8(*bits),
        };
        out.bytes(&self.object);
        Zeroizing::new(out.into_bytes())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let cursor = from.u64("cursor")?;
        let (kind, key, bits) = (from.u8("destination")?, from.array("mailbox")?, from.u8("bits")?);
        let to = match kind {
            1 => Destination::Mailbox(MailboxSecret::from_bytes(key)),
            2 => Destination::Inbox { key, bits },
            value => return Err(DecodeError::Value { what: "destination", value: value.into() }),
        };
        Ok(Self { cursor, to, object: from.rest().to_vec() })
    }
}

impl Thread {
    pub(super) fn encode(&self) -> Vec<u8> {
        let flags = u8::from(self.closed) | u8::from(self.verified) << 1 | u8::from(self.reduced) << 2;
        let numbers = [self.sequence, self.received, self.read].map(u64::to_be_bytes);
        [&[flags][..], numbers.as_flattened()].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let flags = from.u8("flags of a conversation")?;
        if flags > 7 {
            return Err(DecodeError::Value { what: "flags of a conversation", value: flags.into() });
        }
        let (sequence, received, read) = (from.u64("sequence")?, from.u64("sequence")?, from.u64("cursor")?);
        from.finish()?;
        let (closed, verified, reduced) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        Ok(Self { closed, verified, reduced, sequence, received, read })
    }
}

impl Publication {
    pub(super) fn encode(self) -> Vec<u8> {
        [&self.week.to_be_bytes()[..], &[self.records, self.whole.into()]].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let (week, records, whole) = (from.u32("week")?, from.u8("records")?, from.u8("all records")?);
        from.finish()?;
        match whole {
            0 | 1 => Ok(Self { week, records, whole: whole == 1 }),
            value => Err(DecodeError::Value { what: "all records", value: value.into() }),
        }
    }
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
            let parcel = Parcel { cursor: 7, to, object: object.clone() };
            assert_eq!(Parcel::decode(&parcel.encode()), Ok(parcel));
        }
        let thread = Thread { closed: true, verified: false, reduced: true, sequence: 3, received: 4, read: 9 };
        assert_eq!(Thread::decode(&thread.encode()), Ok(thread));
        for whole in [false, true] {
            let publication = Publication { week: 2_900, records: 5, whole };
            assert_eq!(Publication::decode(&publication.encode()), Ok(publication));
        }
        let held = Held { until: Hour(5), object };
        let (hash, back) = decode_held(&encode_held(&held)).unwrap();
        assert_eq!((hash, back.until, back.object), (sha3(&[&held.object]), held.until, held.object));
    }
}
