//! One mailbox day at one node: objects behind rising cursors, tombstones, a quota that never drops anything for something
//! new, except the least effort of a full inbox (SESSION section 6).

use std::collections::BTreeMap;

use pars_wire::codec::{Hour, Minute};
use pars_wire::limits::BUCKET_L;
use pars_wire::machine::UnixMinute;

use super::mailbox::{Flag, ObjectId};
use super::receipt::Receipt;
use super::reply::Status;

/// Hours for which a deleted object may not come back.
pub const TOMBSTONE_HOURS: u32 = 24;
/// Tombstones of one mailbox day: bounds what its owner can make a node remember.
pub const MAX_TOMBSTONES: usize = 1_024;

/// Most objects and bytes of a mailbox day.
const fn quota(flag: Flag) -> (usize, usize) {
    match flag {
        Flag::Pair => (256, 3 << 20),
        Flag::Group => (4_096, 16 << 20),
        Flag::File | Flag::GroupFile => (6, 6 * BUCKET_L),
        Flag::Inbox => (1_024, 1_024 * BUCKET_L),
    }
}

/// One stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: ObjectId,
    /// When it came, rounded up to an hour.
    pub stored: Minute,
    /// Until when it is kept.
    pub expiry: Hour,
    /// Bits of work; 0 in mailboxes of contacts.
    pub effort: u8,
    /// The nonce that shows it, for the owner.
    pub work: Option<[u8; 8]>,
    /// The bytes.
    pub object: Vec<u8>,
    /// Receipts of the other replicas, as far as they are known here. Not stored: they can be asked for again.
    pub receipts: Vec<Receipt>,
}

/// A mailbox day.
#[derive(Clone, Debug)]
pub struct Shelf {
    flag: Flag,
    entries: BTreeMap<u64, Entry>,
    ids: BTreeMap<ObjectId, u64>,
    tombstones: BTreeMap<ObjectId, Hour>,
    bytes: usize,
    last: u64,
}

/// What made room for a new object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is some.
    Free,
    /// This one, of least effort, goes.
    Instead(ObjectId),
}

impl Shelf {
    /// An empty one.
    pub const fn new(flag: Flag) -> Self {
        Self { flag, entries: BTreeMap::new(), ids: BTreeMap::new(), tombstones: BTreeMap::new(), bytes: 0, last: 0 }
    }

    /// The object with this id.
    pub fn get(&self, id: &ObjectId) -> Option<&Entry> {
        self.entries.get(self.ids.get(id)?)
    }

    /// The object with this id, to note receipts.
    pub fn get_mut(&mut self, id: &ObjectId) -> Option<&mut Entry> {
        self.entries.get_mut(self.ids.get(id)?)
    }

    /// Keep an object longer; it and its cursor. None: it is not here, or is kept as long already. What other replicas promised for
    /// it is forgotten: they have to be asked again.
    pub fn prolong(&mut self, id: &ObjectId, expiry: Hour) -> Option<(u64, &Entry)> {
        let cursor = *self.ids.get(id)?;
        let entry = self.entries.get_mut(&cursor).filter(|entry| entry.expiry < expiry)?;
        entry.expiry = expiry;
        entry.receipts.clear();
        Some((cursor, &*entry))
    }

    /// Whether an end of the mailbox deleted this object lately.
    pub fn buried(&self, id: &ObjectId) -> bool {
        self.tombstones.contains_key(id)
    }

    /// Whether an object of this size and effort may come in.
    ///
    /// # Errors
    /// [`Status::Full`].
    pub fn room(&self, size: usize, effort: u8) -> Result<Room, Status> {
        let (objects, bytes) = quota(self.flag);
        if self.entries.len() < objects && self.bytes + size <= bytes {
            return Ok(Room::Free);
        }
        let lowest = self.entries.values().min_by_key(|entry| entry.effort);
        match lowest {
            // Twice the effort is one bit more.
            Some(entry) if self.flag == Flag::Inbox && effort > entry.effort => Ok(Room::Instead(entry.id)),
            _ => Err(Status::Full),
        }
    }

    /// The cursor of the next object: it rises over restarts and lost stores too, because it starts with the minute.
    pub fn next_cursor(&self, now: UnixMinute) -> u64 {
        self.last.saturating_add(1).max(u64::from(now.0) << 32)
    }

    /// Put an object behind a cursor of [`Shelf::next_cursor`].
    pub fn insert(&mut self, cursor: u64, entry: Entry) {
        self.bytes += entry.object.len();
        self.last = self.last.max(cursor);
        self.ids.insert(entry.id, cursor);
        self.entries.insert(cursor, entry);
    }

    /// Take an object out. True if it was there.
    pub fn remove(&mut self, id: &ObjectId) -> bool {
        let removed = self.ids.remove(id).and_then(|cursor| self.entries.remove(&cursor));
        self.bytes -= removed.as_ref().map_or(0, |entry| entry.object.len());
        removed.is_some()
    }

    /// Remember a deletion. False: too many are remembered already.
    pub fn bury(&mut self, id: ObjectId, until: Hour) -> bool {
        let room = self.tombstones.len() < MAX_TOMBSTONES || self.tombstones.contains_key(&id);
        if room {
            self.tombstones.insert(id, until);
        }
        room
    }

    /// Objects behind a cursor, in order.
    pub fn after(&self, cursor: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let from = std::ops::Bound::Excluded(cursor);
        self.entries.range((from, std::ops::Bound::Unbounded)).map(|(cursor, entry)| (*cursor, entry))
    }

    /// Take out what has expired; returns the objects and tombstones that went.
    pub fn expire(&mut self, now: Hour) -> (Vec<ObjectId>, Vec<ObjectId>) {
        let gone: Vec<_> = self.entries.values().filter(|entry| entry.expiry <= now).map(|entry| entry.id).collect();
        for id in &gone {
            self.remove(id);
        }
        let over: Vec<_> = self.tombstones.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
        self.tombstones.retain(|_, until| *until > now);
        (gone, over)
    }

    /// Bytes of all objects.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Deletions that are remembered.
    pub fn tombstones(&self) -> usize {
        self.tombstones.len()
    }

    /// Whether neither object nor tombstone is left.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.tombstones.is_empty()
    }
}
