//! AES-256-GCM with a 16-byte tag (NIST SP 800-38D) under the three nonce rules of SESSION SD9, one type for each:
//!
//! | Rule | Type | Why no nonce repeats |
//! |---|---|---|
//! | N1 | [`OneUse`] | key and nonce come out of one derivation and are consumed by their one use |
//! | N2 | [`SealingCounter`], [`OpeningCounter`] | a counter from 0 under a key of one direction and connection |
//! | N3 | [`HeaderKey`], [`RandomNonce`] | 96 random bits, at most 2^32 uses a key |
//!
//! Ciphertexts are as long as their plaintext; the tag is the last 16 bytes of what `seal` returns.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::hash::random;
use crate::witness;

/// Bytes a sealed text is longer than its plaintext.
pub const TAG: usize = 16;

/// Why a sealed text does not open, or a key no longer seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AeadError {
    /// Wrong key, wrong associated data, or a changed byte: not told apart.
    #[error("the sealed text does not open under this key")]
    Refused,
    /// The counter of this key is used up; agree on a new key.
    #[error("this key has no nonce left; a new key is needed")]
    Exhausted,
}

fn seal(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(plaintext.len() + TAG);
    text.extend_from_slice(plaintext);
    let tag = seal_in_place(key, nonce, aad, &mut text);
    text.extend_from_slice(&tag);
    text
}

fn seal_in_place(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
    witness::note(key, &nonce);
    #[expect(clippy::expect_used, reason = "GCM takes 2^36 bytes, and a slice of ours is far below")]
    Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&Nonce::from(nonce), aad, text.into())
        .expect("shorter than 2^36 bytes")
        .into()
}

fn open(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
    let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(AeadError::Refused)?;
    let mut text = Zeroizing::new(text.to_vec());
    open_in_place(key, nonce, aad, &mut text, tag)?;
    Ok(text)
}

fn open_in_place(
    key: &[u8; 32],
    nonce: [u8; 12],
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG],
) -> Result<(), AeadError> {
    witness::count(|work| work.opened += 1);
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(&Nonce::from(nonce), aad, text.into(), tag.into())
        .map_err(|_| AeadError::Refused)
}

/// N1: K32‖N12 of one derivation. Sealing or opening consumes it, so one value never encrypts twice.
#[derive(ZeroizeOnDrop)]
pub struct OneUse {
    key: [u8; 32],
    nonce: [u8; 12],
}

impl OneUse {
    /// Bytes of K‖N.
    pub const SIZE: usize = 44;

    pub(crate) const fn from_parts(key: &[u8; 32], nonce: [u8; 12]) -> Self {
        Self { key: *key, nonce }
    }

    /// Ciphertext ‖ tag, 16 bytes longer than the plaintext.
    pub fn seal(self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        seal(&self.key, self.nonce, aad, plaintext)
    }

    /// Encrypt where the text stands; returns the tag.
    pub fn seal_in_place(self, aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
        seal_in_place(&self.key, self.nonce, aad, text)
    }

    /// The plaintext.
    ///
    /// # Errors
    /// [`AeadError::Refused`].
    pub fn open(self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
        open(&self.key, self.nonce, aad, sealed)
    }

    /// Decrypt where the text stands; on an error nothing of it may be used.
    ///
    /// # Errors
    /// [`AeadError::Refused`].
    pub fn open_in_place(self, aad: &[u8], text: &mut [u8], tag: &[u8; TAG]) -> Result<(), AeadError> {
        open_in_place(&self.key, self.nonce, aad, text, tag)
    }
}

/// N2, sending end: nonces are the 96-bit big-endian count of texts sealed so far.
#[derive(ZeroizeOnDrop)]
pub struct SealingCounter {
    key: [u8; 32],
    used: u64,
}

/// N2, receiving end: texts open in the order in which they were sealed.
#[derive(ZeroizeOnDrop)]
pub struct OpeningCounter {
    key: [u8; 32],
    used: u64,
}

fn counted(used: u64) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = used.to_be_bytes();
    [0, 0, 0, 0, a, b, c, d, e, f, g, h]
}

impl SealingCounter {
    /// Start at 0 with a key made for one direction of one connection, or for one file.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, used: 0 }
    }

    /// The next text: ciphertext ‖ tag.
    ///
    /// # Errors
    /// [`AeadError::Exhausted`] after 2^64 − 1 texts.
    pub fn seal(&mut self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, AeadError> {
        let nonce = counted(self.used);
        self.used = self.used.checked_add(1).ok_or(AeadError::Exhausted)?;
        Ok(seal(&self.key, nonce, aad, plaintext))
    }
}

impl OpeningCounter {
    /// Start at 0 with the key of the other end's [`SealingCounter`].
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, used: 0 }
    }

    /// The next text. A text that does not open does not advance the counter.
    ///
    /// # Errors
    /// [`AeadError::Refused`]; [`AeadError::Exhausted`] after 2^64 − 1 texts.
    pub fn open(&mut self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
        let after = self.used.checked_add(1).ok_or(AeadError::Exhausted)?;
        let text = open(&self.key, counted(self.used), aad, sealed)?;
        self.used = after;
        Ok(text)
    }
}

/// N3: a nonce of 96 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomNonce([u8; 12]);

impl RandomNonce {
    /// Fresh from the caller's source.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(random(rng))
    }

    /// The first 12 of the 16 random bytes that an object carries in clear.
    pub const fn of_object(r: &[u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *r;
        Self([a, b, c, d, e, f, g, h, i, j, k, l])
    }
}

/// N3: HK, the header key of a ratchet or group chain. At most 2^32 uses: a chain ends after
/// [`pars_wire::limits::MAX_CHAIN`] messages, and its counter has 32 bits. 32 bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HeaderKey(Box<[u8; 32]>);

impl HeaderKey {
    /// Take over derived or stored bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Box::new(bytes))
    }

    /// The bytes, for [`crate::Sealed`]; never for a log.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Ciphertext ‖ tag, 16 bytes longer than the header.
    pub fn seal(&self, nonce: RandomNonce, aad: &[u8], header: &[u8]) -> Vec<u8> {
        seal(&self.0, nonce.0, aad, header)
    }

    /// The header.
    ///
    /// # Errors
    /// [`AeadError::Refused`].
    pub fn open(&self, nonce: RandomNonce, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
        open(&self.0, nonce.0, aad, sealed)
    }
}

impl PartialEq for HeaderKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for HeaderKey {}

macro_rules! redacted {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )+};
}

redacted! { OneUse SealingCounter OpeningCounter HeaderKey }

#[cfg(test)]
mod tests {
    use super::*;

    /// Test cases 13 and 14 of the GCM specification (McGrew and Viega, appendix B).
    #[test]
    fn gcm_gives_the_published_tags() {
        let empty = seal(&[0; 32], [0; 12], b"", b"");
        assert_eq!(hex::encode(empty), "530f8afbc74536b9a963b4f1c4cb738b");
        let block = seal(&[0; 32], [0; 12], b"", &[0; 16]);
        assert_eq!(hex::encode(block), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    }

    #[test]
    fn a_used_up_counter_refuses_instead_of_wrapping() {
        let mut out = SealingCounter { key: [1; 32], used: u64::MAX };
        assert_eq!(out.seal(b"", b""), Err(AeadError::Exhausted));
        let mut into = OpeningCounter { key: [1; 32], used: u64::MAX };
        assert_eq!(into.open(b"", &[0; 16]), Err(AeadError::Exhausted));
    }
}
