//! Receiving: objects of one delivery, one batch (ratchet, messages, what waits), then the user hears of them and the cursor
//! moves. An object of the inbox that waits for companions is a row of its own, so the cursor need not wait for it.

use pars_crypto::hash::sha3;
use pars_identity::IdentityId;
use pars_identity::pin::Pin;
use pars_proto::session::machine::{Event as Happened, In, Out};
use pars_proto::session::{Delivered, SessionId};
use pars_proto::swarm::client::{ClientIn, DeliveryId};
use pars_proto::swarm::mailbox::{DayKey, Flag, Tag};
use pars_wire::codec::{Day, Hour};
use pars_wire::content::ContentType;
use pars_wire::limits::MAX_TTL_HOURS;

use super::desk::{HELD_HOURS, Held, MAX_HELD, encode_held, encode_message};
use super::send::session_change;
use super::{Context, Effect, Job, Member, Source, Step};
use crate::io::{Event, Received};
use crate::node::Ids;
use crate::store::{Change, Table};
use crate::vault;

/// Replicas of a mailbox day that a poll reads.
const READ_NODES: usize = 3;

/// What the objects of a delivery came to.
#[derive(Default)]
struct Digest {
    changes: Vec<Change>,
    effects: Vec<Effect>,
    /// A new session: what waits may be its.
    begun: bool,
    /// The last object persisted something or was refused.
    settled: bool,
}

impl Member {
    /// Read the inbox and every mailbox, of today and so many days before.
    pub(super) fn poll(&mut self, cx: Context<'_, '_>, days: u32) {
        let today = Day::at(cx.now.wall);
        let incoming = self.sessions.all().map(|(session, _)| (session.id(), session.mailboxes().incoming.clone()));
        let incoming: Vec<_> = incoming.collect();
        for back in 0..=days.min(u32::from(MAX_TTL_HOURS) / 24 + 1) {
            let day = today.minus(back);
            self.fetch(Source::Inbox, DayKey::inbox(self.identity.contact.inbox.clone(), day));
            for (id, secret) in &incoming {
                self.fetch(Source::Session(*id), DayKey::derive(secret, Flag::Pair, day));
            }
        }
    }

    fn fetch(&mut self, source: Source, mailbox: DayKey) {
        let tag = mailbox.tag();
        if self.jobs.values().any(|job| *job == Job::Fetch(tag)) {
            return;
        }
        self.sources.insert(tag, source);
        let id = self.task(Job::Fetch(tag));
        self.steps.push_back(Step::Swarm(ClientIn::Fetch { id, mailbox, nodes: READ_NODES }));
    }

    pub(super) fn deliver(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        (delivery, tag): (DeliveryId, Tag),
        objects: Vec<Vec<u8>>,
    ) {
        let Some(source) = self.sources.get(&tag).copied() else { return };
        let mut digest = Digest::default();
        for object in objects {
            let hash = sha3(&[&object]);
            let input = match source {
                Source::Inbox => In::FromInbox { object: object.clone() },
                Source::Session(session) => In::FromMailbox { session, object: object.clone() },
            };
            digest.settled = false;
            let outputs = self.session(cx, input);
            self.digest(cx, hash, outputs, &mut digest);
            if !digest.settled && self.desk.held.len() < MAX_HELD {
                let held = Held { until: Hour::at(cx.now.wall).plus(HELD_HOURS), object };
                let row = vault::seal(&self.config.key, (Table::Held, &hash), &encode_held(&held), cx.rng);
                digest.changes.push(row);
                self.desk.held.insert(hash, held);
            }
        }
        if std::mem::take(&mut digest.begun) {
            self.release_held(cx, &mut digest);
        }
        digest.effects.push(Effect::Consumed(delivery));
        self.commit(cx, ids, digest.changes, digest.effects);
    }

