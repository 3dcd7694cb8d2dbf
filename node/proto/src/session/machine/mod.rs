//! All sessions of this device as one machine: which session is current for a peer, what an INIT may replace, and that state
//! is durable before anything leaves or is shown.
//!
//! | input | state | outputs, in this order |
//! |---|---|---|
//! | `Begin` | no current session, or a used-up one | `Persist`, `Send` INIT 0 and companions, `Sent` |
//! | `Send` | current session | `Persist`, `Send`, `Sent` |
//! | `Send` | none, or its chain ended | `Refused` |
//! | `Close` | current sessions of a contact | `Persist`: receive-only; otherwise nothing |
//! | `Forget` | any | `Persist`: those sessions are gone |
//! | `FromMailbox` | known session | `Persist`, `Delivered`, once `Confirmed` |
//! | `FromInbox` INIT | known handshake | as `FromMailbox` with the session it made |
//! | `FromInbox` INIT | own INIT unanswered | lower TH wins; the loser is receive-only |
//! | `FromInbox` INIT | superseded by a REPLY | receive-only: its text arrives, nothing else changes |
//! | `FromInbox` INIT | otherwise | replaces the session, the old one is receive-only |
//! | `FromInbox` INIT, COMP | records missing | `Waiting`; at most a day and 32 handshakes |
//! | `Records` | a handshake waits for them | as if the companions had come |
//! | `Wake` | any | `Persist`: sessions past their time, and handshakes whose leaf is erased, are gone |
//! | anything bad | any | `Gap` or `Refused`; nothing changed |
//!
//! After `Persist` the engine withholds what follows until the batch is durable (ARCHITECTURE "Barrier").

mod intake;
mod io;

use std::collections::BTreeMap;

use pars_crypto::Suite;
use pars_crypto::secret::StoreKey;
use pars_identity::IdentityId;
use pars_identity::bundle::Bundle;
use pars_wire::codec::Hour;
use pars_wire::limits::MAX_SKIPPED_DEVICE;
use pars_wire::machine::{Cx, Machine, Tick};

use super::handshake::initiate;
use super::layout::Object;
use super::pair::{Address, Phase, Received, Session, SessionId, Superseded, Tools};
use super::ratchet::KEEP_HOURS;
use super::replay::ReplayCache;

use intake::Waiting;
pub use io::{CommandId, Event, GapError, In, Out, Outgoing, Own, RefusedError, Row, SendTo, Standing};

/// Hours for which a replaced session still opens late messages: 30 days.
const ARCHIVE_HOURS: u32 = 30 * 24;
/// Receive-only sessions kept for one peer: bounds what its new handshakes can make us store.
const MAX_ARCHIVED: usize = 40;

struct Entry {
    session: Session,
    standing: Standing,
    superseded: Option<Superseded>,
}

/// Every session of this device.
pub struct Sessions {
    own: Own,
    key: StoreKey,
    suite: &'static dyn Suite,
    entries: BTreeMap<SessionId, Entry>,
    current: BTreeMap<Address, SessionId>,
    replay: ReplayCache,
    waiting: Waiting,
    most_skipped: usize,
}

impl Sessions {
    /// A device without sessions. `key` seals what is persisted.
    pub fn new(own: Own, key: StoreKey, suite: &'static dyn Suite) -> Self {
        let (entries, current) = (BTreeMap::new(), BTreeMap::new());
        let (replay, waiting) = (ReplayCache::default(), Waiting::default());
        Self { own, key, suite, entries, current, replay, waiting, most_skipped: MAX_SKIPPED_DEVICE }
    }

    /// A device as its last durable rows describe it.
    ///
    /// # Errors
    /// [`super::RestoreError`] for a row that does not open.
    pub fn restore(
        own: Own,
        key: StoreKey,
        suite: &'static dyn Suite,
        rows: impl IntoIterator<Item = Row>,
    ) -> Result<Self, super::RestoreError> {
        let mut sessions = Self::new(own, key, suite);
        for row in rows {
            match row {
                Row::Session { id, standing, superseded, sealed } => {
                    let session = Session::restore(&id, &sealed, &sessions.key, suite)?;
                    if standing == Standing::Current {
                        sessions.current.insert(session.peer().address, id);
                    }
                    sessions.entries.insert(id, Entry { session, standing, superseded });
                }
                Row::Forget(id) => {
                    sessions.entries.remove(&id);
                }
                // A cache written under this bound is read back under it.
                Row::Handshake { id, known } => sessions.replay.remember(id, known).unwrap_or_default(),
                Row::ForgetHandshake(id) => sessions.replay.forget(&id),
            }
        }
        Ok(sessions)
    }

