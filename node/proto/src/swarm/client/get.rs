//! Reading a mailbox day: the union of several replicas, each behind its own cursor.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::codec::{Day, DecodeError, Reader, Writer};
use pars_wire::machine::UnixMinute;

use super::super::auth::{Auth, in_use};
use super::super::command::Command;
use super::super::hashcash::Work;
use super::super::mailbox::{DayKey, ObjectId, Tag};
use super::super::placement::Placement;
use super::super::reply::{Item, Items, Reply};
use super::super::store::rows::Row;
use super::{Asked, Client, ClientOut, Context, DeliveryId, Event, TaskError, TaskId, draw};

/// Reply blocks of a reading.
const SURBS: u8 = 2;
/// Readings of one node that may fail before another one is asked.
const ATTEMPTS: u32 = 2;
/// Replies of one node in one reading. A node can make up objects for ever; what an honest one has beyond that is behind the
/// cursor at the next reading.
const MAX_PAGES: u32 = 64;
/// Objects of a mailbox day that are remembered: a bound of memory. Beyond it one may be delivered twice; who takes deliveries
/// knows what it has.
const MAX_SEEN: usize = 4_096;

/// What lies between two cursors of a node.
struct Segment {
    end: u64,
    /// Deliveries that hold its objects and are not committed.
    waits: BTreeSet<DeliveryId>,
}

/// What is known of a mailbox day.
#[derive(Default)]
pub(super) struct Book {
    /// Behind these everything is durable here.
    pub(super) cursors: BTreeMap<NodeId, u64>,
    /// Objects that were delivered, and in which delivery while that is not committed.
    seen: BTreeMap<ObjectId, Option<DeliveryId>>,
    segments: BTreeMap<(NodeId, u64), Segment>,
}

fn row_key((day, tag): (Day, Tag), node: NodeId) -> Vec<u8> {
    let mut key = Writer::with_capacity(68);
    key.day(day).bytes(&tag.0).bytes(&node.0.0);
    key.into_bytes()
}

type Place = (Day, Tag);

/// A cursor's row: `day4|tag32|node32` → `cursor8`.
pub(super) fn read_row(key: &mut Reader<'_>, value: &mut Reader<'_>) -> Result<(Place, NodeId, u64), DecodeError> {
    let place = (key.day("mailbox day")?, Tag(key.array("tag")?));
    let node = NodeId(key.array::<32>("node id")?.into());
    let cursor = value.u64("cursor")?;
    key.clone().finish()?;
    value.clone().finish()?;
    Ok((place, node, cursor))
}

impl Book {
    fn cursor(&self, node: NodeId) -> u64 {
        self.cursors.get(&node).copied().unwrap_or(0)
    }

    /// A delivery is durable: cursors move as far as nothing is missing behind them.
    pub(super) fn committed(&mut self, place: Place, delivery: DeliveryId) -> Vec<Row> {
        for pending in self.seen.values_mut().filter(|pending| **pending == Some(delivery)) {
            *pending = None;
        }
        for segment in self.segments.values_mut() {
            segment.waits.remove(&delivery);
        }
        self.advance(place)
    }

    fn advance(&mut self, place: Place) -> Vec<Row> {
        let mut moved = BTreeMap::new();
        let nodes: BTreeSet<NodeId> = self.segments.keys().map(|(node, _)| *node).collect();
        for node in nodes {
            let mut at = self.cursor(node);
            while let Some(segment) = self.segments.get(&(node, at)).filter(|segment| segment.waits.is_empty()) {
                let end = segment.end;
                self.segments.remove(&(node, at));
                at = end;
                moved.insert(node, end);
            }
        }
        self.cursors.extend(moved.iter());
        let row = |(node, cursor): (NodeId, u64)| Row {
            key: row_key(place, node),
            value: Some(cursor.to_be_bytes().to_vec()),
        };
        moved.into_iter().map(row).collect()
    }

    /// The rows of a day that is over, deleted.
    pub(super) fn drop_rows(self, place: Place) -> Vec<Row> {
        self.cursors.into_keys().map(|node| Row { key: row_key(place, node), value: None }).collect()
    }

