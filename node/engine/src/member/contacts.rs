//! A contact's records: IR, then DC, then PB with a leaf of the day, each out of the directory, checked as one.
//!
//! Not here: revocations and successors, lookups again within a session, the random delay between lookup and first use.

use pars_identity::IdentityId;
use pars_identity::bundle::{Bundle, BundleBytes};
use pars_identity::link::{Assurance, Link};
use pars_identity::pin::Pin;
use pars_proto::session::machine::{In, Out};
use pars_proto::swarm::client::ClientIn;
use pars_proto::swarm::directory::What;
use pars_wire::codec::{Day, Hour, Wire};

use super::desk::{Opening, Thread};
use super::send::session_change;
use super::{Context, Effect, Job, Member, Step};
use crate::io::{CommandError, CommandId, Event, OpenError};
use crate::node::Ids;
use crate::store::{Change, Table};
use crate::vault;

impl Member {
    /// Begin, unless it goes on already: two chains of lookups would mix their records. What a user's link says counts also
    /// for a lookup that a message or a link without a check has begun; a link that contradicts it is refused.
    pub(super) fn open(&mut self, command: CommandId, link: Link) {
        if !self.looks_up(link.id) {
            return self.open_as(Opening { link, implied: false, record: None, certificate: None });
        }
        let Some(begun) = self.desk.opening.get_mut(&link.id) else { return };
        match (begun.link.check, link.check) {
            (Some(known), Some(check)) if known != check => {
                return self.tell(Event::Refused { command, error: OpenError::OtherCheck.into() });
            }
            (Some(_), _) if !begun.implied => {}
            _ => begun.link = link,
        }
        begun.implied = false;
    }

    fn looks_up(&self, contact: IdentityId) -> bool {
        self.jobs.values().any(|job| *job == Job::Lookup(contact))
    }

    /// The records of a contact that is known, again: its prekeys are of a day that is over, or were never fetched.
    pub(super) fn open_again(&mut self, pin: &Pin) {
        let link = Link::to(pin.core());
        if self.looks_up(link.id) {
            return;
        }
        self.open_as(Opening { link, implied: true, record: None, certificate: None });
    }

    fn open_as(&mut self, opening: Opening) {
        let contact = opening.link.id;
        self.desk.opening.insert(contact, opening);
        self.look_up(contact, What::IdentityRecord);
    }

    fn look_up(&mut self, contact: IdentityId, what: What) {
        let id = self.task(Job::Lookup(contact));
        self.steps.push_back(Step::Swarm(ClientIn::Lookup { id, identity: contact.0, what }));
    }

    pub(super) fn not_found(&mut self, contact: IdentityId) {
        self.not_opened(contact, OpenError::NotFound);
    }

    fn not_opened(&mut self, contact: IdentityId, error: OpenError) {
        self.desk.opening.remove(&contact);
        self.tell(Event::NotOpened { contact, error });
        for (command, _) in self.parked.take(contact) {
            self.tell(Event::Refused { command, error: error.into() });
        }
    }

    pub(super) fn found(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        contact: IdentityId,
        (records, fork): (Vec<Vec<u8>>, bool),
    ) {
        let Some(mut opening) = self.desk.opening.remove(&contact) else { return };
        if fork {
            return self.not_opened(contact, OpenError::Fork);
        }
        let next = match (&opening.record, &opening.certificate, records.as_slice()) {
            (None, _, [record]) => {
                opening.record = Some(record.clone());
                What::Device(0)
            }
            (Some(_), None, [certificate]) => {
                opening.certificate = Some(certificate.clone());
                What::Leaf(0, Day::at(cx.now.wall))
            }
            (Some(record), Some(certificate), [batch, leaf]) => {
                let bytes = BundleBytes { record, certificate, batch, leaf };
                return match self.check(&opening.link, &bytes, cx) {
                    Ok(bundle) => self.opened(cx, ids, (&bytes, opening.implied), bundle),
                    Err(error) => self.not_opened(contact, error),
                };
            }
            _ => return self.not_found(contact),
        };
        self.desk.opening.insert(contact, opening);
        self.look_up(contact, next);
    }

