//! Messages sent and received, and gaps, under one rising cursor. Which command made which message: [`super::commands`].
//!
//! | Row | Value, sealed |
//! |---|---|
//! | message cursor8 | `state1\|copies1\|peer32\|id16\|sequence8\|timestamp8\|type2\|object32\|content` |
//! | counter `a` | last acknowledged cursor 8 |
//!
//! Type 0: a gap, and the content says why. State 1: received; 2: sent, on its way, copies of the objects stored so far
//! (255: none); 3: sent and stored.
//! Bounded: of each conversation, and of all, the oldest messages that are settled (acknowledged, read, or stored) go first. What
//! is not settled is bounded elsewhere: objects on their way, and received messages of each conversation.

use std::collections::BTreeMap;
use std::ops::Bound;

use pars_crypto::secret::Zeroizing;
use pars_identity::IdentityId;
use pars_proto::session::MessageId;
use pars_wire::codec::{DecodeError, Reader, Writer};
use pars_wire::content::ContentType;

use crate::io::{Delivery, Direction, Entry, Event, Gap, Received};

/// Messages kept of one conversation.
pub const MAX_CONVERSATION: usize = 2_048;
/// Messages kept of all conversations.
pub const MAX_HISTORY: usize = 16_384;
/// Messages of one conversation that nobody has acknowledged or marked as read: then reading it pauses and what is left waits at
/// the swarm. Other conversations go on.
pub const MAX_UNACKNOWLEDGED: usize = 1_024;

/// Gaps kept of one conversation, and of the inbox: anybody can cause those of the inbox, and a node that makes up objects those of
/// any mailbox, so the newest stay, told or not. They neither pause a conversation nor push its messages out.
pub const MAX_GAPS: usize = 64;

/// No object of a message is stored yet.
const NO_COPIES: u8 = u8::MAX;
/// In place of a content type: the registry begins with 1.
const GAP: u16 = 0;

/// How far a kept message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Received,
    /// Copies of the object that has fewest, of those that are stored.
    Queued(Option<u8>),
    Stored(u8),
}

/// One message as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) peer: IdentityId,
    pub(super) id: MessageId,
    pub(super) sequence: u64,
    pub(super) timestamp: u64,
    /// None: a gap.
    pub(super) content_type: Option<ContentType>,
    /// SHA3-256 of the object it came in; zeros of what was sent.
    pub(super) object: [u8; 32],
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) state: State,
}

#[derive(Default)]
pub(super) struct History {
    kept: BTreeMap<u64, Kept>,
    /// Not durable yet: not shown.
    hidden: BTreeMap<u64, Kept>,
    counts: BTreeMap<IdentityId, usize>,
    /// Copies of an object that too few nodes took.
    short: BTreeMap<u64, usize>,
    pub(super) cursor: u64,
    pub(super) acknowledged: u64,
    /// Marked as read, by conversation.
    read: BTreeMap<IdentityId, u64>,
    /// Received, neither acknowledged by a client nor read by a person, by conversation.
    open: BTreeMap<IdentityId, usize>,
}

impl History {
    /// Keep a message whose row is not durable yet; its cursor.
    pub(super) fn add(&mut self, message: Kept) -> u64 {
        self.cursor = self.cursor.saturating_add(1);
        if message.state == State::Received {
            *self.open.entry(message.peer).or_default() += 1;
        }
        self.hidden.insert(self.cursor, message);
        self.cursor
    }

    /// Its row is durable now.
    pub(super) fn show(&mut self, cursor: u64) {
        if let Some(message) = self.hidden.remove(&cursor) {
            *self.counts.entry(message.peer).or_default() += 1;
            self.kept.insert(cursor, message);
        }
    }

    /// A cursor that was given, also if its message is here no more.
    pub(super) fn reserve(&mut self, cursor: u64) {
        self.cursor = self.cursor.max(cursor);
    }

    /// Out of a row.
    pub(super) fn restore(&mut self, cursor: u64, message: Kept) {
        self.reserve(cursor);
        self.hidden.insert(cursor, message);
        self.show(cursor);
    }

    /// All rows are back: count what is open.
    pub(super) fn restored(&mut self) {
        self.count();
    }

    /// A conversation is read up to here.
    pub(super) fn mark(&mut self, peer: IdentityId, cursor: u64) {
        let read = self.read.entry(peer).or_default();
        *read = cursor.max(*read);
        self.count();
    }

