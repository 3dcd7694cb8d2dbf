//! CAR version 1: many blocks in one stream (ipld.io, specs/transport/car/carv1).
//!
//! `varint(length) ‖ header`, then for each block `varint(length) ‖ CID36 ‖ bytes`. The header is DAG-CBOR
//! `{ "roots": [CID, …], "version": 1 }` in its one canonical form.

use crate::block::{Block, BlockError, MAX_BLOCK};
use crate::cid::{Cid, CidError};
use crate::proto;

/// Roots of a CAR at most.
pub const MAX_ROOTS: usize = 16;
/// `{ "roots": [`, without the number of roots.
const ROOTS: &[u8] = b"\xa2\x65roots";
/// `"version": 1 }`.
const VERSION: &[u8] = b"\x67version\x01";
/// Tag 42 around 37 bytes, the first of them zero: a CID.
const LINK: &[u8] = b"\xd8\x2a\x58\x25\x00";
/// Bytes of a header at most.
const MAX_HEADER: usize = ROOTS.len() + 1 + MAX_ROOTS * (LINK.len() + Cid::SIZE) + VERSION.len();
/// Bytes of a length at most.
const MAX_LENGTH: usize = 4;

/// Why bytes are no CAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarError {
    /// The header.
    #[error("this is no CAR of version 1 with 1 to 16 roots; ask for `version=1`")]
    Header,
    /// A length.
    #[error("a block of the CAR has no length, or one above 2,097,188; the CAR is damaged")]
    Length,
    /// A CID.
    #[error("a block of the CAR: {0}")]
    Cid(#[from] CidError),
    /// A block.
    #[error("the CAR: {0}")]
    Block(#[from] BlockError),
    /// The end is missing.
    #[error("the CAR ends in the middle of a block; get it again")]
    Cut,
    /// Too many roots for the writer, or none.
    #[error("a CAR has 1 to 16 roots")]
    Roots,
}

/// The beginning of a CAR.
///
/// # Errors
/// [`CarError::Roots`].
pub fn header(roots: &[Cid]) -> Result<Vec<u8>, CarError> {
    let count = u8::try_from(roots.len()).ok().filter(|count| (1..=MAX_ROOTS as u8).contains(count));
    let mut header = ROOTS.to_vec();
    // An array of up to 23 elements has its length in its first byte; of 16 too.
    header.push(0x80 | count.ok_or(CarError::Roots)?);
    for root in roots {
        header.extend_from_slice(LINK);
        header.extend_from_slice(&root.to_bytes());
    }
    header.extend_from_slice(VERSION);
    let mut out = Vec::with_capacity(header.len() + 2);
    proto::put_varint(&mut out, header.len() as u64);
    out.extend_from_slice(&header);
    Ok(out)
}

/// What stands before the bytes of a block.
pub fn frame(block: &Block) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAX_LENGTH + Cid::SIZE);
    proto::put_varint(&mut out, (Cid::SIZE + block.data().len()) as u64);
    out.extend_from_slice(&block.cid().to_bytes());
    out
}

/// Bytes that a block takes in a CAR.
pub fn framed_size(block: &Block) -> u64 {
    let size = Cid::SIZE + block.data().len();
    (proto::varint_size(size as u64) + size) as u64
}

/// Reads a CAR that comes in pieces; keeps one block at most, and gives no block whose bytes do not match its CID.
#[derive(Clone, Debug, Default)]
pub struct CarReader {
    held: Vec<u8>,
    roots: Option<Vec<Cid>>,
}

impl CarReader {
    /// Begin.
    pub fn new() -> Self {
        Self::default()
    }

    /// The roots, once the header is there.
    pub fn roots(&self) -> Option<&[Cid]> {
        self.roots.as_deref()
    }

    /// Take the next bytes; whole blocks are appended to `out`.
    ///
    /// # Errors
    /// [`CarError`]; nothing after it is to be read.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Block>) -> Result<(), CarError> {
        while !bytes.is_empty() {
            // One section is held at most, however large the pieces are.
            let most = Cid::SIZE + MAX_BLOCK + MAX_LENGTH;
            let (now, later) = bytes.split_at_checked(most - self.held.len().min(most)).unwrap_or((bytes, &[]));
            self.held.extend_from_slice(now);
            bytes = later;
            self.sections(out)?;
        }
        Ok(())
    }

    /// The end of the stream.
    ///
    /// # Errors
    /// [`CarError`]: no header, or the end is missing.
    pub fn finish(self) -> Result<Vec<Cid>, CarError> {
        match self.roots {
            Some(roots) if self.held.is_empty() => Ok(roots),
            Some(_) => Err(CarError::Cut),
            None => Err(CarError::Header),
        }
    }

    fn sections(&mut self, out: &mut Vec<Block>) -> Result<(), CarError> {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while let Some((section, later)) = section(rest, self.roots.is_none())? {
            rest = later;
            match &self.roots {
                None => self.roots = Some(roots(section).ok_or(CarError::Header)?),
                Some(_) => {
                    let (cid, data) = section.split_at_checked(Cid::SIZE).ok_or(CarError::Length)?;
                    out.push(Block::verified(Cid::from_bytes(cid)?, data.to_vec())?);
                }
            }
        }
        self.held = rest.to_vec();
        Ok(())
    }
}

/// A section, and what follows it.
type Sections<'a> = (&'a [u8], &'a [u8]);

/// The next section, if it is there whole.
fn section(bytes: &[u8], is_header: bool) -> Result<Option<Sections<'_>>, CarError> {
    let (wrong, most) =
        if is_header { (CarError::Header, MAX_HEADER) } else { (CarError::Length, Cid::SIZE + MAX_BLOCK) };
    let mut rest = bytes;
    let Some(length) = proto::varint(&mut rest) else {
        return if bytes.len() < MAX_LENGTH && bytes.iter().all(|byte| byte & 0x80 != 0) {
            Ok(None)
        } else {
            Err(wrong)
        };
    };
    match usize::try_from(length).ok().filter(|length| (1..=most).contains(length)) {
        Some(length) => Ok(rest.split_at_checked(length)),
        None => Err(wrong),
    }
}

/// The roots in a header of the one canonical form.
fn roots(header: &[u8]) -> Option<Vec<Cid>> {
    let (count, mut rest) = header.strip_prefix(ROOTS)?.split_first()?;
    let count = usize::from(count ^ 0x80);
    if !(1..=MAX_ROOTS).contains(&count) {
        return None;
    }
    let mut roots = Vec::with_capacity(count);
    for _ in 0..count {
        let (cid, later) = rest.strip_prefix(LINK)?.split_at_checked(Cid::SIZE)?;
        roots.push(Cid::from_bytes(cid).ok()?);
        rest = later;
    }
    (rest == VERSION).then_some(roots)
}
