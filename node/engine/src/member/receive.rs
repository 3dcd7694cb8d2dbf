//! Receiving: objects of one delivery, one batch (ratchet, messages, what waits), then the user hears of them and the cursor
//! moves. An object of the inbox that waits for companions is a row of its own, so the cursor need not wait for it.
//!
//! An object that can never be read is a gap: it stands in the history like a message and is told like one. In the mailbox of a
//! session only its two ends can write, so the gap stands in their conversation, unless the node that gave it made it up: nobody
//! can tell. What does not open in the inbox says nothing of who wrote it, and stands under our own identity.

use pars_crypto::hash::sha3;
use pars_crypto::secret::Zeroizing;
use pars_identity::IdentityId;
use pars_identity::pin::Pin;
use pars_proto::session::machine::{Event as Happened, GapError, In, Out};
use pars_proto::session::{Delivered, MessageId, Object, PqAuth, SessionId, header_time};
use pars_proto::swarm::ObjectId;
use pars_proto::swarm::client::DeliveryId;
use pars_proto::swarm::mailbox::Tag;
use pars_wire::codec::Hour;

use super::desk::{HELD_HOURS, Held, MAX_HELD, MAX_SEEN, SEEN_HOURS, encode_held};
use super::early::drop_message;
use super::history::{Kept, State};
use super::poll::Source;
use super::send::session_change;
use super::shed::Consumed;
use super::{Context, Effect, Member};
use crate::io::{CommandId, Event};
use crate::node::Ids;
use crate::store::{Change, Table, Value};
use crate::vault;

/// What the objects of a delivery came to.
#[derive(Default)]
pub(super) struct Digest {
    pub(super) changes: Vec<Change>,
    pub(super) effects: Vec<Effect>,
    /// New sessions: what waits may be theirs.
    begun: Vec<SessionId>,
    /// The last object persisted something or was refused.
    settled: bool,
    /// Whose mailbox is read; none: the inbox.
    from: Option<IdentityId>,
    gaps: Vec<Unread>,
}

/// An object that can never be read.
struct Unread {
    from: Option<IdentityId>,
    object: [u8; 32],
    error: GapError,
}

impl Member {
    pub(super) fn deliver(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        (delivery, tag): (DeliveryId, Tag),
        objects: Vec<Vec<u8>>,
    ) {
        let Some(reading) = self.sources.get(&tag).copied() else { return };
        let source = reading.source;
        let peer = if let Source::Session(session) = source { self.peer(session) } else { None };
        let (mut digest, mut read) = (Digest { from: peer, ..Digest::default() }, Vec::new());
        for object in objects {
            let (hash, id) = (sha3(&[&object]), ObjectId::of(&tag, &object));
            if self.desk.seen.contains_key(&source.mark(&hash)) {
                read.push(id);
                continue;
            }
            let input = match source {
                Source::Inbox => In::FromInbox { object: object.clone() },
                Source::Session(session) => In::FromMailbox { session, object: object.clone() },
            };
            digest.settled = false;
            let outputs = self.session(cx, input);
            self.digest(cx, hash, outputs, &mut digest);
            if digest.settled {
                self.seen(cx, source.mark(&hash), &mut digest);
                read.push(id);
            } else {
                self.hold(cx, (hash, object), &mut digest);
            }
        }
        let begun = std::mem::take(&mut digest.begun);
        if !begun.is_empty() {
            self.release_held(cx, &mut digest);
            self.bound_strangers(cx, &begun, &mut digest);
        }
        self.file_gaps(cx, &mut digest);
        digest.effects.push(Effect::Consumed(Consumed::new((delivery, tag), reading, peer, read)));
        self.commit(cx, ids, digest.changes, digest.effects);
    }