    fn count(&mut self) {
        self.open.clear();
        let later = self.behind_acknowledged();
        for (cursor, message) in self.kept.range(later).chain(self.hidden.range(later)) {
            if message.state == State::Received && !self.is_read(*cursor, message) {
                *self.open.entry(message.peer).or_default() += 1;
            }
        }
    }

    fn is_read(&self, cursor: u64, message: &Kept) -> bool {
        self.read.get(&message.peer).is_some_and(|read| cursor <= *read)
    }

    pub(super) fn get(&self, cursor: u64) -> Option<&Kept> {
        self.kept.get(&cursor)
    }

    const fn behind_acknowledged(&self) -> (Bound<u64>, Bound<u64>) {
        (Bound::Excluded(self.acknowledged), Bound::Unbounded)
    }

    /// Received and not acknowledged: told again.
    pub(super) fn untold(&self) -> impl Iterator<Item = (u64, &Kept)> {
        let later = self.kept.range(self.behind_acknowledged());
        later.filter(|(_, message)| message.state == State::Received).map(|(cursor, message)| (*cursor, message))
    }

    /// Whether so much of a conversation is neither acknowledged nor read that reading it must pause.
    pub(super) fn full(&self, peer: IdentityId) -> bool {
        self.open.get(&peer).is_some_and(|open| *open >= MAX_UNACKNOWLEDGED)
    }

    /// The conversations of which that is so, and how much of each is open.
    pub(super) fn paused(&self) -> impl Iterator<Item = (IdentityId, usize)> {
        self.open.iter().filter(|(_, open)| **open >= MAX_UNACKNOWLEDGED).map(|(peer, open)| (*peer, *open))
    }

    /// Nothing that was not told yet is acknowledged.
    pub(super) fn acknowledge(&mut self, cursor: u64) {
        let told = self.kept.last_key_value().map_or(0, |(cursor, _)| *cursor);
        self.acknowledged = self.acknowledged.max(cursor.min(told));
        self.count();
    }

    /// One more object of a message lies at so many nodes; the message as it is now.
    pub(super) fn stored(&mut self, cursor: u64, copies: usize, complete: bool) -> Option<&Kept> {
        self.short.remove(&cursor);
        let message = self.kept.get_mut(&cursor)?;
        let State::Queued(least) = message.state else { return None };
        let copies = u8::try_from(copies).unwrap_or(NO_COPIES - 1);
        let least = least.unwrap_or(copies).min(copies);
        message.state = if complete { State::Stored(least) } else { State::Queued(Some(least)) };
        Some(message)
    }

    pub(super) fn short(&mut self, cursor: u64, copies: usize) {
        self.short.insert(cursor, copies);
    }

    /// What goes to make room for `peer`; their rows are deleted with the next batch.
    pub(super) fn prune(&mut self, peer: IdentityId) -> Vec<u64> {
        let mut gone = Vec::new();
        while self.counts.get(&peer).copied().unwrap_or(0) > MAX_CONVERSATION {
            let Some(oldest) = self.oldest_settled(|message| message.peer == peer) else { break };
            self.drop(oldest);
            gone.push(oldest);
        }
        while self.kept.len() > MAX_HISTORY {
            let Some(oldest) = self.oldest_settled(|_| true) else { break };
            self.drop(oldest);
            gone.push(oldest);
        }
        gone
    }

    /// The gaps of a conversation, or of the inbox, that go because there are newer ones; their rows are deleted with the next batch.
    pub(super) fn prune_gaps(&mut self, peer: IdentityId) -> Vec<u64> {
        let gaps = self.kept.iter().filter(|(_, message)| message.peer == peer && message.content_type.is_none());
        let all: Vec<u64> = gaps.map(|(cursor, _)| *cursor).collect();
        let gone: Vec<u64> = all.iter().copied().take(all.len().saturating_sub(MAX_GAPS)).collect();
        gone.iter().for_each(|cursor| self.drop(*cursor));
        if !gone.is_empty() {
            self.count();
        }
        gone
    }

    /// The newest cursor of each conversation.
    pub(super) fn newest(&self) -> BTreeMap<IdentityId, u64> {
        self.kept.iter().chain(&self.hidden).map(|(cursor, message)| (message.peer, *cursor)).collect()
    }

    /// A conversation goes; the rows of its messages are deleted with the next batch.
    pub(super) fn forget(&mut self, peer: IdentityId) -> Vec<u64> {
        let gone: Vec<u64> = self.kept.iter().filter(|(_, of)| of.peer == peer).map(|(cursor, _)| *cursor).collect();
        gone.iter().for_each(|cursor| self.drop(*cursor));
        self.read.remove(&peer);
        self.count();
        gone
    }

