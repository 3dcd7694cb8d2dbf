//! Sending: one command, one batch (ratchet, objects, command id, sequence), then the objects go out until they are stored.
//!
//! | command | outcome |
//! |---|---|
//! | `Send` with an id that is known | `Queued` again, nothing sent twice |
//! | `Send`, current session | its next message |
//! | `Send`, contact with records of the day | a new session with its first message |
//! | `Send`, otherwise | `Refused`, nothing changed |

use pars_crypto::hash::random;
use pars_identity::IdentityId;
use pars_proto::session::machine::{self, In, Out, Outgoing, RefusedError, Row, SendTo, Standing};
use pars_proto::session::{Address, MessageId, SessionId};
use pars_proto::swarm::client::{ClientIn, PutTo};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_wire::codec::{Day, Hour};
use pars_wire::content::{ContentType, Flags};
use pars_wire::limits::DEFAULT_TTL_HOURS;
use pars_wire::machine::{Cx, Machine};

use super::desk::{Destination, MAX_OUTBOX, Parcel};
use super::{Context, Effect, Job, Member, RETRY_MS, Step};
use crate::io::{CommandError, CommandId, Event};
use crate::node::Ids;
use crate::store::{Change, Table, Value};
use crate::vault;

type Text = pars_crypto::secret::Zeroizing<Vec<u8>>;

impl Member {
    /// Give the sessions one input.
    pub(super) fn session(&mut self, cx: Context<'_, '_>, input: In) -> Vec<Out> {
        let mut out = Vec::new();
        self.sessions.handle(&mut Cx { now: cx.now, rng: &mut *cx.rng, out: &mut out }, input);
        out
    }

    pub(super) fn send(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        command: CommandId,
        (to, text): (IdentityId, Text),
    ) {
        if let Some(id) = self.desk.commands.get(&command).copied() {
            return self.tell(Event::Queued { command, id });
        }
        if let Err(error) = self.try_send(cx, ids, command, (to, text)) {
            self.tell(Event::Refused { command, error });
        }
    }

    fn try_send(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        command: CommandId,
        (to, text): (IdentityId, Text),
    ) -> Result<(), CommandError> {
        if self.desk.outbox.len() >= MAX_OUTBOX {
            return Err(CommandError::Busy);
        }
        let id = MessageId(random(cx.rng));
        let sequence = self.desk.sequences.get(&to).copied().unwrap_or(0) + 1;
        let (content_type, flags) = (ContentType::Text, Flags::NONE);
        let message = Outgoing { id, sequence, content_type, flags, content: text };
        let input = self.input(cx, to, message)?;
        let (mut changes, mut parcels) = (Vec::new(), Vec::new());
        for output in self.session(cx, input) {
            match output {
                Out::Persist(rows) => changes.extend(rows.into_iter().map(session_change)),
                Out::Send { to, object } => parcels.push((to, object)),
                Out::Event(machine::Event::Refused { error, .. }) => return Err(error.into()),
                Out::Event(_) => {}
            }
        }
        let mut effects = Vec::new();
        for (destination, object) in parcels {
            let to = self.destination(destination)?;
            self.desk.parcels += 1;
            let (number, parcel) = (self.desk.parcels, Parcel { message: id, to, object });
            let key = number.to_be_bytes();
            changes.push(vault::seal(&self.config.key, (Table::Outbox, &key), &parcel.encode(), cx.rng));
            self.desk.outbox.insert(number, parcel);
            effects.push(Effect::Put(number));
        }
        self.desk.sequences.insert(to, sequence);
        self.desk.commands.insert(command, id);
        let key = [b"c", &command.0[..]].concat();
        changes.push(vault::seal(&self.config.key, (Table::Counter, &key), &id.0, cx.rng));
        let key = [b"s", &to.0[..]].concat();
        changes.push(vault::seal(&self.config.key, (Table::Counter, &key), &sequence.to_be_bytes(), cx.rng));
        effects.push(Effect::Tell(Event::Queued { command, id }));
        self.commit(cx, ids, changes, effects);
        Ok(())
    }

