//! The chain of epoch records at one member: which record counts, and which secrets are here.
//!
//! Records form a tree, because two stewards may act at once for a moment. The highest number counts; of two with one number
//! that of the lower live seat; of a steward that signed two different records with one number, none. A lone steward that
//! comes back builds on the highest record it finds, so all come together again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use pars_proto::room::{EpochHash, EpochSecret, Previous, SeatNo, SignedRecord};
use pars_wire::machine::Tick;

/// How long an epoch's keys are kept behind its successor, in ms.
pub(super) const KEEP_MS: u64 = 10_000;
/// Records behind the counting one that are remembered: what a fork can reach back.
const DEPTH: u32 = 64;
/// Records remembered in all, and of them such that could not be checked.
const MAX_RECORDS: usize = 512;
const MAX_UNCHECKED: usize = 128;

/// A record and what is known of it.
#[derive(Debug)]
pub(super) struct Epoch {
    pub(super) signed: SignedRecord,
    pub(super) seats: Vec<SeatNo>,
    pub(super) secret: Option<EpochSecret>,
    /// What its own steward wrapped for us was not its secret.
    pub(super) denied: bool,
    /// It was checked; a newcomer keeps older ones only as what later ones follow on.
    pub(super) checked: bool,
    /// Its steward signed another one with its number.
    pub(super) twice: bool,
    /// Since when a later one counts.
    pub(super) superseded: Option<Tick>,
}

impl Epoch {
    pub(super) const fn number(&self) -> u32 {
        self.signed.record().n
    }

    pub(super) const fn steward(&self) -> SeatNo {
        self.signed.record().steward
    }

    pub(super) fn holds(&self, seat: SeatNo) -> bool {
        self.seats.binary_search(&seat).is_ok()
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is new.
    New,
    /// It is known.
    Known,
    /// Its steward signed two.
    Twice(SeatNo),
}

/// Records of a room.
#[derive(Debug, Default)]
pub(super) struct Chain {
    epochs: BTreeMap<[u8; 32], Epoch>,
    tip: Option<[u8; 32]>,
}

impl Chain {
    /// What a record must follow on; `None`: it follows on nothing that is known. What a newcomer is told may follow on something from
    /// before, and not the first of it alone: it may begin within a fork. To nobody else, or one seat could end all counting by
    /// a number that nothing can follow on; a host that is honest tells a newcomer what it has checked itself.
    pub(super) fn previous(&self, signed: &SignedRecord, newcomer: bool) -> Option<Previous> {
        let record = signed.record();
        if record.n == 1 {
            return Some(Previous::First);
        }
        match self.epochs.get(&record.previous.0) {
            Some(parent) => Some(Previous::Known { n: parent.number(), hash: record.previous }),
            None => newcomer.then_some(Previous::Unknown),
        }
    }

    /// Take a record that was checked.
    pub(super) fn take(&mut self, rh: EpochHash, signed: SignedRecord, seats: Vec<SeatNo>) -> Taken {
        if self.epochs.contains_key(&rh.0) {
            return Taken::Known;
        }
        let (n, steward) = (signed.record().n, signed.record().steward);
        let mut others = 0;
        for other in self.epochs.values_mut().filter(|other| other.number() == n && other.steward() == steward) {
            (other.twice, others) = (true, others + 1);
        }
        let twice = others > 0;
        if self.epochs.len() >= MAX_RECORDS {
            self.epochs.retain(|_, epoch| epoch.checked);
        }
        if others < 2 && self.epochs.len() < MAX_RECORDS {
            let new = Epoch { signed, seats, secret: None, denied: false, checked: true, twice, superseded: None };
            self.epochs.insert(rh.0, new);
        }
        if twice { Taken::Twice(steward) } else { Taken::New }
    }

    /// Keep a record from before this seat came, which it cannot check: what later ones follow on.
    pub(super) fn remember(&mut self, signed: SignedRecord, seats: Vec<SeatNo>) {
        if self.epochs.values().filter(|epoch| !epoch.checked).count() < MAX_UNCHECKED {
            let rh = signed.record().hash().0;
            let new =
                Epoch { signed, seats, secret: None, denied: false, checked: false, twice: false, superseded: None };
            self.epochs.entry(rh).or_insert(new);
        }
    }

    /// Choose the record that counts. `standing`: whether a steward's records count, and if so whether its seat is live.
    /// Returns whether another one counts than before.
    pub(super) fn choose(&mut self, now: Tick, standing: impl Fn(SeatNo) -> Option<bool>) -> bool {
        let rank = |epoch: &Epoch| {
            let live = if epoch.twice || !epoch.checked { None } else { standing(epoch.steward()) };
            live.map(|live| (epoch.number(), live, Reverse(epoch.steward())))
        };
        let best = self.epochs.iter().filter_map(|(rh, epoch)| rank(epoch).map(|rank| (rank, *rh))).max();
        let tip = best.map(|(_, rh)| rh);
        let changed = tip != self.tip;
        if changed {
            self.tip = tip;
            let path: Vec<_> = self.path().collect();
            for (rh, epoch) in &mut self.epochs {
                let counts = path.first() == Some(rh);
                epoch.superseded = if counts { None } else { epoch.superseded.or(Some(now)) };
            }
            let floor = self.tip().map_or(0, |(_, tip)| tip.number().saturating_sub(DEPTH));
            self.epochs.retain(|_, epoch| epoch.number() >= floor);
        }
        changed
    }

