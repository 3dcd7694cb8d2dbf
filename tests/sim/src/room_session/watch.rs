//! What must hold in a room at every moment (THREATS J2, J6, M3).

use std::collections::{BTreeMap, BTreeSet};

use pars_engine::room::{EpochKeys, MAX_PRESENTERS, SfuOrder};
use pars_proto::room::{EpochHash, Role, SeatNo, SignedRecord};
use pars_wire::codec::{Reader, Wire};
use pars_wire::machine::Tick;

use super::PersonId;

/// Nobody is heard by somebody who left so many ms ago.
pub const AFTER_LEAVE_MS: u64 = 5_000;

/// A rule that does not hold, as a sentence.
pub type Broken = String;

/// What was seen of a room.
#[derive(Debug, Default)]
pub struct Watch {
    /// Epochs whose keys somebody was told.
    knows: BTreeMap<PersonId, BTreeSet<EpochHash>>,
    /// To which of the host's rooms, and when.
    admitted: BTreeMap<PersonId, (usize, Tick)>,
    gone: BTreeMap<PersonId, Tick>,
    /// Seats that are gone, of each of the host's rooms.
    gone_seats: BTreeMap<(usize, SeatNo), Tick>,
    /// Seats of the records that somebody sent.
    records: BTreeMap<EpochHash, Vec<SeatNo>>,
    verified: BTreeSet<(PersonId, SeatNo)>,
    first_use: BTreeMap<EpochHash, Tick>,
    sending: BTreeMap<PersonId, (EpochHash, Vec<SeatNo>)>,
    /// Epochs in which somebody sent.
    pub used: BTreeSet<EpochHash>,
    /// The most presenters at once.
    pub presenters: usize,
    /// Seats that the media server lets present, in which of the host's rooms: in a Committee those share their screens.
    permitted: BTreeSet<(usize, SeatNo)>,
}

impl Watch {
    /// The host let somebody in.
    pub fn admitted(&mut self, who: PersonId, side: usize, now: Tick) {
        self.admitted.insert(who, (side, now));
    }

    /// Somebody's seat is gone at the host.
    pub fn gone(&mut self, who: PersonId, now: Tick) {
        self.gone.entry(who).or_insert(now);
    }

    /// A seat is gone at the host, whoever had it.
    pub fn gone_seat(&mut self, side: usize, seat: SeatNo, now: Tick) {
        self.gone_seats.entry((side, seat)).or_insert(now);
    }

