//! What a node makes durable: batches of rows, each row of one machine instance; and the snapshot that holds all of them.
//!
//! ```text
//! snapshot  "PSNS"4|version1|count4|rows              row  table1|key_len2|key|form1 (1 plain, 2 sealed)|value_len4|value
//! ```
//!
//! A golden file exists for each version. Secrets are accepted only as [`Sealed`].

use std::collections::BTreeMap;

use pars_crypto::Sealed;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

const MAGIC: &[u8; 4] = b"PSNS";
/// Version of the snapshot; a golden file exists for each.
pub const VERSION: u8 = 1;

/// Names a batch; they rise, and become durable in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(
    /// The count.
    pub u64,
);

/// The machine instance a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// The member's own keys and records.
    Identity = 1,
    /// One row for each session.
    Session = 2,
    /// Handshakes that were accepted.
    Handshake = 3,
    /// Cursors of the swarm client.
    Cursor = 4,
    /// Contacts: their records and pins.
    Contact = 5,
    /// Objects on their way.
    Outbox = 6,
    /// Messages sent and received, in one order.
    Message = 7,
    /// Inbox objects that wait for their companions.
    Held = 8,
    /// Counters of the desk.
    Counter = 9,
    /// Rows of the swarm store.
    Store = 10,
    /// Objects that were dealt with.
    Seen = 11,
}

impl Table {
    const ALL: [Self; 11] = [
        Self::Identity,
        Self::Session,
        Self::Handshake,
        Self::Cursor,
        Self::Contact,
        Self::Outbox,
        Self::Message,
        Self::Held,
        Self::Counter,
        Self::Store,
        Self::Seen,
    ];

    /// The name that a sealed value is bound to.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "engine-identity",
            Self::Session => "session",
            Self::Handshake => "engine-handshake",
            Self::Cursor => "engine-cursor",
            Self::Contact => "engine-contact",
            Self::Outbox => "engine-outbox",
            Self::Message => "engine-message",
            Self::Held => "engine-held",
            Self::Counter => "engine-counter",
            Self::Store => "engine-store",
            Self::Seen => "engine-seen",
        }
    }
}

/// A row's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing secret: ciphertext, public records, counts.
    Plain(Vec<u8>),
    /// A secret, or what tells who writes to whom.
    Sealed(Sealed),
}

/// One row to write, or without a value to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub table: Table,
    /// Which.
    pub key: Vec<u8>,
    /// What; none: delete it.
    pub value: Option<Value>,
}

/// Changes that become durable together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Comes back with `Committed`.
    pub id: BatchId,
    /// In order.
    pub changes: Vec<Change>,
}

/// Every durable row: what a node restarts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<(Table, Vec<u8>), Value>);

/// Why rows are not those of a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A row that must be there is not.
    #[error("the snapshot lacks the row {0}; this store belongs to no identity")]
    Missing(&'static str),
    /// Another store key, a value of another row, or damaged.
    #[error("a stored value of {0} does not open; the store key is wrong or the store is damaged")]
    Sealed(&'static str),
    /// A later version, or damaged.
    #[error("a stored value is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// A record of our own or of a contact does not verify any more.
    #[error("a stored record does not verify: {0}")]
    Record(#[from] pars_identity::RecordError),
    /// A session row.
    #[error(transparent)]
    Session(#[from] pars_proto::session::RestoreError),
    /// A row of the swarm store.
    #[error(transparent)]
    Store(#[from] pars_proto::swarm::store::rows::RowError),
}

impl Rows {
    /// Carry out a batch.
    pub fn apply(&mut self, batch: &Batch) {
        for change in &batch.changes {
            let key = (change.table, change.key.clone());
            match &change.value {
                Some(value) => self.0.insert(key, value.clone()),
                None => self.0.remove(&key),
            };
        }
    }

    /// The rows of one instance, by rising key.
    pub fn of(&self, table: Table) -> impl Iterator<Item = (&[u8], &Value)> {
        let rows = self.0.range((table, Vec::new())..).take_while(move |((of, _), _)| *of == table);
        rows.map(|((_, key), value)| (key.as_slice(), value))
    }

    /// One row.
    pub fn get(&self, table: Table, key: &[u8]) -> Option<&Value> {
        self.0.get(&(table, key.to_vec()))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none: a new node.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Wire for Rows {
    fn write(&self, out: &mut Writer) {
        out.bytes(MAGIC).u8(VERSION).u32(self.0.len() as u32);
        for ((table, key), value) in &self.0 {
            let (form, bytes) = match value {
                Value::Plain(bytes) => (1, bytes.as_slice()),
                Value::Sealed(sealed) => (2, sealed.as_bytes()),
            };
            out.u8(*table as u8).u16(key.len() as u16).bytes(key);
            out.u8(form).u32(bytes.len() as u32).bytes(bytes);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(MAGIC, "snapshot")?;
        from.magic(&[VERSION], "snapshot of version 1")?;
        let mut rows = BTreeMap::new();
        for _ in 0..from.u32("number of rows")? {
            let number = from.u8("table")?;
            let table = Table::ALL.into_iter().find(|table| *table as u8 == number);
            let table = table.ok_or(DecodeError::Value { what: "table", value: number.into() })?;
            let key = from.lp("row key")?.to_vec();
            let form = from.u8("form of a value")?;
            let length = from.u32("length of a value")? as usize;
            let bytes = from.take(length, "value")?.to_vec();
            let value = match form {
                1 => Value::Plain(bytes),
                2 => Value::Sealed(Sealed::from_bytes(bytes)),
                value => return Err(DecodeError::Value { what: "form of a value", value: value.into() }),
            };
            let place = (table, key);
            if rows.last_key_value().is_some_and(|(last, _)| *last >= place) {
                return Err(DecodeError::Malformed { what: "order of rows" });
            }
            rows.insert(place, value);
        }
        Ok(Self(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(table: Table, key: u8, value: Option<u8>) -> Change {
        Change { table, key: vec![key], value: value.map(|byte| Value::Plain(vec![byte])) }
    }

    #[test]
    fn a_snapshot_reads_back_and_holds_each_row_once() {
        let mut rows = Rows::default();
        let changes = vec![change(Table::Store, 1, Some(1)), change(Table::Counter, 2, Some(2))];
        rows.apply(&Batch { id: BatchId(1), changes });
        let changes = vec![change(Table::Store, 1, Some(3)), change(Table::Counter, 2, None)];
        rows.apply(&Batch { id: BatchId(2), changes });
        assert_eq!(rows.of(Table::Store).count(), 1);
        assert_eq!(rows.get(Table::Store, &[1]), Some(&Value::Plain(vec![3])));
        assert_eq!(Rows::decode(&rows.encode()), Ok(rows));
    }

    #[test]
    fn a_snapshot_of_another_version_is_refused() {
        let mut bytes = Rows::default().encode();
        bytes[4] += 1;
        assert!(Rows::decode(&bytes).is_err());
    }

    #[test]
    fn every_table_has_its_own_number_and_name() {
        let names: std::collections::BTreeSet<_> = Table::ALL.iter().map(|table| table.name()).collect();
        assert_eq!(names.len(), Table::ALL.len());
    }
}
