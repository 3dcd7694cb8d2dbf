//! The replay cache (SESSION section 3): an INIT is known by SHA3-256(prefix) until its leaf is erased.
//!
//! Within that time a copy, or a later object of the same chain, goes to the session it made; after it the leaf secret is
//! gone and no copy opens. A full cache refuses strangers rather than forget (THREATS I4).

use std::collections::{BTreeMap, BTreeSet};

use pars_wire::codec::Hour;
use pars_wire::limits::REPLAY_CACHE;

use super::SessionId;

/// What is known of an INIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The session it made.
    pub session: SessionId,
    /// The last hour in which its leaf secret exists.
    pub until: Hour,
}

/// The cache is full: strangers are refused until leaves are erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("65,536 handshakes are remembered; new ones are refused until prekeys expire")]
pub struct Full;

/// Handshakes that were accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayCache {
    known: BTreeMap<[u8; 32], Known>,
}

impl ReplayCache {
    /// What an INIT with this id made, if it was accepted before.
    pub fn find(&self, id: &[u8; 32]) -> Option<&Known> {
        self.known.get(id)
    }

    /// Whether one more can be remembered.
    ///
    /// # Errors
    /// [`Full`].
    pub fn room(&self) -> Result<(), Full> {
        if self.known.len() < REPLAY_CACHE { Ok(()) } else { Err(Full) }
    }

    /// Remember an accepted INIT.
    ///
    /// # Errors
    /// [`Full`]; nothing is forgotten to make room.
    pub fn remember(&mut self, id: [u8; 32], known: Known) -> Result<(), Full> {
        self.room()?;
        self.known.insert(id, known);
        Ok(())
    }

    /// Forget those whose leaf is erased; their ids. `left` are the ends of the leaves that are not: while a secret exists, by a
    /// clock that runs wrong or because nobody erased it, a copy would open.
    pub fn expire(&mut self, now: Hour, left: &BTreeSet<Hour>) -> Vec<[u8; 32]> {
        let over = |known: &Known| now > known.until && !left.contains(&known.until);
        let gone: Vec<_> = self.known.iter().filter(|(_, known)| over(known)).map(|(id, _)| *id).collect();
        gone.iter().for_each(|id| self.forget(id));
        gone
    }

    /// Forget one.
    pub fn forget(&mut self, id: &[u8; 32]) {
        self.known.remove(id);
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> [u8; 32] {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        id
    }

    #[test]
    fn a_full_cache_refuses_and_makes_room_only_when_leaves_expire() {
        let mut cache = ReplayCache::default();
        let known = |until| Known { session: SessionId([1; 32]), until: Hour(until) };
        for n in 0..REPLAY_CACHE {
            assert_eq!(cache.remember(id(n), known(if n == 0 { 5 } else { 9 })), Ok(()));
        }
        assert_eq!(cache.remember(id(REPLAY_CACHE), known(9)), Err(Full));
        assert_eq!((cache.len(), cache.find(&id(0))), (REPLAY_CACHE, Some(&known(5))));
        assert!(cache.expire(Hour(6), &BTreeSet::from([Hour(5)])).is_empty(), "its leaf is there");
        assert_eq!(cache.expire(Hour(6), &BTreeSet::from([Hour(9)])), [id(0)]);
        assert_eq!((cache.len(), cache.find(&id(0))), (REPLAY_CACHE - 1, None));
        assert_eq!(cache.remember(id(REPLAY_CACHE), known(9)), Ok(()));
        cache.expire(Hour(10), &BTreeSet::new());
        assert!(cache.is_empty());
    }
}