    /// On the current session, or on a new one with the contact's records.
    fn input(&self, cx: Context<'_, '_>, to: IdentityId, message: Outgoing) -> Result<In, CommandError> {
        let command = machine::CommandId(0);
        if let Some(to) = self.current(to) {
            return Ok(In::Send { command, to, message });
        }
        let fresh = |bundle: &&pars_identity::bundle::Bundle| bundle.prekey.valid_at(Hour::at(cx.now.wall));
        let bundle = self.desk.contacts.get(&to).filter(fresh).ok_or(CommandError::UnknownContact)?;
        Ok(In::Begin { command, peer: Box::new(bundle.clone()), message })
    }

    fn current(&self, to: IdentityId) -> Option<Address> {
        let current = |standing| standing == Standing::Current;
        let mut all = self.sessions.all().filter(|(_, standing)| current(*standing));
        all.find(|(session, _)| session.peer().address.identity == to).map(|(session, _)| session.peer().address)
    }

    fn destination(&self, to: SendTo) -> Result<Destination, CommandError> {
        match to {
            SendTo::Inbox(address) => {
                let bundle = self.desk.contacts.get(&address.identity).ok_or(CommandError::UnknownContact)?;
                let key = *bundle.record.contact().inbox.as_bytes();
                Ok(Destination::Inbox { key, bits: bundle.batch.content().hashcash_bits })
            }
            SendTo::Mailbox(id) => {
                let secret = self.find(id).map(|session| session.mailboxes().outgoing.clone());
                secret.map(Destination::Mailbox).ok_or(CommandError::Session(RefusedError::NoSession))
            }
        }
    }

    pub(super) fn find(&self, id: SessionId) -> Option<&pars_proto::session::Session> {
        self.sessions.all().map(|(session, _)| session).find(|session| session.id() == id)
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
        let carried = |number: &u64| self.jobs.values().any(|job| *job == Job::Put(*number));
        let idle: Vec<u64> = self.desk.outbox.keys().filter(|number| !carried(number)).copied().collect();
        self.steps.extend(idle.into_iter().map(|number| Step::Effect(Effect::Put(number))));
    }

    /// A parcel lies at enough nodes: its row goes, and with the last of a message the user hears of it.
    pub(super) fn stored(&mut self, cx: Context<'_, '_>, ids: &mut Ids, number: u64, copies: usize) {
        let Some(parcel) = self.desk.outbox.remove(&number) else { return };
        let id = parcel.message;
        let least = self.desk.copies.get(&id).copied().unwrap_or(usize::MAX).min(copies);
        let complete = !self.desk.outbox.values().any(|other| other.message == id);
        let mut effects = Vec::new();
        if complete {
            self.desk.copies.remove(&id);
            effects.push(Effect::Tell(Event::Stored { id, copies: least }));
        } else {
            self.desk.copies.insert(id, least);
        }
        self.commit(cx, ids, vec![vault::drop_row(Table::Outbox, &number.to_be_bytes())], effects);
    }
}

/// The row of a session, or of a handshake against replay.
///
/// The mark of a superseded INIT cannot be stored yet: `Superseded` has no byte form outside its module. After a restart a late
/// copy of that INIT is taken for a new handshake of the peer.
pub(super) fn session_change(row: Row) -> Change {
    match row {
        Row::Session { id, standing, sealed, .. } => {
            let (kind, until) = match standing {
                Standing::Current => (1, 0),
                Standing::ReceiveOnly { until } => (2, until.0),
            };
            // Sealed by the sessions themselves; in front of it stands only what the session may be used for.
            let mut bytes = vec![kind];
            bytes.extend(until.to_be_bytes());
            bytes.extend(sealed.into_bytes());
            Change { table: Table::Session, key: id.0.to_vec(), value: Some(Value::Plain(bytes)) }
        }
        Row::Forget(id) => vault::drop_row(Table::Session, &id.0),
        Row::Handshake { id, known } => {
            let value = [&known.session.0[..], &known.until.to_bytes()].concat();
            Change { table: Table::Handshake, key: id.to_vec(), value: Some(Value::Plain(value)) }
        }
    }
}