    /// Keep an object of the inbox until what completes it is here. When there is no room the oldest companion gives way: it shows
    /// nothing that could be checked. A first contact that finds none to take its place is a gap, not lost in silence.
    fn hold(&mut self, cx: Context<'_, '_>, (hash, object): ([u8; 32], Vec<u8>), digest: &mut Digest) {
        if self.desk.held.len() >= MAX_HELD {
            let companions = self.desk.held.iter().filter(|(_, held)| is_companion(&held.object));
            let Some(oldest) = companions.min_by_key(|(_, held)| held.until).map(|(hash, _)| *hash) else {
                return digest.gaps.push(Unread { from: None, object: hash, error: GapError::Crowded });
            };
            self.desk.held.remove(&oldest);
            digest.changes.push(vault::drop_row(Table::Held, &oldest));
        }
        let held = Held { until: Hour::at(cx.now.wall).plus(HELD_HOURS), object };
        digest.changes.push(vault::seal(&self.config.key, (Table::Held, &hash), &encode_held(&held), cx.rng));
        self.desk.held.insert(hash, held);
    }

    /// Objects that waited for a session that stands now were opened with it: their rows go. What says nothing waits on.
    fn release_held(&mut self, cx: Context<'_, '_>, digest: &mut Digest) {
        for (hash, held) in std::mem::take(&mut self.desk.held) {
            let mut own = Digest::default();
            let outputs = self.session(cx, In::FromInbox { object: held.object.clone() });
            self.digest(cx, hash, outputs, &mut own);
            // What does not open now was read already, with the object that completed it: no gap.
            digest.changes.extend(own.changes);
            digest.effects.extend(own.effects);
            if own.settled {
                self.seen(cx, Source::Inbox.mark(&hash), digest);
                digest.changes.push(vault::drop_row(Table::Held, &hash));
            } else {
                self.desk.held.insert(hash, held);
            }
        }
    }

    /// Remember an object that was read or refused in its place, in the batch that says so: a second copy there is passed over.
    fn seen(&mut self, cx: Context<'_, '_>, mark: [u8; 32], digest: &mut Digest) {
        if self.desk.seen.len() >= MAX_SEEN
            && let Some(oldest) = self.desk.seen.iter().min_by_key(|(_, until)| **until).map(|(mark, _)| *mark)
        {
            self.desk.seen.remove(&oldest);
            digest.changes.push(vault::drop_row(Table::Seen, &oldest));
        }
        let until = Hour::at(cx.now.wall).plus(SEEN_HOURS);
        self.desk.seen.insert(mark, until);
        let value = Some(Value::Plain(until.to_bytes().to_vec()));
        digest.changes.push(Change { table: Table::Seen, key: mark.to_vec(), value });
    }

    fn digest(&mut self, cx: Context<'_, '_>, object: [u8; 32], outputs: Vec<Out>, digest: &mut Digest) {
        for output in outputs {
            match output {
                Out::Persist(rows) => {
                    digest.settled = true;
                    digest.changes.extend(rows.into_iter().map(session_change));
                }
                Out::Event(Happened::Begun { session, record, reduced, .. }) => {
                    digest.begun.push(session);
                    let row = self.thread(cx, record.id(), |thread| thread.reduced = reduced);
                    digest.changes.push(row);
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
                    let from = digest.from;
                    digest.gaps.push(Unread { from, object, error });
                }
                Out::Event(Happened::Waiting { .. } | Happened::Sent { .. } | Happened::Refused { .. })
                | Out::Send { .. } => {}
            }
        }
    }

    /// What users send becomes a durable event. What needs a proven sender and has none is a gap; control messages of later
    /// parts are passed over: nothing sends them yet.
    fn received(
        &mut self,
        cx: Context<'_, '_>,
        (session, object): (SessionId, [u8; 32]),
        message: Delivered,
        digest: &mut Digest,
    ) {
        let Some(from) = self.find(session) else { return };
        let (peer, pq_auth, by_inbox) = (from.peer().address.identity, from.pq_auth(), from.unanswered());
        let Delivered { id, sequence, timestamp, content_type, content, .. } = message;
        if !content_type.is_conversation() {
            return;
        }
        if content_type.needs_proof() && pq_auth == PqAuth::Pending {
            let error = GapError::Unconfirmed(content_type);
            return digest.gaps.push(Unread { from: Some(peer), object, error });
        }
        if by_inbox && self.desk.history.full(peer) {
            // The inbox is everybody's: it does not pause for one.
            return digest.gaps.push(Unread { from: None, object, error: GapError::Crowded });
        }
        let (content_type, state) = (Some(content_type), State::Received);
        let message = Kept { peer, id, sequence, timestamp, content_type, object, content, state };
        self.in_order(cx, message, digest);
    }

