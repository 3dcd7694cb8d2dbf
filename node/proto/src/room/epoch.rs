//! Epochs: who is heard by whom changes, and so does the secret (TOWNHALL section 3).
//!
//! ```text
//! rec_n = RS68 | n4 | steward2 | roster_root32 | H("pars-room-secret-v1"; epoch_secret32) | prev32        170
//! rh_n  = H("pars-room-epoch-v1"; rec_n), prev = rh_{n-1}, zero before the first, which is n = 1
//! signed record = rec_n | Sig("pars-room-rec-v1", rec_n)64 by the steward                                234
//! ```

use pars_crypto::hash::{equal, hash};
use pars_crypto::label::{HashLabel, SignatureLabel};
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Public, Ed25519Secret};
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::keys::EpochSecret;
use super::roster::Roster;
use super::scope::{Scope, SeatNo};

/// `rh_n`; zero stands before the first epoch. 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochHash(
    /// The hash.
    pub [u8; 32],
);

/// Why an epoch's record or secret is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Another room or sitting.
    #[error("the epoch record is for another room or sitting")]
    OtherScope,
    /// Not the number that comes next.
    #[error("the epoch record has number {0}, which is not the next one; ask for those between")]
    Number(u32),
    /// It does not continue the epoch this seat knows: the room may have been split.
    #[error(
        "the epoch record does not continue the known epoch; compare check codes, somebody may have split the room"
    )]
    Chain,
    /// The roster is another than the record's.
    #[error("the roster is not the one of the epoch record")]
    OtherRoster,
    /// The steward has no seat in the roster.
    #[error("the steward of the epoch record has no seat in its roster")]
    Steward,
    /// Not signed by the steward.
    #[error("the steward's signature does not verify")]
    Signature,
    /// The wrap does not open.
    #[error("the wrapped epoch secret does not open under this pair's key")]
    Wrap,
    /// It is not the secret of the record.
    #[error("the epoch secret is not the one of the epoch record")]
    OtherSecret,
}

/// What a receiver knows of the epoch before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// There was none: the sitting begins.
    First,
    /// This one.
    Known {
        /// Its number.
        n: u32,
        /// Its hash.
        hash: EpochHash,
    },
    /// There was one before this seat came; nothing can be compared but check codes.
    Unknown,
}

/// `rec_n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRecord {
    /// RS.
    pub scope: Scope,
    /// Counts from 1.
    pub n: u32,
    /// Who made it.
    pub steward: SeatNo,
    /// Who sits in it.
    pub roster_root: [u8; 32],
    /// `H("pars-room-secret-v1"; epoch_secret)`.
    pub secret_hash: [u8; 32],
    /// The epoch before; zero if and only if `n` is 1.
    pub previous: EpochHash,
}

impl EpochRecord {
    /// How many bytes.
    pub const SIZE: usize = Scope::SIZE + 4 + 2 + 32 + 32 + 32;

    /// The first record of a sitting, or the one that follows a known one.
    pub fn after(
        previous: Option<(u32, EpochHash)>,
        scope: Scope,
        steward: SeatNo,
        roster: &Roster,
        secret: &EpochSecret,
    ) -> Self {
        let (n, previous) = previous.map_or((1, EpochHash::default()), |(n, hash)| (n.saturating_add(1), hash));
        Self { scope, n, steward, roster_root: roster.root(&scope), secret_hash: secret.hash(), previous }
    }

    /// `rh_n`.
    pub fn hash(&self) -> EpochHash {
        EpochHash(hash(HashLabel::ROOM_EPOCH, &[&self.encode()]))
    }

    /// KID: position of the epoch's keys in every key ring.
    pub const fn key_index(&self) -> u8 {
        (self.n % 256) as u8
    }

    /// Whether this is the record's secret.
    pub fn is_of(&self, secret: &EpochSecret) -> bool {
        equal(&self.secret_hash, &secret.hash())
    }

    /// Whether it may stand behind this one.
    ///
    /// # Errors
    /// [`RecordError::Number`] or [`RecordError::Chain`].
    pub fn follows(&self, previous: Previous) -> Result<(), RecordError> {
        let first = self.previous == EpochHash::default();
        if self.n == 0 || first != (self.n == 1) {
            return Err(RecordError::Number(self.n));
        }
        match previous {
            Previous::First if self.n != 1 => Err(RecordError::Number(self.n)),
            Previous::Known { n, .. } if n.checked_add(1) != Some(self.n) => Err(RecordError::Number(self.n)),
            Previous::Known { hash, .. } if hash != self.previous => Err(RecordError::Chain),
            Previous::First | Previous::Known { .. } | Previous::Unknown => Ok(()),
        }
    }
}

impl Wire for EpochRecord {
    fn write(&self, out: &mut Writer) {
        self.scope.write(out);
        out.u32(self.n).u16(self.steward.0).bytes(&self.roster_root).bytes(&self.secret_hash).bytes(&self.previous.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            scope: Scope::read(from)?,
            n: from.u32("number of an epoch")?,
            steward: SeatNo(from.u16("steward")?),
            roster_root: from.array("roster root")?,
            secret_hash: from.array("hash of an epoch secret")?,
            previous: EpochHash(from.array("hash of the epoch before")?),
        })
    }
}

/// A record and its steward's signature; says nothing until [`SignedRecord::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedRecord {
    record: EpochRecord,
    signature: [u8; ED25519_SIGNATURE],
}

impl SignedRecord {
    /// How many bytes.
    pub const SIZE: usize = EpochRecord::SIZE + ED25519_SIGNATURE;

    /// Sign as the steward.
    pub fn sign(record: EpochRecord, steward: &Ed25519Secret) -> Self {
        Self { record, signature: steward.sign(SignatureLabel::ROOM_EPOCH_RECORD, &record.encode()) }
    }

    /// What it says; nothing of it is checked.
    pub const fn record(&self) -> &EpochRecord {
        &self.record
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, steward: &Ed25519Public) -> bool {
        steward.verify(SignatureLabel::ROOM_EPOCH_RECORD, &self.record.encode(), &self.signature).is_ok()
    }

    /// Scope, place in the chain, roster and signature. Whether the steward may act, and every statement of the roster, are
    /// checked elsewhere.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn check(
        &self,
        scope: &Scope,
        roster: &Roster,
        steward: &Ed25519Public,
        previous: Previous,
    ) -> Result<EpochHash, RecordError> {
        let record = &self.record;
        if record.scope != *scope {
            return Err(RecordError::OtherScope);
        }
        record.follows(previous)?;
        if record.roster_root != roster.root(scope) {
            return Err(RecordError::OtherRoster);
        }
        if roster.get(record.steward).is_none_or(|entry| entry.recorder) {
            return Err(RecordError::Steward);
        }
        if !self.is_signed_by(steward) {
            return Err(RecordError::Signature);
        }
        Ok(record.hash())
    }
}

impl Wire for SignedRecord {
    fn write(&self, out: &mut Writer) {
        self.record.write(out);
        out.bytes(&self.signature);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { record: EpochRecord::read(from)?, signature: from.array("signature of an epoch record")? })
    }
}
