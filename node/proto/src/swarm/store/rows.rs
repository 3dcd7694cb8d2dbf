//! What a store persists: rows by key. `o|day4|tag32|id32` → `flag1|cursor8|stored_min4|expiry_h4|effort1|object`
//! (of an inbox `…effort1|hc_nonce8|object`),
//! `t|day4|tag32|id32` → `flag1|until_h4`, `d|identity32|what8` → `expiry_h4|record`. Version 1 of these rows.

use pars_wire::codec::{Day, DecodeError, Hour, Reader, Wire, Writer};

use super::super::directory::What;
use super::super::mailbox::{Class, Flag, ObjectId, Tag};
use super::super::shelf::{Entry, Shelf};
use super::Store;

/// A row to write, or without a value to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

/// A row is not one of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of the store is damaged ({0}); restore it from a replica by starting empty")]
pub struct RowError(
    /// What was wrong.
    #[from]
    pub DecodeError,
);

fn place(table: u8, day: Day, tag: &Tag, id: &ObjectId) -> Vec<u8> {
    let mut key = Writer::with_capacity(69);
    key.u8(table).day(day).bytes(&tag.0).bytes(&id.0);
    key.into_bytes()
}

fn slot(identity: &[u8; 32], what: What) -> Vec<u8> {
    let mut key = Writer::with_capacity(41);
    key.u8(b'd').bytes(identity);
    what.write(&mut key);
    key.into_bytes()
}

impl Row {
    pub(super) fn object(day: Day, tag: &Tag, flag: Flag, cursor: u64, entry: &Entry) -> Self {
        let mut value = Writer::with_capacity(26 + entry.object.len());
        value.u8(flag as u8).u64(cursor).minute(entry.stored).hour(entry.expiry).u8(entry.effort);
        value.bytes(entry.work.as_ref().map_or(&[][..], |nonce| nonce)).bytes(&entry.object);
        Self { key: place(b'o', day, tag, &entry.id), value: Some(value.into_bytes()) }
    }

    pub(super) fn drop_object(day: Day, tag: &Tag, id: &ObjectId) -> Self {
        Self { key: place(b'o', day, tag, id), value: None }
    }

    pub(super) fn tombstone(day: Day, tag: &Tag, flag: Flag, id: &ObjectId, until: Hour) -> Self {
        let mut value = Writer::with_capacity(5);
        value.u8(flag as u8).hour(until);
        Self { key: place(b't', day, tag, id), value: Some(value.into_bytes()) }
    }

    pub(super) fn drop_tombstone(day: Day, tag: &Tag, id: &ObjectId) -> Self {
        Self { key: place(b't', day, tag, id), value: None }
    }

    pub(super) fn record(identity: &[u8; 32], what: What, expiry: Hour, record: &[u8]) -> Self {
        let mut value = Writer::with_capacity(4 + record.len());
        value.hour(expiry).bytes(record);
        Self { key: slot(identity, what), value: Some(value.into_bytes()) }
    }

    pub(super) fn drop_record(identity: &[u8; 32], what: What) -> Self {
        Self { key: slot(identity, what), value: None }
    }
}

impl Store {
    pub(super) fn restore(&mut self, key: &[u8], value: &[u8]) -> Result<(), RowError> {
        let (mut key, mut value) = (Reader::new(key), Reader::new(value));
        match key.u8("row table")? {
            b'o' => {
                let (day, tag, id) = (key.day("day")?, Tag(key.array("tag")?), ObjectId(key.array("id")?));
                let (flag, _) = Flag::split(value.u8("flag")?)?;
                let cursor = value.u64("cursor")?;
                let (stored, expiry) = (value.minute("store time")?, value.hour("expiry")?);
                let effort = value.u8("effort")?;
                // Rows of an inbox were written without the nonce once.
                let sizes = [Class::S, Class::M, Class::L].map(Class::size);
                let old = sizes.contains(&value.remaining());
                let work = if flag == Flag::Inbox && !old { Some(value.array("work")?) } else { None };
                let object = value.rest().to_vec();
                self.bytes += object.len();
                self.places.insert(id, (day, tag));
                let entry = Entry { id, stored, expiry, effort, work, object, receipts: Vec::new() };
                self.shelves.entry((day, tag)).or_insert_with(|| Shelf::new(flag)).insert(cursor, entry);
            }
            b't' => {
                let (day, tag, id) = (key.day("day")?, Tag(key.array("tag")?), ObjectId(key.array("id")?));
                let (flag, _) = Flag::split(value.u8("flag")?)?;
                let until = value.hour("until")?;
                let is_kept = self.shelves.entry((day, tag)).or_insert_with(|| Shelf::new(flag)).bury(id, until);
                self.tombstones += usize::from(is_kept);
            }
            b'd' => {
                let (identity, what) = (key.array::<32>("identity")?, What::read(&mut key)?);
                let (expiry, record) = (value.hour("expiry")?, value.rest().to_vec());
                self.bytes += record.len();
                self.identities.entry(identity).or_default().insert(what, (expiry, record));
            }
            table => return Err(DecodeError::Value { what: "row table", value: table.into() }.into()),
        }
        key.finish()?;
        value.finish()?;
        Ok(())
    }
}
