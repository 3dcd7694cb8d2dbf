//! A contact's records: IR, then DC, then PB with a leaf of the day, each out of the directory, checked as one.
//!
//! Not here: revocations and successors, lookups again within a session, the random delay between lookup and first use.

use pars_identity::IdentityId;
use pars_identity::bundle::{Bundle, BundleBytes};
use pars_identity::link::Link;
use pars_identity::pin::Pin;
use pars_proto::session::machine::In;
use pars_proto::swarm::client::ClientIn;
use pars_proto::swarm::directory::What;
use pars_wire::codec::{Day, Hour, Wire};

use super::desk::Opening;
use super::{Context, Effect, Job, Member, Step};
use crate::io::{Event, OpenError};
use crate::node::Ids;
use crate::store::{Change, Table};
use crate::vault;

impl Member {
    /// Begin, unless it goes on already: two chains of lookups would mix their records.
    pub(super) fn open(&mut self, link: Link) {
        if self.jobs.values().any(|job| *job == Job::Lookup(link.id)) {
            return;
        }
        self.desk.opening.insert(link.id, Opening { link, record: None, certificate: None });
        self.look_up(link.id, What::IdentityRecord);
    }

    fn look_up(&mut self, contact: IdentityId, what: What) {
        let id = self.task(Job::Lookup(contact));
        self.steps.push_back(Step::Swarm(ClientIn::Lookup { id, identity: contact.0, what }));
    }

    pub(super) fn not_found(&mut self, contact: IdentityId) {
        self.desk.opening.remove(&contact);
        self.tell(Event::NotOpened { contact, error: OpenError::NotFound });
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
            return self.tell(Event::NotOpened { contact, error: OpenError::Fork });
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
                    Ok(bundle) => self.opened(cx, ids, &bytes, bundle),
                    Err(error) => self.tell(Event::NotOpened { contact, error }),
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

    fn opened(&mut self, cx: Context<'_, '_>, ids: &mut Ids, bytes: &BundleBytes<'_>, bundle: Bundle) {
        let contact = bundle.record.id();
        let pin = self.desk.pins.get(&contact).cloned().unwrap_or_else(|| Pin::new(&bundle.record));
        let parts = [bytes.record, bytes.certificate, bytes.batch, bytes.leaf].concat();
        let row = vault::seal(&self.config.key, (Table::Contact, &row_key(b'b', contact)), &parts, cx.rng);
        let changes = vec![row, self.pin(cx, pin)];
        let event = Event::Opened { contact, assurance: bundle.assurance, reduced: bundle.reduced() };
        self.desk.contacts.insert(contact, bundle);
        self.commit(cx, ids, changes, [Effect::Tell(event)]);
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

/// `b` with a bundle, `p` with a pin.
pub(super) fn row_key(kind: u8, contact: IdentityId) -> Vec<u8> {
    [&[kind][..], &contact.0].concat()
}
