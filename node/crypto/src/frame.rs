//! LiveKit's key derivation and frame encryption: the exception that SESSION SD9 names for media and data of rooms.
//!
//! ```text
//! key        = HKDF-SHA256(ikm = key material 32, salt = "LKFrameEncryptionKey", info = 128 zero bytes, 32)
//! frame IV   = ssrc4 | counter8        data IV = 0^4 | counter8
//! ```
//!
//! The IV is a counter per key and SSRC (nonce rule N2). It travels with the text, so the caller gives it; who seals counts.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::aead::{AeadError, TAG};
use crate::secret::SharedSecret;

const SALT: &[u8] = b"LKFrameEncryptionKey";
const INFO: &[u8] = &[0; 128];

/// The 12 bytes that no two texts of one key may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameIv(
    /// The bytes.
    pub [u8; 12],
);

impl FrameIv {
    /// `ssrc4 | counter8`; data has SSRC 0.
    pub const fn new(ssrc: u32, counter: u64) -> Self {
        let ([s0, s1, s2, s3], [a, b, c, d, e, f, g, h]) = (ssrc.to_be_bytes(), counter.to_be_bytes());
        Self([s0, s1, s2, s3, a, b, c, d, e, f, g, h])
    }

    /// The first four bytes.
    pub const fn ssrc(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The last eight bytes.
    pub const fn counter(&self) -> u64 {
        let [_, _, _, _, a, b, c, d, e, f, g, h] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The key of one sender's frames or data in one epoch, expanded. Wiped on drop.
#[derive(Clone)]
pub struct FrameKey(Aes256Gcm);

impl FrameKey {
    /// Derive from key material as LiveKit does with an ArrayBuffer and a key size of 256.
    pub fn derive(material: &SharedSecret) -> Self {
        let mut key = expand(material);
        let cipher = Aes256Gcm::new((&*key).into());
        key.zeroize();
        Self(cipher)
    }

    /// Ciphertext ‖ tag.
    pub fn seal(&self, iv: FrameIv, aad: &[u8], text: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(text.len() + TAG);
        sealed.extend_from_slice(text);
        #[expect(clippy::expect_used, reason = "GCM takes 2^36 bytes, and a frame is far below")]
        let tag = self
            .0
            .encrypt_inout_detached(&Nonce::from(iv.0), aad, sealed.as_mut_slice().into())
            .expect("shorter than 2^36 bytes");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// The text.
    ///
    /// # Errors
    /// [`AeadError::Refused`].
    pub fn open(&self, iv: FrameIv, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, AeadError> {
        let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(AeadError::Refused)?;
        let mut text = text.to_vec();
        let opened = self.0.decrypt_inout_detached(&Nonce::from(iv.0), aad, text.as_mut_slice().into(), tag.into());
        opened.map(|()| text).map_err(|_| AeadError::Refused)
    }
}

/// The AES key of a key material: for vectors and for clients that take the derived form. 32 bytes.
pub fn expand(material: &SharedSecret) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "32 bytes are one block of HKDF-SHA256")]
    Hkdf::<Sha256>::new(Some(SALT), material.expose()).expand(INFO, &mut *key).expect("at most 255 blocks");
    key
}

impl fmt::Debug for FrameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrameKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iv_is_its_ssrc_and_its_counter() {
        let iv = FrameIv::new(0x0102_0304, 5);
        assert_eq!((iv.ssrc(), iv.counter(), iv.0), (0x0102_0304, 5, [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 5]));
    }

    #[test]
    fn what_is_sealed_opens_under_the_same_key_iv_and_header_only() {
        let key = FrameKey::derive(&SharedSecret::from_bytes([1; 32]));
        let sealed = key.seal(FrameIv::new(1, 0), b"h", b"text");
        assert_eq!(key.open(FrameIv::new(1, 0), b"h", &sealed).unwrap(), b"text");
        assert!(key.open(FrameIv::new(1, 1), b"h", &sealed).is_err());
        assert!(key.open(FrameIv::new(1, 0), b"i", &sealed).is_err());
        assert!(FrameKey::derive(&SharedSecret::from_bytes([2; 32])).open(FrameIv::new(1, 0), b"h", &sealed).is_err());
        assert_eq!(format!("{key:?}"), "FrameKey(redacted)");
    }
}