    /// Note what a reply holds; the objects that are new and that cost their sender enough.
    fn take(
        &mut self,
        at: (NodeId, u64),
        items: Vec<Item>,
        delivery: DeliveryId,
        is_due: impl Fn(&Item) -> bool,
    ) -> Vec<Vec<u8>> {
        let (_, start) = at;
        let end = items.last().map_or(start, |item| item.cursor);
        let (mut fresh, mut waits) = (Vec::new(), BTreeSet::new());
        for item in items {
            if !is_due(&item) {
                continue;
            }
            match self.seen.get(&item.id) {
                Some(None) => {}
                Some(Some(pending)) => {
                    waits.insert(*pending);
                }
                None => {
                    if self.seen.len() >= MAX_SEEN {
                        self.seen.retain(|_, pending| pending.is_some());
                    }
                    self.seen.insert(item.id, Some(delivery));
                    waits.insert(delivery);
                    fresh.push(item.object);
                }
            }
        }
        if end > start {
            self.segments.insert(at, Segment { end, waits });
        }
        fresh
    }
}

#[derive(Default)]
struct Reading {
    request: Option<u64>,
    replies: u8,
    /// Replies in all.
    pages: u32,
    failures: u32,
    /// A reply without more behind it was seen, and where it ends.
    end: Option<u64>,
}

/// One reading of a mailbox.
pub(super) struct Fetch {
    mailbox: DayKey,
    tag: Tag,
    nodes: usize,
    /// Of an inbox: the work that its owner asks for.
    bits: u8,
    /// Asked in this reading, or not to be asked.
    tried: BTreeSet<NodeId>,
    reading: BTreeMap<NodeId, Reading>,
    /// Read to their end.
    answered: BTreeSet<NodeId>,
}