    /// Whether this object is a gap already.
    pub(super) fn is_gap(&self, object: &[u8; 32]) -> bool {
        let mut all = self.kept.values().chain(self.hidden.values());
        all.any(|message| message.content_type.is_none() && message.object == *object)
    }

    fn drop(&mut self, cursor: u64) {
        if let Some(message) = self.kept.remove(&cursor)
            && let Some(count) = self.counts.get_mut(&message.peer)
        {
            *count -= 1;
        }
    }

    fn oldest_settled(&self, of: impl Fn(&Kept) -> bool) -> Option<u64> {
        let settled = |cursor: u64, message: &Kept| match message.state {
            State::Received => cursor <= self.acknowledged || self.is_read(cursor, message),
            State::Stored(_) => true,
            State::Queued(_) => false,
        };
        let mut all = self.kept.iter().filter(|(_, message)| of(message));
        all.find(|(cursor, message)| settled(**cursor, message)).map(|(cursor, _)| *cursor)
    }

    /// A page, by rising cursor. `read`: up to which cursor a contact's messages are read.
    pub(super) fn page(
        &self,
        (after, with, limit): (u64, Option<IdentityId>, usize),
        read: impl Fn(IdentityId) -> u64,
    ) -> Vec<Entry> {
        let later = self.kept.range((Bound::Excluded(after), Bound::Unbounded));
        let wanted = later.filter(|(_, message)| with.is_none_or(|peer| message.peer == peer));
        wanted.take(limit).map(|(cursor, message)| self.entry(*cursor, message, &read)).collect()
    }

    fn entry(&self, cursor: u64, message: &Kept, read: impl Fn(IdentityId) -> u64) -> Entry {
        let Kept { peer, id, sequence, timestamp, content_type, ref content, .. } = *message;
        let (direction, delivery) = match message.state {
            State::Received if cursor <= read(peer) => (Direction::Received, Delivery::Read),
            State::Received => (Direction::Received, Delivery::Unread),
            State::Stored(copies) => (Direction::Sent, Delivery::Stored { copies: copies.into() }),
            State::Queued(_) => match self.short.get(&cursor) {
                Some(copies) => (Direction::Sent, Delivery::InsufficientStorage { copies: *copies }),
                None => (Direction::Sent, Delivery::Queued),
            },
        };
        let content = content.clone();
        Entry { cursor, peer, id, direction, sequence, timestamp, content_type, content, delivery }
    }

    /// Messages received that are not read, by contact.
    pub(super) fn unread(&self, read: impl Fn(IdentityId) -> u64) -> BTreeMap<IdentityId, u64> {
        let mut unread = BTreeMap::new();
        for (cursor, message) in &self.kept {
            if message.state == State::Received && *cursor > read(message.peer) {
                *unread.entry(message.peer).or_default() += 1;
            }
        }
        unread
    }
}