    /// Keep fewer skipped keys than [`MAX_SKIPPED_DEVICE`] over all sessions, for small devices.
    pub fn limit_skipped(&mut self, most: usize) {
        self.most_skipped = most.min(MAX_SKIPPED_DEVICE);
    }

    /// The current session with a device.
    pub fn current(&self, peer: &Address) -> Option<&Session> {
        self.current.get(peer).and_then(|id| self.entries.get(id)).map(|entry| &entry.session)
    }

    /// Every session, with what it may be used for.
    pub fn all(&self) -> impl Iterator<Item = (&Session, Standing)> {
        self.entries.values().map(|entry| (&entry.session, entry.standing))
    }

    /// The row of a session as it is now.
    fn row(&self, id: SessionId, cx: &mut Cx<'_, Out>) -> Option<Row> {
        let Entry { session, standing, superseded } = self.entries.get(&id)?;
        let sealed = session.store(&self.key, cx.rng);
        Some(Row::Session { id, standing: *standing, superseded: *superseded, sealed })
    }

    fn persist(&self, ids: &[SessionId], mut rows: Vec<Row>, cx: &mut Cx<'_, Out>) {
        rows.extend(ids.iter().filter_map(|id| self.row(*id, cx)));
        cx.out.push(Out::Persist(rows));
    }

    fn begin(&mut self, command: CommandId, peer: &Bundle, message: &Outgoing, cx: &mut Cx<'_, Out>) {
        let mut tools = Tools { now: cx.now, suite: self.suite, rng: &mut *cx.rng };
        let mut begun = match initiate(&self.own.local(), peer, &mut tools) {
            Ok(begun) => begun,
            Err(error) => return cx.out.push(Out::Event(Event::Refused { command, error: error.into() })),
        };
        let first = match begun.session.send(&message.draft(), &mut tools) {
            Ok(first) => first,
            Err(error) => return cx.out.push(Out::Event(Event::Refused { command, error: error.into() })),
        };
        let (id, to) = (begun.session.id(), begun.session.peer().address);
        let replaced = self.current.get(&to).copied();
        self.install(begun.session, cx);
        self.bound_archive(&to, cx);
        let changed: Vec<_> = replaced.into_iter().chain([id]).collect();
        self.persist(&changed, Vec::new(), cx);
        for object in [first].into_iter().chain(begun.companions) {
            cx.out.push(Out::Send { to: SendTo::Inbox(to), object });
        }
        cx.out.push(Out::Event(Event::Sent { command, session: id }));
    }

    fn send(&mut self, command: CommandId, to: Address, message: &Outgoing, cx: &mut Cx<'_, Out>) {
        let mut tools = Tools { now: cx.now, suite: self.suite, rng: &mut *cx.rng };
        let entry = self.current.get(&to).and_then(|id| self.entries.get_mut(id));
        let Some(Entry { session, .. }) = entry else {
            return cx.out.push(Out::Event(Event::Refused { command, error: io::RefusedError::NoSession }));
        };
        let inbox = session.phase() == Phase::Opening;
        match session.send(&message.draft(), &mut tools) {
            Ok(object) => {
                let id = session.id();
                self.persist(&[id], Vec::new(), cx);
                let to = if inbox { SendTo::Inbox(to) } else { SendTo::Mailbox(id) };
                cx.out.push(Out::Send { to, object });
                cx.out.push(Out::Event(Event::Sent { command, session: id }));
            }
            Err(error) => cx.out.push(Out::Event(Event::Refused { command, error: error.into() })),
        }
    }

