//! The replay cache, and the admitted rate that bounds it (SESSION section 5): 8-byte prefixes of replay tags in open
//! addressing at a load of at most 3/4, one table for each expiry, so that a whole table is forgotten when its time comes.
//!
//! In memory only: a restarted relay begins with new epoch keys ([`super::relay::Start`]).

use std::collections::BTreeMap;

use pars_wire::codec::Minute;
use pars_wire::machine::Tick;

/// Packets a relay admits each second: bounds the cache.
pub const ADMITTED_PER_SECOND: u64 = 3_000;
/// Seconds a tag lives at most: 2 h and the 5 min by which clocks differ.
pub const TAG_SECONDS: u64 = 7_500;
/// Tags kept at most: 22.5 million, 229 MiB at the load of 3/4.
pub const MAX_TAGS: usize = (ADMITTED_PER_SECOND * TAG_SECONDS) as usize;

const FIRST_SLOTS: usize = 64;

/// Prefixes in one table; 0 marks a free slot.
#[derive(Default)]
struct Table {
    slots: Vec<u64>,
    used: usize,
}

impl Table {
    /// Tags are outputs of a KDF: their high bits are as good a hash as any.
    fn probe(&self, tag: u64) -> impl Iterator<Item = usize> + use<> {
        let count = self.slots.len();
        let start = ((u128::from(tag) * count as u128) >> 64) as usize;
        (start..count).chain(0..start)
    }

    fn holds(&self, tag: u64) -> bool {
        let mut found = self.probe(tag).filter_map(|at| self.slots.get(at));
        found.find(|slot| **slot == 0 || **slot == tag).is_some_and(|slot| *slot == tag)
    }

    fn place(&mut self, tag: u64) {
        for at in self.probe(tag) {
            match self.slots.get_mut(at) {
                Some(slot) if *slot == 0 => {
                    *slot = tag;
                    self.used += 1;
                    return;
                }
                _ => {}
            }
        }
    }

    fn insert(&mut self, tag: u64) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            let larger = (self.slots.len() + self.slots.len() / 4).max(FIRST_SLOTS);
            let old = std::mem::replace(self, Self { slots: vec![0; larger], used: 0 });
            old.slots.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.place(slot));
        }
        self.place(tag);
    }
}

/// The tags of all packets that passed and may not pass again.
#[derive(Default)]
pub struct ReplayCache {
    tables: BTreeMap<Minute, Table>,
}

/// The first 8 bytes of a replay tag; 0, which marks a free slot, counts as 1.
fn prefix(tag: &[u8; 16]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *tag;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1)
}

impl ReplayCache {
    /// Whether this tag was recorded and not yet forgotten.
    pub fn seen(&self, tag: &[u8; 16]) -> bool {
        self.tables.values().any(|table| table.holds(prefix(tag)))
    }

    /// Remember a tag until the end of its packet's life. False: the cache is full and the packet must be dropped.
    #[must_use]
    pub fn record(&mut self, tag: &[u8; 16], expiry: Minute) -> bool {
        if self.len() >= MAX_TAGS {
            return false;
        }
        self.tables.entry(expiry).or_default().insert(prefix(tag));
        true
    }

    /// Forget the tags of packets that are expired by themselves.
    pub fn forget_before(&mut self, now: Minute) {
        self.tables.retain(|expiry, _| *expiry >= now);
    }

    /// Tags held.
    pub fn len(&self) -> usize {
        self.tables.values().map(|table| table.used).sum()
    }

    /// Whether no tag is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the tables.
    pub fn bytes(&self) -> usize {
        self.tables.values().map(|table| table.slots.len() * size_of::<u64>()).sum()
    }
}

/// A token bucket: at most [`ADMITTED_PER_SECOND`] packets in any second, and on average.
pub struct Admission {
    /// Thousandths of a packet, so that a millisecond adds a whole number.
    millis: u64,
    last: Tick,
}

const FULL: u64 = ADMITTED_PER_SECOND * 1_000;

impl Admission {
    /// A full bucket.
    pub const fn new(now: Tick) -> Self {
        Self { millis: FULL, last: now }
    }

    /// Take one packet out, if there is one.
    pub fn admit(&mut self, now: Tick) -> bool {
        let passed = now.0.saturating_sub(self.last.0);
        self.millis = self.millis.saturating_add(passed.saturating_mul(ADMITTED_PER_SECOND)).min(FULL);
        self.last = now;
        match self.millis.checked_sub(1_000) {
            Some(left) => {
                self.millis = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pars_crypto::hash::sha3;

    fn tag(i: u32) -> [u8; 16] {
        *sha3(&[&i.to_be_bytes()]).first_chunk().unwrap()
    }

    #[test]
    fn every_recorded_tag_is_seen_until_its_expiry_and_no_other() {
        let mut cache = ReplayCache::default();
        for i in 0..20_000 {
            assert!(!cache.seen(&tag(i)));
            assert!(cache.record(&tag(i), Minute(10 + i % 2 * 10)));
        }
        assert!((0..20_000).all(|i| cache.seen(&tag(i))));
        cache.forget_before(Minute(10));
        assert_eq!(cache.len(), 20_000, "a packet is not expired in its last minute");
        cache.forget_before(Minute(11));
        assert!((0..20_000).all(|i| cache.seen(&tag(i)) == (i % 2 == 1)));
    }

    #[test]
    fn the_table_stays_within_the_memory_of_the_design() {
        let mut cache = ReplayCache::default();
        for i in 0..100_000_u32 {
            assert!(cache.record(&tag(i), Minute(10)));
            assert!(i < 1_000 || cache.bytes() as f64 <= f64::from(i + 1) * 8.0 / 0.75 * 1.26, "at {i}");
        }
        assert_eq!(MAX_TAGS, 22_500_000);
    }

    #[test]
    fn the_admitted_rate_holds_over_bursts_and_seconds() {
        let mut admission = Admission::new(Tick(0));
        let admitted = |admission: &mut Admission, at| (0..10_000).filter(|_| admission.admit(Tick(at))).count();
        assert_eq!(admitted(&mut admission, 0), 3_000);
        assert_eq!(admitted(&mut admission, 1), 3);
        assert_eq!(admitted(&mut admission, 501), 1_500);
        assert_eq!(admitted(&mut admission, 100_000), 3_000, "rest does not add up to more than a second's worth");
    }
}
