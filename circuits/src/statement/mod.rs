//! The eligibility statement of ELIGIBILITY 1 at depth 24: public inputs, private witness, constraints.
//!
//! ```text
//! commitment = T2(secret)                      nullifier = T3(external, secret)
//! leaf = T5(commitment, account, weight, end)  root = LeanIMT path of at most 24 T3 nodes
//! 0 <= weight < 2^128    0 <= end - at < 2^40    0 <= weight * (end - at) - threshold < 2^168    signal^2
//! ```
//! The ranges hold in the field without wrapping because weight * (end - at) < 2^168 and the contract pins
//! 1 <= threshold < 2^168 and `at` < 2^40: those two are not checked here but by [`Threshold`], [`Deadline`] and
//! whoever compares the public inputs with a sitting.

mod bounds;
mod circuit;
#[cfg(test)]
mod false_witnesses;
#[cfg(test)]
mod untold;

pub use bounds::{BoundsError, Deadline, Threshold};
pub use circuit::constraint_digest;
pub(crate) use circuit::{Circuit, Shape, assign};

use alloy_primitives::U256;
use ark_bn254::Fr;

use crate::encoding::{External, Nullifier, Root, Signal};

/// Number of public inputs.
pub const INPUTS: usize = 6;

/// Width of a weight in bits.
pub(crate) const WEIGHT_BITS: usize = 128;
/// Width of a time, and of a span of time, in bits.
pub(crate) const TIME_BITS: usize = 40;
/// Width of weight times span.
pub(crate) const PRODUCT_BITS: usize = WEIGHT_BITS + TIME_BITS;

/// The public inputs of a proof, in the fixed order root, nullifier, external, threshold, at, signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Root that the sitting pinned.
    pub root: Root,
    /// Identity of the seat.
    pub nullifier: Nullifier,
    /// Room, sitting and purpose.
    pub external: External,
    /// Least weight times span.
    pub threshold: Threshold,
    /// End of the sitting, at which power is proven.
    pub at: Deadline,
    /// What is signed.
    pub signal: Signal,
}

impl Statement {
    /// The six words as the contract takes them.
    pub fn inputs(&self) -> [U256; INPUTS] {
        [
            self.root.word(),
            self.nullifier.word(),
            self.external.word(),
            self.threshold.word(),
            U256::from(self.at.seconds()),
            self.signal.word(),
        ]
    }

    pub(crate) fn scalars(&self) -> [Fr; INPUTS] {
        let threshold = self.threshold.scalar();
        let at = Fr::from(self.at.seconds());
        [self.root.scalar(), self.nullifier.scalar(), self.external.scalar(), threshold, at, self.signal.scalar()]
    }
}
