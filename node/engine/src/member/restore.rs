//! From durable rows back to a member. What was on its way goes again; what was not acknowledged is told again; what waited
//! for companions waits again.

use std::collections::{BTreeMap, VecDeque};

use pars_crypto::sealed::Sealed;
use pars_identity::IdentityId;
use pars_identity::bundle::{Bundle, BundleBytes};
use pars_identity::device::DeviceCertificate;
use pars_identity::link::Link;
use pars_identity::pin::Pin;
use pars_identity::prekey::PrekeyBatch;
use pars_identity::record::IdentityRecord;
use pars_proto::onion;
use pars_proto::onion::path::{Diversity, Relays};
use pars_proto::session::machine::{Own, Row, Sessions, Standing};
use pars_proto::session::replay::Known;
use pars_proto::session::{MessageId, SessionId};
use pars_proto::swarm;
use pars_proto::swarm::Registrar;
use pars_proto::swarm::placement::Operators;
use pars_wire::codec::{Hour, Reader, Wire};
use pars_wire::machine::{Now, UnixMinute};

use super::desk::{Desk, Parcel, decode_held, decode_message};
use super::{Effect, Member, MemberConfig, Step};
use crate::barrier::Barrier;
use crate::identity::Identity;
use crate::io::{CommandId, Event};
use crate::registry::Network;
use crate::store::{RestoreError, Rows, Table, Value};
use crate::vault;

impl Member {
    /// A member that was never stored: the first `Publish` makes its keys durable before anything leaves.
    ///
    /// # Errors
    /// None of an empty store; the type is that of [`Member::restore`].
    pub fn create(config: MemberConfig, identity: Identity, now: Now) -> Result<Self, RestoreError> {
        Self::build(config, identity, &Rows::default(), now)
    }

    /// A member as its durable rows describe it.
    ///
    /// # Errors
    /// [`RestoreError`] names the table whose row does not open.
    pub fn restore(config: MemberConfig, rows: &Rows, now: Now) -> Result<Self, RestoreError> {
        let identity = Identity::restore(config.suite, &config.key, rows, now.wall)?;
        Self::build(config, identity, rows, now)
    }

    fn build(config: MemberConfig, identity: Identity, rows: &Rows, now: Now) -> Result<Self, RestoreError> {
        let desk = desk(&config, rows, now.wall)?;
        let own = Own {
            record: identity.record.clone(),
            certificate: identity.certificate.clone(),
            contact: identity.contact.clone(),
            device: identity.device.clone(),
            leaves: identity.leaves.clone(),
            pins: desk.pins.clone(),
        };
        let sessions = Sessions::restore(own, config.key.clone(), config.suite, session_rows(rows)?)?;
        let (operators, diversity) = match config.network {
            Network::Public => (Operators::Capped, Diversity::Enforced),
            Network::Dev => (Operators::Waived, Diversity::Waived),
        };
        let cursors = rows.of(Table::Cursor).filter_map(|(key, value)| match value {
            Value::Plain(bytes) => Some((key.to_vec(), bytes.clone())),
            Value::Sealed(_) => None,
        });
        let swarm = swarm::Client::open(operators, Box::new(Registrar::new(config.suite)), cursors)?;
        let onion = onion::Client::new(config.suite, Relays::new(diversity));
        let mut member = Self {
            config,
            identity,
            sessions,
            onion,
            swarm,
            desk,
            desk_barrier: Barrier::default(),
            swarm_barrier: Barrier::default(),
            steps: VecDeque::new(),
            jobs: BTreeMap::new(),
            sources: BTreeMap::new(),
            tasks: 0,
            retry_puts: None,
            retry_publish: None,
            hour: now.tick,
        };
        member.tell_again();
        Ok(member)
    }

    fn tell_again(&mut self) {
        let open = self.desk.messages.range(self.desk.acknowledged + 1..);
        let events = open.map(|(_, message)| Step::Effect(Effect::Tell(Event::Received(message.clone()))));
        self.steps.extend(events);
    }
}

