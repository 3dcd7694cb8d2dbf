//! Whose turn it is to make epochs, and doing so when it is ours.
//!
//! It is that of the lowest live seat, but who does not do it is passed over: who is silent, until it is heard again, and who beats
//! and makes no epoch though one is owed, until it makes one that does. Each seat judges by what it sees itself, so two may
//! act at once for a moment, and the epochs of both count: of one number the lower seat's. Where two go on to differ, because
//! one verifies a seat that the other does not, each makes epochs that hold for some; who acts in another's place makes few.

use std::collections::BTreeSet;

use pars_proto::room::{Content, EpochHash, EpochRecord, EpochSecret, SeatNo, SignedRecord};
use pars_wire::machine::Tick;

use crate::room::epoch::Epoch;
use crate::room::io::MemberEvent;
use crate::room::packet::Frame;

use super::roster::{Check, Entry, Roster};
use super::{Context, FRESH_MS, Member};

/// How often a steward shows that it is there, in ms.
const BEAT_MS: u64 = 2_000;
/// After how much silence the next one acts, in ms; or after how much time in which it makes no epoch without a seat that went, or
/// tells nobody its secret.
pub(super) const SILENCE_MS: u64 = 5_000;
/// After how much time in which it makes no epoch with a seat that came. It may see the chain later than others.
const JOIN_MS: u64 = 10_000;
/// At most one epoch in this time, in ms.
const EPOCH_MS: u64 = 1_000;
/// And of one who acts in the place of another that beats.
const IN_PLACE_MS: u64 = 3_000;
/// How fresh the road to the host must be for somebody's silence to mean anything, in ms.
const SURE_MS: u64 = FRESH_MS / 2;

/// Why another acts in a seat's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// No beat for too long.
    Silent,
    /// It made no epoch though one was owed.
    Idle,
}

/// The line of stewards, as this seat sees it.
#[derive(Debug, Default)]
pub(super) struct Duty {
    acting: Option<SeatNo>,
    /// The last sign of the acting one, or when it became that.
    since: Tick,
    /// Until when it has to make the epoch that is owed.
    due: Option<Tick>,
    mine: bool,
    next_beat: Tick,
    next_epoch: Tick,
    /// An epoch waits for its second.
    wanted: bool,
    /// The highest number we signed: never twice one.
    signed: u32,
    /// Whom the secret of our epoch was sent.
    wrapped: (EpochHash, BTreeSet<SeatNo>),
}

impl Duty {
    pub(super) const fn steward(&self) -> Option<SeatNo> {
        self.acting
    }

    /// When something is due, for a seat whose link stands.
    pub(super) fn deadline(&self, own: Option<SeatNo>) -> Option<Tick> {
        let other = self.acting.is_some() && self.acting != own;
        let silence = other.then(|| self.since.after(SILENCE_MS));
        let due = self.due.filter(|_| other);
        let beat = self.mine.then_some(self.next_beat);
        let epoch = (self.mine && self.wanted).then_some(self.next_epoch);
        [silence, due, beat, epoch].into_iter().flatten().min()
    }
}

/// Whether a steward's records count, and if so whether its seat is live.
fn standing(roster: &Roster, steward: SeatNo) -> Option<bool> {
    let entry = roster.get(steward)?;
    (!matches!(entry.check, Check::Failed(_))).then_some(entry.is_live())
}

impl Member {
    /// A sign of a steward.
    pub(super) fn beat(&mut self, seat: SeatNo, now: Tick) {
        if let Some(entry) = self.roster.seats.get_mut(&seat) {
            entry.heard = Some(now);
            entry.passed = entry.passed.filter(|passed| *passed != Passed::Silent);
        }
        if self.duty.acting == Some(seat) {
            self.duty.since = now;
        }
    }

    /// Who could be steward, in order. Who is still being verified keeps its place, or newcomers would act for a moment.
    fn line(&self) -> impl Iterator<Item = (SeatNo, &Entry)> {
        let fit = |entry: &Entry| !matches!(entry.check, Check::Failed(_)) && !entry.recorder && !entry.declined;
        self.roster.live().filter(move |(_, entry)| fit(entry))
    }

    /// Whose turn it is, and who follows.
    fn turn(&self) -> (Option<SeatNo>, Option<SeatNo>) {
        let own = self.seat();
        let acts = |(seat, entry): &(SeatNo, &Entry)| entry.passed.is_none() || Some(*seat) == own;
        let mut line = self.line().filter(acts).map(|(seat, _)| seat);
        (line.next(), line.next())
    }

