//! The ten well-known development accounts, of the mnemonic "test test test test test test test test test test test junk".
//! Their keys are public knowledge: they are refused on every chain but the development ones by those who sign.

use alloy::{
    consensus::{SignableTransaction, TxEnvelope, TypedTransaction},
    primitives::{Address, U256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use pars_bindings::dev;

/// Balance of each account at genesis: 10,000 ether.
const BALANCE_ETHER: u64 = 10_000;

/// One of the ten accounts, with its key.
#[derive(Clone, Debug)]
pub struct DevAccount {
    signer: PrivateKeySigner,
}

impl DevAccount {
    /// The account's address.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// A signer for `alloy` wallets.
    pub fn signer(&self) -> PrivateKeySigner {
        self.signer.clone()
    }

    /// Signs a transaction; `None` only if the curve arithmetic refuses, which well-formed keys never cause.
    pub(crate) fn sign(&self, unsigned: TypedTransaction) -> Option<TxEnvelope> {
        let signature = self.signer.sign_hash_sync(&unsigned.signature_hash()).ok()?;
        Some(unsigned.into_signed(signature).into())
    }
}

/// The ten accounts in the order every development node lists them.
pub fn dev_accounts() -> Vec<DevAccount> {
    dev::KEYS
        .iter()
        .filter_map(|key| PrivateKeySigner::from_bytes(key).ok())
        .map(|signer| DevAccount { signer })
        .collect()
}

/// What each account holds at genesis, in wei.
pub(crate) fn genesis_balance() -> U256 {
    U256::from(BALANCE_ETHER).saturating_mul(U256::from(10).pow(U256::from(18)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_accounts_are_the_well_known_ones() {
        let accounts = dev_accounts();
        assert_eq!(accounts.len(), 10);
        assert_eq!(accounts[0].address().to_string(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        assert_eq!(accounts[9].address().to_string(), "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
    }
}
