//! The epoch records that a host has carried: what newcomers are told, and what the next record must follow on.
//!
//! Any seat may sign records. None is carried that follows on nothing, because it would be the end of all counting to whoever comes
//! later; and none pushes the others out: when there are too many, the seat with the most gives its oldest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pars_proto::room::{EpochHash, EpochRecord, Previous, SeatNo, SignedRecord};

/// Records kept.
const MAX_RECORDS: usize = 64;

/// A record and the seats of its roster, as its steward named them.
#[derive(Debug)]
struct Kept {
    hash: EpochHash,
    signed: SignedRecord,
    seats: Vec<SeatNo>,
}

impl Kept {
    const fn steward(&self) -> SeatNo {
        self.signed.record().steward
    }
}

/// Records of a room.
#[derive(Debug, Default)]
pub(super) struct Records {
    kept: VecDeque<Kept>,
    /// Seats that are no stewards any more: members hear of no record of theirs, so newcomers must not either.
    out: BTreeSet<SeatNo>,
}

impl Records {
    /// A record whose signature was checked; whether it is to be carried. The second of one number is, so that everybody learns that
    /// its steward signed two, and nothing of that steward after it.
    pub(super) fn take(&mut self, signed: SignedRecord, seats: Vec<SeatNo>) -> bool {
        let said = signed.record();
        let (hash, steward) = (said.hash(), said.steward);
        let known = self.kept.iter().any(|kept| kept.hash == hash);
        if known || self.out.contains(&steward) || !self.follows(said) {
            return false;
        }
        if self.kept.iter().any(|kept| kept.steward() == steward && kept.signed.record().n == said.n) {
            self.leave_out(steward);
        }
        self.make_room();
        self.kept.push_back(Kept { hash, signed, seats });
        true
    }

    /// Nothing of this seat is carried any more.
    pub(super) fn leave_out(&mut self, seat: SeatNo) {
        self.out.insert(seat);
    }

    /// What newcomers are told, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&SignedRecord, &[SeatNo])> {
        self.kept.iter().map(|kept| (&kept.signed, kept.seats.as_slice()))
    }

    /// Whether a record stands behind one that was carried, or is a first one.
    fn follows(&self, said: &EpochRecord) -> bool {
        let known = |kept: &Kept| Previous::Known { n: kept.signed.record().n, hash: kept.hash };
        said.follows(Previous::First).is_ok()
            || self.kept.iter().map(known).any(|previous| said.follows(previous).is_ok())
    }

    fn make_room(&mut self) {
        while self.kept.len() >= MAX_RECORDS {
            let mut counts = BTreeMap::<_, usize>::new();
            self.kept.iter().for_each(|kept| *counts.entry(kept.steward()).or_default() += 1);
            let most = counts.into_iter().max_by_key(|(_, count)| *count).map(|(seat, _)| seat);
            let Some(place) = self.kept.iter().position(|kept| Some(kept.steward()) == most) else { return };
            self.kept.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256};
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use pars_crypto::sign::Ed25519Secret;
    use pars_proto::room::Scope;
    use pars_wire::{ChainId, RoomId, SittingId};

    use super::*;

    const HONEST: SeatNo = SeatNo(1);
    const LIAR: SeatNo = SeatNo(9);

    /// A record; `salt` makes two of one number different.
    fn record(previous: Option<&SignedRecord>, steward: SeatNo, salt: u8) -> SignedRecord {
        let room = RoomId(B256::ZERO);
        let scope = Scope { chain: ChainId(7_072), town_hall: Address::ZERO, room, sitting: SittingId(1) };
        let previous = previous.map_or((0, EpochHash::default()), |it| (it.record().n, it.record().hash()));
        let (roster_root, secret_hash) = ([0; 32], [salt; 32]);
        let record = EpochRecord { scope, n: previous.0 + 1, steward, roster_root, secret_hash, previous: previous.1 };
        SignedRecord::sign(record, &Ed25519Secret::generate(&mut ChaCha20Rng::seed_from_u64(1)))
    }

    fn numbers(records: &Records, steward: SeatNo) -> Vec<u32> {
        let of = records.iter().map(|(signed, _)| signed.record()).filter(|record| record.steward == steward);
        of.map(|record| record.n).collect()
    }

    /// An honest steward's records, one after the other; the last.
    fn honest(records: &mut Records, count: usize) -> SignedRecord {
        let mut last: Option<SignedRecord> = None;
        for _ in 0..count {
            let next = record(last.as_ref(), HONEST, 0);
            assert!(records.take(next, vec![HONEST]));
            last = Some(next);
        }
        last.unwrap()
    }

    #[test]
    fn what_follows_on_nothing_and_what_was_carried_is_not_carried() {
        let mut records = Records::default();
        let last = honest(&mut records, 2);
        assert!(!records.take(last, vec![HONEST]), "the same again");
        let unknown = record(Some(&record(Some(&last), HONEST, 7)), HONEST, 0);
        assert!(!records.take(unknown, vec![HONEST]), "behind one that nobody has");
        assert_eq!(numbers(&records, HONEST), [1, 2]);
    }

    #[test]
    fn no_seat_pushes_out_what_the_others_go_on_from() {
        let mut records = Records::default();
        let tip = honest(&mut records, 5);
        // A chain of its own, as long as it likes.
        let mut own: Option<SignedRecord> = None;
        for _ in 0..10 * MAX_RECORDS {
            let next = record(own.as_ref(), LIAR, 1);
            assert!(records.take(next, vec![LIAR]));
            own = Some(next);
        }
        assert_eq!(records.iter().count(), MAX_RECORDS);
        assert_eq!(numbers(&records, HONEST), [1, 2, 3, 4, 5]);
        assert!(records.take(record(Some(&tip), HONEST, 0), vec![HONEST]), "the room's epochs go on");
        // And nobody alone keeps more than there is place for.
        let mut records = Records::default();
        honest(&mut records, 2 * MAX_RECORDS);
        let kept = numbers(&records, HONEST);
        assert_eq!((kept.len(), kept[0]), (MAX_RECORDS, 65), "the newest");
    }

    #[test]
    fn whoever_signs_two_of_one_number_or_declines_is_heard_no_more() {
        let mut records = Records::default();
        let tip = honest(&mut records, 2);
        let (first, second) = (record(Some(&tip), LIAR, 1), record(Some(&tip), LIAR, 2));
        assert!(records.take(first, vec![LIAR]) && records.take(second, vec![LIAR]), "everybody is to see both");
        assert!(!records.take(record(Some(&first), LIAR, 3), vec![LIAR]));
        let other = SeatNo(3);
        records.leave_out(other);
        assert!(!records.take(record(Some(&tip), other, 1), vec![other]));
        assert!(records.take(record(Some(&tip), HONEST, 1), vec![HONEST]));
    }
}