    /// Whether one whose turn it was before ours is there and makes no epochs.
    fn acts_in_place(&self) -> bool {
        let own = self.seat();
        self.line().take_while(|(seat, _)| Some(*seat) != own).any(|(_, entry)| entry.passed == Some(Passed::Idle))
    }

    /// Everything a seat does for the epochs of all.
    pub(super) fn serve(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let sure = self.is_fresh(now, SURE_MS);
        self.retry_wraps(cx);
        let roster = &self.roster;
        self.told.roster |= self.chain.choose(now, |steward| standing(roster, steward));
        self.watch(cx, sure);
        self.pair_up(cx);
        let synced = self.place.as_ref().is_some_and(|place| place.synced);
        self.duty.mine = self.duty.acting == self.seat() && synced && sure;
        if self.duty.mine {
            self.act(cx);
        }
    }

    /// Notice who does not do its turn. While we are not sure to be told everything, nobody else's silence counts.
    fn watch(&mut self, cx: Context<'_, '_>, sure: bool) {
        let now = cx.now.tick;
        self.reckon(now, sure);
        loop {
            let (acting, _) = self.turn();
            if acting != self.duty.acting {
                if acting > self.duty.acting {
                    self.begin_turn(now);
                }
                (self.duty.acting, self.duty.since) = (acting, now);
                if let Some(seat) = acting {
                    Self::event(cx, MemberEvent::Steward(seat));
                }
            }
            if !sure {
                self.duty.since = now;
            }
            let passed = if self.duty.due.is_some_and(|due| due <= now) {
                Passed::Idle
            } else if self.duty.since.after(SILENCE_MS) <= now {
                Passed::Silent
            } else {
                return;
            };
            let other = acting.filter(|seat| Some(*seat) != self.seat());
            let Some(entry) = other.and_then(|seat| self.roster.seats.get_mut(&seat)) else { return };
            entry.passed = Some(passed);
        }
    }

    /// Reckon for each seat since when an epoch is owed: one without it, because it went; one with it, because it came and could be
    /// told the secret; another one for us, because nobody told us that of this one. Whether each seat of the epoch verifies is
    /// no matter of turns: of that, who sends judges alone.
    fn reckon(&mut self, now: Tick, sure: bool) {
        let (own, next) = (self.seat(), self.turn().1);
        let tip = self.chain.tip().map(|(_, tip)| tip);
        let untold = tip.is_some_and(|tip| tip.secret.is_none());
        // Before the first epoch those behind the next steward cannot tell one that is withheld from one that was not made.
        let knows = tip.is_some() || next == own;
        self.duty.due = None;
        for (seat, entry) in &mut self.roster.seats {
            let time = if tip.is_some_and(|tip| tip.holds(*seat)) {
                (!entry.is_live() || untold && Some(*seat) == own).then_some(SILENCE_MS)
            } else {
                let came = entry.is_live() && entry.is_verified() && !entry.recorder;
                (came && knows && self.pairs.is_confirmed(*seat)).then_some(JOIN_MS)
            };
            let time = time.filter(|_| sure);
            entry.owed = time.map(|_| entry.owed.unwrap_or(now));
            let due = entry.owed.zip(time).map(|(since, ms)| since.after(ms));
            self.duty.due = [self.duty.due, due].into_iter().flatten().min();
        }
        // Who made the epoch that leaves nothing to be wished takes its turns again.
        let does = tip.filter(|_| sure && self.duty.due.is_none()).map(Epoch::steward);
        if let Some(entry) = does.and_then(|seat| self.roster.seats.get_mut(&seat)) {
            entry.passed = entry.passed.filter(|passed| *passed != Passed::Idle);
        }
    }

    /// Somebody further down the line is to make what is owed: it gets its time.
    fn begin_turn(&mut self, now: Tick) {
        for entry in self.roster.seats.values_mut() {
            entry.owed = entry.owed.map(|_| now);
        }
        self.duty.due = self.duty.due.map(|_| now.after(SILENCE_MS));
    }

