//! From a synchronised leaf set and a sitting to a witness, with a named refusal for everything that stands in the way.
//!
//! Nothing here asks anybody: the whole leaf set is local (ELIGIBILITY 2.9, THREATS Z11).

use alloy_primitives::{Address, B256, U256};
use ark_bn254::Fr;
use ark_ff::PrimeField;

use crate::{
    encoding::{Commitment, Nullifier, Purpose, Root, Scope, Signal},
    poseidon,
    secret::Secret,
    statement::{BoundsError, Circuit, Deadline, Statement, Threshold},
    tree::{Step, Tree, TreeError},
};

/// One leaf of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Account that holds the lock.
    pub account: Address,
    /// Its identity commitment.
    pub commitment: Commitment,
    /// Locked amount in raw units; zero after a removal.
    pub weight: u128,
    /// End of the lock, seconds since the Unix epoch; zero after a removal.
    pub end: Deadline,
}

impl Leaf {
    /// PoseidonT5(commitment, account, weight, end).
    pub fn hash(&self) -> U256 {
        crate::field::word(self.scalar())
    }

    fn scalar(&self) -> Fr {
        poseidon::t5([self.commitment.scalar(), account(self.account), self.weight.into(), self.end.seconds().into()])
    }

    /// `weight * (end - at) >= threshold`: what the circuit proves and `canJoin` reads.
    pub fn meets(&self, threshold: Threshold, at: Deadline) -> bool {
        let span = self.end.seconds().saturating_sub(at.seconds());
        // 128 and 40 bits: the product fits.
        U256::from(self.weight) * U256::from(span) >= threshold.word()
    }
}

fn account(address: Address) -> Fr {
    Fr::from_be_bytes_mod_order(address.as_slice())
}

/// The leaves of a pinned tree in registration order, with the tree.
#[derive(Debug, Clone)]
pub struct LeafSet {
    leaves: Vec<Leaf>,
    tree: Tree,
}

impl LeafSet {
    /// Builds the tree; one hash a leaf and one a node.
    pub fn new(leaves: Vec<Leaf>) -> Result<Self, TreeError> {
        let tree = Tree::from_leaves(leaves.iter().map(Leaf::scalar).collect())?;
        Ok(Self { leaves, tree })
    }

    /// The root.
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// The leaves in registration order.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The leaf of an account and its index.
    pub fn find(&self, account: Address) -> Option<(usize, &Leaf)> {
        self.leaves.iter().enumerate().find(|(_, leaf)| leaf.account == account)
    }

    /// Size k of the anonymity set: leaves that meet the threshold at `at` (ELIGIBILITY 2.9).
    pub fn anonymity_set(&self, threshold: Threshold, at: Deadline) -> usize {
        self.leaves.iter().filter(|leaf| leaf.meets(threshold, at)).count()
    }
}

/// A sitting as the contract pinned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the TownHall contract.
    pub town_hall: Address,
    /// The room.
    pub room_id: B256,
    /// Counted per room from 1.
    pub sitting_id: u64,
    /// Root of the registry at the opening.
    pub root: Root,
    /// `minBalance * MAXTIME`.
    pub threshold: Threshold,
    /// End of the sitting.
    pub at: Deadline,
}

impl Sitting {
    /// The scope of a proof for this sitting.
    pub const fn scope(&self, purpose: Purpose) -> Scope {
        let Self { chain_id, town_hall, room_id, sitting_id, .. } = *self;
        Scope { chain_id, town_hall, room_id, sitting_id, purpose }
    }

    /// The public inputs that a proof with this nullifier, payload and time of issue must have.
    pub fn statement(&self, purpose: Purpose, nullifier: Nullifier, payload: B256, issued_at: u64) -> Statement {
        let external = self.scope(purpose).external();
        let signal = Signal::of(external, payload, issued_at);
        Statement { root: self.root, nullifier, external, threshold: self.threshold, at: self.at, signal }
    }
}

/// What a proof is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Account whose lock is proven.
    pub account: Address,
    /// Its identity secret.
    pub secret: &'a Secret,
    /// Join or poll.
    pub purpose: Purpose,
    /// 32 bytes that the proof signs.
    pub payload: B256,
    /// Time of issue, seconds since the Unix epoch.
    pub issued_at: u64,
}

