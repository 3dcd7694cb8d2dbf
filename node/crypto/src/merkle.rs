//! Merkle trees over SHA3-256 (SESSION SD9): leaf = SHA3-256(0x00 ‖ data), node = SHA3-256(0x01 ‖ left ‖ right), padded to
//! a power of two with leaf(empty).

use crate::hash::sha3;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The path leads to another root: other data, other position, or another tree.
    #[error("the path does not lead to the signed root")]
    OtherRoot,
    /// A position outside a tree of this height.
    #[error("position {index} lies outside a tree of height {height}")]
    Position {
        /// The position.
        index: u32,
        /// The length of the path.
        height: usize,
    },
}

/// Hash of a leaf.
pub fn leaf(data: &[u8]) -> [u8; 32] {
    sha3(&[&[0], data])
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha3(&[&[1], left, right])
}

/// A whole tree, kept by the one who publishes its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves up; each level half as long as the one before, the last one the root alone.
    levels: Vec<Vec<[u8; 32]>>,
}

impl Tree {
    /// Build over `leaves` in order. No leaf at all counts as one empty leaf.
    pub fn new<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut level: Vec<_> = leaves.into_iter().map(leaf).collect();
        level.resize(level.len().max(1).next_power_of_two(), leaf(&[]));
        let mut levels = Vec::new();
        while level.len() > 1 {
            let above = level.as_chunks::<2>().0.iter().map(|[left, right]| node(left, right)).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self { levels }
    }

    /// The root.
    pub fn root(&self) -> [u8; 32] {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or_default()
    }

    /// The siblings of leaf `index` from the bottom up, or nothing if the tree has no such leaf.
    pub fn path(&self, index: usize) -> Option<Vec<[u8; 32]>> {
        let below_root = self.levels.len().saturating_sub(1);
        let siblings = self.levels.iter().take(below_root).enumerate();
        siblings.map(|(height, level)| level.get((index >> height) ^ 1).copied()).collect()
    }
}

/// Check that `data` is leaf `index` of the tree with this root; the length of `path` is the height of the tree.
///
/// # Errors
/// [`MerkleError`].
pub fn verify(root: &[u8; 32], data: &[u8], index: u32, path: &[[u8; 32]]) -> Result<(), MerkleError> {
    let mut rest = index;
    let mut hash = leaf(data);
    for sibling in path {
        hash = if rest & 1 == 0 { node(&hash, sibling) } else { node(sibling, &hash) };
        rest >>= 1;
    }
    if rest != 0 {
        return Err(MerkleError::Position { index, height: path.len() });
    }
    if hash == *root { Ok(()) } else { Err(MerkleError::OtherRoot) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_size_proves_its_own_place_only() {
        for count in 1..=17_u8 {
            let data: Vec<_> = (0..count).map(|i| vec![i; 3]).collect();
            let tree = Tree::new(data.iter().map(Vec::as_slice));
            for (index, item) in data.iter().enumerate() {
                let path = tree.path(index).unwrap();
                assert_eq!(path.len() as u32, u32::from(count).next_power_of_two().ilog2());
                assert_eq!(verify(&tree.root(), item, index as u32, &path), Ok(()));
                for other in (0..u32::from(count)).filter(|other| *other != index as u32) {
                    assert_eq!(verify(&tree.root(), item, other, &path), Err(MerkleError::OtherRoot));
                }
            }
        }
    }

    #[test]
    fn padding_is_the_empty_leaf_and_a_node_is_no_leaf() {
        let three = Tree::new([&b"a"[..], b"b", b"c"]);
        let four = Tree::new([&b"a"[..], b"b", b"c", b""]);
        assert_eq!(three.root(), four.root());
        let inner = [leaf(b"a"), leaf(b"b")].concat();
        assert_ne!(leaf(&inner), node(&leaf(b"a"), &leaf(b"b")), "a leaf cannot be read as a node");
    }

    #[test]
    fn a_position_beyond_the_tree_is_refused() {
        let tree = Tree::new([&b"a"[..], b"b"]);
        let path = tree.path(0).unwrap();
        assert_eq!(verify(&tree.root(), b"a", 2, &path), Err(MerkleError::Position { index: 2, height: 1 }));
        assert_eq!(tree.path(2), None);
    }
}
