//! Under which keys may be heard and sent now, and telling the page so.
//!
//! A publisher sends in an epoch only while it has verified every seat of it, nobody of it has been gone for 5 s, and the host
//! has told everything up to at most 5 s ago: a seat that left within that time may not be known here yet. In an epoch with a
//! recorder's seat it sends only while exactly its participants consent, by own index (TOWNHALL section 6). A recorder only
//! receives.
//!
//! A seat whose keys somebody between has changed is left out by all who verify, and everybody looks right to it: it sends nothing and
//! is told so when it has had no keys in common with anybody for long ([`super::unshared`]). When a wrap disagrees with its record it
//! goes on in an epoch before, because any seat may sign the next one; it is told so where there is none that another made, or, of a
//! seat whose turn it is not, none at all.
//!
//! Frames name their epoch by its number alone, and any seat may sign a second epoch of a number: the page is told of one. And what
//! was sent in is not gone back to from another: under each key counters begin once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pars_proto::room::{EpochHash, SeatNo, SenderKeys, WRAP};
use pars_wire::machine::Tick;

use crate::room::epoch::Epoch;
use crate::room::io::{EpochKeys, MemberEvent, SeatKeys, StopReason};

use super::messages::Waiting;
use super::roster::{Check, Entry};
use super::{Context, FRESH_MS, Member};

/// Connections for which the keys of an epoch were told, and whether with our own.
type Shown = (BTreeMap<SeatNo, [u8; 16]>, bool);

/// What the page was told.
#[derive(Debug)]
pub(super) struct Told {
    /// The roster changed since.
    pub(super) roster: bool,
    /// Messages whose signer is being verified, and what came after them.
    pub(super) waiting: VecDeque<Waiting>,
    /// Wraps whose record or channel is missing.
    pub(super) early: VecDeque<(SeatNo, EpochHash, [u8; WRAP])>,
    epochs: BTreeMap<EpochHash, Shown>,
    sending: Option<EpochHash>,
    /// The last epoch in which may have been sent over this connection, and those before it.
    used: Option<EpochHash>,
    left: BTreeSet<EpochHash>,
    stopped: Option<(StopReason, Option<SeatNo>)>,
    next: Option<Tick>,
}

impl Default for Told {
    /// A page that was told nothing sends nothing.
    fn default() -> Self {
        let (waiting, early, epochs) = (VecDeque::new(), VecDeque::new(), BTreeMap::new());
        let stopped = Some((StopReason::NoEpoch, None));
        let (sending, used, left) = (None, None, BTreeSet::new());
        Self { roster: false, waiting, early, epochs, sending, used, left, stopped, next: None }
    }
}

impl Told {
    pub(super) const fn deadline(&self) -> Option<Tick> {
        self.next
    }

    /// A fresh connection has keys of its own in every epoch.
    pub(super) fn begin_connection(&mut self) {
        (self.used, self.left) = (None, BTreeSet::new());
    }

    fn send_in(&mut self, sending: Option<EpochHash>) {
        if sending.is_some() && sending != self.used {
            self.left.extend(self.used);
            self.used = sending;
        }
        self.sending = sending;
    }
}

impl Member {
    /// Whether may be sent in an epoch now; until when, or why not.
    fn may_send(&self, epoch: &Epoch, now: Tick) -> Result<Tick, (StopReason, Option<SeatNo>)> {
        let own = self.seat().filter(|own| epoch.holds(*own)).ok_or((StopReason::NoEpoch, None))?;
        let fresh = self.road.fresh.map(|at| at.after(FRESH_MS)).filter(|until| now < *until);
        let mut until = fresh.ok_or((StopReason::HostSilent, None))?;
        if self.is_recorder() {
            return Err((StopReason::NotConsented, Some(own)));
        }
        for seat in epoch.seats.iter().filter(|seat| **seat != own || self.connection.is_some()) {
            let entry = self.roster.get(*seat).ok_or((StopReason::Verifying, Some(*seat)))?;
            match entry.check {
                Check::Verified => {}
                Check::Asked => return Err((StopReason::Verifying, Some(*seat))),
                Check::Failed(_) => return Err((StopReason::Unverified, Some(*seat))),
            }
            if let Some(grace) = entry.went {
                if grace <= now {
                    return Err((StopReason::NotRotated, Some(*seat)));
                }
                until = until.min(grace);
            }
        }
        let recorded =
            self.recorded(&epoch.seats, now).map_err(|seat| (self.why_unrecorded(&epoch.seats), Some(seat)))?;
        Ok(recorded.map_or(until, |recorded| until.min(recorded)))
    }