    /// What was not read takes its place in the history, in the batch of what was. A conversation that pauses takes no more.
    fn file_gaps(&mut self, cx: Context<'_, '_>, digest: &mut Digest) {
        let own = self.identity.id();
        for Unread { from, object, error } in std::mem::take(&mut digest.gaps) {
            if self.desk.history.is_gap(&object) {
                continue;
            }
            let peer = from.filter(|peer| !self.desk.history.full(*peer)).unwrap_or(own);
            let (id, _) = object.split_first_chunk().unwrap_or((&[0; 16], &[]));
            let gap = Kept {
                peer,
                id: MessageId(*id),
                sequence: 0,
                timestamp: header_time(cx.now),
                content_type: None,
                object,
                content: Zeroizing::new(error.to_string().into_bytes()),
                state: State::Received,
            };
            self.keep(cx, gap, digest);
            let history = &mut self.desk.history;
            let mut gone = history.prune_gaps(peer);
            gone.extend(history.prune(peer));
            digest.changes.extend(gone.into_iter().map(drop_message));
            digest.changes.push(self.thread(cx, peer, |_| {}));
        }
    }

    fn peer(&self, session: SessionId) -> Option<IdentityId> {
        self.find(session).map(|session| session.peer().address.identity)
    }

    pub(super) fn acknowledge(&mut self, cx: Context<'_, '_>, ids: &mut Ids, command: CommandId, cursor: u64) {
        self.desk.history.acknowledge(cursor);
        let value = self.desk.history.acknowledged.to_be_bytes();
        let row = vault::seal(&self.config.key, (Table::Counter, b"a"), &value, cx.rng);
        let mut effects = vec![Effect::Tell(Event::Done { command })];
        effects.extend(self.unpause());
        self.commit(cx, ids, vec![row], effects);
    }

    /// Once an hour: sessions past their time, objects that waited a day.
    pub(super) fn expire(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        let mut digest = Digest::default();
        let outputs = self.session(cx, In::Wake);
        self.digest(cx, [0; 32], outputs, &mut digest);
        let now = Hour::at(cx.now.wall);
        let over: Vec<_> = self.desk.held.iter().filter(|(_, held)| now > held.until).map(|(hash, _)| *hash).collect();
        for hash in over {
            let held = self.desk.held.remove(&hash);
            digest.changes.push(vault::drop_row(Table::Held, &hash));
            if held.is_some_and(|held| !is_companion(&held.object)) {
                digest.gaps.push(Unread { from: None, object: hash, error: GapError::NoRecords });
            }
        }
        let over: Vec<_> = self.desk.seen.iter().filter(|(_, until)| now > **until).map(|(hash, _)| *hash).collect();
        for hash in over {
            self.desk.seen.remove(&hash);
            digest.changes.push(vault::drop_row(Table::Seen, &hash));
        }
        self.expire_shed(cx);
        self.erase_prekeys(cx, &mut digest);
        // A restarted machine has forgotten what waits: it is shown again.
        self.release_held(cx, &mut digest);
        self.file_gaps(cx, &mut digest);
        self.commit(cx, ids, digest.changes, digest.effects);
        self.publish_again(cx, ids);
    }

    /// What was sent to prekeys whose life is over must open for nobody (SESSION section 2). What is erased does not come back, so
    /// the nodes have to have told the time: a clock that is wrong for a while erases nothing.
    fn erase_prekeys(&mut self, cx: Context<'_, '_>, digest: &mut Digest) {
        if !self.polling.answered() {
            return;
        }
        let now = self.swarm.clock(cx.now.wall);
        if let Some(changes) = self.identity.erase(&self.config.key, now, cx.rng) {
            digest.changes.extend(changes);
            self.session(cx, In::Prekeys(self.identity.leaves.clone()));
        }
    }
}

fn is_companion(object: &[u8]) -> bool {
    matches!(Object::read(object), Ok(Object::Companion(_)))
}