    /// Objects that waited for a session that stands now were opened with it: their rows go. What says nothing waits on.
    fn release_held(&mut self, cx: Context<'_, '_>, digest: &mut Digest) {
        for (hash, held) in std::mem::take(&mut self.desk.held) {
            let mut own = Digest::default();
            let outputs = self.session(cx, In::FromInbox { object: held.object.clone() });
            self.digest(cx, hash, outputs, &mut own);
            // Read already, with the object that completed them: no gap.
            own.effects.retain(|effect| !matches!(effect, Effect::Tell(Event::Gap { .. })));
            digest.changes.extend(own.changes);
            digest.effects.extend(own.effects);
            if own.settled {
                digest.effects.push(Effect::Tell(Event::Settled { object: hash }));
                digest.changes.push(vault::drop_row(Table::Held, &hash));
            } else {
                self.desk.held.insert(hash, held);
            }
        }
    }

    fn digest(&mut self, cx: Context<'_, '_>, object: [u8; 32], outputs: Vec<Out>, digest: &mut Digest) {
        for output in outputs {
            match output {
                Out::Persist(rows) => {
                    digest.settled = true;
                    digest.changes.extend(rows.into_iter().map(session_change));
                }
                Out::Event(Happened::Begun { record, .. }) => {
                    digest.begun = true;
                    let pin = self.desk.pins.get(&record.id()).cloned();
                    let known = pin.is_some();
                    let mut pin = pin.unwrap_or_else(|| Pin::new(&record));
                    if !known || pin.accept(&record).is_ok_and(|change| change.newer) {
                        let row = self.pin(cx, pin);
                        digest.changes.push(row);
                    }
                }
                Out::Event(Happened::Delivered { session, message }) => {
                    self.received(cx, (session, object), message, digest);
                }
                Out::Event(Happened::Confirmed { session }) => {
                    let contact = self.peer(session);
                    let event = contact.map(|contact| Event::Confirmed { session, contact });
                    digest.effects.extend(event.map(Effect::Tell));
                }
                Out::Event(Happened::Gap { error, .. }) => {
                    digest.settled = true;
                    digest.effects.push(Effect::Tell(Event::Gap { object, error }));
                }
                Out::Event(Happened::Waiting { .. } | Happened::Sent { .. } | Happened::Refused { .. })
                | Out::Send { .. } => {}
            }
        }
    }

    /// Text becomes a durable event. Other kinds of content are later parts: nothing sends them yet.
    fn received(
        &mut self,
        cx: Context<'_, '_>,
        (session, object): (SessionId, [u8; 32]),
        message: Delivered,
        digest: &mut Digest,
    ) {
        let Some(from) = self.peer(session).filter(|_| message.content_type == ContentType::Text) else { return };
        self.desk.cursor += 1;
        let Delivered { id, sequence, content: text, .. } = message;
        let received = Received { cursor: self.desk.cursor, from, id, sequence, object, text };
        let key = received.cursor.to_be_bytes();
        let row = vault::seal(&self.config.key, (Table::Message, &key), &encode_message(&received), cx.rng);
        digest.changes.push(row);
        digest.effects.push(Effect::Tell(Event::Received(received)));
    }

    fn peer(&self, session: SessionId) -> Option<IdentityId> {
        self.find(session).map(|session| session.peer().address.identity)
    }

    pub(super) fn acknowledge(&mut self, cx: Context<'_, '_>, ids: &mut Ids, cursor: u64) {
        self.desk.acknowledged = self.desk.acknowledged.max(cursor.min(self.desk.cursor));
        let value = self.desk.acknowledged.to_be_bytes();
        let row = vault::seal(&self.config.key, (Table::Counter, b"a"), &value, cx.rng);
        self.commit(cx, ids, vec![row], []);
    }

    /// Once an hour: sessions past their time, objects that waited a day.
    pub(super) fn expire(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        let mut digest = Digest::default();
        let outputs = self.session(cx, In::Wake);
        self.digest(cx, [0; 32], outputs, &mut digest);
        let now = Hour::at(cx.now.wall);
        let over: Vec<_> = self.desk.held.iter().filter(|(_, held)| now > held.until).map(|(hash, _)| *hash).collect();
        for hash in over {
            self.desk.held.remove(&hash);
            digest.changes.push(vault::drop_row(Table::Held, &hash));
        }
        // A restarted machine has forgotten what waits: it is shown again.
        self.release_held(cx, &mut digest);
        self.commit(cx, ids, digest.changes, digest.effects);
    }
}
