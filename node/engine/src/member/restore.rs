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
use pars_proto::session::{SessionId, Superseded};
use pars_proto::swarm;
use pars_proto::swarm::Registrar;
use pars_proto::swarm::placement::Operators;
use pars_wire::codec::{DecodeError, Hour, Reader, Wire};
use pars_wire::machine::{Now, UnixMinute};

use super::commands::Sent;
use super::desk::{Desk, Parcel, Publication, Thread, decode_held};
use super::history::Kept;
use super::poll::Polling;
use super::publish::Publishing;
use super::send::Parked;
use super::{Effect, Member, MemberConfig, RETRY_MS, Step};
use crate::barrier::Barrier;
use crate::identity::Identity;
use crate::io::CommandId;
use crate::registry::Network;
use crate::store::{RestoreError, Rows, Table, Value};
use crate::vault;

impl Member {
    /// A member that was never stored: the first `Publish` makes its keys durable before anything leaves.
    ///
    /// # Errors
    /// None of an empty store; the type is that of [`Member::restore`].
    pub fn create(config: MemberConfig, identity: Identity, now: Now) -> Result<Self, RestoreError> {
        Ok(Self { durable: false, ..Self::build(config, identity, &Rows::default(), now)? })
    }

    /// A member as its durable rows describe it.
    ///
    /// # Errors
    /// [`RestoreError`] names the table whose row does not open.
    pub fn restore(config: MemberConfig, rows: &Rows, now: Now) -> Result<Self, RestoreError> {
        let identity = Identity::restore(config.suite, &config.key, rows)?;
        Self::build(config, identity, rows, now)
    }

    fn build(config: MemberConfig, identity: Identity, rows: &Rows, now: Now) -> Result<Self, RestoreError> {
        let desk = desk(&config, rows, now.wall)?;
        let own = Own {
            record: identity.record.clone(),
            certificate: identity.certificate.clone(),
            contact: identity.contact.clone(),
            device: identity.device.clone(),
            // All that are not erased, whatever our clock says: what was opened with one is remembered as long as it is here.
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
        let mut swarm = swarm::Client::open(operators, Box::new(Registrar::new(config.suite)), cursors)?;
        swarm.set_pace(config.delay.round_trip_ms());
        let onion = onion::Client::new(config.suite, Relays::new(diversity));
        let polling = Polling::start(config.poll, now.tick);
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
            shed: BTreeMap::new(),
            tasks: 0,
            retry_puts: None,
            publishing: None,
            polling,
            parked: Parked::default(),
            early: None,
            hour: now.tick,
            durable: true,
        };
        member.resume_early(now.tick);
        member.publishing = member.desk.publication.and_then(|publication| {
            let open = !publication.whole;
            open.then(|| Publishing::resume(now.tick.after(RETRY_MS)))
        });
        member.tell_again();
        Ok(member)
    }

    fn tell_again(&mut self) {
        let open = self.desk.history.untold();
        let events = open.map(|(cursor, message)| Step::Effect(Effect::Tell(message.event(cursor))));
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
            Some(b't') => {
                let contact = IdentityId(Reader::new(name.get(1..).unwrap_or_default()).array("contact")?);
                desk.threads.insert(contact, Thread::decode(&bytes)?);
            }
            _ => desk.contacts.extend(contact(config, &bytes)),
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
        let message = Kept::decode(&vault::open(key, (Table::Message, name), value)?)?;
        desk.history.restore(cursor, message);
    }
    for (name, value) in rows.of(Table::Held) {
        if name.len() == super::early::KEY {
            let message = Kept::decode(&vault::open(key, (Table::Held, name), value)?)?;
            desk.early.insert((message.peer, message.sequence), message);
            continue;
        }
        let (hash, held) = decode_held(&vault::open(key, (Table::Held, name), value)?)?;
        desk.held.insert(hash, held);
    }
    for (name, value) in rows.of(Table::Seen) {
        let Value::Plain(until) = value else { return Err(RestoreError::Sealed(Table::Seen.name())) };
        desk.seen.insert(Reader::new(name).array("object hash")?, Reader::new(until).hour("end of memory")?);
    }
    for (name, value) in rows.of(Table::Counter) {
        counter(&mut desk, name, &vault::open(key, (Table::Counter, name), value)?, now)?;
    }
    for (contact, thread) in &desk.threads {
        desk.history.mark(*contact, thread.read);
    }
    desk.history.restored();
    Ok(desk)
}

