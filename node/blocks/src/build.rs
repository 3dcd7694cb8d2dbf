//! A file becomes blocks: leaves of one size, nodes over them in a balanced tree.
//!
//! Bytes are pushed in, blocks come out; what is kept is one leaf and the links of one node a level. The same bytes by the
//! same profile give the same root in every implementation (IPIP-499).

use crate::block::{Block, BlockError};
use crate::cid::{Cid, Codec};
use crate::node::{Link, Node};
use crate::unixfs::Unixfs;

/// Bytes of a file at most: 1 TiB, three levels of [`Profile::UNIXFS_V1_2025`].
pub const MAX_FILE: u64 = 1 << 40;

/// How a file is cut. Written into a recording's manifest by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    name: &'static str,
    leaf: usize,
    links: usize,
}

impl Profile {
    /// IPIP-499's `unixfs-v1-2025`: leaves of 1 MiB (16 times the 65,536 of a recording's chunk), 1,024 links a node.
    pub const UNIXFS_V1_2025: Self = Self { name: "unixfs-v1-2025", leaf: 1 << 20, links: 1_024 };
    /// What Kubo does with `--cid-version=1` and nothing else set: leaves of 256 KiB, 174 links a node.
    pub const KUBO_CID_V1: Self = Self { name: "kubo-cid-v1", leaf: 256 << 10, links: 174 };
    /// Every profile.
    pub const ALL: [Self; 2] = [Self::UNIXFS_V1_2025, Self::KUBO_CID_V1];

    /// The profile of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name == name)
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Bytes of a leaf.
    pub const fn leaf(&self) -> usize {
        self.leaf
    }

    /// Links of a node.
    pub const fn links(&self) -> usize {
        self.links
    }
}

/// Why a file cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Above [`MAX_FILE`].
    #[error("the file has more than 1 TiB; split it")]
    TooLarge,
    /// A block.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// A file that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub cid: Cid,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes of all its blocks.
    pub stored: u64,
}

/// Makes the blocks of one file.
#[derive(Clone, Debug)]
pub struct FileBuilder {
    profile: Profile,
    leaf: Vec<u8>,
    size: u64,
    /// What each level of the tree holds until a node of it is full; leaves first.
    levels: Vec<Vec<Root>>,
}

impl FileBuilder {
    /// Begin a file.
    pub fn new(profile: Profile) -> Self {
        Self { profile, leaf: Vec::new(), size: 0, levels: vec![Vec::new()] }
    }

    /// Take the next bytes; blocks that are finished are appended to `out`: about as many bytes as were pushed.
    ///
    /// # Errors
    /// [`BuildError`]; the file is then given up.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Block>) -> Result<(), BuildError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > MAX_FILE {
            return Err(BuildError::TooLarge);
        }
        while !bytes.is_empty() {
            // A full leaf is given out only when another byte follows: a file of exactly one leaf has no node.
            if self.leaf.len() == self.profile.leaf {
                self.give_leaf(out)?;
            }
            let room = self.profile.leaf - self.leaf.len();
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.leaf.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// End the file: the last blocks, and its root. An empty file is one empty leaf.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn finish(mut self, out: &mut Vec<Block>) -> Result<Root, BuildError> {
        self.give_leaf(out)?;
        for level in 0.. {
            let links = self.levels.get_mut(level).map(std::mem::take).unwrap_or_default();
            let is_last = level + 1 == self.levels.len();
            match links.as_slice() {
                // One leaf alone is the file.
                [only] if is_last => return Ok(*only),
                links => {
                    let node = node(links, out)?;
                    if is_last {
                        return Ok(node);
                    }
                    self.add(level + 1, node, out)?;
                }
            }
        }
        // Never: each turn ends at the last level, and a level is added below 1 TiB only.
        Err(BuildError::TooLarge)
    }

    fn give_leaf(&mut self, out: &mut Vec<Block>) -> Result<(), BuildError> {
        let block = Block::new(Codec::Raw, std::mem::take(&mut self.leaf))?;
        let size = block.data().len() as u64;
        let leaf = Root { cid: block.cid(), size, stored: size };
        out.push(block);
        self.add(0, leaf, out)
    }

    /// Put a link into a level; one that is full becomes a node of the level above first.
    fn add(&mut self, level: usize, mut link: Root, out: &mut Vec<Block>) -> Result<(), BuildError> {
        for level in level.. {
            let Some(links) = self.levels.get_mut(level) else {
                self.levels.push(vec![link]);
                break;
            };
            if links.len() < self.profile.links {
                links.push(link);
                break;
            }
            let full = std::mem::replace(links, vec![link]);
            link = node(&full, out)?;
        }
        Ok(())
    }
}

