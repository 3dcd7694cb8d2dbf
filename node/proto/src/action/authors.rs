//! Whose trigger keys an executor knows: what authors have certified for its own chain and contract.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::Address;
use pars_crypto::Suite;
use pars_identity::IdentityId;
use pars_identity::core::IdentityCore;
use pars_identity::trigger::{TriggerCertificate, TriggerKey};
use pars_wire::codec::{Reader, Wire};
use pars_wire::{ChainId, SignerId};

use super::refusal::Refusal;

/// Keys of one author that are remembered; the oldest goes first.
pub const KEYS_PER_AUTHOR: usize = 16;
/// Authors that are remembered.
pub const MAX_AUTHORS: usize = 10_000;

/// The contract that an executor serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Its chain.
    pub chain: ChainId,
    /// `SessionTrigger`.
    pub trigger: Address,
}

/// Certified keys by author.
#[derive(Clone, Debug)]
pub struct Authors {
    contract: Contract,
    keys: BTreeMap<IdentityId, VecDeque<TriggerKey>>,
}

impl Authors {
    /// Nobody yet.
    pub const fn new(contract: Contract) -> Self {
        Self { contract, keys: BTreeMap::new() }
    }

    /// The contract they act on.
    pub const fn contract(&self) -> Contract {
        self.contract
    }

    /// Take over an author's certificate. Again is as once.
    ///
    /// # Errors
    /// [`Refusal`]: not by this author, for another chain or contract, or no room.
    pub fn learn(&mut self, suite: &dyn Suite, author: &IdentityCore, bytes: &[u8]) -> Result<TriggerKey, Refusal> {
        // Where it is for comes first: that costs nothing, and is the plainer thing to say.
        let key = TriggerKey::read(&mut Reader::new(bytes))?;
        let Contract { chain, trigger } = self.contract;
        if key.chain != chain {
            return Err(Refusal::OtherChain { found: key.chain, ours: chain });
        }
        if key.trigger != trigger {
            return Err(Refusal::OtherContract { found: key.trigger, ours: trigger });
        }
        TriggerCertificate::verify(suite, bytes, author).map_err(Refusal::BadCertificate)?;
        if !self.keys.contains_key(&author.id()) && self.keys.len() >= MAX_AUTHORS {
            return Err(Refusal::Full);
        }
        let keys = self.keys.entry(author.id()).or_default();
        keys.retain(|known| known.signer != key.signer);
        if keys.len() >= KEYS_PER_AUTHOR {
            keys.pop_front();
        }
        keys.push_back(key);
        Ok(key)
    }

    /// What an author certified of a key.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`].
    pub fn key(&self, author: IdentityId, signer: SignerId) -> Result<TriggerKey, Refusal> {
        let keys = self.keys.get(&author).into_iter().flatten();
        keys.copied().find(|key| key.signer == signer).ok_or(Refusal::UnknownKey(signer))
    }
}
