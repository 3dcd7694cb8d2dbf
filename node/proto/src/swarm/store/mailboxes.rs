//! PUT, PUT_INBOX, GET and DEL at a node.

use pars_wire::codec::{Day, Hour, Minute};
use pars_wire::limits::{MAX_TTL_HOURS, MIN_HASHCASH_BITS, MIN_TTL_HOURS};
use pars_wire::machine::UnixMinute;

use super::super::auth::{Auth, in_use};
use super::super::command::{Command, Op};
use super::super::frame::Body as FrameBody;
use super::super::hashcash::Work;
use super::super::mailbox::{Flag, ObjectId, Tag, inbox_tag};
use super::super::reply::{Item, Items, ROOM, Reply, Status};
use super::super::shelf::{Entry, Room, Shelf, TOMBSTONE_HOURS};
use super::rows::Row;
use super::{Context, Store, StoreOut, passed_on};

/// Deletions of what never lay here cost their sender nothing: one is remembered for so many bytes of the node's capacity.
const BYTES_A_TOMBSTONE: usize = 1_024;

/// What both kinds of PUT say of their object.
struct Offer<'a> {
    flag: Flag,
    day: Day,
    tag: Tag,
    ttl_hours: u16,
    work: Option<[u8; 8]>,
    object: &'a [u8],
}

/// An offer that may come in.
struct Admitted {
    id: ObjectId,
    effort: u8,
    room: Room,
}

impl<'a> Offer<'a> {
    fn of(command: &'a Command) -> Option<Self> {
        match command {
            Command::Put { flag, ttl_hours, auth, object } => {
                let tag = flag.tag(&auth.key, auth.day);
                Some(Self { flag: *flag, day: auth.day, tag, ttl_hours: *ttl_hours, work: None, object })
            }
            Command::PutInbox { ttl_hours, inbox, day, nonce, object } => {
                let tag = inbox_tag(inbox, *day);
                let work = Some(*nonce);
                Some(Self { flag: Flag::Inbox, day: *day, tag, ttl_hours: *ttl_hours, work, object })
            }
            _ => None,
        }
    }
}

/// Hours since the epoch, rounded up: what a node tells of times is coarse.
fn hour_up(minute: u32) -> Hour {
    Hour(minute.div_ceil(60))
}

impl Store {
    /// Store what a client's PUT or another replica's STORE offers, or find it stored already. Everything that is cheap is
    /// checked before the object is hashed, and the object before anything is remembered.
    pub(super) fn admit(&mut self, cx: Context<'_, '_>, command: &Command) -> Result<ObjectId, Status> {
        let now = cx.now.wall;
        let offer = Offer::of(command).ok_or(Status::Refused)?;
        if !in_use(offer.day, now) || !(MIN_TTL_HOURS..=MAX_TTL_HOURS).contains(&offer.ttl_hours) {
            return Err(Status::Refused);
        }
        self.peers(&offer.tag, offer.day)?;
        command.verify(self.config.node, now).map_err(|_| Status::Refused)?;
        let id = ObjectId::of(&offer.tag, offer.object);
        let shelf = self.shelves.get(&(offer.day, offer.tag));
        if shelf.is_some_and(|shelf| shelf.get(&id).is_some()) {
            self.prolong(cx, command, &offer, &id);
            return Ok(id);
        }
        if shelf.is_some_and(|shelf| shelf.buried(&id)) {
            return Err(Status::Gone);
        }
        let effort = self.effort(command, &offer, &id, now)?;
        let empty = Shelf::new(offer.flag);
        let room = shelf.unwrap_or(&empty).room(offer.object.len(), effort)?;
        if room == Room::Free && self.bytes + offer.object.len() > self.config.capacity {
            return Err(Status::Full);
        }
        if let Command::Put { auth, .. } = command {
            self.remember(auth)?;
        }
        self.shelve(cx, &offer, Admitted { id, effort, room });
        Ok(id)
    }

    /// What is here and comes again stays as long as is asked for now: its sender counts receipts that promise that, and whoever
    /// passed its first copy on may have asked for less.
    fn prolong(&mut self, cx: Context<'_, '_>, command: &Command, offer: &Offer<'_>, id: &ObjectId) {
        let now = cx.now.wall;
        if self.effort(command, offer, id, now).is_err() {
            return;
        }
        let expiry = hour_up(now.0).plus(offer.ttl_hours.into());
        let shelf = self.shelves.get_mut(&(offer.day, offer.tag));
        if let Some((cursor, entry)) = shelf.and_then(|shelf| shelf.prolong(id, expiry)) {
            let row = Row::object(offer.day, &offer.tag, offer.flag, cursor, entry);
            cx.out.push(StoreOut::Persist(vec![row]));
        }
    }

    /// Bits of work under the beacon of today or yesterday; contacts need none.
    fn effort(&self, command: &Command, offer: &Offer<'_>, id: &ObjectId, now: UnixMinute) -> Result<u8, Status> {
        let Command::PutInbox { nonce, .. } = command else { return Ok(0) };
        let effort = self.work_done(&offer.tag, id, nonce, now);
        if effort >= MIN_HASHCASH_BITS { Ok(effort) } else { Err(Status::Effort) }
    }

