//! Prekeys: one signed batch (PB) over a Merkle tree of 16 leaves. Leaves 0 to 13 serve one day each, leaf 14 is the last
//! resort, leaf 15 is padding. Nothing is consumed: a leaf serves everybody for its day, so nobody can exhaust it.
//!
//! PB = `"PSP1"4 | suite1 | ID32 | device16 | batch8 | first_day4 | count1 | hc_bits1 | root32 | not_after_h4 |
//! ik_hash32` = 135 ‖ HS("pars-pb-v1") by the device 4,691 = 4,826 bytes; see [`leaf`] for the leaves and [`upload`] for how they travel.

pub mod leaf;
pub mod secrets;
pub mod upload;

use pars_crypto::Suite;
use pars_crypto::label::HybridLabel;
use pars_crypto::merkle;
use pars_crypto::sign::HybridSignature;
use pars_crypto::suite::SuiteId;
use pars_wire::codec::{Day, DecodeError, Hour, Reader, Wire, Writer};
use pars_wire::limits::{MAX_HASHCASH_BITS, MIN_HASHCASH_BITS, PREKEY_DAYS};

use crate::core::suite as read_suite;
use crate::device::{DeviceCertificate, DeviceId};
use crate::error::RecordError;
use crate::id::IdentityId;
use crate::prekey::leaf::{LeafWithPath, Prekey};

pub use secrets::{BatchDraft, PrekeySecrets};

const MAGIC: &[u8; 4] = b"PSP1";

/// Leaves that hold a prekey: fourteen days and the last resort.
pub const LEAVES: u8 = PREKEY_DAYS + 1;

/// What a device says of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchContent {
    /// Rises with each batch of the device.
    pub batch: u64,
    /// The day of leaf 0.
    pub first_day: Day,
    /// Leading zero bits that a stranger's object must show.
    pub hashcash_bits: u8,
    /// Root of the tree.
    pub root: [u8; 32],
    /// The last hour of the last resort.
    pub not_after: Hour,
    /// [`crate::seed::ContactPublic::hash`] of the identity record for which the batch was made.
    pub identity_keys: [u8; 32],
}

/// PB whose signature has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrekeyBatch {
    identity: IdentityId,
    device: DeviceId,
    content: BatchContent,
    signature: HybridSignature,
}

impl PrekeyBatch {
    /// Bytes that are signed.
    pub const SIGNED: usize = 4 + 1 + 32 + 16 + 8 + 4 + 1 + 1 + 32 + 4 + 32;
    /// How many bytes.
    pub const SIZE: usize = Self::SIGNED + HybridSignature::SIZE;

    /// Decode and verify against the device that must have signed it.
    ///
    /// # Errors
    /// [`RecordError`] for layout, suite, another identity or device, or the signature.
    pub fn verify(suite: &dyn Suite, bytes: &[u8], by: &DeviceCertificate) -> Result<Self, RecordError> {
        let mut from = Reader::new(bytes);
        let (identity, device, content) = read(&mut from)?;
        let signature = HybridSignature::from_bytes(from.array_ref("signature of the device")?);
        from.finish()?;
        if identity != by.identity() {
            return Err(RecordError::OtherIdentity);
        }
        if device != by.device() {
            return Err(RecordError::OtherDevice);
        }
        let (signed, _) = bytes.split_at(Self::SIGNED.min(bytes.len()));
        by.keys().verify(suite, HybridLabel::PREKEY_BATCH, signed, &signature)?;
        Ok(Self { identity, device, content, signature })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(Self::SIZE);
        write(self.identity, self.device, &self.content, &mut out);
        out.bytes(&self.signature.to_bytes());
        out.into_bytes()
    }

    /// The identity.
    pub const fn identity(&self) -> IdentityId {
        self.identity
    }

    /// The device.
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Everything the device says.
    pub const fn content(&self) -> &BatchContent {
        &self.content
    }

    /// Check that a leaf belongs to this batch: its path, its day, its end, and that `hour` lies in its validity.
    ///
    /// # Errors
    /// [`RecordError::NotInBatch`] or [`RecordError::Expired`].
    pub fn check_leaf(&self, leaf: &LeafWithPath, hour: Hour) -> Result<(), RecordError> {
        self.check_leaf_path(leaf)?;
        if leaf.prekey().valid_at(hour) { Ok(()) } else { Err(RecordError::Expired) }
    }

    /// As [`PrekeyBatch::check_leaf`] at any time, for nodes that store leaves of days to come.
    ///
    /// # Errors
    /// [`RecordError::NotInBatch`].
    pub fn check_leaf_path(&self, leaf: &LeafWithPath) -> Result<(), RecordError> {
        let index = self.index_of(leaf.prekey()).ok_or(RecordError::NotInBatch)?;
        merkle::verify(&self.content.root, &leaf.prekey().encode(), index, leaf.path())
            .map_err(|_| RecordError::NotInBatch)
    }

    /// Where a leaf of this day and end must stand.
    fn index_of(&self, prekey: &Prekey) -> Option<u32> {
        match prekey.day() {
            None => (prekey.not_after() == self.content.not_after).then_some(PREKEY_DAYS.into()),
            Some(day) => {
                let index = day.0.checked_sub(self.content.first_day.0)?;
                (index < PREKEY_DAYS.into() && prekey.not_after() == Prekey::end_of(day)).then_some(index)
            }
        }
    }

    /// Whether the batch has a leaf for `today`; otherwise the last resort serves, and forward secrecy is `reduced`.
    pub fn covers(&self, today: Day) -> bool {
        today.0.checked_sub(self.content.first_day.0).is_some_and(|index| index < PREKEY_DAYS.into())
    }
}

fn write(identity: IdentityId, device: DeviceId, content: &BatchContent, out: &mut Writer) {
    out.bytes(MAGIC).u8(SuiteId::Session.byte()).bytes(&identity.0).bytes(&device.0);
    out.u64(content.batch).day(content.first_day).u8(LEAVES).u8(content.hashcash_bits);
    out.bytes(&content.root).hour(content.not_after).bytes(&content.identity_keys);
}

fn read(from: &mut Reader<'_>) -> Result<(IdentityId, DeviceId, BatchContent), DecodeError> {
    from.magic(MAGIC, "prekey batch")?;
    read_suite(from)?;
    let identity = IdentityId(from.array("identity")?);
    let device = DeviceId(from.array("device")?);
    let batch = from.u64("batch number")?;
    let first_day = from.day("first day")?;
    let count = from.u8("number of prekeys")?;
    if count != LEAVES {
        return Err(DecodeError::Value { what: "number of prekeys", value: count.into() });
    }
    let hashcash_bits = from.u8("hashcash bits")?;
    if !(MIN_HASHCASH_BITS..=MAX_HASHCASH_BITS).contains(&hashcash_bits) {
        return Err(DecodeError::Value { what: "number of hashcash bits", value: hashcash_bits.into() });
    }
    let root = from.array("root")?;
    let not_after = from.hour("last hour")?;
    let identity_keys = from.array("hash of the identity's keys")?;
    Ok((identity, device, BatchContent { batch, first_day, hashcash_bits, root, not_after, identity_keys }))
}