    /// A packet left somebody: a record, or a secret for a seat of one.
    ///
    /// # Errors
    /// The secret is for a seat outside the record, or for one that the sender has not verified.
    pub fn left(&mut self, who: PersonId, packet: &[u8]) -> Result<(), Broken> {
        let [5, _, _, _, _, _, _, _, _, frame @ ..] = packet else { return Ok(()) };
        match frame {
            [4, record @ ..] => {
                let mut from = Reader::new(record);
                let Ok(signed) = SignedRecord::read(&mut from) else { return Ok(()) };
                let seats = from.rest().get(2..).unwrap_or_default();
                let seats = seats.as_chunks::<2>().0.iter().map(|seat| SeatNo(u16::from_be_bytes(*seat)));
                self.records.insert(signed.record().hash(), seats.collect());
            }
            [5, high, low, rest @ ..] => {
                let (to, rh) = (SeatNo(u16::from_be_bytes([*high, *low])), rest.first_chunk().copied().map(EpochHash));
                let seats = rh.and_then(|rh| self.records.get(&rh));
                if !seats.is_some_and(|seats| seats.contains(&to)) {
                    return Err(format!("{who} wraps a secret for seat {to}, and its record has {seats:?}"));
                }
                if !self.verified.contains(&(who, to)) {
                    return Err(format!("{who} wraps a secret for seat {to}, which it has not verified"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Somebody verified a seat.
    pub fn verified(&mut self, who: PersonId, seat: SeatNo) {
        self.verified.insert((who, seat));
    }

    /// Somebody stopped sending.
    pub fn stopped(&mut self, who: PersonId) {
        self.sending.remove(&who);
    }

    /// Somebody was told keys, perhaps its own to send with.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn keys(&mut self, who: PersonId, keys: &EpochKeys, sends: bool, now: Tick) -> Result<(), Broken> {
        self.knows.entry(who).or_default().insert(keys.hash);
        let admitted = self.admitted.get(&who).map_or(Tick(u64::MAX), |(_, at)| *at);
        if let Some(first) = self.first_use.get(&keys.hash)
            && *first < admitted
        {
            return Err(format!(
                "{who} knows epoch {}, used at {} before it came at {}",
                keys.epoch, first.0, admitted.0
            ));
        }
        if sends {
            if let Some(seat) = keys.seats.iter().find(|seat| !self.verified.contains(&(who, **seat))) {
                return Err(format!("{who} sends in epoch {} with seat {seat}, which it has not verified", keys.epoch));
            }
            self.sending.insert(who, (keys.hash, keys.seats.clone()));
            self.sent(who, now)?;
        }
        Ok(())
    }

    /// Somebody may have sent until now.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn sent(&mut self, who: PersonId, now: Tick) -> Result<(), Broken> {
        let Some((epoch, seats)) = self.sending.get(&who) else { return Ok(()) };
        let epoch = *epoch;
        self.used.insert(epoch);
        self.first_use.entry(epoch).or_insert(now);
        let late = |since: &Tick| now.0 > since.0 + AFTER_LEAVE_MS;
        // Whoever left may have kept the secret, whatever its machine does with it.
        let side = self.admitted.get(&who).map_or(0, |(side, _)| *side);
        let since = |seat: &SeatNo| self.gone_seats.get(&(side, *seat)).filter(|since| late(since));
        if let Some((seat, since)) = seats.iter().find_map(|seat| since(seat).map(|since| (seat, since))) {
            return Err(format!("{who} sends at {} in an epoch with seat {seat}, gone since {}", now.0, since.0));
        }
        let hears = |other: &PersonId| self.knows.get(other).is_some_and(|known| known.contains(&epoch));
        let leaver = self.gone.iter().find(|(other, since)| **other != who && late(since) && hears(other));
        match leaver {
            Some((other, since)) => {
                Err(format!("{who} sends at {} what {other}, gone since {}, can read", now.0, since.0))
            }
            None => Ok(()),
        }
    }

    /// In which epoch somebody sends, and its seats.
    pub fn sends_in(&self, who: PersonId) -> Option<&(EpochHash, Vec<SeatNo>)> {
        self.sending.get(&who)
    }

    /// Whether somebody was told an epoch's keys.
    pub fn knows(&self, who: PersonId, epoch: &EpochHash) -> bool {
        self.knows.get(&who).is_some_and(|known| known.contains(epoch))
    }

    /// Whether two know an epoch in common.
    pub fn share(&self, one: PersonId, other: PersonId) -> bool {
        let known = self.knows.get(&one).zip(self.knows.get(&other));
        known.is_some_and(|(one, other)| !one.is_disjoint(other))
    }

    /// Whether nobody else knows an epoch that this one knows.
    pub fn is_alone(&self, who: PersonId) -> bool {
        let own = self.knows.get(&who).cloned().unwrap_or_default();
        self.knows.iter().filter(|(other, _)| **other != who).all(|(_, known)| own.is_disjoint(known))
    }

    /// The media server is told what a seat may send.
    ///
    /// # Errors
    /// More would present than may.
    pub fn ordered(&mut self, side: usize, order: &SfuOrder) -> Result<(), Broken> {
        match order {
            SfuOrder::Permit { seat, role: Role::Presenter, .. } => self.permitted.insert((side, *seat)),
            SfuOrder::Permit { seat, .. } | SfuOrder::Remove { seat, .. } => self.permitted.remove(&(side, *seat)),
            SfuOrder::Mute { .. } | SfuOrder::Close => false,
        };
        let permitted = self.permitted.iter().filter(|(at, _)| *at == side).count();
        if permitted > MAX_PRESENTERS { Err(format!("the media server lets {permitted} present")) } else { Ok(()) }
    }

    /// Seats that the media server lets present.
    pub fn permitted(&self) -> usize {
        self.permitted.len()
    }

    /// Seats and presenters at the host.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn limits(&mut self, taken: usize, capacity: usize, presenters: usize) -> Result<(), Broken> {
        self.presenters = self.presenters.max(presenters);
        if taken > capacity {
            return Err(format!("{taken} seats in a room of {capacity}"));
        }
        if presenters > MAX_PRESENTERS { Err(format!("{presenters} present at once")) } else { Ok(()) }
    }
}
