//! When a recorder's seat may be in an epoch: what publishers and stewards obey, each by what it signed itself and by its own
//! index (THREATS K1, K3, K10).

use std::collections::BTreeSet;

use pars_proto::room::{SeatNo, StatementHash};
use pars_wire::machine::Tick;

use super::super::Member;
use super::consent::Signed;
use crate::room::io::StopReason;

impl Member {
    /// The participants among these seats: all that do not record. None if one of them is not known.
    pub(super) fn participants(&self, seats: &[SeatNo]) -> Option<BTreeSet<StatementHash>> {
        let counted = seats.iter().filter(|seat| self.counts(seats, **seat));
        let entries = counted.map(|seat| self.roster.get(*seat)).collect::<Option<Vec<_>>>()?;
        Some(entries.into_iter().filter(|entry| !entry.recorder).map(|entry| entry.st).collect())
    }

    /// The recorder's seat among these.
    pub(in crate::room::member) fn recorder_of(&self, seats: &[SeatNo]) -> Option<SeatNo> {
        seats.iter().copied().find(|seat| self.roster.get(*seat).is_some_and(|entry| entry.recorder))
    }

    /// Until when these seats may be in one epoch, as far as recording goes; or the recorder's seat that may not be there.
    pub(in crate::room::member) fn recorded(&self, seats: &[SeatNo], now: Tick) -> Result<Option<Tick>, SeatNo> {
        let mut until = None;
        for seat in seats.iter().filter(|seat| self.roster.get(**seat).is_none_or(|entry| entry.recorder)) {
            let records_for = self.roster.get(*seat).and_then(|entry| entry.records_for);
            let participants = self.participants(seats);
            let allowed = records_for.zip(participants).and_then(|(member, all)| self.in_force(member, &all, now));
            let allowed = allowed.ok_or(*seat)?;
            until = Some(until.map_or(allowed, |until: Tick| until.min(allowed)));
        }
        Ok(until)
    }

    /// Why nothing is sent beside a recorder that may not be there: where everybody had agreed, and somebody took it back or it was
    /// stopped, an epoch without it is on its way and speaking goes on then.
    pub(in crate::room::member) fn why_unrecorded(&self, seats: &[SeatNo]) -> StopReason {
        let all = self.participants(seats);
        let ended = |signed: &Signed| signed.ended && all.as_ref() == Some(&signed.participants);
        let is_over = self.recordings.signed.values().any(ended);
        if is_over { StopReason::NotRotated } else { StopReason::NotConsented }
    }

    /// Until when a member may record exactly these participants, at the latest: by a span that we signed too.
    fn in_force(&self, member: StatementHash, all: &BTreeSet<StatementHash>, now: Tick) -> Option<Tick> {
        let signed = self.recordings.signed.values();
        let fits = signed.filter(|signed| signed.member == member && signed.participants == *all);
        fits.filter_map(|signed| self.stands(signed, now)).max()
    }

    /// Until when a span's consent stands, if it does now.
    pub(super) fn stands(&self, signed: &Signed, now: Tick) -> Option<Tick> {
        let (authority, asked) = signed.authority?;
        let known = authority.is_final && !authority.withdrawn && !signed.ended;
        let seconds = authority.until.min(signed.recording.valid_until);
        let until = asked.after(super::CHAIN_MS).min(self.clock.tick(seconds));
        (known && seconds > self.clock.seconds(now) && now < until).then_some(until)
    }
}
