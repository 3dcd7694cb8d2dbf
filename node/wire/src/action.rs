//! What a signed action says (ELIGIBILITY section 5): read by whoever knows the ABI, judged by whoever knows the rules.

use alloy_primitives::{Address, B256, FixedBytes, U256};

use crate::SignerId;

/// An encoded action in plain words; whoever made this has compared it with its canonical encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// hashStruct(Action).
    pub hash: B256,
    /// EIP-712 domain separator of the chain and contract that it was read for.
    pub domain: B256,
    /// The key.
    pub signer: SignerId,
    /// Who acts.
    pub account: Address,
    /// What is called.
    pub target: Address,
    /// Which function; zero: a plain transfer.
    pub selector: FixedBytes<4>,
    /// Wei sent along.
    pub value: U256,
    /// `lane * 2^64 + sequence`.
    pub nonce: U256,
    /// First second.
    pub valid_after: u64,
    /// Last second.
    pub valid_until: u64,
    /// Gas for the account's call.
    pub gas_limit: u32,
}

impl Facts {
    /// The lower 64 bits of the nonce.
    pub fn sequence(&self) -> u64 {
        let [sequence, ..] = self.nonce.into_limbs();
        sequence
    }

    /// The upper 192 bits.
    pub fn lane(&self) -> U256 {
        self.nonce >> 64
    }
}
