//! The secret of an epoch, how it reaches a seat, and what follows from it (TOWNHALL section 3).
//!
//! ```text
//! wrap  = GCM(K, N; AAD rh_n; epoch_secret32)   K|N = KDF(ns, k_wrap, "pars-room-wrap-v1"; rh_n; 44)              48
//! K_media32 | K_data32 = KDF(rh_n, epoch_secret, "pars-room-sender-v1"; seat2, conn_nonce16; 64)
//! check code = the first 80 bits of H("pars-room-check-v1"; rh_n) as 25 decimal digits in five groups
//! ```

use std::fmt;

use pars_crypto::CryptoRng;
use pars_crypto::aead::{OneUse, TAG};
use pars_crypto::hash::hash;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::SharedSecret;

use super::epoch::{EpochHash, EpochRecord, RecordError};
use super::scope::SeatNo;

/// Bytes of a wrapped epoch secret.
pub const WRAP: usize = 32 + TAG;

macro_rules! secret {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(SharedSecret);

        impl $name {
            /// Take over bytes that were agreed or opened.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(SharedSecret::from_bytes(bytes))
            }

            /// The bytes, for a primitive; never for a log.
            pub const fn expose(&self) -> &[u8; 32] {
                self.0.expose()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret! {
    /// The secret of one epoch, drawn by its steward. 32 bytes.
    EpochSecret
}
secret! {
    /// `k_wrap` of a pair (`pars_proto::signal`). 32 bytes.
    WrapKey
}

impl EpochSecret {
    /// A fresh secret.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(SharedSecret::generate(rng))
    }

    /// What the epoch's record holds of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(HashLabel::ROOM_SECRET, &[self.expose()])
    }
}

impl WrapKey {
    fn one_use(&self, epoch: &EpochHash) -> OneUse {
        kdf::<{ OneUse::SIZE }>(NO_SALT, &[self.expose()], KdfLabel::ROOM_WRAP, &[&epoch.0]).one_use::<0>()
    }

    /// Wrap an epoch's secret for the other end. One secret belongs to a hash, so a repeated wrap is the same bytes.
    pub fn wrap(&self, record: &EpochRecord, secret: &EpochSecret) -> [u8; WRAP] {
        let epoch = record.hash();
        let sealed = self.one_use(&epoch).seal(&epoch.0, secret.expose());
        let mut wrap = [0; WRAP];
        wrap.iter_mut().zip(sealed).for_each(|(to, from)| *to = from);
        wrap
    }

    /// Unwrap the secret of a checked record.
    ///
    /// # Errors
    /// [`RecordError::Wrap`], [`RecordError::OtherSecret`].
    pub fn unwrap(&self, record: &EpochRecord, wrap: &[u8; WRAP]) -> Result<EpochSecret, RecordError> {
        let epoch = record.hash();
        let text = self.one_use(&epoch).open(&epoch.0, wrap).map_err(|_| RecordError::Wrap)?;
        let bytes: &[u8; 32] = text.first_chunk().ok_or(RecordError::Wrap)?;
        let secret = EpochSecret::from_bytes(*bytes);
        if record.is_of(&secret) { Ok(secret) } else { Err(RecordError::OtherSecret) }
    }
}

/// What one connection of one seat encrypts under in one epoch.
#[derive(Clone, PartialEq, Eq)]
pub struct SenderKeys {
    /// K_media: LiveKit's key material for frames.
    pub media: SharedSecret,
    /// K_data: LiveKit's key material for data.
    pub data: SharedSecret,
}

impl SenderKeys {
    /// The keys of a seat's connection.
    pub fn derive(epoch: &EpochHash, secret: &EpochSecret, seat: SeatNo, conn_nonce: &[u8; 16]) -> Self {
        let fields: [&[u8]; 2] = [&seat.0.to_be_bytes(), conn_nonce];
        let keys = kdf::<64>(&epoch.0, &[secret.expose()], KdfLabel::ROOM_SENDER, &fields);
        let (media, data) = (keys.part::<0, 32>(), keys.part::<32, 32>());
        Self { media: SharedSecret::from_bytes(media), data: SharedSecret::from_bytes(data) }
    }
}

impl fmt::Debug for SenderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SenderKeys(redacted)")
    }
}

/// The check code of an epoch: what people compare aloud. `12345 67890 12345 67890 12345`.
pub fn check_code(epoch: &EpochHash) -> String {
    let digest = hash(HashLabel::ROOM_CHECK, &[&epoch.0]);
    let number = digest.iter().take(10).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let digits = format!("{number:025}");
    let groups: Vec<_> = digits.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
    groups.join(" ")
}
