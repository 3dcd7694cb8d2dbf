//! A block: bytes and the CID that names them. A value of this type was checked when it was made.

use crate::cid::{Cid, Codec};

/// Bytes of a block at most: what IPFS's exchange carries (2 MiB), twice the largest leaf of a [`crate::Profile`].
pub const MAX_BLOCK: usize = 2 << 20;

/// Why bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Other bytes than the CID names.
    #[error("the bytes that came for {0} are not those it names; get the block from another place")]
    Altered(Cid),
    /// Above [`MAX_BLOCK`].
    #[error("a block of {0} bytes is too large; the most is 2,097,152")]
    TooLarge(usize),
}

/// Bytes that match their CID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    cid: Cid,
    data: Vec<u8>,
}

impl Block {
    /// Name these bytes.
    ///
    /// # Errors
    /// [`BlockError::TooLarge`].
    pub fn new(codec: Codec, data: Vec<u8>) -> Result<Self, BlockError> {
        if data.len() > MAX_BLOCK {
            return Err(BlockError::TooLarge(data.len()));
        }
        Ok(Self { cid: Cid::of(codec, &data), data })
    }

    /// Bytes from somewhere else, checked against the CID they were asked for by.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn verified(cid: Cid, data: Vec<u8>) -> Result<Self, BlockError> {
        let block = Self::new(cid.codec(), data)?;
        if block.cid == cid { Ok(block) } else { Err(BlockError::Altered(cid)) }
    }

    /// Its name.
    pub const fn cid(&self) -> Cid {
        self.cid
    }

    /// Its bytes.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Its bytes, without the name.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }
}