fn counter(desk: &mut Desk, name: &[u8], value: &[u8], now: UnixMinute) -> Result<(), RestoreError> {
    let mut name = Reader::new(name);
    match name.u8("counter")? {
        b'c' => {
            let sent = Sent::decode(value, now)?;
            desk.history.reserve(sent.cursor);
            desk.commands.remember(CommandId(name.array("command id")?), sent);
        }
        b'p' => desk.publication = Some(Publication::decode(value)?),
        b'a' => desk.history.acknowledged = Reader::new(value).u64("cursor")?,
        value => return Err(DecodeError::Value { what: "counter", value: value.into() }.into()),
    }
    Ok(())
}

/// Records as they were when they were fetched: an unanswered session still needs the inbox of a contact whose prekey is over.
/// Whether a prekey may begin a session is asked when one begins.
fn contact(config: &MemberConfig, bytes: &[u8]) -> Option<(IdentityId, Bundle)> {
    let (hour, rest) = bytes.split_first_chunk()?;
    let hour = Hour(u32::from_be_bytes(*hour));
    let (record, rest) = rest.split_at_checked(IdentityRecord::SIZE)?;
    let (certificate, rest) = rest.split_at_checked(DeviceCertificate::SIZE)?;
    let (batch, leaf) = rest.split_at_checked(PrekeyBatch::SIZE)?;
    let id = IdentityRecord::verify(config.suite, record).ok()?;
    let bytes = BundleBytes { record, certificate, batch, leaf };
    let bundle = Bundle::verify(config.suite, &Link::to(id.core()), &bytes, hour).ok()?;
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
        let superseded = Superseded::from_bytes(from.array("superseded handshake")?);
        let sealed = Sealed::from_bytes(from.rest().to_vec());
        all.push(Row::Session { id, standing, superseded, sealed });
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

#[cfg(test)]
mod tests {
    use super::super::send::session_change;
    use super::*;
    use crate::store::{Batch, BatchId};

    #[test]
    fn a_counter_of_no_name_is_refused_and_not_taken_for_another() {
        let (mut desk, value, now) = (Desk::default(), 9_u64.to_be_bytes(), UnixMinute(0));
        assert!(counter(&mut desk, b"x", &value, now).is_err() && counter(&mut desk, b"", &value, now).is_err());
        assert_eq!(desk.history.acknowledged, 0);
        counter(&mut desk, b"a", &value, now).unwrap();
        assert_eq!(desk.history.acknowledged, 9);
    }

    #[test]
    fn what_a_session_may_be_used_for_and_whom_it_superseded_outlive_a_restart() {
        let row = |id, standing, superseded| {
            let sealed = Sealed::from_bytes(vec![id; 9]);
            Row::Session { id: SessionId([id; 32]), standing, superseded: Superseded::from_bytes(superseded), sealed }
        };
        let written = vec![
            row(1, Standing::Current, [0; 4]),
            row(2, Standing::Current, [1, 2, 3, 4]),
            row(3, Standing::ReceiveOnly { until: Hour(480_000) }, [0, 0, 0, 9]),
            Row::Handshake { id: [4; 32], known: Known { session: SessionId([1; 32]), until: Hour(480_001) } },
        ];
        let mut rows = Rows::default();
        rows.apply(&Batch { id: BatchId(1), changes: written.iter().cloned().map(session_change).collect() });
        assert_eq!(session_rows(&rows).unwrap(), written);
    }
}