fn desk(config: &MemberConfig, rows: &Rows, now: UnixMinute) -> Result<Desk, RestoreError> {
    let mut desk = Desk::default();
    let key = &config.key;
    for (name, value) in rows.of(Table::Contact) {
        let bytes = vault::open(key, (Table::Contact, name), value)?;
        match name.first() {
            Some(b'p') => {
                let pin = Pin::decode(&bytes)?;
                desk.pins.insert(pin.id(), pin);
            }
            // Prekeys of a day that is over: the contact is opened again.
            _ => desk.contacts.extend(contact(config, &bytes, now)),
        }
    }
    for (name, value) in rows.of(Table::Outbox) {
        let parcel = Parcel::decode(&vault::open(key, (Table::Outbox, name), value)?)?;
        let number = Reader::new(name).u64("parcel number")?;
        desk.parcels = desk.parcels.max(number);
        desk.outbox.insert(number, parcel);
    }
    for (name, value) in rows.of(Table::Message) {
        let cursor = Reader::new(name).u64("cursor")?;
        let message = decode_message(cursor, &vault::open(key, (Table::Message, name), value)?)?;
        desk.cursor = desk.cursor.max(cursor);
        desk.messages.insert(cursor, message);
    }
    for (name, value) in rows.of(Table::Held) {
        let (hash, held) = decode_held(&vault::open(key, (Table::Held, name), value)?)?;
        desk.held.insert(hash, held);
    }
    for (name, value) in rows.of(Table::Counter) {
        counter(&mut desk, name, &vault::open(key, (Table::Counter, name), value)?)?;
    }
    Ok(desk)
}

fn counter(desk: &mut Desk, name: &[u8], value: &[u8]) -> Result<(), RestoreError> {
    let (mut name, mut value) = (Reader::new(name), Reader::new(value));
    match name.u8("counter")? {
        b'c' => {
            let command = CommandId(name.array("command id")?);
            desk.commands.insert(command, MessageId(value.array("message id")?));
        }
        b's' => {
            desk.sequences.insert(IdentityId(name.array("contact")?), value.u64("sequence")?);
        }
        _ => desk.acknowledged = value.u64("cursor")?,
    }
    Ok(())
}

fn contact(config: &MemberConfig, bytes: &[u8], now: UnixMinute) -> Option<(IdentityId, Bundle)> {
    let (record, rest) = bytes.split_at_checked(IdentityRecord::SIZE)?;
    let (certificate, rest) = rest.split_at_checked(DeviceCertificate::SIZE)?;
    let (batch, leaf) = rest.split_at_checked(PrekeyBatch::SIZE)?;
    let id = IdentityRecord::verify(config.suite, record).ok()?;
    let bytes = BundleBytes { record, certificate, batch, leaf };
    let bundle = Bundle::verify(config.suite, &Link::to(id.core()), &bytes, Hour::at(now)).ok()?;
    Some((id.id(), bundle))
}

fn session_rows(rows: &Rows) -> Result<Vec<Row>, RestoreError> {
    let mut all = Vec::new();
    for (name, value) in rows.of(Table::Session) {
        let Value::Plain(bytes) = value else { return Err(RestoreError::Sealed("session")) };
        let id = SessionId(Reader::new(name).array("session id")?);
        let mut from = Reader::new(bytes);
        let (kind, until) = (from.u8("standing")?, from.hour("end of a session")?);
        let standing = if kind == 1 { Standing::Current } else { Standing::ReceiveOnly { until } };
        let sealed = Sealed::from_bytes(from.rest().to_vec());
        all.push(Row::Session { id, standing, superseded: None, sealed });
    }
    for (name, value) in rows.of(Table::Handshake) {
        let Value::Plain(bytes) = value else { return Err(RestoreError::Sealed("handshake")) };
        let mut from = Reader::new(bytes);
        let session = SessionId(from.array("session id")?);
        let known = Known { session, until: from.hour("end of a prekey")? };
        all.push(Row::Handshake { id: Reader::new(name).array("handshake id")?, known });
    }
    Ok(all)
}
