//! Message keys of positions that were passed over: kept until their message arrives, their time is up, or room is needed
//! (SESSION section 4 "Limits"; THREATS T4).

use std::collections::BTreeMap;

use pars_crypto::secret::MessageKey;
use pars_wire::codec::Hour;
use pars_wire::limits::{GRACE_HOURS, MAX_SKIPPED, MAX_TTL_HOURS};

/// Hours for which a skipped key is kept: no message lives longer, and 48 hours for clocks and slow stores.
pub(crate) const KEEP_HOURS: u32 = MAX_TTL_HOURS as u32 + GRACE_HOURS;

/// Counts the receiving chains of a session; 0 is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChainId(pub(crate) u32);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) key: MessageKey,
    pub(super) until: Hour,
}

/// Keys by chain and position. That order is also the order of their age: a chain ends before the next begins, and a
/// chain's positions rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped(pub(super) BTreeMap<(ChainId, u32), Kept>);

impl Skipped {
    /// Keep the key of a position that was passed over; the oldest gives way when there is no room.
    pub(crate) fn keep(&mut self, chain: ChainId, position: u32, key: MessageKey, now: Hour) {
        while self.0.len() >= MAX_SKIPPED {
            self.0.pop_first();
        }
        self.0.insert((chain, position), Kept { key, until: now.plus(KEEP_HOURS) });
    }

    /// Take the key of a position; there is no second time.
    pub(crate) fn take(&mut self, chain: ChainId, position: u32) -> Option<MessageKey> {
        self.0.remove(&(chain, position)).map(|kept| kept.key)
    }

    /// Drop what has expired.
    pub(crate) fn expire(&mut self, now: Hour) {
        self.0.retain(|_, kept| now <= kept.until);
    }

    /// Drop the keys of a chain whose header key is gone: nothing could ask for them.
    pub(crate) fn forget(&mut self, chain: ChainId) {
        self.0.retain(|(of, _), _| *of != chain);
    }

    /// Drop the oldest `count` keys: the device as a whole is over its bound.
    pub(crate) fn drop_oldest(&mut self, count: usize) {
        for _ in 0..count {
            self.0.pop_first();
        }
    }

    /// How many keys are kept.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> MessageKey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        MessageKey::from_bytes(bytes)
    }

    #[test]
    fn the_oldest_key_gives_way_when_two_thousand_are_kept() {
        let mut skipped = Skipped::default();
        for n in 0..2_005 {
            skipped.keep(ChainId(n / 1_000), n % 1_000, key(n), Hour(0));
        }
        assert_eq!(skipped.len(), 2_000);
        assert_eq!(skipped.take(ChainId(0), 4), None);
        assert_eq!(skipped.take(ChainId(0), 5), Some(key(5)));
        assert_eq!(skipped.take(ChainId(0), 5), None, "not twice");
        assert_eq!(skipped.take(ChainId(2), 4), Some(key(2_004)));
    }

    #[test]
    fn a_key_is_kept_for_sixteen_days_and_no_hour_longer() {
        let mut skipped = Skipped::default();
        skipped.keep(ChainId(0), 1, key(1), Hour(100));
        skipped.expire(Hour(100 + 16 * 24));
        assert_eq!(skipped.len(), 1);
        skipped.expire(Hour(101 + 16 * 24));
        assert_eq!(skipped.len(), 0);
    }

    #[test]
    fn a_forgotten_chain_takes_its_keys_along() {
        let mut skipped = Skipped::default();
        for n in 0..6 {
            skipped.keep(ChainId(n % 2), n, key(n), Hour(0));
        }
        skipped.forget(ChainId(0));
        assert_eq!(skipped.len(), 3);
        skipped.drop_oldest(2);
        assert_eq!((skipped.take(ChainId(1), 3), skipped.take(ChainId(1), 5)), (None, Some(key(5))));
    }
}
