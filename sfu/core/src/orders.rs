//! What the host decided about identities. A token that was made before a decision does not undo it: one that is removed
//! stays out while its tokens live, one that was demoted is not a presenter again by joining anew.

use std::collections::BTreeMap;

use crate::{id::Identity, io::Grant, limits::MAX_REMEMBERED, rights::Rights};

/// Decisions of one room, each with its second since the Unix epoch.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    removed: BTreeMap<Identity, u64>,
    rights: BTreeMap<Identity, (u64, Rights)>,
    /// Newest decision that was forgotten for lack of room: every token that is older is refused.
    floor: Option<u64>,
}

impl Orders {
    /// Tokens of this identity made until then are revoked.
    pub(crate) fn remove(&mut self, identity: Identity, until: u64) {
        // Such tokens give nothing: what they would have given need not be remembered.
        if self.rights.get(&identity).is_some_and(|(changed, _)| *changed <= until) {
            self.rights.remove(&identity);
        }
        self.make_room();
        self.removed.insert(identity, until);
    }

    /// Tokens of this identity made until then give these rights instead of their own.
    pub(crate) fn change(&mut self, identity: Identity, until: u64, rights: Rights) {
        self.make_room();
        self.rights.insert(identity, (until, rights));
    }

    /// Whether a token is revoked.
    pub(crate) fn removed(&self, grant: &Grant) -> bool {
        let removed = self.removed.get(&grant.identity).is_some_and(|until| grant.issued <= *until);
        removed || self.floor.is_some_and(|until| grant.issued <= until)
    }

    /// What a token gives.
    pub(crate) fn rights(&self, grant: &Grant) -> Rights {
        let changed = self.rights.get(&grant.identity).filter(|(until, _)| grant.issued <= *until);
        changed.map_or_else(|| grant.rights.clone(), |(_, rights)| rights.clone())
    }

    fn make_room(&mut self) {
        if self.removed.len() >= MAX_REMEMBERED {
            let oldest = self.removed.iter().min_by_key(|(_, until)| **until).map(|(i, until)| (i.clone(), *until));
            if let Some((identity, until)) = oldest {
                self.removed.remove(&identity);
                self.floor = self.floor.max(Some(until));
            }
        }
        if self.rights.len() >= MAX_REMEMBERED {
            let oldest =
                self.rights.iter().min_by_key(|(_, (until, _))| *until).map(|(i, (until, _))| (i.clone(), *until));
            if let Some((identity, until)) = oldest {
                self.rights.remove(&identity);
                self.floor = self.floor.max(Some(until));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(identity: &str, issued: u64) -> Grant {
        Grant {
            room: "r".into(),
            identity: identity.into(),
            rights: Rights { data: true, ..Rights::default() },
            issued,
        }
    }

    #[test]
    fn older_tokens_obey_a_decision_and_newer_ones_do_not() {
        let mut orders = Orders::default();
        orders.remove("a".into(), 100);
        orders.change("b".into(), 100, Rights::default());
        assert!(
            orders.removed(&grant("a", 100)) && !orders.removed(&grant("a", 101)) && !orders.removed(&grant("c", 1))
        );
        assert!(!orders.rights(&grant("b", 100)).data && orders.rights(&grant("b", 101)).data);
    }

    #[test]
    fn who_comes_and_goes_leaves_one_decision_behind() {
        let mut orders = Orders::default();
        orders.change("a".into(), 100, Rights::default());
        orders.remove("a".into(), 99);
        assert!(!orders.rights(&grant("a", 100)).data, "the removal is older: its newer tokens are let in");
        orders.remove("a".into(), 100);
        assert!(orders.removed(&grant("a", 100)) && orders.rights.is_empty());
    }

    #[test]
    fn what_is_forgotten_for_lack_of_room_still_lets_no_older_token_in() {
        let mut orders = Orders::default();
        for n in 0..=MAX_REMEMBERED as u64 {
            orders.remove(format!("{n}").into(), 1_000 + n);
        }
        assert_eq!(orders.removed.len(), MAX_REMEMBERED);
        assert!(orders.removed(&grant("0", 1_000)) && orders.removed(&grant("stranger", 1_000)));
        assert!(!orders.removed(&grant("stranger", 1_001)));
    }
}
