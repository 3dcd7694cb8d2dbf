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

#[derive(Clone, Debug, Default)]
struct Author {
    keys: VecDeque<TriggerKey>,
    /// When its newest certificate came, or its newest action ran: by counting.
    used: u64,
    proven: bool,
    /// What the last certificate was for that was not for ours.
    elsewhere: Option<Contract>,
}

/// Certified keys by author.
///
/// An identity costs nothing, so a stranger can bring any number of certificates: when there is no room, the author that was
/// used least recently makes room, but never one that is proven, by an action under a key that an account enrolled.
#[derive(Clone, Debug)]
pub struct Authors {
    contract: Contract,
    room: usize,
    uses: u64,
    authors: BTreeMap<IdentityId, Author>,
    forgotten: Vec<IdentityId>,
}

impl Authors {
    /// Nobody yet, with room for [`MAX_AUTHORS`].
    pub const fn new(contract: Contract) -> Self {
        Self::with_room(contract, MAX_AUTHORS)
    }

    /// Nobody yet, with room for so many.
    pub const fn with_room(contract: Contract, room: usize) -> Self {
        Self { contract, room, uses: 0, authors: BTreeMap::new(), forgotten: Vec::new() }
    }

    /// The contract they act on.
    pub const fn contract(&self) -> Contract {
        self.contract
    }

    /// Take over an author's certificate. Again is as once.
    ///
    /// # Errors
    /// [`Refusal`]: not by this author, for another chain or contract, or every author that is remembered is proven.
    pub fn learn(&mut self, suite: &dyn Suite, author: &IdentityCore, bytes: &[u8]) -> Result<TriggerKey, Refusal> {
        // Where it is for comes first: that costs nothing, and is the plainer thing to say.
        let key = TriggerKey::read(&mut Reader::new(bytes))?;
        let (Contract { chain, trigger }, found) = (self.contract, Contract { chain: key.chain, trigger: key.trigger });
        if found != self.contract
            && let Some(known) = self.authors.get_mut(&author.id())
        {
            known.elsewhere = Some(found);
        }
        if key.chain != chain {
            return Err(Refusal::OtherChain { found: key.chain, ours: chain });
        }
        if key.trigger != trigger {
            return Err(Refusal::OtherContract { found: key.trigger, ours: trigger });
        }
        TriggerCertificate::verify(suite, bytes, author).map_err(Refusal::BadCertificate)?;
        self.make_room(author.id())?;
        self.uses += 1;
        let Author { keys, used, .. } = self.authors.entry(author.id()).or_default();
        *used = self.uses;
        keys.retain(|known| known.signer != key.signer);
        if keys.len() >= KEYS_PER_AUTHOR {
            keys.pop_front();
        }
        keys.push_back(key);
        Ok(key)
    }

    fn make_room(&mut self, newcomer: IdentityId) -> Result<(), Refusal> {
        if self.authors.contains_key(&newcomer) || self.authors.len() < self.room {
            return Ok(());
        }
        let unproven = self.authors.iter().filter(|(_, author)| !author.proven);
        let oldest = unproven.min_by_key(|(_, author)| author.used).map(|(id, _)| *id).ok_or(Refusal::Full)?;
        self.authors.remove(&oldest);
        self.forgotten.push(oldest);
        Ok(())
    }

    /// An author who made room since this was asked last.
    pub fn forgotten(&mut self) -> Option<IdentityId> {
        self.forgotten.pop()
    }

    /// An author's action was verified under a key that an account enrolled: it is not forgotten any more.
    pub fn prove(&mut self, author: IdentityId) {
        self.uses += 1;
        if let Some(author) = self.authors.get_mut(&author) {
            (author.used, author.proven) = (self.uses, true);
        }
    }

    /// Where a certificate of a known author was for when it was refused for that, the last one. Nobody verified it: it may
    /// only name what an action is refused for, never admit one.
    pub fn elsewhere(&self, author: IdentityId) -> Option<Contract> {
        self.authors.get(&author).and_then(|author| author.elsewhere)
    }

    /// Whether an author is never forgotten.
    pub fn is_proven(&self, author: IdentityId) -> bool {
        self.authors.get(&author).is_some_and(|author| author.proven)
    }

    /// What an author certified of a key.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`].
    pub fn key(&self, author: IdentityId, signer: SignerId) -> Result<TriggerKey, Refusal> {
        let keys = self.authors.get(&author).into_iter().flat_map(|author| &author.keys);
        keys.copied().find(|key| key.signer == signer).ok_or(Refusal::UnknownKey(signer))
    }
}
