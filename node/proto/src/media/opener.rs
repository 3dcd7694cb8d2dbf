//! The receiving end: the keys of one sender by index, and what was seen under each.

use std::collections::BTreeMap;
use std::fmt;

use pars_crypto::aead::TAG;
use pars_crypto::frame::{FrameIv, FrameKey};
use pars_crypto::hash::sha3;
use pars_crypto::secret::SharedSecret;

use super::window::Window;
use super::{Codec, IV, MAX_FRAME, MAX_SSRCS, MediaError, SealedData, TRAILER};

struct Held {
    key: FrameKey,
    material: [u8; 32],
    windows: BTreeMap<u32, Window>,
}

/// Opens frames (under `K_media`) or data (under `K_data`) of one sender; one value for each of the two keys.
#[derive(Default)]
pub struct Opener {
    keys: BTreeMap<u8, Held>,
}

impl Opener {
    /// Put an epoch's material under its index. The same material again changes nothing.
    ///
    /// # Errors
    /// [`MediaError::MaterialReused`] if it stands under another index.
    pub fn set(&mut self, index: u8, material: &SharedSecret) -> Result<(), MediaError> {
        let hash = sha3(&[material.expose()]);
        match self.keys.iter().find(|(_, held)| held.material == hash) {
            Some((at, _)) if *at == index => Ok(()),
            Some(_) => Err(MediaError::MaterialReused),
            None => {
                let held = Held { key: FrameKey::derive(material), material: hash, windows: BTreeMap::new() };
                self.keys.insert(index, held);
                Ok(())
            }
        }
    }

    /// Forget an epoch's key: 10 s after the next one came, or when the sender is gone.
    pub fn remove(&mut self, index: u8) {
        self.keys.remove(&index);
    }

    /// The frame as it was before [`super::Sealer::frame`] (H264: with start codes of 4 bytes).
    ///
    /// # Errors
    /// [`MediaError`]: nothing may be played instead.
    pub fn frame(&mut self, codec: Codec, sealed: &[u8]) -> Result<Vec<u8>, MediaError> {
        if sealed.len() > MAX_FRAME {
            return Err(MediaError::Long(sealed.len()));
        }
        let (header, rest) = codec.split(sealed)?;
        let rest = codec.unescape(rest);
        let (text, trailer) = rest.split_last_chunk::<TRAILER>().ok_or(MediaError::Short)?;
        let [iv @ .., length, index] = trailer;
        if usize::from(*length) != IV {
            return Err(MediaError::Trailer);
        }
        let iv = FrameIv(iv.as_chunks::<IV>().0.first().copied().ok_or(MediaError::Trailer)?);
        let opened = self.open(*index, iv, &header, text)?;
        Ok([&header[..], &opened].concat())
    }

    /// The payload as it was before [`super::Sealer::data`].
    ///
    /// # Errors
    /// [`MediaError`]: nothing may be shown instead.
    pub fn data(&mut self, sealed: &SealedData) -> Result<Vec<u8>, MediaError> {
        if sealed.payload.len() > MAX_FRAME {
            return Err(MediaError::Long(sealed.payload.len()));
        }
        let iv = FrameIv(sealed.iv);
        if iv.ssrc() != 0 {
            return Err(MediaError::Trailer);
        }
        self.open(sealed.key_index, iv, &[], &sealed.payload)
    }

    fn open(&mut self, index: u8, iv: FrameIv, aad: &[u8], text: &[u8]) -> Result<Vec<u8>, MediaError> {
        if text.len() < TAG {
            return Err(MediaError::Short);
        }
        let held = self.keys.get_mut(&index).ok_or(MediaError::NoKey(index))?;
        let opened = held.key.open(iv, aad, text).map_err(|_| MediaError::Refused)?;
        if !held.windows.contains_key(&iv.ssrc()) && held.windows.len() >= MAX_SSRCS {
            return Err(MediaError::TooManySources);
        }
        let window = held.windows.entry(iv.ssrc()).or_default();
        if !window.is_new(iv.counter()) {
            return Err(MediaError::Replayed);
        }
        window.note(iv.counter());
        Ok(opened)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({} keys, redacted)", self.keys.len())
    }
}
