//! With whom no keys are shared though they are here (THREATS J2).
//!
//! To a seat whose own keys somebody between has changed everybody looks right, and nobody honest answers it: they verify another's
//! keys. So a seat counts, of each fellow with whom it has begun a pair channel, the answers of the host during which the fellow was
//! evidently here and the channel did not stand: it was heard just now, or has been in the room for longer than a host keeps a seat
//! without a link.
//!
//! | Answers missed | What follows |
//! |---|---|
//! | 40 of one fellow | it is named, and shown as unshared; nothing is closed, as any seat could refuse a channel |
//! | 40 of one fellow, and keys are shared with nobody | nothing is sent |
//! | any number, and then the channel stands | they are forgotten |
//!
//! A host that says that a fellow has gone, and lets it come again, resets nothing: what was missed is kept under the fellow's
//! statement, which an honest host seats once.

use std::collections::BTreeMap;

use pars_proto::room::roster::MAX_ROSTER;
use pars_proto::room::{SeatNo, StatementHash};
use pars_wire::machine::Tick;

use crate::room::host::LINK_MS;
use crate::room::io::MemberEvent;

use super::roster::Entry;
use super::steward::SILENCE_MS;
use super::{Context, Member};

/// How many answers of the host may be missed of a fellow; they come a second apart, or later. More than the seconds for which a
/// host keeps a seat without a link: somebody who came and was lost at once is no proof of a lie.
const UNSHARED: u32 = 40;

/// What was missed of a fellow.
#[derive(Clone, Copy, Debug)]
struct Missed {
    /// When it came, for the first time.
    since: Tick,
    /// Answers of the host during which it was evidently here.
    answers: u32,
}

/// What was missed of fellows, by their statements.
#[derive(Debug, Default)]
pub(super) struct Unshared(BTreeMap<StatementHash, Missed>);

impl Unshared {
    /// Whether too much was missed of a fellow.
    fn holds(&self, st: StatementHash) -> bool {
        self.0.get(&st).is_some_and(|missed| missed.answers >= UNSHARED)
    }

    /// The host answered, and the channel with a fellow that came at this moment does not stand. Whether that was one answer too many.
    fn miss(&mut self, (st, came): (StatementHash, Tick), heard: bool, now: Tick) -> bool {
        if self.0.len() >= MAX_ROSTER && !self.0.contains_key(&st) {
            // Of whom the least was missed: a crowd that comes and goes pushes out nobody else.
            let least = self.0.iter().min_by_key(|(_, missed)| missed.answers).map(|(st, _)| *st);
            if let Some(least) = least {
                self.0.remove(&least);
            }
        }
        let missed = self.0.entry(st).or_insert(Missed { since: came, answers: 0 });
        if !heard && now < missed.since.after(LINK_MS) {
            return false;
        }
        missed.answers = missed.answers.saturating_add(1);
        missed.answers == UNSHARED
    }
}

/// Whether keys are to be shared with a seat, or ours with others.
const fn sits(entry: &Entry) -> bool {
    entry.is_live() && entry.is_verified() && !entry.recorder
}

impl Member {
    /// Our seat, if others are to share keys with it.
    fn sharing(&self) -> Option<SeatNo> {
        self.seat().filter(|own| self.roster.get(*own).is_some_and(sits))
    }

    /// The host answered: somebody may be missed.
    pub(super) fn miss(&mut self, cx: Context<'_, '_>) {
        let Some(own) = self.sharing() else { return };
        for (seat, entry) in self.roster.live().filter(|(seat, entry)| *seat != own && sits(entry)) {
            if !self.pairs.is_begun(seat) || self.pairs.is_confirmed(seat) {
                continue;
            }
            let heard = entry.heard.is_some_and(|at| cx.now.tick < at.after(SILENCE_MS));
            if self.unshared.miss((entry.st, entry.came), heard, cx.now.tick) {
                self.told.roster = true;
                Self::event(cx, MemberEvent::Unshared(seat));
            }
        }
    }

    /// The channel with a seat stands: nothing is missed of it any more.
    pub(super) fn shares(&mut self, seat: SeatNo) {
        if let Some(entry) = self.roster.get(seat) {
            let missed = self.unshared.0.remove(&entry.st);
            self.told.roster |= missed.is_some_and(|missed| missed.answers >= UNSHARED);
        }
    }

    /// Whether a fellow has long been here, and no keys are shared with it.
    pub(super) fn is_unshared(&self, entry: &Entry) -> bool {
        sits(entry) && self.unshared.holds(entry.st)
    }

    /// Whether such a fellow is here, and keys are shared with nobody.
    pub(super) fn shares_with_nobody(&self) -> bool {
        let Some(own) = self.sharing() else { return false };
        self.roster.live().any(|(_, entry)| self.is_unshared(entry)) && !self.shares_keys(own)
    }

    /// Whether somebody else has the secret of an epoch that is kept here: another one told us, or we told somebody.
    fn shares_keys(&self, own: SeatNo) -> bool {
        let hears = |seat: &SeatNo| {
            *seat != own
                && self.pairs.is_confirmed(*seat)
                && self.roster.get(*seat).is_some_and(|entry| !entry.recorder)
        };
        let mut kept = self.chain.kept().filter(|(_, epoch)| epoch.holds(own));
        kept.any(|(_, epoch)| epoch.steward() != own || epoch.seats.iter().any(hears))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn st(number: usize) -> StatementHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        StatementHash(bytes)
    }

    #[test]
    fn a_crowd_that_comes_and_goes_pushes_out_nobody_of_whom_more_was_missed() {
        let mut unshared = Unshared::default();
        let mut miss = |number: usize| unshared.miss((st(number), Tick(0)), true, Tick(0));
        assert!((1..UNSHARED).all(|_| !miss(0)), "it has its time");
        assert!((1..=3 * MAX_ROSTER).all(|number| !miss(number)));
        assert!(miss(0), "nothing of it was forgotten");
        assert!(!miss(0), "told once");
        assert!(unshared.holds(st(0)) && unshared.0.len() == MAX_ROSTER);
    }
}
