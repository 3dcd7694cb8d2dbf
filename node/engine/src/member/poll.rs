//! Reading by itself or on command: which mailbox days are asked for.
//!
//! Every poll reads today and yesterday at three of their replicas, drawn anew. Days before, as far back as an object may live, are
//! read after a start, after a sleep of days, and when the registry of such a day comes late: until every replica has answered
//! once. An object may lie at three of seven alone (SESSION section 6, MinCopies), and any of them may withhold it: so it is read
//! while one honest node that has it answers (THREATS S7).
//!
//! What that costs: each replica of such a mailbox day is read once, three at a poll: seven readings in three polls. Who does not
//! answer then, at most four, is asked again every ten minutes until the day's objects are over; where all did, nobody is.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::sha3;
use pars_crypto::secret::MailboxSecret;
use pars_proto::session::{Session, SessionId};
use pars_proto::swarm::client::{ClientIn, TaskId};
use pars_proto::swarm::mailbox::{DayKey, Flag, Tag};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Hour};
use pars_wire::limits::{MAX_TTL_HOURS, REPLICAS};
use pars_wire::machine::{Now, Tick};

use super::{Context, Job, Member, RETRY_MS, Step};
use crate::io::Event;

/// Replicas of a mailbox day that a poll reads.
const READ_NODES: usize = 3;
/// How long replicas of a day past that did not answer are left alone, in ms.
const PAUSE_MS: u64 = 600_000;
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

/// What was read of a day before yesterday, since it is one.
#[derive(Default)]
struct Past {
    /// Replicas that were read to their end.
    read: BTreeSet<NodeId>,
    /// The others are not asked before.
    next: Tick,
}

/// When and what is read without a command.
#[derive(Default)]
pub(super) struct Polling {
    pub(super) next: Option<Tick>,
    /// Days past that were asked for since the start.
    past: BTreeMap<(Day, Source), Past>,
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

    /// Replicas that a poll passes over; `None`: it does not read there at all. A network with fewer than seven replicas has nobody
    /// left after all of them answered: such a reading asks nobody.
    fn without(&self, now: Now, Reading { source, day }: Reading) -> Option<BTreeSet<NodeId>> {
        match self.past.get(&(day, source)) {
            Some(past) if is_past(now, day) => {
                let wanted = past.read.len() < REPLICAS && past.next <= now.tick;
                wanted.then(|| past.read.clone())
            }
            _ => Some(BTreeSet::new()),
        }
    }

    /// A reading ended: these were read to their end.
    fn note(&mut self, now: Now, Reading { source, day }: Reading, nodes: BTreeSet<NodeId>) {
        self.answered |= !nodes.is_empty();
        if is_past(now, day) {
            let (past, silence) = (self.past.entry((day, source)).or_default(), nodes.is_empty());
            past.read.extend(nodes);
            // Before that many have answered the way to them may be what fails, or their registry: no pause.
            if silence && past.read.len() >= READ_NODES {
                past.next = now.tick.after(PAUSE_MS);
            }
        }
    }
}

/// Whether polls read a day only until its replicas have answered.
fn is_past(now: Now, day: Day) -> bool {
    day.plus(RECENT_DAYS) < Day::at(now.wall)
}

impl Member {
    /// Read the inbox and every mailbox, of today and so many days before.
    pub(super) fn poll(&mut self, cx: Context<'_, '_>, days: u32) {
        self.read_days(cx, days.min(MAX_DAYS), |_, _| Some(BTreeSet::new()));
    }