    /// Hashes from the counting record backwards.
    fn path(&self) -> impl Iterator<Item = [u8; 32]> {
        std::iter::successors(self.tip, |rh| {
            let before = self.epochs.get(rh)?.signed.record().previous.0;
            self.epochs.contains_key(&before).then_some(before)
        })
    }

    /// The record that counts.
    pub(super) fn tip(&self) -> Option<(EpochHash, &Epoch)> {
        let rh = self.tip?;
        self.epochs.get(&rh).map(|epoch| (EpochHash(rh), epoch))
    }

    /// A record by its hash.
    pub(super) fn get(&self, rh: &EpochHash) -> Option<&Epoch> {
        self.epochs.get(&rh.0)
    }

    /// A secret came.
    pub(super) fn unlock(&mut self, rh: &EpochHash, secret: EpochSecret) {
        if let Some(epoch) = self.epochs.get_mut(&rh.0) {
            (epoch.secret, epoch.denied) = (Some(secret), false);
        }
    }

    /// Something else came from its steward in place of the secret.
    pub(super) fn deny(&mut self, rh: &EpochHash) {
        if let Some(epoch) = self.epochs.get_mut(&rh.0) {
            epoch.denied = true;
        }
    }

    /// Epochs whose keys are still kept, the newest first; a fork that does not count any more is kept as long, so that what
    /// was sent in it can still be heard.
    pub(super) fn kept(&self) -> impl Iterator<Item = (EpochHash, &Epoch)> {
        let mut all: Vec<_> = self.epochs.iter().filter(|(_, epoch)| epoch.secret.is_some()).collect();
        all.sort_by_key(|(rh, epoch)| Reverse((Some(**rh) == self.tip, epoch.number(), Reverse(epoch.steward()))));
        all.into_iter().map(|(rh, epoch)| (EpochHash(*rh), epoch))
    }

    /// Wipe secrets whose time is over; their numbers.
    pub(super) fn expire(&mut self, now: Tick) -> Vec<u32> {
        let over =
            |epoch: &Epoch| epoch.secret.is_some() && epoch.superseded.is_some_and(|since| since.after(KEEP_MS) <= now);
        let mut gone = Vec::new();
        for epoch in self.epochs.values_mut().filter(|epoch| over(epoch)) {
            epoch.secret = None;
            gone.push(epoch.number());
        }
        gone
    }

    /// Wipe every secret.
    pub(super) fn wipe(&mut self) {
        for epoch in self.epochs.values_mut() {
            epoch.secret = None;
        }
    }

    /// When the next secret is to be wiped.
    pub(super) fn deadline(&self) -> Option<Tick> {
        let kept = self.epochs.values().filter(|epoch| epoch.secret.is_some());
        kept.filter_map(|epoch| epoch.superseded).map(|since| since.after(KEEP_MS)).min()
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256};
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use pars_crypto::sign::Ed25519Secret;
    use pars_proto::room::{EpochRecord, Roster, RosterEntry, Scope, StatementHash};
    use pars_wire::{ChainId, RoomId, SittingId};

    use super::*;

