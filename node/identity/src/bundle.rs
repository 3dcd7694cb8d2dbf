//! What a handshake starts from: IR, DC, PB and leaf of a peer, checked as one (THREATS I1).
//!
//! Each part names the next: the link names IC, IC signs IR and DC, IR lists DC, DC signs PB, PB commits to the keys of IR
//! and to the leaf. A part taken from somebody else breaks the chain.

use pars_crypto::Suite;
use pars_wire::codec::{Hour, Wire};

use crate::device::DeviceCertificate;
use crate::error::RecordError;
use crate::link::{Assurance, Link, MismatchError};
use crate::prekey::PrekeyBatch;
use crate::prekey::leaf::{LeafWithPath, Prekey};
use crate::record::IdentityRecord;

/// The bytes as a directory gave them.
#[derive(Clone, Copy, Debug)]
pub struct BundleBytes<'a> {
    /// IR.
    pub record: &'a [u8],
    /// DC.
    pub certificate: &'a [u8],
    /// PB.
    pub batch: &'a [u8],
    /// A leaf with its path.
    pub leaf: &'a [u8],
}

/// A device of a peer that can be written to.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Whose it is.
    pub record: IdentityRecord,
    /// Which device.
    pub certificate: DeviceCertificate,
    /// Its batch.
    pub batch: PrekeyBatch,
    /// The prekey to use.
    pub prekey: Prekey,
    /// What the link said about the core.
    pub assurance: Assurance,
}

/// Why no handshake can start from what the directory gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The identity record.
    #[error("identity record: {0}")]
    Record(RecordError),
    /// The record is genuine but somebody else's.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// The device certificate.
    #[error("device certificate: {0}")]
    Certificate(RecordError),
    /// The prekey batch.
    #[error("prekey batch: {0}")]
    Batch(RecordError),
    /// The prekey.
    #[error("prekey: {0}")]
    Prekey(RecordError),
}

impl Bundle {
    /// Check everything for a handshake made in `hour`.
    ///
    /// # Errors
    /// [`BundleError`] names the first part that does not fit.
    pub fn verify(suite: &dyn Suite, link: &Link, bytes: &BundleBytes<'_>, hour: Hour) -> Result<Self, BundleError> {
        let record = IdentityRecord::verify(suite, bytes.record).map_err(BundleError::Record)?;
        let assurance = link.compare(record.core())?;
        if !record.valid_at(hour) {
            return Err(BundleError::Record(RecordError::Expired));
        }

        let certificate =
            DeviceCertificate::verify(suite, bytes.certificate, record.core()).map_err(BundleError::Certificate)?;
        if !record.lists(&certificate) {
            return Err(BundleError::Certificate(RecordError::NotListed));
        }
        if !certificate.valid_at(hour) {
            return Err(BundleError::Certificate(RecordError::Expired));
        }

        let batch = PrekeyBatch::verify(suite, bytes.batch, &certificate).map_err(BundleError::Batch)?;
        if batch.content().identity_keys != record.contact().hash() {
            return Err(BundleError::Batch(RecordError::OtherKeys));
        }

        let leaf = LeafWithPath::decode(bytes.leaf).map_err(|error| BundleError::Prekey(error.into()))?;
        batch.check_leaf(&leaf, hour).map_err(BundleError::Prekey)?;
        let prekey = leaf.prekey().clone();
        Ok(Self { record, certificate, batch, prekey, assurance })
    }

    /// Whether the last resort is used: then forward secrecy is reported as `reduced`.
    pub const fn reduced(&self) -> bool {
        self.prekey.day().is_none()
    }
}