/// The node over these parts.
fn node(parts: &[Root], out: &mut Vec<Block>) -> Result<Root, BuildError> {
    let link = |part: &Root| Link { cid: part.cid, name: String::new(), size: part.stored };
    let file = Unixfs::File { inline: Vec::new(), sizes: parts.iter().map(|part| part.size).collect() };
    let block =
        Block::new(Codec::DagPb, Node { links: parts.iter().map(link).collect(), data: file.encode() }.encode())?;
    let below: u64 = parts.iter().map(|part| part.stored).sum();
    let root = Root { cid: block.cid(), size: file.size(), stored: below + block.data().len() as u64 };
    out.push(block);
    Ok(root)
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::{Rng, SeedableRng};
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    use super::*;

    const VECTORS: &str = include_str!("../../../tests/vectors/blocks.json");

    /// Builds a file of a vector's bytes in pieces, and forgets the blocks.
    fn built(profile: Profile, file: &Value) -> Root {
        let (mut builder, mut out) = (FileBuilder::new(profile), Vec::new());
        if let Some(text) = file["text"].as_str() {
            builder.push(text.as_bytes(), &mut out).unwrap();
        } else {
            let mut stream = ChaCha20Rng::from_seed(Sha256::digest(file["seed"].as_str().unwrap()).into());
            let mut left = usize::try_from(file["size"].as_u64().unwrap()).unwrap();
            let mut piece = vec![0; 1 << 20];
            while left > 0 {
                let length = left.min(piece.len());
                stream.fill_bytes(&mut piece[..length]);
                builder.push(&piece[..length], &mut out).unwrap();
                out.clear();
                left -= length;
            }
        }
        builder.finish(&mut out).unwrap()
    }

    #[test]
    fn files_have_the_cids_that_other_programs_give_them() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let is_deep = std::env::var_os("PARS_DEEP").is_some();
        for file in vectors["files"].as_array().unwrap() {
            if file["deep"] == true && !is_deep {
                continue;
            }
            let number = |name: &str| usize::try_from(file[name].as_u64().unwrap()).unwrap();
            let profile = Profile { name: "vector", leaf: number("leaf"), links: number("links") };
            let named = Profile::ALL.iter().any(|named| (named.leaf, named.links) == (profile.leaf, profile.links));
            assert!(named || profile.leaf == 4, "a vector of no profile");
            let root = built(profile, file);
            assert_eq!(root.cid.to_string(), file["cid"], "{}", file["name"]);
            assert_eq!(root.size, file["size"].as_u64().unwrap_or(root.size));
        }
    }

    #[test]
    fn how_the_bytes_come_changes_nothing_and_little_is_kept() {
        let profile = Profile { name: "tiny", leaf: 4, links: 3 };
        let bytes: Vec<u8> = (0..=250).collect();
        let build = |piece: usize| {
            let (mut builder, mut out) = (FileBuilder::new(profile), Vec::new());
            for piece in bytes.chunks(piece) {
                builder.push(piece, &mut out).unwrap();
                assert!(builder.leaf.len() <= 4 && builder.levels.iter().all(|links| links.len() <= 3));
                // 251 bytes are 63 leaves: five levels at most.
                assert!(builder.levels.len() <= 5);
            }
            let root = builder.finish(&mut out).unwrap();
            assert_eq!(out.last().unwrap().cid(), root.cid);
            assert_eq!(root.stored, out.iter().map(|block| block.data().len() as u64).sum::<u64>());
            root
        };
        assert!([2, 3, 4, 5, 250, 251].into_iter().all(|piece| build(piece) == build(1)));
    }

    #[test]
    fn a_recordings_leaf_holds_whole_chunks() {
        assert!(Profile::ALL.iter().all(|profile| profile.leaf.is_multiple_of(65_536)));
        assert_eq!(Profile::by_name("unixfs-v1-2025"), Some(Profile::UNIXFS_V1_2025));
        assert_eq!(Profile::by_name("vector"), None);
    }
}