    fn check(&mut self, link: &Link, bytes: &BundleBytes<'_>, cx: Context<'_, '_>) -> Result<Bundle, OpenError> {
        let bundle = Bundle::verify(self.config.suite, link, bytes, Hour::at(cx.now.wall))?;
        if let Some(pin) = self.desk.pins.get_mut(&link.id) {
            pin.accept(&bundle.record)?;
        }
        Ok(bundle)
    }

    fn opened(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        (bytes, implied): (&BundleBytes<'_>, bool),
        bundle: Bundle,
    ) {
        let contact = bundle.record.id();
        let pin = self.desk.pins.get(&contact).cloned().unwrap_or_else(|| Pin::new(&bundle.record));
        let parts =
            [&Hour::at(cx.now.wall).to_bytes(), bytes.record, bytes.certificate, bytes.batch, bytes.leaf].concat();
        let row = vault::seal(&self.config.key, (Table::Contact, &row_key(b'b', contact)), &parts, cx.rng);
        let (began, reduced) = (self.current_session(contact).is_some(), bundle.reduced());
        let checked = !implied && bundle.assurance == Assurance::Checked;
        let thread = self.thread(cx, contact, |thread| {
            thread.verified |= checked;
            thread.reduced = if began { thread.reduced } else { reduced };
        });
        let changes = vec![row, self.pin(cx, pin), thread];
        let verified = self.desk.threads.get(&contact).is_some_and(|thread| thread.verified);
        let assurance = match (implied, verified) {
            (false, _) => bundle.assurance,
            (true, true) => Assurance::Checked,
            (true, false) => Assurance::FirstUse,
        };
        self.desk.contacts.insert(contact, bundle);
        self.commit(cx, ids, changes, [Effect::Tell(Event::Opened { contact, assurance, reduced })]);
        for (command, message) in self.parked.take(contact) {
            self.send(cx, ids, command, message);
        }
    }

    /// Change what is remembered of a conversation; the row that holds it.
    pub(super) fn thread(
        &mut self,
        cx: Context<'_, '_>,
        contact: IdentityId,
        change: impl FnOnce(&mut Thread),
    ) -> Change {
        let thread = self.desk.threads.entry(contact).or_default();
        change(thread);
        vault::seal(&self.config.key, (Table::Contact, &row_key(b't', contact)), &thread.encode(), cx.rng)
    }

    /// End the session with a contact.
    pub(super) fn close(&mut self, cx: Context<'_, '_>, ids: &mut Ids, command: CommandId, contact: IdentityId) {
        if !self.desk.threads.contains_key(&contact) {
            return self.tell(Event::Refused { command, error: CommandError::NoConversation });
        }
        let mut changes = vec![self.thread(cx, contact, |thread| thread.closed = true)];
        for output in self.session(cx, In::Close(contact)) {
            if let Out::Persist(rows) = output {
                changes.extend(rows.into_iter().map(session_change));
            }
        }
        self.commit(cx, ids, changes, [Effect::Tell(Event::Done { command })]);
    }

    /// What a contact wrote up to a cursor has been read.
    pub(super) fn mark_read(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        command: CommandId,
        (with, cursor): (IdentityId, u64),
    ) {
        if !self.desk.threads.contains_key(&with) {
            return self.tell(Event::Refused { command, error: CommandError::NoConversation });
        }
        let cursor = cursor.min(self.desk.history.cursor);
        let row = self.thread(cx, with, |thread| thread.read = thread.read.max(cursor));
        self.desk.history.mark(with, cursor);
        let mut effects = vec![Effect::Tell(Event::Done { command })];
        effects.extend(self.unpause());
        self.commit(cx, ids, vec![row], effects);
    }

    /// Remember a contact; the row that holds it.
    pub(super) fn pin(&mut self, cx: Context<'_, '_>, pin: Pin) -> Change {
        let contact = pin.id();
        let row = vault::seal(&self.config.key, (Table::Contact, &row_key(b'p', contact)), &pin.encode(), cx.rng);
        self.desk.pins.insert(contact, pin.clone());
        self.session(cx, In::Pin(Box::new(pin)));
        row
    }
}

/// `b` with a bundle, `p` with a pin, `t` with what is remembered of the conversation.
pub(super) fn row_key(kind: u8, contact: IdentityId) -> Vec<u8> {
    [&[kind][..], &contact.0].concat()
}
