//! The eligibility tree: LeanIMT over PoseidonT3 (ELIGIBILITY 1, 2.5), as EligibilityRegistry stores it.
//!
//! A node without a right sibling passes its left child up unhashed, so the cost follows the real size. The root of
//! one leaf is the leaf, that of none is zero. Leaves are replaced in place and never removed.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

use crate::{encoding::Root, poseidon};

/// Depth of the circuit: a tree holds at most 2^24 leaves.
pub const DEPTH: usize = 24;

/// Most leaves a tree can hold.
pub const MAX_LEAVES: usize = 1 << DEPTH;

/// Why the tree cannot be changed or asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// All 2^24 places are taken.
    #[error("the eligibility tree is full at 16,777,216 leaves; a deeper circuit and registry are needed")]
    Full,
    /// There is no leaf of this index.
    #[error("the eligibility tree has no leaf {index}, it holds {leaves}; synchronise the leaf set")]
    NoLeaf {
        /// Index asked for.
        index: usize,
        /// Leaves in the tree.
        leaves: usize,
    },
}

/// One step of a path from leaf to root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Whether the sibling stands on the left.
    pub sibling_is_left: bool,
    /// The sibling.
    pub sibling: Fr,
}

/// The tree with all its nodes: 32 bytes a node, about two nodes a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// `levels[0]` are the leaves; a level has half the nodes of the one below, rounded up, up to the root's one.
    levels: Vec<Vec<Fr>>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { levels: vec![Vec::new()] }
    }
}

impl Tree {
    /// Builds a tree from leaves in registration order: one hash a pair, without intermediate roots.
    pub fn from_leaves(leaves: Vec<Fr>) -> Result<Self, TreeError> {
        if leaves.len() > MAX_LEAVES {
            return Err(TreeError::Full);
        }
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let parents = level.chunks(2).map(parent).collect();
            levels.push(std::mem::replace(&mut level, parents));
        }
        levels.push(level);
        Ok(Self { levels })
    }

    /// The root; zero for the empty tree.
    pub fn root(&self) -> Root {
        Root::from_scalar(self.levels.last().and_then(|level| level.first()).copied().unwrap_or(Fr::ZERO))
    }

    /// Number of leaves.
    pub fn len(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// Whether there is no leaf.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The leaf of an index.
    pub fn leaf(&self, index: usize) -> Option<Fr> {
        self.levels.first()?.get(index).copied()
    }

    /// Appends a leaf and returns its index; one hash a level at most.
    pub fn insert(&mut self, leaf: Fr) -> Result<usize, TreeError> {
        let index = self.len();
        if index >= MAX_LEAVES {
            return Err(TreeError::Full);
        }
        if let Some(leaves) = self.levels.first_mut() {
            leaves.push(leaf);
        }
        self.rehash(index);
        Ok(index)
    }

    /// Replaces a leaf; one hash a level at most.
    pub fn update(&mut self, index: usize, leaf: Fr) -> Result<(), TreeError> {
        let leaves = self.len();
        let slot = self.levels.first_mut().and_then(|l| l.get_mut(index)).ok_or(TreeError::NoLeaf { index, leaves })?;
        *slot = leaf;
        self.rehash(index);
        Ok(())
    }

    /// Recomputes the ancestors of a leaf, growing levels where the tree grew.
    fn rehash(&mut self, mut index: usize) {
        let mut level = 0;
        while let Some(nodes) = self.levels.get(level).filter(|nodes| nodes.len() > 1) {
            index >>= 1;
            let Some(pair) = nodes.chunks(2).nth(index) else { return };
            let node = parent(pair);
            level += 1;
            match self.levels.get_mut(level) {
                Some(parents) => match parents.get_mut(index) {
                    Some(slot) => *slot = node,
                    None => parents.push(node),
                },
                None => self.levels.push(vec![node]),
            }
        }
    }

    /// The siblings from leaf to root; levels where the node has none are left out. At most [`DEPTH`] steps.
    pub fn path(&self, index: usize) -> Result<Vec<Step>, TreeError> {
        if index >= self.len() {
            return Err(TreeError::NoLeaf { index, leaves: self.len() });
        }
        let sibling = |(level, nodes): (usize, &Vec<Fr>)| {
            let at = index >> level;
            nodes.get(at ^ 1).map(|sibling| Step { sibling_is_left: at & 1 == 1, sibling: *sibling })
        };
        Ok(self.levels.iter().enumerate().filter_map(sibling).collect())
    }
}

/// The node above one or two nodes.
fn parent(pair: &[Fr]) -> Fr {
    match pair {
        [left, right] => poseidon::t3(*left, *right),
        [only] => *only,
        _ => Fr::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(i: usize) -> Fr {
        Fr::from(1000 + i as u64)
    }

    fn climb(leaf: Fr, path: &[Step]) -> Fr {
        path.iter().fold(leaf, |node, step| match step.sibling_is_left {
            true => poseidon::t3(step.sibling, node),
            false => poseidon::t3(node, step.sibling),
        })
    }

    #[test]
    fn the_empty_tree_has_root_zero_and_one_leaf_is_its_own_root() {
        let mut tree = Tree::default();
        assert!(tree.is_empty());
        assert_eq!(tree.root().scalar(), Fr::ZERO);
        assert_eq!(tree, Tree::from_leaves(vec![]).unwrap());
        tree.insert(leaf(0)).unwrap();
        assert_eq!(tree.root().scalar(), leaf(0));
        assert_eq!(tree.path(0).unwrap(), vec![]);
    }

    #[test]
    fn inserting_one_by_one_equals_building_at_once_and_every_path_climbs_to_the_root() {
        let mut tree = Tree::default();
        for n in 1..=40 {
            assert_eq!(tree.insert(leaf(n - 1)), Ok(n - 1));
            assert_eq!(tree, Tree::from_leaves((0..n).map(leaf).collect()).unwrap());
            for i in 0..n {
                assert_eq!(climb(leaf(i), &tree.path(i).unwrap()), tree.root().scalar());
            }
        }
    }

    #[test]
    fn updating_a_leaf_equals_building_with_the_new_leaf() {
        for n in 1..=17 {
            for i in 0..n {
                let mut leaves: Vec<Fr> = (0..n).map(leaf).collect();
                let mut tree = Tree::from_leaves(leaves.clone()).unwrap();
                leaves[i] = Fr::from(7u64);
                tree.update(i, leaves[i]).unwrap();
                assert_eq!(tree, Tree::from_leaves(leaves).unwrap());
            }
        }
    }

    #[test]
    fn a_leaf_that_is_not_there_is_refused() {
        let mut tree = Tree::from_leaves(vec![leaf(0), leaf(1)]).unwrap();
        let missing = TreeError::NoLeaf { index: 2, leaves: 2 };
        assert_eq!(tree.update(2, leaf(2)), Err(missing));
        assert_eq!(tree.path(2), Err(missing));
    }

    #[test]
    fn three_leaves_pass_the_last_one_up_unhashed() {
        let tree = Tree::from_leaves(vec![leaf(0), leaf(1), leaf(2)]).unwrap();
        assert_eq!(tree.root().scalar(), poseidon::t3(poseidon::t3(leaf(0), leaf(1)), leaf(2)));
        assert_eq!(tree.path(2).unwrap().len(), 1);
    }
}
