//! What a dag-pb node says of a file or a directory (specs.ipfs.tech/unixfs).
//!
//! `Data { Type = 1; bytes Data = 2; uint64 filesize = 3; repeated uint64 blocksizes = 4 }`, fields in this order. Sharded
//! directories, symbolic links, modes and times exist in UnixFS; this project makes none and reads none.

use crate::node::MAX_LINKS;
use crate::proto::{self, Content};

/// Why a node is nothing this crate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnixfsError {
    /// Not the canonical protobuf form.
    #[error("the node says nothing of a file or a directory in UnixFS's canonical form")]
    Form,
    /// Another type.
    #[error("UnixFS type {0} is not read here; only files (2) and directories (1) of one block are")]
    Type(u64),
    /// Sizes contradict each other.
    #[error("the node's size is not the sum of its parts; whoever made it lies, or it is damaged")]
    Sizes,
}

/// A file's node, or a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unixfs {
    /// A directory: its entries are the links.
    Directory,
    /// A file, or a part of one.
    File {
        /// Bytes that stand in the node itself, before those of its links. Kubo puts none here with raw leaves.
        inline: Vec<u8>,
        /// Bytes below each link.
        sizes: Vec<u64>,
    },
}

const DIRECTORY: u64 = 1;
const FILE: u64 = 2;

impl Unixfs {
    /// Bytes of the file; nothing for a directory.
    pub fn size(&self) -> u64 {
        match self {
            Self::Directory => 0,
            Self::File { inline, sizes } => {
                sizes.iter().fold(inline.len() as u64, |sum, size| sum.saturating_add(*size))
            }
        }
    }

    /// The canonical form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Directory => proto::put_number(&mut out, 1, DIRECTORY),
            Self::File { inline, sizes } => {
                proto::put_number(&mut out, 1, FILE);
                if !inline.is_empty() {
                    proto::put_bytes(&mut out, 2, inline);
                }
                proto::put_number(&mut out, 3, self.size());
                sizes.iter().for_each(|size| proto::put_number(&mut out, 4, *size));
            }
        }
        out
    }

    /// Read the canonical form.
    ///
    /// # Errors
    /// [`UnixfsError`].
    pub fn decode(mut bytes: &[u8]) -> Result<Self, UnixfsError> {
        let mut next = || -> Result<Option<(u8, Content<'_>)>, UnixfsError> {
            if bytes.is_empty() { Ok(None) } else { proto::field(&mut bytes).map(Some).ok_or(UnixfsError::Form) }
        };
        match next()? {
            Some((1, Content::Number(DIRECTORY))) if next()?.is_none() => return Ok(Self::Directory),
            Some((1, Content::Number(FILE))) => {}
            Some((1, Content::Number(other))) if other != DIRECTORY => return Err(UnixfsError::Type(other)),
            _ => return Err(UnixfsError::Form),
        }
        let mut field = next()?;
        let mut inline = Vec::new();
        if let Some((2, Content::Bytes(data))) = &field {
            if data.is_empty() {
                return Err(UnixfsError::Form);
            }
            inline = data.to_vec();
            field = next()?;
        }
        let Some((3, Content::Number(total))) = field else { return Err(UnixfsError::Form) };
        let mut sizes = Vec::new();
        while let Some(field) = next()? {
            match field {
                (4, Content::Number(size)) if sizes.len() < MAX_LINKS => sizes.push(size),
                _ => return Err(UnixfsError::Form),
            }
        }
        let sum = sizes.iter().try_fold(inline.len() as u64, |sum, size| sum.checked_add(*size));
        if sum == Some(total) { Ok(Self::File { inline, sizes }) } else { Err(UnixfsError::Sizes) }
    }
}