    /// The most bits that a nonce gives under the beacons that count now.
    pub(super) fn work_done(&self, tag: &Tag, id: &ObjectId, nonce: &[u8; 8], now: UnixMinute) -> u8 {
        let today = Day::at(now);
        let beacons = [today, today.minus(1)].into_iter().filter_map(|day| self.placement.beacon(day));
        beacons.map(|beacon| Work { tag: *tag, object: *id, beacon: *beacon }.effort(nonce)).max().unwrap_or(0)
    }

    /// A command is carried out once.
    fn remember(&mut self, auth: &Auth) -> Result<(), Status> {
        self.nonces.remember(auth.minute, &auth.key, &auth.nonce)
    }

    fn shelve(&mut self, cx: Context<'_, '_>, offer: &Offer<'_>, Admitted { id, effort, room }: Admitted) {
        let (day, tag, now) = (offer.day, offer.tag, cx.now.wall);
        let mut rows = Vec::new();
        let shelf = self.shelves.entry((day, tag)).or_insert_with(|| Shelf::new(offer.flag));
        let before = shelf.bytes();
        if let Room::Instead(lowest) = room {
            shelf.remove(&lowest);
            self.places.remove(&lowest);
            rows.push(Row::drop_object(day, &tag, &lowest));
        }
        let entry = Entry {
            id,
            stored: Minute(hour_up(now.0).0.saturating_mul(60)),
            expiry: hour_up(now.0).plus(offer.ttl_hours.into()),
            effort,
            work: offer.work,
            object: offer.object.to_vec(),
            receipts: Vec::new(),
        };
        let cursor = shelf.next_cursor(now);
        rows.push(Row::object(day, &tag, offer.flag, cursor, &entry));
        shelf.insert(cursor, entry);
        self.bytes = (self.bytes + shelf.bytes()).saturating_sub(before);
        self.places.insert(id, (day, tag));
        cx.out.push(StoreOut::Persist(rows));
    }

    /// Items behind the cursor, as many replies as there are blocks and items for. What nobody may read reads as empty.
    pub(super) fn get(&mut self, cx: Context<'_, '_>, command: &Command, surbs: Vec<Vec<u8>>) {
        let Command::Get { flag, auth, cursor } = command else { return };
        let allowed = command.verify(self.config.node, cx.now.wall).is_ok() && self.remember(auth).is_ok();
        let shelf = self.shelves.get(&(auth.day, flag.tag(&auth.key, auth.day))).filter(|_| allowed);
        let mut cursor = *cursor;
        for (number, surb) in surbs.into_iter().enumerate() {
            let (items, more) = shelf.map(|shelf| page(shelf, cursor)).unwrap_or_default();
            if number > 0 && items.is_empty() {
                return;
            }
            let end = items.last().map_or(cursor, |item| item.cursor);
            let minute = Minute::at(cx.now.wall);
            let items = Items::Objects(items);
            let body = Reply { op: Op::Get, status: Status::Ok, more, minute, cursor, items }.encode();
            cx.out.push(StoreOut::Reply { surb, body });
            cursor = end;
        }
    }

    /// Delete for an end of the mailbox, and tell the other replicas. Who may not deletes nothing, and sees no difference.
    pub(super) fn delete(&mut self, cx: Context<'_, '_>, command: &Command, tell: bool) {
        let Command::Del { flag, auth, objects } = command else { return };
        let (day, tag, now) = (auth.day, flag.tag(&auth.key, auth.day), cx.now.wall);
        let Ok(peers) = self.peers(&tag, day) else { return };
        if !flag.deletable() || command.verify(self.config.node, now).is_err() || self.remember(auth).is_err() {
            return;
        }
        let until = Hour::at(now).plus(TOMBSTONE_HOURS);
        let mut room = (self.config.capacity / BYTES_A_TOMBSTONE).saturating_sub(self.tombstones);
        let shelf = self.shelves.entry((day, tag)).or_insert_with(|| Shelf::new(*flag));
        let before = (shelf.bytes(), shelf.tombstones());
        let mut rows = Vec::new();
        for id in objects {
            let held = shelf.remove(id);
            if held {
                self.places.remove(id);
                rows.push(Row::drop_object(day, &tag, id));
            }
            if (held || room > 0) && shelf.bury(*id, until) {
                room = room.saturating_sub(1);
                rows.push(Row::tombstone(day, &tag, *flag, id, until));
            }
        }
        self.bytes = (self.bytes + shelf.bytes()).saturating_sub(before.0);
        self.tombstones = (self.tombstones + shelf.tombstones()).saturating_sub(before.1);
        cx.out.push(StoreOut::Persist(rows));
        if tell {
            let body = passed_on(command);
            peers.into_iter().for_each(|peer| self.send(cx, peer, 0, FrameBody::Store(body.clone())));
        }
    }
}

/// As many items behind the cursor as one reply holds, and whether more follow.
fn page(shelf: &Shelf, cursor: u64) -> (Vec<Item>, bool) {
    let (mut items, mut room) = (Vec::new(), ROOM);
    for (cursor, entry) in shelf.after(cursor) {
        let Entry { id, stored, work, .. } = *entry;
        let item = Item { id, cursor, stored, work, object: entry.object.clone() };
        match room.checked_sub(item.size()) {
            Some(left) => room = left,
            None => return (items, true),
        }
        items.push(item);
    }
    (items, false)
}