impl Fetch {
    pub(super) fn new(
        mailbox: DayKey,
        (nodes, bits): (usize, u8),
        without: BTreeSet<NodeId>,
        now: UnixMinute,
    ) -> Result<Self, TaskError> {
        if !in_use(mailbox.day, now) {
            return Err(TaskError::Day);
        }
        let tag = mailbox.tag();
        let (reading, answered) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { mailbox, tag, nodes, bits, tried: without, reading, answered })
    }

    fn place(&self) -> Place {
        (self.mailbox.day, self.tag)
    }

    pub(super) fn run(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId, event: Event) -> Option<Self> {
        match event {
            Event::Answer { request, node, reply } => self.answer(client, cx, (request, node), *reply),
            // Blocks that stay unused because there was nothing more to say fail too, after their reading has moved on.
            Event::Failed { request, node }
                if self.reading.get(&node).is_some_and(|reading| reading.request == Some(request)) =>
            {
                self.failed(node);
            }
            _ => {}
        }
        self.go_on(client, cx, id)
    }

    fn answer(&mut self, client: &mut Client, cx: Context<'_, '_>, (request, node): (u64, NodeId), reply: Reply) {
        let Reply { more, cursor: start, items: Items::Objects(items), .. } = reply else { return self.failed(node) };
        let rising = items.iter().try_fold(start, |last, item| (item.cursor > last).then_some(item.cursor));
        // Who has more gives some of it.
        let rising = rising.filter(|_| !more || !items.is_empty());
        let Some(reading) = self.reading.get_mut(&node).filter(|reading| reading.request == Some(request)) else {
            return;
        };
        let Some(end) = rising else { return self.failed(node) };
        reading.replies += 1;
        reading.pages += 1;
        if !more {
            reading.end = Some(end);
        }
        let place = (self.mailbox.day, self.tag);
        let delivery = DeliveryId(client.deliveries + 1);
        let (placement, today) = (&client.placement, Day::at(cx.now.wall));
        let book = client.books.entry(place).or_default();
        // What does not hash to its id is damaged or of another mailbox.
        let is_due =
            |item: &Item| ObjectId::of(&self.tag, &item.object) == item.id && self.is_worked(placement, today, item);
        let objects = book.take((node, start), items, delivery, is_due);
        let rows = book.advance(place);
        if !objects.is_empty() {
            client.deliveries += 1;
            cx.out.push(ClientOut::Deliver { delivery, tag: self.tag, objects });
        }
        if !rows.is_empty() {
            cx.out.push(ClientOut::Persist(rows));
        }
    }

    /// Whether a stranger did the work that is asked for: under the beacon of the mailbox's day, of the next, when it was late, or
    /// of the one before, when its sender's clock was. Where one of these is not known here, the node's own check stands.
    fn is_worked(&self, placement: &Placement, today: Day, item: &Item) -> bool {
        if self.bits == 0 {
            return true;
        }
        let day = self.mailbox.day;
        let enough = |day: Day, nonce: &[u8; 8]| match placement.beacon(day) {
            Some(beacon) => Work { tag: self.tag, object: item.id, beacon: *beacon }.effort(nonce) >= self.bits,
            // Of tomorrow there is none yet.
            None => day <= today,
        };
        let mut days = [day, day.plus(1), day.minus(1)].into_iter();
        item.work.is_some_and(|nonce| days.any(|day| enough(day, &nonce)))
    }

    fn failed(&mut self, node: NodeId) {
        if let Some(reading) = self.reading.get_mut(&node) {
            reading.request = None;
            reading.failures += 1;
        }
    }

    /// Read on where a node has more, ask further nodes where some failed, end when nothing is open.
    fn go_on(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId) -> Option<Self> {
        let nodes: Vec<NodeId> = self.reading.keys().copied().collect();
        for node in nodes {
            self.read_on(client, cx, id, node);
        }
        let replicas = client.placement.replicas(&self.tag, self.mailbox.day);
        while self.reading.len() + self.answered.len() < self.nodes {
            let Some(node) = draw(cx, &replicas, &self.tried) else { break };
            self.tried.insert(node);
            self.reading.insert(node, Reading::default());
            // What an earlier reading of it did not reach is read again.
            if let Some(book) = client.books.get_mut(&self.place()) {
                book.segments.retain(|(of, _), _| *of != node);
            }
            self.request(client, cx, id, node);
        }
        if self.reading.is_empty() {
            cx.out.push(ClientOut::Fetched { id, answered: self.answered });
            return None;
        }
        Some(self)
    }

    fn read_on(&mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId, node: NodeId) {
        let place = self.place();
        let book = client.books.get(&place);
        let cursor = book.map_or(0, |book| book.cursor(node));
        let waiting = book.is_some_and(|book| book.segments.contains_key(&(node, cursor)));
        let Some(reading) = self.reading.get_mut(&node) else { return };
        if reading.end.is_some_and(|end| cursor >= end) {
            self.reading.remove(&node);
            self.answered.insert(node);
        } else if waiting || reading.request.is_some() && reading.replies < SURBS {
            // A commit or a reply is still to come.
        } else if reading.failures >= ATTEMPTS || reading.pages >= MAX_PAGES {
            self.reading.remove(&node);
        } else {
            self.request(client, cx, id, node);
        }
    }

    fn request(&mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId, node: NodeId) {
        let cursor = client.books.get(&self.place()).map_or(0, |book| book.cursor(node));
        let command = Command::Get { flag: self.mailbox.flag, auth: Auth::unsigned(), cursor };
        let command = command.signed(&self.mailbox, Some(node), client.clock(cx.now.wall), random(cx.rng));
        let request = client.ask(cx, Asked { task: id, node }, &command, SURBS);
        if let Some(reading) = self.reading.get_mut(&node) {
            (reading.request, reading.replies, reading.end) = (Some(request), 0, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use pars_wire::codec::Minute;

    use super::*;

    #[test]
    fn however_much_a_node_makes_up_a_mailbox_day_remembers_no_more_than_its_bound() {
        let (place, node, mut book) = ((Day(20_000), Tag([1; 32])), NodeId([2; 32].into()), Book::default());
        for number in 0..2 * MAX_SEEN as u64 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let cursor = number + 1;
            let item = Item { id: ObjectId(id), cursor, stored: Minute(0), work: None, object: Vec::new() };
            let delivery = DeliveryId(number);
            assert_eq!(book.take((node, number), vec![item], delivery, |_| true).len(), 1);
            assert_eq!(book.committed(place, delivery).len(), 1, "the cursor moves");
            assert!(book.seen.len() <= MAX_SEEN && book.segments.is_empty());
        }
    }
}
