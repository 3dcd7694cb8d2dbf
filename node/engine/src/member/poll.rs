//! Reading by itself or on command: which mailbox days are asked for.
//!
//! Every poll reads today and yesterday. Days before, as far back as an object may live, are read until their nodes have
//! answered once: after a start, after a sleep of days, and when the registry of such a day comes late.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::sha3;
use pars_crypto::secret::MailboxSecret;
use pars_proto::session::{Session, SessionId};
use pars_proto::swarm::client::{ClientIn, TaskId};
use pars_proto::swarm::mailbox::{DayKey, Flag, Tag};
use pars_wire::codec::{Day, Hour};
use pars_wire::limits::MAX_TTL_HOURS;
use pars_wire::machine::Tick;

use super::{Context, Job, Member, RETRY_MS, Step};
use crate::io::Event;

/// Replicas of a mailbox day that a poll reads.
const READ_NODES: usize = 3;
/// Days before today in which something unread may lie: the longest life of an object and a day for clocks.
const MAX_DAYS: u32 = MAX_TTL_HOURS as u32 / 24 + 1;
/// Days before today that every poll reads.
const RECENT_DAYS: u32 = 1;

/// Where objects are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Inbox,
    Session(SessionId),
}

impl Source {
    /// Names an object in its place. A copy that somebody puts elsewhere says nothing of the original.
    pub(super) fn mark(self, object: &[u8; 32]) -> [u8; 32] {
        match self {
            Self::Inbox => sha3(&[b"inbox", object]),
            Self::Session(id) => sha3(&[b"session", &id.0, object]),
        }
    }
}

/// A reading that goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) source: Source,
    pub(super) day: Day,
}

/// When and what is read without a command.
#[derive(Default)]
pub(super) struct Polling {
    pub(super) next: Option<Tick>,
    /// Days past that were read to their end since the start.
    done: BTreeSet<(Day, Source)>,
    /// Some mailbox has answered since the start.
    answered: bool,
    /// How many polls there were: each begins with another session, so that none is last for ever.
    turn: usize,
}

impl Polling {
    pub(super) fn start(every: Option<u64>, now: Tick) -> Self {
        Self { next: every.map(|_| now), ..Self::default() }
    }

    /// Whether a node has answered since the start.
    pub(super) const fn answered(&self) -> bool {
        self.answered
    }
}

impl Member {
    /// Read the inbox and every mailbox, of today and so many days before.
    pub(super) fn poll(&mut self, cx: Context<'_, '_>, days: u32) {
        self.read_days(cx, days.min(MAX_DAYS), |_, _| true);
    }

    /// The time of a poll has come.
    pub(super) fn poll_due(&mut self, cx: Context<'_, '_>) {
        let (now, every) = (cx.now.tick, self.config.poll);
        if self.polling.next.take_if(|tick| *tick <= now).is_none() {
            return;
        }
        self.polling.next = every.map(|ms| now.after(ms.max(1)));
        let (today, done) = (Day::at(cx.now.wall), std::mem::take(&mut self.polling.done));
        self.read_days(cx, MAX_DAYS, |day, source| day.plus(RECENT_DAYS) >= today || !done.contains(&(day, source)));
        let live = |(day, _): &(Day, Source)| day.plus(MAX_DAYS) >= today;
        self.polling.done = done.into_iter().filter(live).collect();
    }

    /// Relays or a registry came: what failed for want of them need not wait for its time.
    pub(super) fn hasten(&mut self, cx: Context<'_, '_>) {
        let soon = cx.now.tick.after(RETRY_MS);
        if !self.polling.answered {
            self.polling.next = self.polling.next.map(|tick| tick.min(soon));
        }
        if let Some(publishing) = &mut self.publishing {
            publishing.due = publishing.due.map(|tick| tick.min(soon));
        }
    }

    fn read_days(&mut self, cx: Context<'_, '_>, days: u32, wanted: impl Fn(Day, Source) -> bool) {
        let today = Day::at(cx.now.wall);
        let mut incoming: Vec<_> = self.sessions.all().filter_map(|(session, _)| self.readable(session)).collect();
        let first = self.polling.turn.checked_rem(incoming.len()).unwrap_or(0);
        incoming.rotate_left(first);
        self.polling.turn = self.polling.turn.wrapping_add(1);
        for day in (0..=days).map(|back| today.minus(back)) {
            if wanted(day, Source::Inbox) {
                let mailbox = DayKey::inbox(self.identity.contact.inbox.clone(), day);
                self.fetch(Reading { source: Source::Inbox, day }, mailbox);
            }
            for (id, created, secret) in &incoming {
                let source = Source::Session(*id);
                if day.plus(1) >= day_of(*created) && wanted(day, source) {
                    self.fetch(Reading { source, day }, DayKey::derive(secret, Flag::Pair, day));
                }
            }
        }
    }

    /// A session whose mailbox may hold something that is wanted: whom we never answered writes to the inbox, and what nobody
    /// acknowledges or reads stays at the swarm.
    fn readable(&self, session: &Session) -> Option<(SessionId, Hour, MailboxSecret)> {
        let wanted = !session.unanswered() && !self.desk.history.full(session.peer().address.identity);
        wanted.then(|| (session.id(), session.created(), session.mailboxes().incoming.clone()))
    }

    fn fetch(&mut self, reading: Reading, mailbox: DayKey) {
        let tag = mailbox.tag();
        if self.jobs.values().any(|job| *job == Job::Fetch(tag)) {
            return;
        }
        self.sources.insert(tag, reading);
        let id = self.task(Job::Fetch(tag));
        // Strangers pay what our prekeys ask for.
        let bits = if reading.source == Source::Inbox { self.identity.batch.content().hashcash_bits } else { 0 };
        self.steps.push_back(Step::Swarm(ClientIn::Fetch { id, mailbox, nodes: READ_NODES, bits }));
    }

    /// A reading ended, at so many nodes.
    pub(super) fn fetched(&mut self, cx: Context<'_, '_>, id: TaskId, answered: usize) {
        if let Some(Job::Fetch(tag)) = self.jobs.remove(&id)
            && let Some(Reading { source, day }) = take(&mut self.sources, &tag)
            && answered > 0
        {
            self.polling.answered = true;
            // One node may lack what others hold, or withhold it.
            if answered >= READ_NODES && day.plus(RECENT_DAYS) < Day::at(cx.now.wall) {
                self.polling.done.insert((day, source));
            }
        }
        self.tell(Event::Read { answered });
    }
}

fn take(sources: &mut BTreeMap<Tag, Reading>, tag: &Tag) -> Option<Reading> {
    sources.remove(tag)
}

const fn day_of(hour: Hour) -> Day {
    Day(hour.0 / 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_another_mailbox_is_another_object() {
        let object = [7; 32];
        let places = [Source::Inbox, Source::Session(SessionId([1; 32])), Source::Session(SessionId([2; 32]))];
        let marks: BTreeSet<_> = places.iter().map(|place| place.mark(&object)).collect();
        assert_eq!(marks.len(), places.len());
        assert_eq!(places[1].mark(&object), places[1].mark(&object));
    }
}
