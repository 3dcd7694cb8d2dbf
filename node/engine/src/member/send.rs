//! Sending: one command, one batch (ratchet, objects, message, command id), then the objects go out until they are stored.
//!
//! | command | outcome |
//! |---|---|
//! | `Send` with an id that is known | `Queued` again, nothing sent twice; `Refused` if it is another message |
//! | `Send`, current session whose chain goes on | its next message |
//! | `Send`, contact with records of the day | a new session with its first message |
//! | `Send`, contact whose records are missing or old | they are fetched first, then as above; `Refused` if they are not found |
//! | `Send`, 65,536 sent within 24 h | `Refused`, nothing forgotten |
//! | `Send`, otherwise | `Refused`, nothing changed |

use std::collections::BTreeMap;

use pars_crypto::hash::{random, sha3};
use pars_crypto::secret::Zeroizing;
use pars_identity::IdentityId;
use pars_identity::bundle::Bundle;
use pars_proto::session::machine::{self, In, Out, Outgoing, Row, Standing};
use pars_proto::session::{MessageId, Phase, PqAuth, Session, Superseded, header_time};
use pars_proto::swarm::client::{ClientIn, PutTo};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_wire::codec::{Day, Hour};
use pars_wire::content::{ContentType, Flags};
use pars_wire::limits::DEFAULT_TTL_HOURS;
use pars_wire::machine::{Cx, Machine};

use super::commands::Sent;
use super::desk::{Destination, MAX_OUTBOX, Parcel};
use super::history::{Kept, State};
use super::{Context, Effect, Job, Member, RETRY_MS, Step};
use crate::io::{CommandError, CommandId, Event};
use crate::node::Ids;
use crate::store::{Change, Table, Value};
use crate::vault;

/// Messages that wait for their contact's records at once: a bound of memory (11 KiB each).
const MAX_PARKED: usize = 64;

/// What a command asks to be sent.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) to: IdentityId,
    pub(super) content_type: ContentType,
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// Messages that wait for their contact's records. Nobody was told that they are kept.
#[derive(Default)]
pub(super) struct Parked(BTreeMap<IdentityId, Vec<(CommandId, Message)>>);

impl Parked {
    pub(super) fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    pub(super) fn take(&mut self, contact: IdentityId) -> Vec<(CommandId, Message)> {
        self.0.remove(&contact).unwrap_or_default()
    }

    fn add(&mut self, command: CommandId, message: Message) -> Result<(), CommandError> {
        if self.len() >= MAX_PARKED {
            return Err(CommandError::Busy);
        }
        self.0.entry(message.to).or_default().push((command, message));
        Ok(())
    }

    fn find(&self, command: CommandId) -> Option<&Message> {
        self.0.values().flatten().find(|(known, _)| *known == command).map(|(_, message)| message)
    }
}

impl Message {
    /// Tells it from any other.
    fn digest(&self) -> [u8; 32] {
        sha3(&[&self.to.0, &(self.content_type as u16).to_be_bytes(), &self.content])
    }

    /// What can be said without looking at the contact.
    fn check(&self) -> Result<(), CommandError> {
        match self.content_type {
            ContentType::Text if self.content.is_empty() || std::str::from_utf8(&self.content).is_err() => {
                Err(CommandError::Text)
            }
            other if !other.is_conversation() => Err(CommandError::ContentType(other)),
            _ => Ok(()),
        }
    }
}

impl Member {
    /// Give the sessions one input.
    pub(super) fn session(&mut self, cx: Context<'_, '_>, input: In) -> Vec<Out> {
        let mut out = Vec::new();
        self.sessions.handle(&mut Cx { now: cx.now, rng: &mut *cx.rng, out: &mut out }, input);
        out
    }

    pub(super) fn send(&mut self, cx: Context<'_, '_>, ids: &mut Ids, command: CommandId, message: Message) {
        let sent = self.desk.commands.get(command);
        let waits = self.parked.find(command).map(Message::digest);
        let digest = sent.and_then(|sent| sent.digest).or(waits);
        let result = match sent {
            _ if digest.is_some_and(|digest| digest != message.digest()) => Err(CommandError::ClientIdReused),
            Some(Sent { cursor, id, to, .. }) => {
                self.tell(Event::Queued { command, id, to, cursor });
                Ok(())
            }
            // It goes when the records are here.
            None if waits.is_some() => Ok(()),
            None => self.try_send(cx, ids, command, message),
        };
        if let Err(error) = result {
            self.tell(Event::Refused { command, error });
        }
    }

    /// The session on which the next message goes. One whose chain ended is no such: a new handshake replaces it.
    fn sending_session(&self, to: IdentityId, now: Hour) -> Option<&Session> {
        self.current_session(to).filter(|session| session.can_send(now))
    }

