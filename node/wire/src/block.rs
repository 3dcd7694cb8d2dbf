//! Where on which chain something stands.

use std::fmt;

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

/// An EIP-155 chain id. Pars: 7070 main, 7071 test, 7072 development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainId(
    /// The number `eth_chainId` answers.
    pub u64,
);

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A block by number and hash: the hash says which branch, the number how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Height above genesis.
    pub number: u64,
    /// Keccak-256 of the header.
    pub hash: B256,
}

impl fmt::Display for BlockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x})", self.number, self.hash)
    }
}