    /// Every current session with this contact only receives from now on.
    fn close(&mut self, contact: IdentityId, cx: &mut Cx<'_, Out>) {
        let until = Hour::at(cx.now.wall).plus(ARCHIVE_HOURS);
        let closed: Vec<SessionId> =
            self.current.iter().filter(|(peer, _)| peer.identity == contact).map(|(_, id)| *id).collect();
        self.current.retain(|peer, _| peer.identity != contact);
        for id in &closed {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.standing = Standing::ReceiveOnly { until };
            }
        }
        if !closed.is_empty() {
            self.persist(&closed, Vec::new(), cx);
        }
    }

    /// Make `session` the current one of its peer; the one before stays for late messages.
    fn install(&mut self, session: Session, cx: &Cx<'_, Out>) {
        let until = Hour::at(cx.now.wall).plus(ARCHIVE_HOURS);
        let (id, peer) = (session.id(), session.peer().address);
        if let Some(old) = self.current.insert(peer, id).and_then(|old| self.entries.get_mut(&old)) {
            old.standing = Standing::ReceiveOnly { until };
        }
        self.entries.insert(id, Entry { session, standing: Standing::Current, superseded: None });
    }

    fn open_mailbox(&mut self, id: SessionId, bytes: &[u8], cx: &mut Cx<'_, Out>) {
        let mut tools = Tools { now: cx.now, suite: self.suite, rng: &mut *cx.rng };
        let result = match (Object::read(bytes), self.entries.get_mut(&id)) {
            (Ok(Object::Ratchet(object)), Some(entry)) => {
                entry.session.receive(&object, &self.own.contact.mlkem, &mut tools).map_err(GapError::from)
            }
            (Ok(_), Some(_)) => Err(GapError::Misplaced),
            (Err(error), _) => Err(GapError::Session(error.into())),
            (_, None) => Err(GapError::NoSession),
        };
        match result {
            Ok(received) => self.deliver(id, received, Vec::new(), cx),
            Err(error) => cx.out.push(Out::Event(Event::Gap { session: Some(id), error })),
        }
    }

    fn deliver(&mut self, id: SessionId, received: Received, rows: Vec<Row>, cx: &mut Cx<'_, Out>) {
        let Received { message, confirmed, superseded } = received;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.superseded = superseded.or(entry.superseded);
        }
        let mut changed = self.bound_skipped(id);
        changed.push(id);
        self.persist(&changed, rows, cx);
        cx.out.push(Out::Event(Event::Delivered { session: id, message }));
        if confirmed {
            cx.out.push(Out::Event(Event::Confirmed { session: id }));
        }
    }

    /// Keep the skipped keys of the device within their bound: the session that has most gives first. Returns whose changed.
    fn bound_skipped(&mut self, just_changed: SessionId) -> Vec<SessionId> {
        let total: usize = self.entries.values().map(|entry| entry.session.skipped()).sum();
        let mut excess = total.saturating_sub(self.most_skipped);
        let mut changed = Vec::new();
        while excess > 0 {
            let most = self.entries.values_mut().max_by_key(|entry| entry.session.skipped());
            let Some(Entry { session, .. }) = most else { break };
            let dropped = excess.min(session.skipped());
            session.drop_skipped(dropped);
            excess -= dropped;
            changed.push(session.id());
        }
        changed.retain(|id| *id != just_changed);
        changed
    }

    /// Forget what has had its time. An INIT of ours that nobody answered goes after its 16 days also where another handshake took
    /// its place: it holds the keys that would open an answer.
    fn expire(&mut self, cx: &mut Cx<'_, Out>) {
        let now = Hour::at(cx.now.wall);
        self.waiting.expire(now);
        let left = self.own.leaves.iter().map(|leaf| leaf.erase_at(None)).collect();
        let handshakes: Vec<Row> = self.replay.expire(now, &left).into_iter().map(Row::ForgetHandshake).collect();
        if !handshakes.is_empty() {
            cx.out.push(Out::Persist(handshakes));
        }
        let over = |entry: &Entry| match entry.standing {
            Standing::Current => entry.session.expired(now),
            Standing::ReceiveOnly { until } => {
                now > until || entry.session.phase() == Phase::Opening && entry.session.expired(now)
            }
        };
        let gone: Vec<_> = self.entries.iter().filter(|(_, entry)| over(entry)).map(|(id, _)| *id).collect();
        self.forget(&gone, cx);
    }

    fn forget(&mut self, gone: &[SessionId], cx: &mut Cx<'_, Out>) {
        for id in gone {
            self.entries.remove(id);
        }
        self.current.retain(|_, id| !gone.contains(id));
        if !gone.is_empty() {
            cx.out.push(Out::Persist(gone.iter().copied().map(Row::Forget).collect()));
        }
    }
}

impl Machine for Sessions {
    type In = In;
    type Out = Out;

    fn handle(&mut self, cx: &mut Cx<'_, Out>, input: In) {
        match input {
            In::Begin { command, peer, message } => self.begin(command, &peer, &message, cx),
            In::Send { command, to, message } => self.send(command, to, &message, cx),
            In::Close(contact) => self.close(contact, cx),
            In::Forget(sessions) => self.forget(&sessions, cx),
            In::FromMailbox { session, object } => self.open_mailbox(session, &object, cx),
            In::FromInbox { object } => self.open_inbox(object, cx),
            In::Records { reference, record, certificate } => self.take_records(reference, [record, certificate], cx),
            In::Prekeys(leaves) => self.own.leaves = leaves,
            In::Pin(pin) => {
                self.own.pins.insert(pin.id(), *pin);
            }
            In::Wake => self.expire(cx),
        }
    }

    /// Nothing here is urgent: the driver wakes it once an hour.
    fn deadline(&self) -> Option<Tick> {
        None
    }
}