    fn try_send(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        command: CommandId,
        message: Message,
    ) -> Result<(), CommandError> {
        message.check()?;
        if self.desk.outbox.len() >= MAX_OUTBOX {
            return Err(CommandError::Busy);
        }
        self.desk.commands.room(cx.now.wall)?;
        let current = self.sending_session(message.to, Hour::at(cx.now.wall));
        if message.content_type.needs_proof() && current.map(Session::pq_auth) != Some(PqAuth::Confirmed) {
            return Err(CommandError::Unconfirmed);
        }
        let fresh = |bundle: &&Bundle| bundle.prekey.valid_at(Hour::at(cx.now.wall));
        let bundle = self.desk.contacts.get(&message.to).filter(fresh);
        if current.is_none() && bundle.is_none() {
            let pin = self.desk.pins.get(&message.to).cloned().ok_or(CommandError::UnknownContact)?;
            self.parked.add(command, message)?;
            self.open_again(&pin);
            return Ok(());
        }
        let reduced = bundle.filter(|_| current.is_none()).map(Bundle::reduced);
        self.seal(cx, ids, command, (message, reduced))
    }

    /// `reduced`: set for a new session, by its prekey.
    fn seal(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        command: CommandId,
        (message, reduced): (Message, Option<bool>),
    ) -> Result<(), CommandError> {
        let digest = Some(message.digest());
        let Message { to, content_type, content } = message;
        let id = MessageId(random(cx.rng));
        let sequence = self.desk.threads.get(&to).map_or(0, |thread| thread.sequence).saturating_add(1);
        let outgoing = Outgoing { id, sequence, content_type, flags: Flags::NONE, content: content.clone() };
        let (input, destination) = self.input(to, outgoing, Hour::at(cx.now.wall))?;
        let (mut changes, mut objects) = (Vec::new(), Vec::new());
        // From here on nothing may fail: a session that refuses is as before, and one that sealed has moved on.
        for output in self.session(cx, input) {
            match output {
                Out::Persist(rows) => changes.extend(rows.into_iter().map(session_change)),
                Out::Send { object, .. } => objects.push(object),
                Out::Event(machine::Event::Refused { error, .. }) => return Err(error.into()),
                Out::Event(_) => {}
            }
        }
        let (timestamp, object) = (header_time(cx.now), [0; 32]);
        let state = State::Queued(None);
        let content_type = Some(content_type);
        let kept = Kept { peer: to, id, sequence, timestamp, content_type, object, content, state };
        let row = kept.encode();
        let cursor = self.desk.history.add(kept);
        changes.push(vault::seal(&self.config.key, (Table::Message, &cursor.to_be_bytes()), &row, cx.rng));
        changes.push(self.thread(cx, to, |thread| {
            thread.sequence = sequence;
            thread.closed = false;
            thread.reduced = reduced.unwrap_or(thread.reduced);
        }));
        self.remember(cx, command, Sent { cursor, id, to, digest, made: cx.now.wall }, &mut changes);
        let gone = self.desk.history.prune(to);
        changes.extend(gone.into_iter().map(|cursor| vault::drop_row(Table::Message, &cursor.to_be_bytes())));
        let mut effects = vec![Effect::Tell(Event::Queued { command, id, to, cursor })];
        for object in objects {
            let parcel = Parcel { cursor, to: destination.clone(), object };
            effects.push(Effect::Put(self.pack(cx, parcel, &mut changes)));
        }
        self.commit(cx, ids, changes, effects);
        Ok(())
    }

    fn remember(&mut self, cx: Context<'_, '_>, command: CommandId, sent: Sent, changes: &mut Vec<Change>) {
        let key = |command: CommandId| [b"c", &command.0[..]].concat();
        changes.push(vault::seal(&self.config.key, (Table::Counter, &key(command)), &sent.encode(), cx.rng));
        let forgotten = self.desk.commands.forget(cx.now.wall);
        changes.extend(forgotten.into_iter().map(|command| vault::drop_row(Table::Counter, &key(command))));
        self.desk.commands.remember(command, sent);
    }

    /// One object into the outbox; its number.
    fn pack(&mut self, cx: Context<'_, '_>, parcel: Parcel, changes: &mut Vec<Change>) -> u64 {
        self.desk.parcels = self.desk.parcels.saturating_add(1);
        let number = self.desk.parcels;
        let key = number.to_be_bytes();
        changes.push(vault::seal(&self.config.key, (Table::Outbox, &key), &parcel.encode(), cx.rng));
        self.desk.outbox.insert(number, parcel);
        number
    }

