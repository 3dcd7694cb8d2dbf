//! Walking what hangs below a root: the walk asks for one block after the other, and checks each before anything of it counts.
//!
//! ```text
//! wanted() ──► CID ──► a store, a gateway, a CAR ──► supply(bytes) ──► Visit: bytes of the file, or the next blocks to ask for
//! ```
//!
//! Depth first, in the order of the file. Blocks cannot form a circle, but few of them can stand for very many places; the
//! [`Bounds`] end such a walk. Whoever keeps a block back stops the walk, nobody can change what it gives.

use std::ops::Range;

use crate::block::{Block, BlockError};
use crate::cid::{Cid, Codec};
use crate::node::{Node, NodeError};
use crate::unixfs::{Unixfs, UnixfsError};

/// What a walk visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything below the root, files in directories as well.
    All,
    /// One file, or the one block of a directory.
    Entity,
    /// These bytes of a file, and the nodes above them. Of a directory its block.
    Bytes(Range<u64>),
}

/// Where a walk ends with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Nodes above a block.
    pub depth: u16,
    /// Blocks, each counted as often as it is visited.
    pub blocks: u64,
    /// Bytes of all blocks.
    pub bytes: u64,
}

impl Bounds {
    /// What this project stores at most under one root: files of 64 GiB, cut by either profile, and their nodes.
    pub const STORED: Self = Self { depth: 8, blocks: 1 << 19, bytes: 65 << 30 };
}

/// Why a walk ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// The bytes.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A node.
    #[error("block {0}: {1}")]
    Node(Cid, NodeError),
    /// What a node says.
    #[error("block {0}: {1}")]
    Unixfs(Cid, UnixfsError),
    /// Other sizes than the node above says, or other links.
    #[error(
        "block {0} does not have the size that the node above it says; whoever made the file lies, or it is damaged"
    )]
    Sizes(Cid),
    /// A directory inside of a file.
    #[error("block {0} is a directory, and stands in the middle of a file")]
    Misplaced(Cid),
    /// [`Bounds`].
    #[error("what hangs below the root is larger than the bounds of this walk: {0}")]
    Bounds(&'static str),
    /// Nothing was asked for.
    #[error("the walk has ended, and takes no further block")]
    Ended,
}

/// What a block turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Bytes of the file, in order; may be empty.
    Bytes(Vec<u8>),
    /// A directory.
    Directory,
}

/// A block that is still to be visited.
#[derive(Clone, Debug)]
struct Place {
    cid: Cid,
    depth: u16,
    /// Where in the file it begins, and the bytes the node above says it has. Nothing at the beginning of a file.
    part: Option<(u64, u64)>,
}

/// A walk in progress.
#[derive(Clone, Debug)]
pub struct Walk {
    scope: Scope,
    bounds: Bounds,
    /// The next one last.
    open: Vec<Place>,
    blocks: u64,
    bytes: u64,
}

impl Walk {
    /// Begin at a root.
    pub fn new(root: Cid, scope: Scope, bounds: Bounds) -> Self {
        Self { scope, bounds, open: vec![Place { cid: root, depth: 0, part: None }], blocks: 0, bytes: 0 }
    }

    /// The block it needs next; nothing at the end.
    pub fn wanted(&self) -> Option<Cid> {
        self.open.last().map(|place| place.cid)
    }

    /// Take the bytes that came for the block it asked for.
    ///
    /// # Errors
    /// [`WalkError`]. After one of altered bytes the walk still asks for the same block; after another it has ended.
    pub fn supply(&mut self, data: Vec<u8>) -> Result<(Block, Visit), WalkError> {
        let cid = self.wanted().ok_or(WalkError::Ended)?;
        let block = Block::verified(cid, data)?;
        let place = self.open.pop().ok_or(WalkError::Ended)?;
        let visit = self.count(&block).and_then(|()| self.visit(place, &block));
        if visit.is_err() {
            self.open.clear();
        }
        visit.map(|visit| (block, visit))
    }

    fn count(&mut self, block: &Block) -> Result<(), WalkError> {
        self.blocks += 1;
        self.bytes = self.bytes.saturating_add(block.data().len() as u64);
        match () {
            () if self.blocks > self.bounds.blocks => Err(WalkError::Bounds("blocks")),
            () if self.bytes > self.bounds.bytes => Err(WalkError::Bounds("bytes")),
            () => Ok(()),
        }
    }

    fn visit(&mut self, place: Place, block: &Block) -> Result<Visit, WalkError> {
        let Place { cid, depth, part } = place;
        let (at, expected) = part.map_or((0, None), |(at, size)| (at, Some(size)));
        let (size, inline, node) = match cid.codec() {
            Codec::Raw => (block.data().len() as u64, block.data().to_vec(), None),
            Codec::DagPb => {
                let node = Node::decode(block.data()).map_err(|error| WalkError::Node(cid, error))?;
                match Unixfs::decode(&node.data).map_err(|error| WalkError::Unixfs(cid, error))? {
                    Unixfs::Directory if part.is_some() => return Err(WalkError::Misplaced(cid)),
                    Unixfs::Directory => return self.enter(&node, depth),
                    Unixfs::File { sizes, .. } if sizes.len() != node.links.len() => return Err(WalkError::Sizes(cid)),
                    file => (file.size(), inline(&file), Some((node, file))),
                }
            }
        };
        if expected.is_some_and(|expected| expected != size) {
            return Err(WalkError::Sizes(cid));
        }
        if let Some((node, Unixfs::File { sizes, .. })) = node {
            self.descend(&node, &sizes, at + inline.len() as u64, depth)?;
        }
        Ok(Visit::Bytes(self.cut(at, inline)))
    }

    /// The entries of a directory, first one on top.
    fn enter(&mut self, node: &Node, depth: u16) -> Result<Visit, WalkError> {
        if self.scope == Scope::All {
            let depth = self.deeper(depth)?;
            self.open.extend(node.links.iter().rev().map(|link| Place { cid: link.cid, depth, part: None }));
        }
        Ok(Visit::Directory)
    }

    /// The parts of a file's node that are in the scope, first one on top.
    fn descend(&mut self, node: &Node, sizes: &[u64], from: u64, depth: u16) -> Result<(), WalkError> {
        let depth = if sizes.is_empty() { depth } else { self.deeper(depth)? };
        let mut at = from;
        let mut parts = Vec::with_capacity(sizes.len());
        for (link, size) in node.links.iter().zip(sizes) {
            // The sum of the sizes was checked: no overflow.
            let end = at + size;
            let is_wanted = match &self.scope {
                Scope::All | Scope::Entity => true,
                Scope::Bytes(range) => !range.is_empty() && at < range.end && end > range.start,
            };
            if is_wanted {
                parts.push(Place { cid: link.cid, depth, part: Some((at, *size)) });
            }
            at = end;
        }
        self.open.extend(parts.into_iter().rev());
        Ok(())
    }

    fn deeper(&self, depth: u16) -> Result<u16, WalkError> {
        if depth < self.bounds.depth { Ok(depth + 1) } else { Err(WalkError::Bounds("depth")) }
    }

    /// What of these bytes, which begin at `at`, is in the scope.
    fn cut(&self, at: u64, bytes: Vec<u8>) -> Vec<u8> {
        let Scope::Bytes(range) = &self.scope else { return bytes };
        let place = |offset: u64| usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
        bytes.get(place(range.start)..place(range.end)).unwrap_or_default().to_vec()
    }
}

fn inline(file: &Unixfs) -> Vec<u8> {
    match file {
        Unixfs::File { inline, .. } => inline.clone(),
        Unixfs::Directory => Vec::new(),
    }
}
