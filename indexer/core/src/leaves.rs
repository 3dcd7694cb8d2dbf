//! The leaf set and its tree.

use std::collections::BTreeMap;

use alloy_primitives::U256;
use pars_circuits::field::scalar;
use pars_circuits::{Commitment, Deadline, Tree};

use crate::refusal::Inconsistency;
use crate::rows::{Leaf, LeafSet, Position};

/// The leaves as they stood just before the log at `position`, by index: blocks before it, and in its block the logs
/// before it. What a sitting that was opened by that log pins (ELIGIBILITY section 2.1).
pub fn leaves_before(history: impl IntoIterator<Item = LeafSet>, position: Position) -> Vec<Leaf> {
    let mut sets: Vec<_> = history
        .into_iter()
        .filter(|set| (set.at.block, set.at.log_index) < (position.block, position.log_index))
        .collect();
    sets.sort_by_key(|set| (set.at.block, set.at.log_index));
    let newest: BTreeMap<u32, LeafSet> = sets.into_iter().map(|set| (set.index, set)).collect();
    newest
        .into_values()
        .map(|set| Leaf {
            index: set.index,
            account: set.account,
            commitment: set.commitment,
            weight: set.weight,
            end: set.end,
            root: set.root,
            at: set.at,
        })
        .collect()
}

fn impossible(error: impl std::fmt::Display) -> Inconsistency {
    Inconsistency::Leaf(error.to_string())
}

/// PoseidonT5(commitment, account, weight, end) of a leaf: what stands in the tree (ELIGIBILITY section 1).
pub(crate) fn hash(leaf: &Leaf) -> Result<U256, Inconsistency> {
    Ok(pars_circuits::Leaf {
        account: leaf.account,
        commitment: Commitment::from_word(leaf.commitment).map_err(impossible)?,
        weight: leaf.weight,
        end: Deadline::new(leaf.end).map_err(impossible)?,
    }
    .hash())
}

/// The tree of leaves given in order of their index, from 0 without a gap.
pub fn tree_of<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<Tree, Inconsistency> {
    let mut hashes = Vec::new();
    for leaf in leaves {
        if leaf.index as usize != hashes.len() {
            return Err(Inconsistency::LeafGap { index: leaf.index, leaves: hashes.len() });
        }
        hashes.push(scalar(hash(leaf)?).map_err(impossible)?);
    }
    Tree::from_leaves(hashes).map_err(impossible)
}

/// Writes a leaf into the tree, at its index or as the next one.
pub(crate) fn set(tree: &mut Tree, leaf: &Leaf) -> Result<(), Inconsistency> {
    let hash = scalar(hash(leaf)?).map_err(impossible)?;
    let (index, leaves) = (leaf.index as usize, tree.len());
    let done = match index {
        _ if index < leaves => tree.update(index, hash),
        _ if index == leaves => tree.insert(hash).map(drop),
        _ => return Err(Inconsistency::LeafGap { index: leaf.index, leaves }),
    };
    done.map_err(impossible)
}

/// Takes leaves back: `earlier` says for each touched index what it was, nothing for one that was new. New ones are the
/// last ones. One rebuild, whatever the depth.
pub(crate) fn revert<'a>(tree: &mut Tree, earlier: impl IntoIterator<Item = (u32, Option<&'a Leaf>)>) {
    let mut hashes: Vec<_> = (0..tree.len()).filter_map(|index| tree.leaf(index)).collect();
    for (index, before) in earlier {
        match before.map(|leaf| hash(leaf).and_then(|word| scalar(word).map_err(impossible))) {
            Some(Ok(earlier)) => hashes.get_mut(index as usize).into_iter().for_each(|slot| *slot = earlier),
            _ => hashes.truncate(index as usize),
        }
    }
    *tree = Tree::from_leaves(hashes).unwrap_or_default();
}
