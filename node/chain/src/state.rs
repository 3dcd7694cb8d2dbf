//! Accounts and the world state: a Merkle-Patricia trie of accounts, each with a trie of its storage.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::Encodable;
use alloy_trie::TrieAccount;
use revm::{
    bytecode::Bytecode,
    state::{AccountInfo, EvmState},
};

use crate::trie::{Trie, TrieValue};

/// One account: nonce, balance in wei, code and storage. Cloning is cheap (code and storage are shared).
#[derive(Clone, Debug)]
pub struct Account {
    /// Number of transactions sent (EOA) or contracts created (contract, from 1).
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    code: Bytecode,
    code_hash: B256,
    storage: Trie<U256>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            nonce: 0,
            balance: U256::ZERO,
            code: Bytecode::default(),
            code_hash: KECCAK256_EMPTY,
            storage: Trie::default(),
        }
    }
}

impl Account {
    /// The runtime code, empty for an account without one.
    pub fn code(&self) -> Bytes {
        self.code.original_bytes()
    }

    /// Keccak-256 of the code.
    pub fn code_hash(&self) -> B256 {
        self.code_hash
    }

    /// A storage word; zero when never set.
    pub fn storage(&self, slot: U256) -> U256 {
        self.storage.get(&slot.to_be_bytes::<32>()).copied().unwrap_or_default()
    }

    /// Root of the account's storage trie.
    pub fn storage_root(&self) -> B256 {
        self.storage.root()
    }

    /// Replaces the code.
    pub(crate) fn set_code(&mut self, code: Bytecode) {
        self.code_hash = code.hash_slow();
        self.code = code;
    }

    /// Sets a storage word; zero removes it.
    pub(crate) fn set_storage(&mut self, slot: U256, value: U256) {
        let key = slot.to_be_bytes::<32>();
        if value.is_zero() { self.storage.remove(&key) } else { self.storage.insert(&key, value) }
    }

    fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && self.code_hash == KECCAK256_EMPTY
    }

    pub(crate) fn info(&self) -> AccountInfo {
        AccountInfo {
            balance: self.balance,
            nonce: self.nonce,
            code_hash: self.code_hash,
            account_id: None,
            code: Some(self.code.clone()),
        }
    }
}

impl TrieValue for U256 {
    fn encode_value(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
}

impl TrieValue for Arc<Account> {
    fn encode_value(&self, out: &mut Vec<u8>) {
        TrieAccount::new(self.nonce, self.balance, self.storage.root(), self.code_hash).encode(out);
    }
}

/// The state after a block. A clone shares everything and costs one pointer.
#[derive(Clone, Debug, Default)]
pub struct State {
    accounts: Trie<Arc<Account>>,
}

impl State {
    /// An account, if it exists.
    pub fn account(&self, address: Address) -> Option<&Account> {
        self.accounts.get(address.as_slice()).map(Arc::as_ref)
    }

    /// The next nonce of an account.
    pub fn nonce(&self, address: Address) -> u64 {
        self.account(address).map_or(0, |a| a.nonce)
    }

    /// The balance of an account in wei.
    pub fn balance(&self, address: Address) -> U256 {
        self.account(address).map_or(U256::ZERO, |a| a.balance)
    }

    /// The Merkle-Patricia root over all accounts.
    pub fn root(&self) -> B256 {
        self.accounts.root()
    }

    /// Changes one account, creating it when absent; an account left empty is removed (EIP-161).
    pub(crate) fn update(&mut self, address: Address, change: impl FnOnce(&mut Account)) {
        let mut account = self.account(address).cloned().unwrap_or_default();
        change(&mut account);
        if account.is_empty() {
            self.accounts.remove(address.as_slice());
        } else {
            self.accounts.insert(address.as_slice(), Arc::new(account));
        }
    }

    /// Takes over what an execution changed. The result does not depend on the order of iteration.
    pub(crate) fn commit(&mut self, changes: EvmState) {
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            if changed.is_selfdestructed() {
                self.accounts.remove(address.as_slice());
                continue;
            }
            self.update(address, |account| {
                if changed.is_created() {
                    account.storage = Trie::default();
                }
                account.nonce = changed.info.nonce;
                account.balance = changed.info.balance;
                if account.code_hash != changed.info.code_hash
                    && let Some(code) = &changed.info.code
                {
                    account.code = code.clone();
                    account.code_hash = changed.info.code_hash;
                }
                for (slot, word) in changed.changed_storage_slots() {
                    account.set_storage(*slot, word.present_value());
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touched_account_without_anything_is_not_stored() {
        let mut state = State::default();
        state.update(Address::with_last_byte(1), |_| {});
        assert_eq!(state.root(), State::default().root());
    }

    #[test]
    fn an_older_version_keeps_its_words_and_root() {
        let address = Address::with_last_byte(1);
        let mut state = State::default();
        state.update(address, |a| {
            a.nonce = 1;
            a.set_storage(U256::from(1), U256::from(5));
        });
        let (old, root) = (state.clone(), state.root());
        state.update(address, |a| a.set_storage(U256::from(1), U256::ZERO));
        assert_eq!(old.account(address).unwrap().storage(U256::from(1)), U256::from(5));
        assert_eq!(old.root(), root);
        assert_ne!(state.root(), root);
    }
}
