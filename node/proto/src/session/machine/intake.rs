//! The inbox: INIT objects and their companions, in any order, any number of times.

use std::collections::BTreeMap;

use pars_identity::device::DeviceCertificate;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::record::IdentityRecord;
use pars_wire::codec::Hour;
use pars_wire::limits::{GRACE_HOURS, MAX_INIT, MAX_TTL_HOURS};
use pars_wire::machine::Cx;

use super::io::{Event, GapError, Out, Row, Standing};
use super::{Entry, KEEP_HOURS, MAX_ARCHIVED, Sessions};
use crate::session::handshake::{HandshakeError, Unsealed, init_id};
use crate::session::layout::{InitObject, Object};
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

    /// IR_A and DC_A, still to be verified.
    fn records(&self, unsealed: &Unsealed<'_>) -> Result<[Vec<u8>; 2], HandshakeError> {
        match &self.records {
            Some(records) => Ok(records.clone()),
            None => {
                let [record, certificate] = self.companions.each_ref().map(|sealed| open_companion(unsealed, sealed));
                Ok([record?, certificate?])
            }
        }
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
pub(super) struct Waiting(BTreeMap<[u8; 16], Partial>);

impl Waiting {
    pub(super) fn expire(&mut self, now: Hour) {
        self.0.retain(|_, partial| now <= partial.until);
    }

    /// The place of a handshake; a new one only while there is room. Companions alone show nothing that could be checked: the
    /// oldest of those gives way.
    fn of(&mut self, reference: [u8; 16], now: Hour) -> Option<&mut Partial> {
        if self.0.len() >= MAX_WAITING && !self.0.contains_key(&reference) {
            let unproven = self.0.iter().filter(|(_, partial)| partial.objects.is_empty());
            let oldest = unproven.min_by_key(|(_, partial)| partial.until).map(|(reference, _)| *reference)?;
            self.0.remove(&oldest);
        }
        let until = now.plus(WAIT_HOURS);
        let new = || Partial { until, objects: Vec::new(), companions: Default::default(), records: None };
        Some(self.0.entry(reference).or_insert_with(new))
    }
}

impl Sessions {
    pub(super) fn open_inbox(&mut self, bytes: Vec<u8>, cx: &mut Cx<'_, Out>) {
        let result = match Object::read(&bytes) {
            Ok(Object::Init(object)) => self.take_init(&object, &bytes, cx),
            Ok(Object::Companion(companion)) => {
                let (reference, index) = (companion.reference(), usize::from(companion.index()));
                let partial = self.waiting.of(reference, Hour::at(cx.now.wall));
                if let Some(slot) = partial.and_then(|partial| partial.companions.get_mut(index)) {
                    keep(&bytes, slot, MAX_CANDIDATES);
                }
                self.complete(reference, cx)
            }
            Ok(Object::Ratchet(_)) => Err((None, GapError::Misplaced)),
            Err(error) => Err((None, GapError::Session(error.into()))),
        };
        if let Err((session, error)) = result {
            cx.out.push(Out::Event(Event::Gap { session, error }));
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
        if let Some(partial) = self.waiting.of(reference, Hour::at(cx.now.wall)) {
            let first = partial.objects.is_empty();
            keep(bytes, &mut partial.objects, MAX_OBJECTS);
            if first && !partial.ready() {
                cx.out.push(Out::Event(Event::Waiting { reference, claims }));
            }
        }
        self.complete(reference, cx)
    }

    /// The records of a handshake that waits, from a directory.
    pub(super) fn take_records(&mut self, reference: [u8; 16], records: [Vec<u8>; 2], cx: &mut Cx<'_, Out>) {
        if let Some(partial) = self.waiting.0.get_mut(&reference) {
            partial.records = Some(records);
        }
        if let Err((session, error)) = self.complete(reference, cx) {
            cx.out.push(Out::Event(Event::Gap { session, error }));
        }
    }

    fn leaf(&self, object: &InitObject<'_>) -> Option<&LeafSecret> {
        self.own.leaves.iter().find(|leaf| leaf.prekey.id().0 == object.leaf_id())
    }

    /// Steps 2 to 6, once an object and both companions are here. The first object whose body opens makes the session; a
    /// handshake that fails otherwise is dropped whole.
    fn complete(&mut self, reference: [u8; 16], cx: &mut Cx<'_, Out>) -> Result<(), (Option<SessionId>, GapError)> {
        if !self.waiting.0.get(&reference).is_some_and(Partial::ready) {
            return Ok(());
        }
        let Some(partial) = self.waiting.0.remove(&reference) else { return Ok(()) };
        let mut failed = None;
        for bytes in &partial.objects {
            match self.establish(bytes, &partial, cx) {
                Ok(()) => {
                    for other in partial.objects.iter().filter(|other| *other != bytes) {
                        self.open_inbox(other.clone(), cx);
                    }
                    return Ok(());
                }
                Err(error @ GapError::Handshake(HandshakeError::Body(_))) => failed = Some(error),
                // Every candidate so far was false: wait for the true one.
                Err(GapError::Handshake(HandshakeError::NotSealedForUs)) => {
                    self.waiting.0.insert(reference, partial);
                    return Ok(());
                }
                Err(error) => return Err((None, error)),
            }
        }
        failed.map_or(Ok(()), |error| Err((None, error)))
    }

    fn establish(&mut self, bytes: &[u8], partial: &Partial, cx: &mut Cx<'_, Out>) -> Result<(), GapError> {
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
        let reduced = leaf.prekey.day().is_none();
        let until = leaf.prekey.not_after().plus(u32::from(MAX_TTL_HOURS) + GRACE_HOURS);
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
    fn bound_archive(&mut self, peer: &Address, cx: &mut Cx<'_, Out>) {
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

/// The record in the first candidate that opens.
fn open_companion(unsealed: &Unsealed<'_>, candidates: &[Vec<u8>]) -> Result<Vec<u8>, HandshakeError> {
    let open = |bytes: &Vec<u8>| match Object::read(bytes) {
        Ok(Object::Companion(companion)) => unsealed.open_companion(&companion).ok(),
        _ => None,
    };
    candidates.iter().find_map(open).ok_or(HandshakeError::NotSealedForUs)
}