    /// Channels with steward and next steward; those two with everybody.
    fn pair_up(&mut self, cx: Context<'_, '_>) {
        let Some(own) = self.seat() else { return };
        let (first, next) = self.turn();
        let serves = [first, next].contains(&Some(own));
        let wanted = |(seat, entry): &(SeatNo, &Entry)| {
            let needed = serves || [first, next].contains(&Some(*seat));
            *seat != own && entry.is_verified() && (needed && !self.pairs.is_begun(*seat) || self.pairs.is_asked(*seat))
        };
        let with: Vec<_> = self.roster.live().filter(wanted).map(|(seat, _)| seat).collect();
        with.into_iter().for_each(|seat| self.pair(cx, seat));
    }

    /// Our turn: beat, and an epoch when seats came or went.
    fn act(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        if self.duty.next_beat <= now {
            self.duty.next_beat = now.after(BEAT_MS);
            let epoch = self.chain.tip().map_or(0, |(_, tip)| tip.number());
            self.say(cx, Content::Beat { epoch });
        }
        let seats = self.seats_to_be(now);
        let own = self.seat();
        let stands = self
            .chain
            .tip()
            .is_some_and(|(_, tip)| tip.seats == seats && Some(tip.steward()) == own && tip.secret.is_some());
        // Not before our own statement is verified: a steward sits in its own epoch.
        self.duty.wanted = !stands && own.is_some_and(|own| seats.binary_search(&own).is_ok());
        if self.duty.wanted && self.duty.next_epoch <= now {
            self.duty.next_epoch = now.after(if self.acts_in_place() { IN_PLACE_MS } else { EPOCH_MS });
            self.make(cx, seats);
        }
        self.wrap(cx);
    }

    /// Seats of the next epoch: verified, and able to get its secret or in the one before. A recorder's only while exactly the
    /// others consent, by own index.
    fn seats_to_be(&self, now: Tick) -> Vec<SeatNo> {
        let before = self.chain.tip().map(|(_, tip)| tip);
        let belongs = |(seat, entry): &(SeatNo, &Entry)| {
            let reached = Some(*seat) == self.seat() || self.pairs.is_confirmed(*seat);
            entry.is_verified() && (reached || before.is_some_and(|before| before.holds(*seat)))
        };
        let mut seats: Vec<_> = self.roster.live().filter(belongs).map(|(seat, _)| seat).collect();
        while let Err(recorder) = self.recorded(&seats, now) {
            seats.retain(|seat| *seat != recorder);
        }
        seats
    }

    fn make(&mut self, cx: Context<'_, '_>, seats: Vec<SeatNo>) {
        let (Some(own), Some(roster)) = (self.seat(), self.roster.of(&seats)) else { return };
        let before = self.chain.tip().map(|(rh, tip)| (tip.number(), rh));
        let secret = EpochSecret::generate(cx.rng);
        let record = EpochRecord::after(before, self.config.sitting.scope, own, &roster, &secret);
        // Two records of one number would drop us out of the line.
        if record.n <= self.duty.signed {
            return;
        }
        self.duty.signed = record.n;
        let (rh, signed) = (record.hash(), SignedRecord::sign(record, self.secrets.s()));
        self.chain.take(rh, signed, seats.clone());
        self.chain.unlock(&rh, secret);
        let roster = &self.roster;
        self.chain.choose(cx.now.tick, |steward| standing(roster, steward));
        self.duty.wrapped = (rh, BTreeSet::from([own]));
        self.duty.wanted = false;
        self.told.roster = true;
        self.tell(cx, &Frame::Record(Box::new(signed), seats));
    }

    /// The secret, to each seat of our epoch by itself; to some later, when their channel stands.
    fn wrap(&mut self, cx: Context<'_, '_>) {
        let (rh, sent) = &self.duty.wrapped;
        let rh = *rh;
        let Some(epoch) = self.chain.get(&rh).filter(|epoch| epoch.superseded.is_none()) else { return };
        let Some(secret) = &epoch.secret else { return };
        let record = *epoch.signed.record();
        let ready = |seat: &SeatNo| !sent.contains(seat) && self.pairs.is_confirmed(*seat);
        let wraps = epoch
            .seats
            .iter()
            .filter(|seat| ready(seat))
            .filter_map(|seat| self.pairs.wrap_key(*seat).map(|key| (*seat, key.wrap(&record, secret))));
        let wraps: Vec<_> = wraps.collect();
        for (seat, wrapped) in wraps {
            self.duty.wrapped.1.insert(seat);
            self.tell(cx, &Frame::Wrap(seat, rh, wrapped));
        }
    }
}
