//! Fan-out: one replica passes an object to the others and collects their signed receipts (SESSION section 6 "PUT").

use std::collections::BTreeSet;

use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::codec::{Day, Minute};
use pars_wire::limits::REQUIRED_COPIES;
use pars_wire::machine::Tick;

use super::super::command::{Command, MAX_SURBS, Op};
use super::super::frame::Body as FrameBody;
use super::super::mailbox::{ObjectId, Tag};
use super::super::receipt::Receipt;
use super::super::reply::{Items, Reply, Status};
use super::{Context, GATHER_MS, MAX_GATHERINGS, Store, StoreOut, passed_on};

/// Reply blocks that wait for the receipts of one object: whoever asks more often is answered at once.
const MAX_WAITING: usize = 16 * MAX_SURBS as usize;

/// A reply block, and the operation that its answer names.
type Waiting = (Op, Vec<u8>);

/// One answer for each command: its first block.
fn first_of(op: Op, surbs: Vec<Vec<u8>>) -> Vec<Waiting> {
    surbs.into_iter().take(1).map(|surb| (op, surb)).collect()
}

/// Receipts being collected for one object.
pub(super) struct Gathering {
    object: ObjectId,
    waiting: BTreeSet<NodeId>,
    surbs: Vec<Waiting>,
    pub(super) deadline: Tick,
}

impl Store {
    /// This node's receipt, if it holds the object.
    pub(super) fn receipt(&self, object: &ObjectId) -> Option<Receipt> {
        let (day, tag) = self.places.get(object)?;
        let entry = self.shelves.get(&(*day, *tag))?.get(object)?;
        Some(Receipt::sign(&self.config.key, self.config.node, object, tag, entry.expiry))
    }

    pub(super) fn put(&mut self, cx: Context<'_, '_>, command: Command, surbs: Vec<Vec<u8>>) {
        let op = command.op();
        match self.admit(cx, &command) {
            Ok(object) => self.gather(cx, object, first_of(op, surbs), Some(&command)),
            Err(status) => super::reply(cx, surbs, &Reply::bare(op, status, Minute::at(cx.now.wall))),
        }
    }

    /// Receipts of an object from every replica. Unknown objects have none.
    pub(super) fn stat(&mut self, cx: Context<'_, '_>, object: ObjectId, surbs: Vec<Vec<u8>>) {
        if self.places.contains_key(&object) {
            self.gather(cx, object, first_of(Op::Stat, surbs), None);
        } else {
            let nothing = Reply {
                items: Items::Receipts(Vec::new()),
                ..Reply::bare(Op::Stat, Status::Ok, Minute::at(cx.now.wall))
            };
            super::reply(cx, surbs, &nothing);
        }
    }

    /// Ask the replicas whose receipt is missing: with the command itself, or only whether they hold the object.
    fn gather(&mut self, cx: Context<'_, '_>, object: ObjectId, surbs: Vec<Waiting>, command: Option<&Command>) {
        let running = self.gatherings.values_mut().find(|gathering| gathering.object == object);
        if let Some(gathering) = running {
            if gathering.surbs.len() < MAX_WAITING {
                gathering.surbs.extend(surbs);
                return;
            }
            return self.answer(cx, object, surbs);
        }
        let missing = self.missing(&object);
        if missing.is_empty() || self.gatherings.len() >= MAX_GATHERINGS {
            return self.answer(cx, object, surbs);
        }
        // Random, so that nobody else can answer in a replica's place.
        let request = u64::from_be_bytes(random(cx.rng));
        let body = command.map_or(FrameBody::Query(object), |command| FrameBody::Store(passed_on(command)));
        for peer in &missing {
            self.send(cx, *peer, request, body.clone());
        }
        let deadline = cx.now.tick.after(GATHER_MS);
        self.gatherings.insert(request, Gathering { object, waiting: missing, surbs, deadline });
    }

    fn missing(&mut self, object: &ObjectId) -> BTreeSet<NodeId> {
        let Some((day, tag)) = self.places.get(object).copied() else { return BTreeSet::new() };
        let peers = self.peers(&tag, day).unwrap_or_default();
        let entry = self.shelves.get(&(day, tag)).and_then(|shelf| shelf.get(object));
        let known =
            |node: &NodeId| entry.is_some_and(|entry| entry.receipts.iter().any(|receipt| receipt.node == *node));
        peers.into_iter().filter(|node| !known(node)).collect()
    }

    /// Another replica's answer. A receipt counts if it verifies under the registry's key for the one who was asked.
    pub(super) fn gathered(
        &mut self,
        cx: Context<'_, '_>,
        request: u64,
        from: NodeId,
        answer: Result<Receipt, Status>,
    ) {
        let Some(gathering) = self.gatherings.get_mut(&request) else { return };
        if !gathering.waiting.remove(&from) {
            return;
        }
        let (object, done) = (gathering.object, gathering.waiting.is_empty());
        if let Ok(receipt) = answer {
            self.note(object, from, receipt);
        }
        let copies = self.receipts(&object).len();
        if done {
            self.finish(cx, request);
        } else if copies >= REQUIRED_COPIES
            && let Some(gathering) = self.gatherings.get_mut(&request)
        {
            // Enough for the sender; the rest is still noted for whoever asks later.
            let surbs = std::mem::take(&mut gathering.surbs);
            self.answer(cx, object, surbs);
        }
    }

    fn note(&mut self, object: ObjectId, from: NodeId, receipt: Receipt) {
        let Some((day, tag)): Option<(Day, Tag)> = self.places.get(&object).copied() else { return };
        let verifies = self.placement.key(from, day).is_some_and(|key| receipt.verifies(key, &object, &tag));
        if receipt.node != from || !verifies {
            return;
        }
        if let Some(entry) = self.shelves.get_mut(&(day, tag)).and_then(|shelf| shelf.get_mut(&object)) {
            entry.receipts.push(receipt);
        }
    }

    /// This node's receipt, then those of the others that are known.
    fn receipts(&self, object: &ObjectId) -> Vec<Receipt> {
        let place = self.places.get(object);
        let entry = place.and_then(|place| self.shelves.get(place)).and_then(|shelf| shelf.get(object));
        let others = entry.map(|entry| entry.receipts.clone()).unwrap_or_default();
        self.receipt(object).into_iter().chain(others).collect()
    }

    fn answer(&self, cx: Context<'_, '_>, object: ObjectId, surbs: Vec<Waiting>) {
        if surbs.is_empty() {
            return;
        }
        let items = Items::Receipts(self.receipts(&object));
        for (op, surb) in surbs {
            let reply = Reply { items: items.clone(), ..Reply::bare(op, Status::Ok, Minute::at(cx.now.wall)) };
            cx.out.push(StoreOut::Reply { surb, body: reply.encode() });
        }
    }

    fn finish(&mut self, cx: Context<'_, '_>, request: u64) {
        if let Some(gathering) = self.gatherings.remove(&request) {
            self.answer(cx, gathering.object, gathering.surbs);
        }
    }

    /// Answer with what there is where the time is over.
    pub(super) fn finish_gatherings(&mut self, cx: Context<'_, '_>) {
        let due = |gathering: &Gathering| gathering.deadline <= cx.now.tick;
        let late: Vec<u64> = self.gatherings.iter().filter(|(_, g)| due(g)).map(|(request, _)| *request).collect();
        late.into_iter().for_each(|request| self.finish(cx, request));
    }
}
