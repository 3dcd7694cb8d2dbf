//! The inbox: INIT objects and their companions, in any order, any number of times.

use std::collections::BTreeMap;

use pars_identity::device::DeviceCertificate;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::record::IdentityRecord;
use pars_wire::codec::Hour;
use pars_wire::limits::MAX_INIT;
use pars_wire::machine::Cx;

use super::io::{Event, GapError, Out, Row, Standing};
use super::{Entry, KEEP_HOURS, MAX_ARCHIVED, Sessions};
use crate::session::handshake::{HandshakeError, Unsealed, init_id};
use crate::session::layout::{CompanionObject, InitObject, Object};
use crate::session::pair::{Address, Crossing, Phase, Received, Session, SessionId, Tools};
use crate::session::replay::Known;

/// Handshakes that may wait for records: each object costs its sender hashcash.
const MAX_WAITING: usize = 32;
/// Objects of one that wait: the chain, and room for forged copies, which only show when they are opened.
const MAX_OBJECTS: usize = MAX_INIT as usize + 8;
/// Candidates for each companion: anybody who saw the reference can send false ones.
const MAX_CANDIDATES: usize = 4;
/// Hours for which one may wait, unseen by the user.
const WAIT_HOURS: u32 = 24;

/// Objects of one handshake whose records are not complete.
struct Partial {
    until: Hour,
    /// How many began to wait before it.
    turn: u64,
    objects: Vec<Vec<u8>>,
    /// IR_A and DC_A, sealed as they came.
    companions: [Vec<Vec<u8>>; 2],
    /// IR_A and DC_A as a directory gave them.
    records: Option<[Vec<u8>; 2]>,
}

impl Partial {
    fn ready(&self) -> bool {
        let companions = self.companions.iter().all(|candidates| !candidates.is_empty());
        !self.objects.is_empty() && (companions || self.records.is_some())
    }

    /// IR_A and DC_A, still to be verified. False companions go, so that there is room for the true ones.
    fn records(&mut self, unsealed: &Unsealed<'_>) -> Result<[Vec<u8>; 2], HandshakeError> {
        if let Some(records) = &self.records {
            return Ok(records.clone());
        }
        let [record, certificate] = self.companions.each_mut().map(|candidates| {
            let opened = |bytes: &Vec<u8>| open_companion(unsealed, bytes);
            candidates.retain(|bytes| opened(bytes).is_some());
            candidates.first().and_then(opened).ok_or(HandshakeError::NotSealedForUs)
        });
        Ok([record?, certificate?])
    }
}

/// Keep a copy unless it is known or there is no room.
fn keep(bytes: &[u8], among: &mut Vec<Vec<u8>>, most: usize) {
    if among.len() < most && !among.iter().any(|known| known == bytes) {
        among.push(bytes.to_vec());
    }
}

/// Handshakes that wait, by the first 16 bytes of their TH0.
#[derive(Default)]
pub(super) struct Waiting {
    partials: BTreeMap<[u8; 16], Partial>,
    turns: u64,
}

impl Waiting {
    pub(super) fn expire(&mut self, now: Hour) {
        self.partials.retain(|_, partial| now <= partial.until);
    }

    /// The place of a handshake. When there is no room the one that waits longest gives way, first of all companions alone, which
    /// show nothing that could be checked: who makes many calls without records keeps nobody out whose call is whole.
    fn of(&mut self, reference: [u8; 16], now: Hour) -> &mut Partial {
        if self.partials.len() >= MAX_WAITING && !self.partials.contains_key(&reference) {
            let age = |partial: &Partial| (!partial.objects.is_empty(), partial.turn);
            let oldest = self.partials.iter().min_by_key(|(_, partial)| age(partial)).map(|(reference, _)| *reference);
            if let Some(oldest) = oldest {
                self.partials.remove(&oldest);
            }
        }
        let (until, turn) = (now.plus(WAIT_HOURS), self.turns);
        self.turns += 1;
        let new = || Partial { until, turn, objects: Vec::new(), companions: Default::default(), records: None };
        self.partials.entry(reference).or_insert_with(new)
    }
}

