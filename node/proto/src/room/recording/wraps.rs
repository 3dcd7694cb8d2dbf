//! The file key of a span, for everybody who consented to it (TOWNHALL section 6):
//!
//! ```text
//! wrap  = ct1120 | GCM(K, N; AAD recordingId32; file_key32)48   K|N = KDF(ns, ss, "pars-recording-wrap-v1"; recordingId, r_pk, ct; 44)
//! wraps = n2 | wrap1168^n by rising r_pk, which are not named   hash = H("pars-recording-wraps-v1"; each wrap a field)
//! ```
//!
//! X-Wing (`ct`, `ss`: [`pars_crypto::hkem`]) with a fresh encapsulation for each, so every key and nonce is used once.

use alloy_primitives::B256;
use pars_crypto::aead::{OneUse, TAG};
use pars_crypto::hash::hash;
use pars_crypto::hkem::{Xw768Ciphertext, Xw768Public, Xw768Secret};
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::SharedSecret;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::span::RecordingTag;
use crate::room::roster::MAX_ROSTER;

const CT: usize = Xw768Ciphertext::SIZE;
/// Bytes of one wrap.
pub const RECORDING_WRAP: usize = CT + 32 + TAG;

/// The key of one span's files: fresh for each span, in no two recordings the same. 32 bytes.
pub use pars_crypto::secret::RecordingKey as FileKey;

/// Why a file key is not wrapped, or no wrap opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    /// None, or more than a room has seats.
    #[error("a file key is wrapped for 1 to 1024 recording keys, these are {0}")]
    Count(usize),
    /// A recording key is a low-order point.
    #[error("a recording key is malformed; who holds it must consent again with a fresh one")]
    Key,
    /// No wrap is for this key, or of this recording.
    #[error("no wrap opens with this recording key: it is of another recording or span, or was changed")]
    Sealed,
}

/// A file key, wrapped for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wraps(Vec<[u8; RECORDING_WRAP]>);

fn one_use(ss: &SharedSecret, tag: RecordingTag, key: &Xw768Public, ct: &[u8; CT]) -> OneUse {
    let fields: [&[u8]; 3] = [tag.0.as_slice(), &key.to_bytes(), ct];
    kdf::<{ OneUse::SIZE }>(NO_SALT, &[ss.expose()], KdfLabel::RECORDING_WRAP, &fields).one_use::<0>()
}

impl Wraps {
    /// Wrap for these recording keys, in any order.
    ///
    /// # Errors
    /// [`WrapError::Count`], [`WrapError::Key`].
    pub fn seal(
        suite: &dyn Suite,
        rng: &mut (impl CryptoRng + ?Sized),
        tag: RecordingTag,
        file: &FileKey,
        keys: &[Xw768Public],
    ) -> Result<Self, WrapError> {
        if keys.is_empty() || keys.len() > MAX_ROSTER {
            return Err(WrapError::Count(keys.len()));
        }
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_unstable_by_key(|key| key.to_bytes());
        let wraps = keys.into_iter().map(|key| {
            let (ct, ss) = key.encapsulate(suite, rng).map_err(|_| WrapError::Key)?;
            let ct = ct.to_bytes();
            let sealed = one_use(&ss, tag, key, &ct).seal(tag.0.as_slice(), file.expose());
            let mut wrap = [0; RECORDING_WRAP];
            wrap.iter_mut().zip(ct.into_iter().chain(sealed)).for_each(|(to, from)| *to = from);
            Ok(wrap)
        });
        Ok(Self(wraps.collect::<Result<_, _>>()?))
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: a file key is wrapped for somebody.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the anchor names.
    pub fn hash(&self) -> B256 {
        let fields: Vec<&[u8]> = self.0.iter().map(|wrap| wrap.as_slice()).collect();
        hash(HashLabel::RECORDING_WRAPS, &fields).into()
    }

    /// The file key, from the wrap that is for this recording key: none says so, each is tried.
    ///
    /// # Errors
    /// [`WrapError::Sealed`].
    pub fn open(&self, suite: &dyn Suite, tag: RecordingTag, secret: &Xw768Secret) -> Result<FileKey, WrapError> {
        let public = secret.public();
        let opened = self.0.iter().find_map(|wrap| {
            let (ct, sealed) = wrap.split_first_chunk::<CT>()?;
            let ss = secret.decapsulate(suite, &Xw768Ciphertext::from_bytes(ct)).ok()?;
            let text = one_use(&ss, tag, &public, ct).open(tag.0.as_slice(), sealed).ok()?;
            text.first_chunk().map(|key| FileKey::from_bytes(*key))
        });
        opened.ok_or(WrapError::Sealed)
    }
}

impl Wire for Wraps {
    fn write(&self, out: &mut Writer) {
        // At most 1,024.
        out.u16(self.0.len() as u16);
        self.0.iter().for_each(|wrap| {
            out.bytes(wrap.as_slice());
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = from.u16("wraps")?;
        if count == 0 || usize::from(count) > MAX_ROSTER {
            return Err(DecodeError::Value { what: "wraps", value: count.into() });
        }
        let wraps = (0..count).map(|_| from.array::<RECORDING_WRAP>("wrap"));
        Ok(Self(wraps.collect::<Result<_, _>>()?))
    }
}
