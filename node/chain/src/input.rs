//! Everything that changes a chain, as data. A journal of inputs rebuilds the chain exactly.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::block::Block;

/// A change to the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// A transaction. With automine, blocks are made until nothing executable waits.
    Submit {
        /// EIP-2718 bytes.
        raw: Bytes,
        /// The sender of a transaction made by [`crate::Transaction::impersonated`].
        impersonated: Option<Address>,
        /// Wall clock in seconds; absent for logical time.
        now: Option<u64>,
    },
    /// Make blocks of what waits.
    Mine {
        /// How many, at most [`crate::Chain::MAX_BLOCKS_PER_INPUT`].
        blocks: u64,
        /// Seconds between them; absent for the clock's own course.
        interval: Option<u64>,
        /// Timestamp of the first.
        timestamp: Option<u64>,
        /// Wall clock in seconds; absent for logical time.
        now: Option<u64>,
    },
    /// Move the chain's clock ahead by seconds.
    IncreaseTime(u64),
    /// Set the timestamp of the next block.
    SetNextTimestamp(u64),
    /// Make a block at once for each transaction, or only when asked.
    SetAutomine(bool),
    /// Set a balance in wei.
    SetBalance(Address, U256),
    /// Set a nonce.
    SetNonce(Address, u64),
    /// Set an account's code.
    SetCode(Address, Bytes),
    /// Set a storage word: account, slot, value.
    SetStorage(Address, U256, U256),
    /// Accept unsigned transactions of an account, or stop doing so.
    Impersonate(Address, bool),
    /// Remember the chain as it is.
    Snapshot,
    /// Go back to a snapshot; it and all later ones are gone afterwards.
    Revert(u64),
    /// Replace the last blocks by as many new ones with the same timestamps. Their transactions are dropped.
    Reorg {
        /// How many blocks.
        depth: u64,
        /// What goes into the new blocks; the others are empty.
        transactions: Vec<Replacement>,
    },
}

/// A transaction for a block that replaces another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// Which of the replaced blocks, counted from 0 for the lowest.
    pub block: u64,
    /// EIP-2718 bytes.
    pub raw: Bytes,
    /// The sender of a transaction made by [`crate::Transaction::impersonated`].
    pub impersonated: Option<Address>,
}

/// What the chain answers to an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to say.
    Done,
    /// The hash of a submitted transaction.
    Transaction(B256),
    /// The clock's total offset in seconds.
    Offset(i64),
    /// The id of a snapshot.
    Snapshot(u64),
    /// Whether the snapshot was there.
    Reverted(bool),
}

/// How the canonical chain moved. Both lists rise by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Blocks that left the chain.
    pub removed: Vec<Arc<Block>>,
    /// Blocks that joined it.
    pub added: Vec<Arc<Block>>,
}

impl Change {
    /// Whether the chain is as before.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}

/// An answer and what moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The answer.
    pub answer: Answer,
    /// Blocks removed and added.
    pub change: Change,
}
