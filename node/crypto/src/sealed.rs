//! The only form in which a secret is stored: `r16 ‖ GCM(K‖N)`, K‖N = KDF(ns, store key, "pars-vault-val-v1"; table, key,
//! r), associated data `table ‖ key` (SESSION section 12 "Values"). A value moved to another row does not open.

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::aead::{AeadError, OneUse, TAG};
use crate::hash::random;
use crate::kdf::{NO_SALT, kdf};
use crate::label::KdfLabel;
use crate::secret::StoreKey;

/// Where a value stands in its store. Part of what is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's key.
    pub key: &'a [u8],
}

impl Place<'_> {
    fn one_use(&self, store: &StoreKey, r: &[u8; 16]) -> OneUse {
        let fields: [&[u8]; 3] = [self.table.as_bytes(), self.key, r];
        kdf::<{ OneUse::SIZE }>(NO_SALT, &[store.expose()], KdfLabel::VAULT_VALUE, &fields).one_use::<0>()
    }

    fn aad(&self) -> Vec<u8> {
        [self.table.as_bytes(), self.key].concat()
    }
}

/// A secret under a store key: the only secret that can be serialised, so the only one a persistence batch accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Bytes a sealed value is longer than what it holds.
    pub const OVERHEAD: usize = 16 + TAG;

    /// Encrypt `secret` for one place of one store. Each call draws fresh `r`, so a rewritten row shares nothing with
    /// its earlier contents.
    pub fn seal(store: &StoreKey, place: Place<'_>, secret: &[u8], rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let r: [u8; 16] = random(rng);
        let mut bytes = r.to_vec();
        bytes.extend(place.one_use(store, &r).seal(&place.aad(), secret));
        Self(bytes)
    }

    /// The secret, wiped when dropped.
    ///
    /// # Errors
    /// [`AeadError::Refused`] for another store key, another place or changed bytes.
    pub fn open(&self, store: &StoreKey, place: Place<'_>) -> Result<Zeroizing<Vec<u8>>, AeadError> {
        let (r, text) = self.0.split_first_chunk::<16>().ok_or(AeadError::Refused)?;
        place.one_use(store, r).open(&place.aad(), text)
    }

    /// Take over bytes from a store; whether they open is for [`Sealed::open`].
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}
