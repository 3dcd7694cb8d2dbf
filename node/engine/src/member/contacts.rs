//! A contact's records: IR, then DC, then PB with a leaf of the day, each out of the directory, checked as one.
//!
//! Not here: revocations and successors, lookups again within a session, the random delay between lookup and first use.

use pars_identity::IdentityId;
use pars_identity::bundle::{Bundle, BundleBytes, BundleError};
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

/// How often certificate and prekey are fetched, from another node each time by chance, before the contact is given up: one node
/// gives them, and nothing tells a false one before all parts are here.
const MAX_MISFITS: u8 = 4;

impl Member {
    /// Begin, unless it goes on already: two chains of lookups would mix their records. What a user's link says counts also
    /// for a lookup that a message or a link without a check has begun; a link that contradicts it is refused.
    pub(super) fn open(&mut self, command: CommandId, link: Link) {
        if !self.looks_up(link.id) {
            return self.open_as(Opening::new(link, false));
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
        self.open_as(Opening::new(link, true));
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
                match self.check(&opening.link, &bytes, cx) {
                    Ok(bundle) => return self.opened(cx, ids, (&bytes, opening.implied), bundle),
                    Err(OpenError::Bundle(error)) if is_of_one_node(&error) && opening.misfits < MAX_MISFITS => {
                        opening.misfits += 1;
                        opening.certificate = None;
                        What::Device(0)
                    }
                    Err(error) => return self.not_opened(contact, error),
                }
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

/// Whether another node may give a part that fits: the record was compared over several.
const fn is_of_one_node(error: &BundleError) -> bool {
    matches!(error, BundleError::Certificate(_) | BundleError::Batch(_) | BundleError::Prekey(_))
}

/// `b` with a bundle, `p` with a pin, `t` with what is remembered of the conversation.
pub(super) fn row_key(kind: u8, contact: IdentityId) -> Vec<u8> {
    [&[kind][..], &contact.0].concat()
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use pars_crypto::secret::StoreKey;
    use pars_crypto::suite::Libcrux;
    use pars_proto::onion::delay::Delay;
    use pars_wire::machine::{Cx, Now, Tick, UnixMinute};

    use super::*;
    use crate::identity::Identity;
    use crate::member::MemberConfig;
    use crate::registry::Network;

    const NOW: Now = Now { tick: Tick(5), wall: UnixMinute(20_003 * 1_440 + 720) };

    #[test]
    fn a_part_that_does_not_fit_is_asked_for_again_and_after_many_of_them_the_contact_is_given_up() {
        let mut rng = ChaCha20Rng::seed_from_u64(71);
        let [ours, theirs, other] = [(); 3].map(|()| Identity::create(&Libcrux, 18, NOW.wall, &mut rng));
        let (key, network) = (StoreKey::from_bytes([9; 32]), Network::Dev);
        let config = MemberConfig { suite: &Libcrux, key, network, delay: Delay::FAST, poll: None };
        let mut member = Member::create(config, ours, NOW).unwrap();
        let contact = theirs.id();
        let prekey = |of: &Identity| vec![of.batch.encode(), of.uploads[0].leaves()[0].encode()];
        let (mut ids, mut out) = (Ids::default(), Vec::new());
        let mut cx = Cx { now: NOW, rng: &mut rng, out: &mut out };
        let mut give = |member: &mut Member, records: Vec<Vec<u8>>| {
            member.found(&mut cx, &mut ids, contact, (records, false));
            member.desk.opening.contains_key(&contact)
        };
        for lies in [MAX_MISFITS, MAX_MISFITS + 1] {
            member.desk.contacts.clear();
            member.desk.opening.insert(contact, Opening::new(theirs.link(), false));
            assert!(give(&mut member, vec![theirs.record.encode()]));
            for lie in 0..lies {
                let (certificate, prekey) = match lie % 2 {
                    0 => (&other.certificate, prekey(&theirs)),
                    _ => (&theirs.certificate, prekey(&other)),
                };
                let goes_on = give(&mut member, vec![certificate.encode()]) && give(&mut member, prekey);
                assert_eq!(goes_on, lie < MAX_MISFITS, "lie {lie}");
            }
            give(&mut member, vec![theirs.certificate.encode()]);
            give(&mut member, prekey(&theirs));
            assert_eq!(member.desk.contacts.contains_key(&contact), lies == MAX_MISFITS, "{lies} lies");
        }
    }
}
