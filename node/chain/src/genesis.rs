//! What a chain starts from. Two chains with equal genesis and equal inputs are equal, block hash by block hash.

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use crate::{error::ChainError, precompile::PqAddresses};

/// Base fee of the genesis block: 1 gwei, as other development chains start.
const INITIAL_BASE_FEE: u64 = 1_000_000_000;
/// Block gas limit unless set otherwise; the Pars chains use 15,000,000.
const DEFAULT_GAS_LIMIT: u64 = 30_000_000;
/// Below this no useful contract fits a block.
const MIN_GAS_LIMIT: u64 = 100_000;

/// A funded account of the genesis block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisAccount {
    /// The account.
    pub address: Address,
    /// Its balance in wei.
    pub balance: U256,
}

/// The chain's constants and the content of block 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// Chain id (EIP-155), not zero.
    pub chain_id: u64,
    /// Timestamp of block 0, seconds since 1970.
    pub timestamp: u64,
    /// Funded accounts.
    pub accounts: Vec<GenesisAccount>,
    /// Gas limit of every block.
    pub gas_limit: u64,
    /// Base fee of block 0 in wei; later blocks follow EIP-1559.
    pub base_fee: u64,
    /// `safe` = `finalized` = head minus this many blocks (DECISIONS O-33).
    pub finality_lag: u64,
    /// Seeds `prevrandao` of every block.
    pub seed: B256,
    /// Where the ML-DSA precompiles answer; none: the chain has none.
    pub precompiles: Option<PqAddresses>,
}

impl Genesis {
    /// A genesis with the usual constants: 30,000,000 gas, base fee 1 gwei, finality lag 2, ML-DSA at 0x12 to 0x14.
    pub fn new(chain_id: u64, timestamp: u64, accounts: Vec<GenesisAccount>) -> Self {
        Self {
            chain_id,
            timestamp,
            accounts,
            gas_limit: DEFAULT_GAS_LIMIT,
            base_fee: INITIAL_BASE_FEE,
            finality_lag: 2,
            seed: B256::ZERO,
            precompiles: Some(PqAddresses::default()),
        }
    }

    /// Refuses constants with which no chain can run.
    ///
    /// # Errors
    /// [`ChainError::Genesis`] names the constant.
    pub(crate) fn check(&self) -> Result<(), ChainError> {
        if self.chain_id == 0 {
            return Err(ChainError::Genesis("the chain id must not be zero"));
        }
        if self.gas_limit < MIN_GAS_LIMIT {
            return Err(ChainError::Genesis("the block gas limit must be at least 100,000"));
        }
        if self.precompiles.is_some_and(|precompiles| !precompiles.are_distinct()) {
            return Err(ChainError::Genesis("the three ML-DSA precompiles need three addresses above 0x11"));
        }
        Ok(())
    }
}