    /// A record by a steward with seats 1 to 3; `salt` makes two of one number different.
    fn record(previous: Option<(u32, EpochHash)>, steward: u16, salt: u64) -> (EpochHash, SignedRecord, Vec<SeatNo>) {
        let scope =
            Scope { chain: ChainId(7_072), town_hall: Address::ZERO, room: RoomId(B256::ZERO), sitting: SittingId(1) };
        let seats: Vec<_> = (1..=3).map(SeatNo).collect();
        let entry = |seat: &SeatNo| RosterEntry { seat: *seat, st: StatementHash([0; 32]), recorder: false };
        let roster = Roster::new(seats.iter().map(entry).collect()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(salt);
        let secret = EpochSecret::generate(&mut rng);
        let record = EpochRecord::after(previous, scope, SeatNo(steward), &roster, &secret);
        (record.hash(), SignedRecord::sign(record, &Ed25519Secret::generate(&mut rng)), seats)
    }

    fn put(chain: &mut Chain, (rh, signed, seats): (EpochHash, SignedRecord, Vec<SeatNo>)) -> (u32, EpochHash) {
        chain.take(rh, signed, seats);
        (signed.record().n, rh)
    }

    const LIVE: fn(SeatNo) -> Option<bool> = |_| Some(true);

    #[test]
    fn of_two_records_with_one_number_that_of_the_lower_live_seat_counts() {
        let mut chain = Chain::default();
        let first = put(&mut chain, record(None, 1, 0));
        let higher = put(&mut chain, record(Some(first), 3, 1));
        let lower = put(&mut chain, record(Some(first), 2, 2));
        assert!(chain.choose(Tick(0), LIVE));
        assert_eq!(chain.tip().unwrap().0, lower.1);
        chain.choose(Tick(1), |seat| Some(seat != SeatNo(2)));
        assert_eq!(chain.tip().unwrap().0, higher.1, "the lower one left");
        chain.choose(Tick(2), |seat| (seat != SeatNo(3)).then_some(true));
        assert_eq!(chain.tip().unwrap().0, lower.1, "the higher one does not verify");
    }

    #[test]
    fn the_longer_chain_counts_and_a_steward_that_comes_back_builds_on_it() {
        let mut chain = Chain::default();
        let first = put(&mut chain, record(None, 1, 0));
        let late = put(&mut chain, record(Some(first), 1, 1));
        let second = put(&mut chain, record(Some(first), 2, 2));
        let third = put(&mut chain, record(Some(second), 2, 3));
        chain.choose(Tick(0), LIVE);
        assert_eq!(chain.tip().unwrap().0, third.1);
        assert!(chain.get(&late.1).unwrap().superseded.is_some());
    }

    #[test]
    fn two_records_of_one_number_by_one_steward_do_not_count() {
        let mut chain = Chain::default();
        let first = put(&mut chain, record(None, 1, 0));
        put(&mut chain, record(Some(first), 1, 1));
        let (rh, signed, seats) = record(Some(first), 1, 2);
        assert_eq!(chain.take(rh, signed, seats.clone()), Taken::Twice(SeatNo(1)));
        assert_eq!(chain.take(rh, signed, seats), Taken::Known);
        chain.choose(Tick(0), LIVE);
        assert_eq!(chain.tip().unwrap().0, first.1);
    }

    #[test]
    fn a_record_that_follows_on_nothing_is_none_and_to_a_newcomer_it_is_unknown() {
        let mut chain = Chain::default();
        let first = record(None, 1, 0);
        let second = record(Some((1, first.0)), 1, 1);
        let third = record(Some((2, second.0)), 1, 2);
        assert_eq!(chain.previous(&first.1, true), Some(Previous::First));
        assert_eq!(chain.previous(&third.1, true), Some(Previous::Unknown));
        assert_eq!(chain.previous(&third.1, false), None, "who was there from the beginning knows what came before");
        put(&mut chain, first);
        assert_eq!(chain.previous(&third.1, false), None);
        chain.remember(second.1, second.2);
        assert_eq!(chain.previous(&third.1, false), Some(Previous::Known { n: 2, hash: second.0 }));
        chain.choose(Tick(0), LIVE);
        assert_eq!(chain.tip().unwrap().1.number(), 1, "what was not checked does not count");
    }

    #[test]
    fn a_newcomer_that_is_told_of_a_fork_from_its_middle_follows_the_branch_that_counts() {
        let first = record(None, 1, 0);
        let (counts, loses) = (record(Some((1, first.0)), 1, 1), record(Some((1, first.0)), 2, 2));
        let after = record(Some((2, counts.0)), 1, 3);
        // The host keeps so many records: what the last one follows on is forgotten, and its sibling is not.
        let mut chain = Chain::default();
        for told in [&loses, &after] {
            assert_eq!(chain.previous(&told.1, true), Some(Previous::Unknown));
            put(&mut chain, told.clone());
        }
        chain.choose(Tick(0), LIVE);
        assert_eq!(chain.tip().unwrap().0, after.0);
        let next = record(Some((3, after.0)), 1, 4);
        assert_eq!(chain.previous(&next.1, false), Some(Previous::Known { n: 3, hash: after.0 }));
    }

    #[test]
    fn a_secret_is_wiped_ten_seconds_after_its_successor_counts() {
        let mut chain = Chain::default();
        let first = put(&mut chain, record(None, 1, 0));
        chain.unlock(&first.1, EpochSecret::from_bytes([1; 32]));
        chain.choose(Tick(0), LIVE);
        assert!(chain.expire(Tick(60_000)).is_empty());
        put(&mut chain, record(Some(first), 1, 1));
        chain.choose(Tick(60_000), LIVE);
        assert_eq!(chain.deadline(), Some(Tick(60_000 + KEEP_MS)));
        assert!(chain.expire(Tick(60_000 + KEEP_MS - 1)).is_empty());
        assert_eq!(chain.expire(Tick(60_000 + KEEP_MS)), [1]);
        assert_eq!(chain.kept().count(), 0);
    }
}