impl Sessions {
    pub(super) fn open_inbox(&mut self, bytes: Vec<u8>, cx: &mut Cx<'_, Out>) {
        let result = match Object::read(&bytes) {
            Ok(Object::Init(object)) => self.take_init(&object, &bytes, cx),
            Ok(Object::Companion(companion)) => self.take_companion(&companion, &bytes, cx),
            Ok(Object::Ratchet(_)) => Err((None, GapError::Misplaced)),
            Err(error) => Err((None, GapError::Session(error.into()))),
        };
        if let Err((session, error)) = result {
            cx.out.push(Out::Event(Event::Gap { session, error }));
        }
    }

    /// A record of a handshake. If it completes one whose objects turn out to be forged, nothing is wrong with the record.
    fn take_companion(
        &mut self,
        companion: &CompanionObject<'_>,
        bytes: &[u8],
        cx: &mut Cx<'_, Out>,
    ) -> Result<(), (Option<SessionId>, GapError)> {
        let (reference, index) = (companion.reference(), usize::from(companion.index()));
        let partial = self.waiting.of(reference, Hour::at(cx.now.wall));
        if let Some(slot) = partial.companions.get_mut(index) {
            keep(bytes, slot, MAX_CANDIDATES);
        }
        match self.complete(reference, cx) {
            Err((_, GapError::Handshake(HandshakeError::Body(_)))) => Ok(()),
            outcome => outcome,
        }
    }

    /// Step 1: a known handshake goes to the session it made, a new one waits for its records.
    fn take_init(
        &mut self,
        object: &InitObject<'_>,
        bytes: &[u8],
        cx: &mut Cx<'_, Out>,
    ) -> Result<(), (Option<SessionId>, GapError)> {
        if let Some(Known { session: id, .. }) = self.replay.find(&init_id(object)).copied() {
            let mut tools = Tools { now: cx.now, suite: self.suite, rng: &mut *cx.rng };
            let entry = self.entries.get_mut(&id).ok_or((Some(id), GapError::NoSession))?;
            let message = entry.session.receive_init(object, &mut tools).map_err(|error| (Some(id), error.into()))?;
            self.deliver(id, Received { message, confirmed: false, superseded: None }, Vec::new(), cx);
            return Ok(());
        }
        let leaf = self.leaf(object).ok_or((None, GapError::NoPrekey))?;
        let mut tools = Tools { now: cx.now, suite: self.suite, rng: &mut *cx.rng };
        let unsealed =
            Unsealed::open(object, leaf, self.own.local(), &mut tools).map_err(|error| (None, error.into()))?;
        let (reference, claims) = (unsealed.reference(), unsealed.claims());
        let partial = self.waiting.of(reference, Hour::at(cx.now.wall));
        let first = partial.objects.is_empty();
        keep(bytes, &mut partial.objects, MAX_OBJECTS);
        if first && !partial.ready() {
            cx.out.push(Out::Event(Event::Waiting { reference, claims }));
        }
        self.complete(reference, cx)
    }

    /// The records of a handshake that waits, from a directory.
    pub(super) fn take_records(&mut self, reference: [u8; 16], records: [Vec<u8>; 2], cx: &mut Cx<'_, Out>) {
        if let Some(partial) = self.waiting.partials.get_mut(&reference) {
            partial.records = Some(records);
        }
        if let Err((session, error)) = self.complete(reference, cx) {
            cx.out.push(Out::Event(Event::Gap { session, error }));
        }
    }

    fn leaf(&self, object: &InitObject<'_>) -> Option<&LeafSecret> {
        self.own.leaves.iter().find(|leaf| leaf.prekey.id().0 == object.leaf_id())
    }

    /// Steps 2 to 6, once an object and both companions are here. The first object whose body opens makes the session. Anybody who
    /// saw the handshake can send it with false bodies or companions: these go, and what is true waits on. A handshake that fails
    /// otherwise is dropped whole.
    fn complete(&mut self, reference: [u8; 16], cx: &mut Cx<'_, Out>) -> Result<(), (Option<SessionId>, GapError)> {
        if !self.waiting.partials.get(&reference).is_some_and(Partial::ready) {
            return Ok(());
        }
        let Some(mut partial) = self.waiting.partials.remove(&reference) else { return Ok(()) };
        let objects = std::mem::take(&mut partial.objects);
        let mut failed = None;
        for bytes in &objects {
            match self.establish(bytes, &mut partial, cx) {
                Ok(()) => {
                    for other in objects.iter().filter(|other| *other != bytes) {
                        self.open_inbox(other.clone(), cx);
                    }
                    return Ok(());
                }
                Err(error @ GapError::Handshake(HandshakeError::Body(_))) => failed = Some(error),
                // Every companion so far was false: wait for the true one.
                Err(GapError::Handshake(HandshakeError::NotSealedForUs)) => {
                    partial.objects = objects;
                    self.waiting.partials.insert(reference, partial);
                    return Ok(());
                }
                Err(error) => return Err((None, error)),
            }
        }
        self.waiting.partials.insert(reference, partial);
        failed.map_or(Ok(()), |error| Err((None, error)))
    }

