//! Whose turn it is to make epochs, and doing so when it is ours.

use std::collections::BTreeSet;

use pars_proto::room::{Content, EpochHash, EpochRecord, EpochSecret, SeatNo, SignedRecord};
use pars_wire::machine::Tick;

use crate::room::io::MemberEvent;
use crate::room::packet::Frame;

use super::roster::{Check, Entry};
use super::{Context, FRESH_MS, Member};

/// How often a steward shows that it is there, in ms.
const BEAT_MS: u64 = 2_000;
/// After how much silence the next one acts, in ms.
const SILENCE_MS: u64 = 5_000;
/// At most one epoch in this time, in ms.
const EPOCH_MS: u64 = 1_000;
/// How fresh the road to the host must be for somebody's silence to mean anything, in ms.
const SURE_MS: u64 = FRESH_MS / 2;

/// The line of stewards, as this seat sees it.
#[derive(Debug, Default)]
pub(super) struct Duty {
    acting: Option<SeatNo>,
    /// The last sign of the acting one, or when it became that.
    since: Tick,
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
        let silence = (self.acting.is_some() && self.acting != own).then(|| self.since.after(SILENCE_MS));
        let beat = self.mine.then_some(self.next_beat);
        let epoch = (self.mine && self.wanted).then_some(self.next_epoch);
        [silence, beat, epoch].into_iter().flatten().min()
    }
}

impl Member {
    /// A sign of a steward.
    pub(super) fn beat(&mut self, seat: SeatNo, now: Tick) {
        if let Some(entry) = self.roster.seats.get_mut(&seat) {
            entry.silent = false;
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
        let mut line = self.line().filter(|(seat, entry)| !entry.silent || Some(*seat) == own).map(|(seat, _)| seat);
        (line.next(), line.next())
    }

    /// Everything a seat does for the epochs of all.
    pub(super) fn serve(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let sure = self.is_fresh(now, SURE_MS);
        self.watch(cx, sure);
        self.retry_wraps(cx);
        let roster = &self.roster;
        let standing = |seat: SeatNo| {
            let entry = roster.get(seat)?;
            (!matches!(entry.check, Check::Failed(_))).then_some(entry.is_live())
        };
        self.told.roster |= self.chain.choose(now, standing);
        self.pair_up(cx);
        let synced = self.place.as_ref().is_some_and(|place| place.synced);
        self.duty.mine = self.duty.acting == self.seat() && synced && sure;
        if self.duty.mine {
            self.act(cx);
        }
    }

    /// Notice silence. While we are not sure to be told everything, nobody else's silence counts.
    fn watch(&mut self, cx: Context<'_, '_>, sure: bool) {
        let now = cx.now.tick;
        loop {
            let (acting, _) = self.turn();
            if acting != self.duty.acting {
                (self.duty.acting, self.duty.since) = (acting, now);
                if let Some(seat) = acting {
                    Self::event(cx, MemberEvent::Steward(seat));
                }
            }
            if !sure {
                self.duty.since = now;
            }
            let silent = acting.filter(|seat| Some(*seat) != self.seat());
            let silent = silent.filter(|_| self.duty.since.after(SILENCE_MS) <= now);
            let Some(entry) = silent.and_then(|seat| self.roster.seats.get_mut(&seat)) else { return };
            entry.silent = true;
        }
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
            self.duty.next_epoch = now.after(EPOCH_MS);
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
        self.chain.choose(cx.now.tick, |seat| roster.get(seat).map(Entry::is_live));
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
