//! The directory's slots: `what8` = `kind1|slot1|0^2|day4`, where slot is the device's place in the identity record and day
//! that of a leaf (0: the last resort). A node stores only what verifies, one live object a slot, for 90 days.
//!
//! What verifies is not decided here: [`Records`] is given by whoever knows identities.

use std::collections::BTreeMap;

use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use pars_wire::codec::{Day, DecodeError, Reader, Wire, Writer};
use pars_wire::limits::MAX_DEVICES;
use pars_wire::machine::UnixMinute;

use super::mailbox::Tag;

/// Days for which a published record is kept.
pub const TTL_DAYS: u32 = 90;

/// A slot of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// IR.
    IdentityRecord,
    /// DC of the device in this place.
    Device(u8),
    /// PB of the device in this place.
    Batch(u8),
    /// A leaf of the device in this place: the day's, or of day 0 the last resort. Read together with its batch; a day
    /// without a leaf reads as the last resort.
    Leaf(u8, Day),
    /// REV.
    Revocation,
    /// SUC.
    Successor,
}

impl Wire for What {
    fn write(&self, out: &mut Writer) {
        let (kind, slot, day) = match self {
            Self::IdentityRecord => (1, 0, Day(0)),
            Self::Device(slot) => (2, *slot, Day(0)),
            Self::Batch(slot) => (3, *slot, Day(0)),
            Self::Leaf(slot, day) => (4, *slot, *day),
            Self::Revocation => (5, 0, Day(0)),
            Self::Successor => (6, 0, Day(0)),
        };
        out.u8(kind).u8(slot).zeros(2).day(day);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (kind, slot) = (from.u8("record kind")?, from.u8("device slot")?);
        from.zeros(2, "record slot")?;
        let day = from.day("leaf day")?;
        if usize::from(slot) >= MAX_DEVICES {
            return Err(DecodeError::Value { what: "device slot", value: slot.into() });
        }
        match (kind, slot, day) {
            (1, 0, Day(0)) => Ok(Self::IdentityRecord),
            (2, slot, Day(0)) => Ok(Self::Device(slot)),
            (3, slot, Day(0)) => Ok(Self::Batch(slot)),
            (4, slot, day) => Ok(Self::Leaf(slot, day)),
            (5, 0, Day(0)) => Ok(Self::Revocation),
            (6, 0, Day(0)) => Ok(Self::Successor),
            (1 | 2 | 3 | 5 | 6, ..) => Err(DecodeError::NotZero { what: "record slot" }),
            _ => Err(DecodeError::Value { what: "record kind", value: kind.into() }),
        }
    }
}

/// H("pars-dir-v1"; ID, week): which nodes hold the records of an identity in a week.
pub fn tag(identity: &[u8; 32], week: u32) -> Tag {
    Tag(hash(HashLabel::DIRECTORY, &[identity, &week.to_be_bytes()]))
}

/// The records of an identity that a node holds.
pub type Held = BTreeMap<What, Vec<u8>>;

/// A record and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The slot.
    pub what: What,
    /// The record; of an upload of leaves one leaf with its path.
    pub record: Vec<u8>,
}

/// The record is not what it claims, or must not replace what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record does not verify against those held, or is not newer")]
pub struct Refused;

/// Who knows identities: which record may stand in which slot, and which of two is the newer.
pub trait Records: Send {
    /// Check what an upload holds against what is held: IR by both keys and of a higher sequence, DC listed in the IR, PB by
    /// a listed device, leaf by its path, REV by H(r), SUC by both.
    ///
    /// # Errors
    /// [`Refused`].
    fn file(&self, identity: &[u8; 32], record: &[u8], held: &Held, now: UnixMinute) -> Result<Vec<Filed>, Refused>;

    /// The sequence of what a node answered for a slot, if that verifies by itself; none: the answer is worthless.
    fn rank(&self, identity: &[u8; 32], what: What, items: &[Vec<u8>], now: UnixMinute) -> Option<u64>;
}

/// The bytes of a record in front of padding: each kind tells its own length.
///
/// # Errors
/// [`DecodeError`].
pub(super) fn take_record<'a>(from: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let mut ahead = from.clone();
    let length = match ahead.array_ref::<4>("record")? {
        b"PSI1" => 9_295,
        b"PSD1" => 7_378,
        b"PSP1" => 4_826,
        b"PSIV" => 68,
        b"PSSU" => 9_486,
        b"PSPL" => {
            ahead.take(8, "batch")?;
            match ahead.u8("leaf count")? {
                count @ 1..=6 => 13 + usize::from(count) * 1_744,
                count => return Err(DecodeError::Value { what: "leaf count", value: count.into() }),
            }
        }
        _ => return Err(DecodeError::Magic { what: "a record" }),
    };
    from.take(length, "record")
}