/// Why a holder cannot prove eligibility for a sitting. [`Ineligible::code`] is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ineligible {
    /// The local leaf set is not the pinned one.
    #[error("the local leaf set has root {local}, the sitting pinned {pinned}; synchronise the leaves of its opening")]
    RootMismatch {
        /// Root of the leaf set given.
        local: Root,
        /// Root of the sitting.
        pinned: Root,
    },
    /// The account has no leaf in the pinned tree.
    #[error("account {0} was not registered when this sitting opened; register and wait for the next sitting")]
    NotRegistered(Address),
    /// The secret belongs to another commitment.
    #[error("the secret is not that of the registered commitment {0}; use the right file or register again")]
    CommitmentMismatch(Commitment),
    /// The lock does not outlast the sitting.
    #[error("the lock ends at {end}, the sitting at {at}; extend the lock and wait for the next sitting")]
    LockEndsBeforeSitting {
        /// End of the lock.
        end: u64,
        /// End of the sitting.
        at: u64,
    },
    /// The lock is too small, or its time left too short.
    #[error("weight {weight} over {span} s does not reach the threshold {threshold}; lock more or for longer")]
    WeightBelowThreshold {
        /// Locked amount.
        weight: u128,
        /// Seconds from the end of the sitting to the end of the lock.
        span: u64,
        /// Threshold of the sitting.
        threshold: U256,
    },
    /// A figure of the sitting is out of range.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// The tree has no such leaf: a bug.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl Ineligible {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RootMismatch { .. } => "wrong_root",
            Self::NotRegistered(_) => "not_registered",
            Self::CommitmentMismatch(_) => "commitment_mismatch",
            Self::LockEndsBeforeSitting { .. } => "lock_ends_before_sitting",
            Self::WeightBelowThreshold { .. } => "weight_below_threshold",
            Self::Bounds(BoundsError::Threshold(_)) => "threshold_out_of_range",
            Self::Bounds(BoundsError::Time(_)) => "at_out_of_range",
            Self::Tree(_) => "tree",
        }
    }
}

/// Everything a proof needs, known to be true. Holds the secret: erased when dropped, redacted when printed.
#[derive(Debug, Clone)]
pub struct Witness {
    statement: Statement,
    secret: Secret,
    leaf: Leaf,
    path: Vec<Step>,
}

impl Witness {
    /// Checks that the request can be proven in the sitting and collects what the circuit needs.
    pub fn new(leaves: &LeafSet, sitting: &Sitting, request: &Request<'_>) -> Result<Self, Ineligible> {
        if leaves.root() != sitting.root {
            return Err(Ineligible::RootMismatch { local: leaves.root(), pinned: sitting.root });
        }
        let (index, leaf) = leaves.find(request.account).ok_or(Ineligible::NotRegistered(request.account))?;
        if leaf.commitment != request.secret.commitment() {
            return Err(Ineligible::CommitmentMismatch(leaf.commitment));
        }
        eligible(leaf, sitting)?;
        let nullifier = Nullifier::of(sitting.scope(request.purpose).external(), request.secret);
        let statement = sitting.statement(request.purpose, nullifier, request.payload, request.issued_at);
        Ok(Self { statement, secret: request.secret.clone(), leaf: *leaf, path: leaves.tree.path(index)? })
    }

    /// The public inputs.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// Names what a leaf lacks for a sitting.
fn eligible(leaf: &Leaf, sitting: &Sitting) -> Result<(), Ineligible> {
    let (end, at) = (leaf.end.seconds(), sitting.at.seconds());
    if leaf.meets(sitting.threshold, sitting.at) {
        Ok(())
    } else if leaf.weight > 0 && end <= at {
        Err(Ineligible::LockEndsBeforeSitting { end, at })
    } else {
        let (span, threshold) = (end.saturating_sub(at), sitting.threshold.word());
        Err(Ineligible::WeightBelowThreshold { weight: leaf.weight, span, threshold })
    }
}

impl From<&Witness> for Circuit {
    fn from(witness: &Witness) -> Self {
        Self {
            inputs: witness.statement.scalars(),
            secret: witness.secret.scalar().into(),
            account: account(witness.leaf.account),
            weight: witness.leaf.weight.into(),
            end: witness.leaf.end.seconds().into(),
            path: witness.path.clone(),
        }
    }
}