    fn establish(&mut self, bytes: &[u8], partial: &mut Partial, cx: &mut Cx<'_, Out>) -> Result<(), GapError> {
        self.replay.room()?;
        let object = Object::read(bytes).map_err(|error| GapError::Session(error.into()))?;
        let Object::Init(object) = object else { return Err(GapError::Misplaced) };
        let leaf = self.leaf(&object).ok_or(GapError::NoPrekey)?;
        let mut tools = Tools { now: cx.now, suite: self.suite, rng: &mut *cx.rng };
        let unsealed = Unsealed::open(&object, leaf, self.own.local(), &mut tools)?;
        let [record, certificate] = partial.records(&unsealed)?;
        let record = IdentityRecord::verify(self.suite, &record)?;
        let certificate = DeviceCertificate::verify(self.suite, &certificate, record.core())?;
        let pin = self.own.pins.get(&record.id());
        let (session, message) = unsealed.verify(&record, &certificate, pin, &tools)?.establish(&mut tools)?;

        // As long as the leaf secret lives; a last resort lives until its successor, at most this long.
        let (reduced, until) = (leaf.prekey.day().is_none(), leaf.erase_at(None));
        let known = Known { session: session.id(), until };
        self.replay.remember(init_id(&object), known)?;
        let (id, peer) = (session.id(), session.peer().address);
        let mut changed = self.place(session, cx);
        changed.extend(self.bound_skipped(id));
        self.persist(&changed, vec![Row::Handshake { id: init_id(&object), known }], cx);
        cx.out.push(Out::Event(Event::Begun { session: id, peer, record: Box::new(record), reduced }));
        cx.out.push(Out::Event(Event::Delivered { session: id, message }));
        Ok(())
    }

    /// Decide what a new session of the peer's is: current, or receive-only. Returns the sessions that changed.
    fn place(&mut self, mut session: Session, cx: &mut Cx<'_, Out>) -> Vec<SessionId> {
        let (id, peer) = (session.id(), session.peer().address);
        let until = Hour::at(cx.now.wall).plus(KEEP_HOURS);
        let before = self.current.get(&peer).and_then(|old| self.entries.get(old));
        let (crossing, loses) = match before {
            None => (false, false),
            Some(Entry { session: ours, superseded, .. }) => {
                let unanswered = ours.phase() == Phase::Opening;
                let named = superseded.is_some_and(|name| name.names(session.transcript()));
                let ours_lives = unanswered && ours.cross(session.transcript()) == Crossing::OursLives;
                (unanswered, named || ours_lives)
            }
        };
        if loses {
            let standing = Standing::ReceiveOnly { until };
            self.entries.insert(id, Entry { session, standing, superseded: None });
            self.bound_archive(&peer, cx);
            return vec![id];
        }
        let old = before.map(|entry| entry.session.id());
        if let (true, Some(Entry { session: ours, .. })) = (crossing, before) {
            session.supersede(ours);
        }
        self.install(session, cx);
        self.bound_archive(&peer, cx);
        old.into_iter().chain([id]).collect()
    }

    /// Drop the receive-only sessions of a peer that are over its bound, those that end first.
    pub(super) fn bound_archive(&mut self, peer: &Address, cx: &mut Cx<'_, Out>) {
        let mut archived: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.session.peer().address == *peer)
            .filter_map(|(id, entry)| match entry.standing {
                Standing::ReceiveOnly { until } => Some((until, *id)),
                Standing::Current => None,
            })
            .collect();
        archived.sort();
        let excess = archived.len().saturating_sub(MAX_ARCHIVED);
        let gone: Vec<_> = archived.into_iter().take(excess).map(|(_, id)| id).collect();
        self.forget(&gone, cx);
    }
}

/// The record in a companion of this handshake.
fn open_companion(unsealed: &Unsealed<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    match Object::read(bytes) {
        Ok(Object::Companion(companion)) => unsealed.open_companion(&companion).ok(),
        _ => None,
    }
}
