//! The tree over everybody's consent keys (`contracts/src/interfaces/IRecordingConsent.sol`; OpenZeppelin's `MerkleProof`).
//!
//! A heap of `2n - 1` nodes: the leaf of the i-th signer, by rising `keccak256(signer)`, is
//! `keccak256(abi.encode(keccak256(signer)))` at place `2n - 2 - i`; the node at place p is keccak-256 of the sorted pair at
//! `2p + 1` and `2p + 2`. A leaf hashes 32 bytes, a node 64: neither can stand for the other.

use std::collections::VecDeque;

use alloy_primitives::{B256, keccak256};

/// Siblings of a proof at most: the levels above 65,535 leaves.
pub const MAX_PROOF: usize = 16;

/// Why keys are no roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRosterError {
    /// None, or more than the contract counts.
    #[error("a consent roster has 1 to 65535 keys, this one has {0}")]
    Count(usize),
    /// Two seats, or a seat and a dummy, have one key.
    #[error("consent key {0} stands twice; who holds it must join again with a fresh one")]
    Twice(B256),
}

/// Siblings and flags of OpenZeppelin's multi-proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MultiProof {
    /// Sibling nodes.
    pub proof: Vec<B256>,
    /// Whether a step takes both its ends from what is known.
    pub flags: Vec<bool>,
}

/// Everybody's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRoster {
    /// keccak-256 of each signer, rising.
    signers: Vec<B256>,
    /// The heap.
    nodes: Vec<B256>,
}

const fn parent(place: usize) -> usize {
    place.saturating_sub(1) / 2
}

const fn sibling(place: usize) -> usize {
    if place.is_multiple_of(2) { place.saturating_sub(1) } else { place + 1 }
}

fn pair(a: B256, b: B256) -> B256 {
    keccak256([a.min(b), a.max(b)].concat())
}

impl ConsentRoster {
    /// Of these signers' hashes, in any order.
    ///
    /// # Errors
    /// [`ConsentRosterError`].
    pub fn new(signers: impl IntoIterator<Item = B256>) -> Result<Self, ConsentRosterError> {
        let mut signers: Vec<_> = signers.into_iter().collect();
        signers.sort_unstable();
        let count = signers.len();
        if count == 0 || count > usize::from(u16::MAX) {
            return Err(ConsentRosterError::Count(count));
        }
        let mut last = None;
        for signer in &signers {
            if last == Some(signer) {
                return Err(ConsentRosterError::Twice(*signer));
            }
            last = Some(signer);
        }
        // Places fall while signers rise: the heap is filled from its end, and each node comes after its two children.
        let mut rising: VecDeque<_> = signers.iter().map(keccak256).collect();
        let mut reversed: Vec<B256> = rising.iter().copied().collect();
        while rising.len() > 1 {
            let (Some(right), Some(left)) = (rising.pop_front(), rising.pop_front()) else { break };
            let node = pair(left, right);
            rising.push_back(node);
            reversed.push(node);
        }
        reversed.reverse();
        Ok(Self { signers, nodes: reversed })
    }

    /// How many keys.
    pub const fn len(&self) -> usize {
        self.signers.len()
    }

    /// Never: a roster has a key.
    pub const fn is_empty(&self) -> bool {
        self.signers.is_empty()
    }

    /// keccak-256 of each signer, rising.
    pub fn signers(&self) -> &[B256] {
        &self.signers
    }

    /// The root.
    pub fn root(&self) -> B256 {
        self.nodes.first().copied().unwrap_or_default()
    }

    fn place(&self, signer: &B256) -> Option<usize> {
        let rank = self.signers.binary_search(signer).ok()?;
        self.nodes.len().checked_sub(1 + rank)
    }

    /// Whether a signer's hash stands in it.
    pub fn holds(&self, signer: &B256) -> bool {
        self.place(signer).is_some()
    }

    /// Siblings from a signer's leaf to the root; none if it does not stand in it.
    pub fn proof(&self, signer: &B256) -> Option<Vec<B256>> {
        let mut place = self.place(signer)?;
        let mut proof = Vec::new();
        while place > 0 {
            proof.push(*self.nodes.get(sibling(place))?);
            place = parent(place);
        }
        Some(proof)
    }

    /// The proof of several signers at once, given in rising order; none if they are none, out of order, or one does not stand
    /// in it.
    pub fn multi_proof(&self, signers: &[B256]) -> Option<MultiProof> {
        let mut known = signers.iter().map(|signer| self.place(signer)).collect::<Option<VecDeque<_>>>()?;
        let falling = known.iter().zip(known.iter().skip(1)).all(|(before, after)| before > after);
        if known.is_empty() || !falling {
            return None;
        }
        let mut made = MultiProof::default();
        while let Some(place) = known.pop_front().filter(|place| *place > 0) {
            let beside = sibling(place);
            let both = known.front() == Some(&beside);
            if both {
                known.pop_front();
            } else {
                made.proof.push(*self.nodes.get(beside)?);
            }
            made.flags.push(both);
            known.push_back(parent(place));
        }
        Some(made)
    }
}
