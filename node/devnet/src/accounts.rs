//! The ten well-known development accounts, of the mnemonic "test test test test test test test test test test test junk".
//! Their keys are public knowledge: they are refused on every chain but the development ones by those who sign.

use alloy::{
    consensus::{SignableTransaction, TxEnvelope, TypedTransaction},
    primitives::{Address, B256, U256, b256},
    signers::{SignerSync, local::PrivateKeySigner},
};

/// Balance of each account at genesis: 10,000 ether.
const BALANCE_ETHER: u64 = 10_000;

const KEYS: [B256; 10] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

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
    KEYS.iter().filter_map(|key| PrivateKeySigner::from_bytes(key).ok()).map(|signer| DevAccount { signer }).collect()
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
