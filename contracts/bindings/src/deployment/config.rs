//! What a deployment is made of besides code.

use alloy_primitives::{Address, U256, address};

/// Longest lock of our escrow, in seconds: four years of 365 days.
pub const MAX_LOCK_TIME: u64 = 4 * 365 * 86_400;

/// The token and the escrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Deploys the development token and our escrow.
    Dev {
        /// Receives the whole supply.
        holder: Address,
        /// Raw units of 9 decimals.
        supply: U256,
    },
    /// Uses contracts that are on the chain already.
    Existing {
        /// The token.
        pars: Address,
        /// Its escrow, behind `IVotingEscrow`.
        voting_escrow: Address,
        /// What the escrow divides by, in seconds; 1 if its amounts are slopes.
        max_time: u64,
    },
}

/// Everything [`super::plan`] needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployConfig {
    /// Chain that the plan is for.
    pub chain_id: u64,
    /// Account that sends all creations, in the plan's order.
    pub deployer: Address,
    /// Its nonce of the first creation.
    pub first_nonce: u64,
    /// The token and the escrow.
    pub token: Token,
    /// Precompile of ML-DSA-87 in the layout of EIP-8355.
    pub mldsa_precompile: Address,
    /// Gas forwarded to it at most.
    pub mldsa_gas_cap: u64,
    /// Seconds from the start of a trigger key's rotation to its effect; below 2^40.
    pub rotation_delay: u64,
    /// Least stake of a service node, in raw units.
    pub min_stake: u128,
    /// Seconds from a service node's leaving to its stake; below 2^40.
    pub unbonding_time: u64,
}

impl DeployConfig {
    /// A deployment with the development token: a supply of one billion for the deployer, a day of rotation delay, a
    /// week of unbonding, a stake of 1,000 tokens, the precompile at the address of EIP-8355.
    #[must_use]
    pub fn dev(chain_id: u64, deployer: Address, first_nonce: u64) -> Self {
        Self {
            chain_id,
            deployer,
            first_nonce,
            token: Token::Dev { holder: deployer, supply: U256::from(1_000_000_000_000_000_000_u64) },
            mldsa_precompile: address!("0000000000000000000000000000000000000014"),
            mldsa_gas_cap: 200_000,
            rotation_delay: 86_400,
            min_stake: 1_000_000_000_000,
            unbonding_time: 7 * 86_400,
        }
    }
}
