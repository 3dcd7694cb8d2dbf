//! A directory of one block: names and what they point to.

use crate::block::{Block, BlockError};
use crate::build::Root;
use crate::cid::Codec;
use crate::node::{Link, MAX_LINKS, Node, NodeError};
use crate::unixfs::{Unixfs, UnixfsError};

/// Bytes of a directory's block at most: beyond it others split the directory (IPIP-499, HAMT threshold 256 KiB of block bytes).
pub const MAX_DIRECTORY: usize = 262_144;
/// Bytes of a name at most, as file systems have it.
pub const MAX_NAME: usize = 255;

/// Why there is no directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// A name.
    #[error("{0:?} is no name of a file: 1 to 255 bytes without / and NUL, and neither . nor ..")]
    Name(String),
    /// Twice.
    #[error("two entries are called {0:?}; rename one")]
    Twice(String),
    /// Above [`MAX_DIRECTORY`] or [`MAX_LINKS`].
    #[error("the directory does not fit one block of 262,144 bytes; put its files into several")]
    TooLarge,
    /// A block of something else.
    #[error("the block is no directory")]
    NoDirectory,
    /// A node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// What it says.
    #[error(transparent)]
    Unixfs(#[from] UnixfsError),
    /// The block.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// Make a directory's block of names and roots.
///
/// # Errors
/// [`DirectoryError`].
pub fn build(entries: &[(&str, Root)]) -> Result<(Block, Root), DirectoryError> {
    if entries.len() > MAX_LINKS {
        return Err(DirectoryError::TooLarge);
    }
    let link = |(name, root): &(&str, Root)| Link { cid: root.cid, name: (*name).to_owned(), size: root.stored };
    let mut links: Vec<_> = entries.iter().map(link).collect();
    links.sort_by(|left, right| left.name.as_bytes().cmp(right.name.as_bytes()));
    check(&links)?;
    let block = Block::new(Codec::DagPb, Node { links, data: Unixfs::Directory.encode() }.encode())?;
    if block.data().len() > MAX_DIRECTORY {
        return Err(DirectoryError::TooLarge);
    }
    let below: u64 = entries.iter().map(|(_, root)| root.stored).sum();
    let root = Root { cid: block.cid(), size: 0, stored: below + block.data().len() as u64 };
    Ok((block, root))
}

/// The entries of a directory's block, by name.
///
/// # Errors
/// [`DirectoryError`].
pub fn entries(block: &Block) -> Result<Vec<Link>, DirectoryError> {
    if block.cid().codec() != Codec::DagPb {
        return Err(DirectoryError::NoDirectory);
    }
    let node = Node::decode(block.data())?;
    if Unixfs::decode(&node.data)? != Unixfs::Directory {
        return Err(DirectoryError::NoDirectory);
    }
    check(&node.links)?;
    Ok(node.links)
}

/// Names of links that are sorted.
fn check(links: &[Link]) -> Result<(), DirectoryError> {
    for Link { name, .. } in links {
        let is_short = (1..=MAX_NAME).contains(&name.len());
        if !is_short || name == "." || name == ".." || name.contains(['/', '\0']) {
            return Err(DirectoryError::Name(name.clone()));
        }
    }
    let twice = links.windows(2).find_map(|pair| match pair {
        [left, right] if left.name == right.name => Some(left.name.clone()),
        _ => None,
    });
    twice.map_or(Ok(()), |name| Err(DirectoryError::Twice(name)))
}