impl Kept {
    /// The event that tells of it.
    pub(super) fn event(&self, cursor: u64) -> Event {
        let Self { peer: from, id, sequence, timestamp, content_type, object, ref content, .. } = *self;
        let Some(content_type) = content_type else {
            let reason = String::from_utf8_lossy(content).into_owned();
            return Event::Gap(Gap { cursor, from, object, timestamp, reason });
        };
        let content = content.clone();
        Event::Received(Received { cursor, from, id, sequence, object, content_type, timestamp, content })
    }

    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let (state, copies) = match self.state {
            State::Received => (1, 0),
            State::Queued(least) => (2, least.unwrap_or(NO_COPIES)),
            State::Stored(copies) => (3, copies),
        };
        let mut out = Writer::with_capacity(100 + self.content.len());
        out.u8(state).u8(copies).bytes(&self.peer.0).bytes(&self.id.0).u64(self.sequence).u64(self.timestamp);
        out.u16(self.content_type.map_or(GAP, |kind| kind as u16)).bytes(&self.object).bytes(&self.content);
        Zeroizing::new(out.into_bytes())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let state = match (from.u8("state of a message")?, from.u8("copies")?) {
            (1, 0) => State::Received,
            (2, NO_COPIES) => State::Queued(None),
            (2, least) => State::Queued(Some(least)),
            (3, copies) => State::Stored(copies),
            (value, _) => return Err(DecodeError::Value { what: "state of a message", value: value.into() }),
        };
        Ok(Self {
            peer: IdentityId(from.array("contact")?),
            id: MessageId(from.array("message id")?),
            sequence: from.u64("sequence")?,
            timestamp: from.u64("timestamp")?,
            content_type: match from.u16("content type")? {
                GAP => None,
                kind => Some(ContentType::try_from(kind)?),
            },
            object: from.array("object hash")?,
            content: Zeroizing::new(from.rest().to_vec()),
            state,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: [IdentityId; 2] = [IdentityId([1; 32]), IdentityId([2; 32])];

    fn message(peer: IdentityId, state: State) -> Kept {
        Kept {
            peer,
            id: MessageId([2; 16]),
            sequence: 3,
            timestamp: 300,
            content_type: Some(ContentType::Text),
            object: [4; 32],
            content: Zeroizing::new(b"hello".to_vec()),
            state,
        }
    }

    fn add(history: &mut History, peer: IdentityId, state: State) -> u64 {
        let cursor = history.add(message(peer, state));
        history.show(cursor);
        cursor
    }

    #[test]
    fn rows_read_back() {
        for state in [State::Received, State::Queued(None), State::Queued(Some(3)), State::Stored(7)] {
            let kept = message(PEERS[0], state);
            assert!(Kept::decode(&kept.encode()) == Ok(kept));
        }
        let gap = Kept { content_type: None, ..message(PEERS[0], State::Received) };
        assert!(Kept::decode(&gap.encode()) == Ok(gap));
    }

    #[test]
    fn what_is_not_durable_is_not_shown() {
        let mut history = History::default();
        let cursor = history.add(message(PEERS[0], State::Received));
        assert!(history.page((0, None, 9), |_| 0).is_empty());
        history.show(cursor);
        assert_eq!(history.page((0, None, 9), |_| 0).len(), 1);
    }

    #[test]
    fn a_conversation_keeps_its_newest_messages_and_everything_that_is_not_settled() {
        let mut history = History::default();
        let open = add(&mut history, PEERS[0], State::Queued(None));
        let other = add(&mut history, PEERS[1], State::Stored(5));
        for _ in 0..MAX_CONVERSATION {
            add(&mut history, PEERS[0], State::Stored(5));
        }
        assert_eq!(history.prune(PEERS[0]), [3], "the oldest that is stored");
        assert!(history.get(open).is_some() && history.get(other).is_some() && history.prune(PEERS[0]).is_empty());
    }

    #[test]
    fn reading_pauses_for_a_conversation_of_which_too_much_is_neither_acknowledged_nor_read_and_for_no_other() {
        let mut history = History::default();
        let other = add(&mut history, PEERS[1], State::Received);
        for _ in 0..MAX_UNACKNOWLEDGED {
            assert!(!history.full(PEERS[0]));
            add(&mut history, PEERS[0], State::Received);
        }
        assert!(history.full(PEERS[0]) && !history.full(PEERS[1]));
        assert_eq!(history.paused().collect::<Vec<_>>(), [(PEERS[0], MAX_UNACKNOWLEDGED)]);
        history.acknowledge(other + 1);
        assert_eq!(history.paused().count(), 0, "one of them is acknowledged");
        add(&mut history, PEERS[0], State::Received);
        assert!(history.full(PEERS[0]));
        history.mark(PEERS[0], other + 2);
        assert!(!history.full(PEERS[0]), "one more is read");
    }

    #[test]
    fn what_was_read_makes_room_although_no_client_acknowledges() {
        let mut history = History::default();
        let first = add(&mut history, PEERS[0], State::Received);
        for _ in 0..MAX_CONVERSATION {
            add(&mut history, PEERS[0], State::Received);
        }
        assert!(history.prune(PEERS[0]).is_empty());
        history.mark(PEERS[0], first);
        assert_eq!(history.prune(PEERS[0]), [first]);
    }

    #[test]
    fn of_gaps_the_newest_stay_told_or_not_and_messages_are_not_counted_among_them() {
        let mut history = History::default();
        let note = add(&mut history, PEERS[0], State::Received);
        let gap = |history: &mut History| {
            let cursor = history.add(Kept { content_type: None, ..message(PEERS[0], State::Received) });
            history.show(cursor);
            cursor
        };
        let first = gap(&mut history);
        for _ in 1..MAX_GAPS {
            gap(&mut history);
            assert!(history.prune_gaps(PEERS[0]).is_empty());
        }
        gap(&mut history);
        assert_eq!(history.prune_gaps(PEERS[0]), [first]);
        assert!(history.get(note).is_some() && history.untold().count() == MAX_GAPS + 1);
        // However many come: they never pause a conversation.
        for _ in 0..MAX_UNACKNOWLEDGED {
            gap(&mut history);
            history.prune_gaps(PEERS[0]);
        }
        assert!(!history.full(PEERS[0]));
    }
}