    /// On the current session, or on a new one with the contact's records; and where its objects go: into the contact's inbox
    /// until it has answered, then into the session's mailbox.
    fn input(&self, to: IdentityId, message: Outgoing, now: Hour) -> Result<(In, Destination), CommandError> {
        let command = machine::CommandId(0);
        let session = self.sending_session(to, now);
        if let Some(session) = session.filter(|session| session.phase() != Phase::Opening) {
            let destination = Destination::Mailbox(session.mailboxes().outgoing.clone());
            return Ok((In::Send { command, to: session.peer().address, message }, destination));
        }
        let bundle = self.desk.contacts.get(&to).ok_or(CommandError::UnknownContact)?;
        let key = *bundle.record.contact().inbox.as_bytes();
        let destination = Destination::Inbox { key, bits: bundle.batch.content().hashcash_bits };
        let input = match session {
            Some(session) => In::Send { command, to: session.peer().address, message },
            None => In::Begin { command, peer: Box::new(bundle.clone()), message },
        };
        Ok((input, destination))
    }

    /// Order a parcel from the swarm, into the mailbox of today.
    pub(super) fn put(&mut self, cx: Context<'_, '_>, number: u64) {
        let Some(parcel) = self.desk.outbox.get(&number).cloned() else { return };
        let day = Day::at(cx.now.wall);
        let to = match parcel.to {
            Destination::Mailbox(secret) => PutTo::Mailbox(Box::new(DayKey::derive(&secret, Flag::Pair, day))),
            Destination::Inbox { key, bits } => PutTo::Inbox { key, day, bits },
        };
        let id = self.task(Job::Put(number));
        self.steps.push_back(Step::Swarm(ClientIn::Put {
            id,
            to,
            ttl_hours: DEFAULT_TTL_HOURS,
            object: parcel.object,
        }));
    }

    /// Every parcel that no task carries: after a start, or after a task was refused. While a batch is open a parcel may
    /// stand behind it, and must not leave before: look again later.
    pub(super) fn put_idle(&mut self, cx: Context<'_, '_>) {
        if !self.desk_barrier.is_empty() {
            self.retry_puts = Some(cx.now.tick.after(RETRY_MS));
            return;
        }
        self.steps.push_back(Step::Swarm(ClientIn::Retry));
        let carried = |number: &u64| self.jobs.values().any(|job| *job == Job::Put(*number));
        let idle: Vec<u64> = self.desk.outbox.keys().filter(|number| !carried(number)).copied().collect();
        self.steps.extend(idle.into_iter().map(|number| Step::Effect(Effect::Put(number))));
    }

    /// A parcel lies at enough nodes: its row goes, and with the last of a message the user hears of it.
    pub(super) fn stored(&mut self, cx: Context<'_, '_>, ids: &mut Ids, number: u64, copies: usize) {
        let Some(Parcel { cursor, .. }) = self.desk.outbox.remove(&number) else { return };
        let complete = !self.desk.outbox.values().any(|other| other.cursor == cursor);
        let mut changes = vec![vault::drop_row(Table::Outbox, &number.to_be_bytes())];
        let mut effects = Vec::new();
        if let Some(message) = self.desk.history.stored(cursor, copies, complete) {
            let key = cursor.to_be_bytes();
            changes.push(vault::seal(&self.config.key, (Table::Message, &key), &message.encode(), cx.rng));
            if let (State::Stored(copies), id, to) = (message.state, message.id, message.peer) {
                effects.push(Effect::Tell(Event::Stored { id, to, cursor, copies: copies.into() }));
            }
        }
        self.commit(cx, ids, changes, effects);
    }

    /// Too few nodes took an object of this message; it is tried again.
    pub(super) fn insufficient(&mut self, cursor: u64, copies: usize) {
        self.desk.history.short(cursor, copies);
        if let Some(Kept { id, peer: to, .. }) = self.desk.history.get(cursor) {
            let (id, to) = (*id, *to);
            self.tell(Event::InsufficientStorage { id, to, cursor, copies });
        }
    }
}

/// The row of a session (`standing1|until4|superseded4|sealed`), or of a handshake against replay (`session32|until4`).
pub(super) fn session_change(row: Row) -> Change {
    match row {
        Row::Session { id, standing, superseded, sealed } => {
            let (kind, until) = match standing {
                Standing::Current => (1, 0),
                Standing::ReceiveOnly { until } => (2, until.0),
            };
            // Sealed by the sessions themselves; in front of it stands what the session may be used for, and the start of a
            // hash that tells nothing without the handshake.
            let mut bytes = vec![kind];
            bytes.extend(until.to_be_bytes());
            bytes.extend(Superseded::to_bytes(superseded));
            bytes.extend(sealed.into_bytes());
            Change { table: Table::Session, key: id.0.to_vec(), value: Some(Value::Plain(bytes)) }
        }
        Row::Forget(id) => vault::drop_row(Table::Session, &id.0),
        Row::ForgetHandshake(id) => vault::drop_row(Table::Handshake, &id),
        Row::Handshake { id, known } => {
            let value = [&known.session.0[..], &known.until.to_bytes()].concat();
            Change { table: Table::Handshake, key: id.to_vec(), value: Some(Value::Plain(value)) }
        }
    }
}
