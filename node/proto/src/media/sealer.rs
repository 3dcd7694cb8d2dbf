//! The sending end: one seat's connection, one epoch after the other.

use std::collections::BTreeMap;
use std::fmt;

use pars_crypto::aead::TAG;
use pars_crypto::frame::{FrameIv, FrameKey};
use pars_crypto::hash::sha3;
use pars_crypto::secret::SharedSecret;

use super::{Codec, MAX_FRAME, MAX_SSRCS, MediaError, TRAILER};

/// Encrypted data as it stands in LiveKit's `EncryptedPacket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedData {
    /// `encrypted_value`: ciphertext ‖ tag.
    pub payload: Vec<u8>,
    /// `iv`.
    pub iv: [u8; 12],
    /// `key_index`.
    pub key_index: u8,
}

/// Seals frames (under `K_media`) or data (under `K_data`); one value for each of the two keys.
pub struct Sealer {
    index: u8,
    key: FrameKey,
    /// Next counter of each SSRC.
    counters: BTreeMap<u32, u64>,
    /// SHA3-256 of the materials used so far: none comes back.
    used: Vec<[u8; 32]>,
}

/// Materials of one connection that are remembered: as many as there are indexes.
const REMEMBERED: usize = 256;

impl Sealer {
    /// Begin with an epoch's material.
    pub fn new(index: u8, material: &SharedSecret) -> Self {
        let used = vec![sha3(&[material.expose()])];
        Self { index, key: FrameKey::derive(material), counters: BTreeMap::new(), used }
    }

    /// Go on with the next epoch's material; counters start at 0 again.
    ///
    /// # Errors
    /// [`MediaError::MaterialReused`].
    pub fn rekey(&mut self, index: u8, material: &SharedSecret) -> Result<(), MediaError> {
        let hash = sha3(&[material.expose()]);
        if self.used.contains(&hash) {
            return Err(MediaError::MaterialReused);
        }
        if self.used.len() == REMEMBERED {
            self.used.remove(0);
        }
        self.used.push(hash);
        (self.index, self.key) = (index, FrameKey::derive(material));
        self.counters.clear();
        Ok(())
    }

    fn next(&mut self, ssrc: u32) -> Result<FrameIv, MediaError> {
        if !self.counters.contains_key(&ssrc) && self.counters.len() >= MAX_SSRCS {
            return Err(MediaError::TooManySources);
        }
        let counter = self.counters.entry(ssrc).or_default();
        let iv = FrameIv::new(ssrc, *counter);
        *counter = counter.checked_add(1).ok_or(MediaError::Exhausted)?;
        Ok(iv)
    }

    /// A frame for the wire.
    ///
    /// # Errors
    /// [`MediaError`]: nothing may be sent instead.
    pub fn frame(&mut self, codec: Codec, ssrc: u32, frame: &[u8]) -> Result<Vec<u8>, MediaError> {
        if frame.len() > MAX_FRAME {
            return Err(MediaError::Long(frame.len()));
        }
        let (header, rest) = codec.split(frame)?;
        let iv = self.next(ssrc)?;
        let mut sealed = self.key.seal(iv, &header, rest);
        sealed.extend_from_slice(&iv.0);
        sealed.extend_from_slice(&[iv.0.len() as u8, self.index]);
        Ok([&header[..], &codec.escape(sealed)].concat())
    }

    /// Data for the wire: an encoded `EncryptedPacketPayload`.
    ///
    /// # Errors
    /// [`MediaError`]: nothing may be sent instead.
    pub fn data(&mut self, payload: &[u8]) -> Result<SealedData, MediaError> {
        if payload.len() > MAX_FRAME - TAG - TRAILER {
            return Err(MediaError::Long(payload.len()));
        }
        let iv = self.next(0)?;
        Ok(SealedData { payload: self.key.seal(iv, &[], payload), iv: iv.0, key_index: self.index })
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer(key {}, redacted)", self.index)
    }
}
