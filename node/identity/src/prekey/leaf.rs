//! A prekey: `spk_id8 | day4 | x25519 32 | mlkem_ek1568 | not_after_h4`, and its path in the batch.
//!
//! A daily leaf is valid from one hour before its day to one hour after. The last resort has day 0.

use pars_crypto::dh::DhPublic;
use pars_crypto::hash::sha3;
use pars_crypto::kem::Kem1024Public;
use pars_wire::codec::{Day, DecodeError, Hour, Reader, Wire, Writer};
use pars_wire::limits::PREKEY_SKEW_HOURS;

/// Height of the tree over 16 leaves.
pub const HEIGHT: usize = 4;

/// Names a prekey in a handshake: 8 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrekeyId(
    /// The bytes.
    pub [u8; 8],
);

/// One prekey of a device. Only a path to a signed batch says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prekey {
    pub(super) id: PrekeyId,
    pub(super) day: Option<Day>,
    pub(super) x25519: DhPublic,
    pub(super) mlkem: Kem1024Public,
    pub(super) not_after: Hour,
}

impl Prekey {
    /// How many bytes.
    pub const SIZE: usize = 8 + 4 + 32 + Kem1024Public::SIZE + 4;

    /// The last hour in which the leaf of `day` may be used: the first one of the next day.
    pub const fn end_of(day: Day) -> Hour {
        day.first_hour().plus(24 + PREKEY_SKEW_HOURS - 1)
    }

    /// Its name.
    pub const fn id(&self) -> PrekeyId {
        self.id
    }

    /// The day it serves; nothing for the last resort.
    pub const fn day(&self) -> Option<Day> {
        self.day
    }

    /// Its X25519 key.
    pub const fn x25519(&self) -> &DhPublic {
        &self.x25519
    }

    /// Its ML-KEM-1024 key.
    pub const fn mlkem(&self) -> &Kem1024Public {
        &self.mlkem
    }

    /// The last hour in which it may be used.
    pub const fn not_after(&self) -> Hour {
        self.not_after
    }

    /// H_leaf = SHA3-256(leaf), which the handshake binds. 32 bytes.
    pub fn hash(&self) -> [u8; 32] {
        sha3(&[&self.encode()])
    }

    /// Whether a handshake made in `hour` may use it.
    pub fn valid_at(&self, hour: Hour) -> bool {
        let begun = self.day.is_none_or(|day| hour >= day.first_hour().minus(PREKEY_SKEW_HOURS));
        begun && hour <= self.not_after
    }
}

impl Wire for Prekey {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.id.0).day(self.day.unwrap_or(Day(0))).bytes(&self.x25519.0);
        out.bytes(self.mlkem.as_bytes()).hour(self.not_after);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = PrekeyId(from.array("prekey id")?);
        let day = from.day("day of a prekey")?;
        let x25519 = DhPublic(from.array("X25519 key")?);
        let mlkem = Kem1024Public::from_bytes(from.array_ref("ML-KEM key")?)
            .map_err(|_| DecodeError::Malformed { what: "ML-KEM key" })?;
        let not_after = from.hour("last hour")?;
        Ok(Self { id, day: (day != Day(0)).then_some(day), x25519, mlkem, not_after })
    }
}

/// A prekey and the four siblings that lead to the root of its batch: 1,744 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafWithPath {
    pub(super) prekey: Prekey,
    pub(super) path: [[u8; 32]; HEIGHT],
}

impl LeafWithPath {
    /// How many bytes.
    pub const SIZE: usize = Prekey::SIZE + HEIGHT * 32;

    /// The prekey.
    pub const fn prekey(&self) -> &Prekey {
        &self.prekey
    }

    /// Its siblings from the bottom up.
    pub const fn path(&self) -> &[[u8; 32]; HEIGHT] {
        &self.path
    }
}

impl Wire for LeafWithPath {
    fn write(&self, out: &mut Writer) {
        self.prekey.write(out);
        for sibling in &self.path {
            out.bytes(sibling);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let prekey = Prekey::read(from)?;
        let mut path = [[0; 32]; HEIGHT];
        for sibling in &mut path {
            *sibling = from.array("path of a prekey")?;
        }
        Ok(Self { prekey, path })
    }
}