    /// The time of a poll has come.
    pub(super) fn poll_due(&mut self, cx: Context<'_, '_>) {
        let (now, every) = (cx.now, self.config.poll);
        if self.polling.next.take_if(|tick| *tick <= now.tick).is_none() {
            return;
        }
        self.polling.next = every.map(|ms| now.tick.after(ms.max(1)));
        self.read_days(cx, MAX_DAYS, |polling, reading| polling.without(now, reading));
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

    /// Read today and so many days before, where `without` names replicas to pass over.
    fn read_days(
        &mut self,
        cx: Context<'_, '_>,
        days: u32,
        without: impl Fn(&Polling, Reading) -> Option<BTreeSet<NodeId>>,
    ) {
        let today = Day::at(cx.now.wall);
        self.polling.past.retain(|(day, _), _| day.plus(MAX_DAYS) >= today);
        let mut incoming: Vec<_> = self.sessions.all().filter_map(|(session, _)| self.readable(session)).collect();
        let first = self.polling.turn.checked_rem(incoming.len()).unwrap_or(0);
        incoming.rotate_left(first);
        self.polling.turn = self.polling.turn.wrapping_add(1);
        for day in (0..=days).map(|back| today.minus(back)) {
            let reading = Reading { source: Source::Inbox, day };
            if let Some(read) = without(&self.polling, reading) {
                let mailbox = DayKey::inbox(self.identity.contact.inbox.clone(), day);
                self.fetch(reading, mailbox, read);
            }
            for (id, created, secret) in &incoming {
                let reading = Reading { source: Source::Session(*id), day };
                if day.plus(1) >= day_of(*created)
                    && let Some(read) = without(&self.polling, reading)
                {
                    self.fetch(reading, DayKey::derive(secret, Flag::Pair, day), read);
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

    fn fetch(&mut self, reading: Reading, mailbox: DayKey, without: BTreeSet<NodeId>) {
        let tag = mailbox.tag();
        if self.jobs.values().any(|job| *job == Job::Fetch(tag)) {
            return;
        }
        self.sources.insert(tag, reading);
        let id = self.task(Job::Fetch(tag));
        // Strangers pay what our prekeys ask for.
        let bits = if reading.source == Source::Inbox { self.identity.batch.content().hashcash_bits } else { 0 };
        self.steps.push_back(Step::Swarm(ClientIn::Fetch { id, mailbox, nodes: READ_NODES, without, bits }));
    }

    /// A reading ended: these nodes were read to their end.
    pub(super) fn fetched(&mut self, cx: Context<'_, '_>, id: TaskId, nodes: BTreeSet<NodeId>) {
        let answered = nodes.len();
        if let Some(Job::Fetch(tag)) = self.jobs.remove(&id)
            && let Some(reading) = take(&mut self.sources, &tag)
        {
            self.polling.note(cx.now, reading, nodes);
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
    use pars_wire::machine::UnixMinute;

    use super::*;

    #[test]
    fn a_day_past_is_asked_for_until_all_seven_have_answered_and_who_is_silent_is_left_alone_for_a_while() {
        let (reading, mut polling) = (Reading { source: Source::Inbox, day: Day(100) }, Polling::default());
        let at = |day: u32, ms| Now { tick: Tick(ms), wall: UnixMinute(day * 24 * 60) };
        let none = BTreeSet::<NodeId>::new;
        let nodes = |of: std::ops::Range<u8>| -> BTreeSet<NodeId> { of.map(|i| NodeId([i; 32].into())).collect() };
        // While it is today or yesterday every poll reads it anywhere, and that says nothing of what comes after it.
        for day in [100, 101] {
            polling.note(at(day, 0), reading, nodes(0..7));
            assert_eq!(polling.without(at(day, 0), reading), Some(none()));
        }
        assert_eq!(polling.without(at(102, 0), reading), Some(none()));
        for silent in 1..4 {
            polling.note(at(102, silent), reading, none());
            assert_eq!(polling.without(at(102, silent), reading), Some(none()), "nobody answered yet");
        }
        polling.note(at(102, 10), reading, nodes(0..3));
        assert_eq!(polling.without(at(102, 10), reading), Some(nodes(0..3)), "three may withhold: the others");
        polling.note(at(102, 20), reading, nodes(3..6));
        polling.note(at(102, 30), reading, none());
        assert_eq!(polling.without(at(102, 29 + PAUSE_MS), reading), None);
        assert_eq!(polling.without(at(102, 30 + PAUSE_MS), reading), Some(nodes(0..6)));
        polling.note(at(102, 30 + PAUSE_MS), reading, nodes(6..7));
        assert_eq!(polling.without(at(102, u64::MAX), reading), None, "all seven answered");
    }

    #[test]
    fn a_copy_in_another_mailbox_is_another_object() {
        let object = [7; 32];
        let places = [Source::Inbox, Source::Session(SessionId([1; 32])), Source::Session(SessionId([2; 32]))];
        let marks: BTreeSet<_> = places.iter().map(|place| place.mark(&object)).collect();
        assert_eq!(marks.len(), places.len());
        assert_eq!(places[1].mark(&object), places[1].mark(&object));
    }
}