    /// Tell the page what changed.
    pub(super) fn keys_due(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        for epoch in self.chain.expire(now) {
            Self::event(cx, MemberEvent::Expired { epoch, index: (epoch % 256) as u8 });
        }
        let (unshared, denied) = (self.shares_with_nobody(), self.denied());
        let told = unshared || denied.is_some();
        let mut why = (if told { StopReason::NoSharedKeys } else { StopReason::NoEpoch }, None);
        let (mut sending, mut next) = (None, None);
        // Whom the steward denies its secret has made an epoch for itself alone.
        let alone = denied.filter(|by| self.duty.steward() == Some(*by)).and(self.seat());
        let shared = |epoch: &Epoch| !unshared && Some(epoch.steward()) != alone;
        for (place, (rh, epoch)) in self.chain.kept().enumerate().filter(|(_, (_, epoch))| shared(epoch)) {
            let left = self.told.left.contains(&rh).then_some((StopReason::NotRotated, None));
            match left.map_or_else(|| self.may_send(epoch, now), Err) {
                Ok(until) => {
                    (sending, next) = (Some(rh), Some(until));
                    break;
                }
                Err(reason) if place == 0 && !told => why = reason,
                Err(_) => {}
            }
        }
        self.told.next = next;
        self.told.send_in(sending);
        self.told.left.retain(|rh| self.chain.get(rh).is_some());
        let shown: BTreeMap<_, _> = self.showable().map(|(rh, epoch)| (rh, self.shown(rh, epoch))).collect();
        let changed: Vec<_> =
            shown.iter().filter(|(rh, shown)| self.told.epochs.get(rh) != Some(shown)).map(|(rh, _)| *rh).collect();
        self.told.epochs = shown;
        for rh in changed.iter().rev() {
            if let Some(keys) = self.chain.get(rh).and_then(|epoch| self.epoch_keys(*rh, epoch)) {
                Self::event(cx, MemberEvent::Keys(keys));
            }
        }
        match sending {
            Some(_) => self.told.stopped = None,
            None => self.stop(cx, why.0, why.1),
        }
        if std::mem::take(&mut self.told.roster) {
            Self::event(cx, MemberEvent::Roster);
        }
    }

    /// Whose wrap of the epoch that counts was not its secret.
    fn denied(&self) -> Option<SeatNo> {
        self.chain.tip().filter(|(_, tip)| tip.denied).map(|(_, tip)| tip.steward())
    }

    pub(super) fn stop(&mut self, cx: Context<'_, '_>, reason: StopReason, seat: Option<SeatNo>) {
        self.told.sending = None;
        if self.told.stopped.replace((reason, seat)) != Some((reason, seat)) {
            Self::event(cx, MemberEvent::Stopped { reason, seat });
        }
    }

    /// Epochs of which the page is told: of those with one number the one to send in, else the one that counts.
    fn showable(&self) -> impl Iterator<Item = (EpochHash, &Epoch)> {
        let sending = self.told.sending;
        let (first, others): (Vec<_>, Vec<_>) = self.chain.kept().partition(|(rh, _)| Some(*rh) == sending);
        let mut numbers = BTreeSet::new();
        first.into_iter().chain(others).filter(move |(_, epoch)| numbers.insert(epoch.number()))
    }

    /// Seats of an epoch that may be heard: verified, with a connection.
    fn heard_in<'a>(&'a self, epoch: &'a Epoch) -> impl Iterator<Item = (SeatNo, &'a Entry, [u8; 16])> {
        epoch.seats.iter().filter_map(|seat| {
            let entry = self.roster.get(*seat).filter(|entry| entry.is_verified())?;
            let nonce = match self.connection {
                Some(own) if Some(*seat) == self.seat() => own.connection().nonce,
                _ => entry.connection?.nonce,
            };
            Some((*seat, entry, nonce))
        })
    }

    fn shown(&self, rh: EpochHash, epoch: &Epoch) -> Shown {
        let connections = self.heard_in(epoch).map(|(seat, _, nonce)| (seat, nonce)).collect();
        (connections, self.told.sending == Some(rh))
    }

    fn epoch_keys(&self, rh: EpochHash, epoch: &Epoch) -> Option<EpochKeys> {
        let secret = epoch.secret.as_ref()?;
        let own = self.seat();
        let all = self.heard_in(epoch).map(|(seat, entry, nonce)| SeatKeys {
            seat,
            identity: entry.pseudonym.clone(),
            keys: SenderKeys::derive(&rh, secret, seat, &nonce),
        });
        let (mine, keys): (Vec<_>, Vec<_>) = all.partition(|keys| Some(keys.seat) == own);
        let own = mine.into_iter().next().filter(|_| self.told.sending == Some(rh));
        let (number, index) = (epoch.number(), epoch.signed.record().key_index());
        Some(EpochKeys { epoch: number, index, hash: rh, seats: epoch.seats.clone(), keys, own })
    }

    /// Keys of every epoch that is kept, for a page that begins anew.
    pub fn keys(&self) -> Vec<EpochKeys> {
        self.showable().filter_map(|(rh, epoch)| self.epoch_keys(rh, epoch)).collect()
    }

    /// The epoch in which may be sent now.
    pub fn sending(&self) -> Option<u32> {
        self.told.sending.and_then(|rh| self.chain.get(&rh)).map(Epoch::number)
    }
}
