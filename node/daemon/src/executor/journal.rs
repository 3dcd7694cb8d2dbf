//! What an executor must not forget: how far it has read, whose certificates it has, and every action it took up, from
//! before its transaction leaves until its author was told the end. One redb file; each change is one synced transaction.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `executor` | `cursor` | cursor8 |
//! | `executor-author` | SHA3-256(store key ‖ author) | sealed: identity core 2,661 ‖ certificates 4,771 each |
//! | `executor-action` | cursor8 of the message | sealed: [`Row`] |
//!
//! Which identity acts for which account stands nowhere else than in its session, so it is sealed here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use alloy::primitives::{B256, Bytes};
use pars_crypto::Sealed;
use pars_crypto::hash::sha3;
use pars_crypto::sealed::Place;
use pars_crypto::secret::StoreKey;
use pars_identity::IdentityId;
use pars_identity::core::IdentityCore;
use pars_identity::trigger::{TriggerCertificate, TriggerKey};
use pars_proto::action::authors::KEYS_PER_AUTHOR;
use pars_wire::codec::Wire;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("executor");
const AUTHORS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("executor-author");
const ACTIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("executor-action");
const AUTHOR: &str = "executor-author";
const ACTION: &str = "executor-action";
/// Actions whose authors were told the end, kept so that a message that comes again is known.
const MAX_CLOSED: usize = 4_096;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process, no room, a broken disk.
    #[error("the executor's file {path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another store key, or damage.
    #[error("the executor's file {0} does not open with this data directory's key; move it away to begin a new one")]
    Sealed(PathBuf),
}

/// How much of the end an author was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Told {
    Nothing,
    /// That it is in a block.
    Included,
    /// The last receipt.
    End,
}

/// A transaction that may have left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) raw: Bytes,
    pub(super) hash: B256,
    pub(super) nonce: u64,
    /// Content of the message, should it have to be judged again.
    pub(super) content: Bytes,
}

/// An action that was taken up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Id of the message.
    pub(super) id: [u8; 16],
    pub(super) author: [u8; 32],
    /// hashStruct.
    pub(super) action: B256,
    pub(super) pending: Option<Pending>,
    /// Content of a message that waits for what should come before it.
    pub(super) held: Option<Bytes>,
    /// The newest receipt, encoded.
    pub(super) receipt: Option<Bytes>,
    pub(super) told: Told,
}

/// Rows as they are stored, by cursor.
type SealedRows = Vec<(u64, Vec<u8>)>;

/// The file, and what it holds.
pub(super) struct Journal {
    database: Database,
    path: PathBuf,
    key: StoreKey,
    cursor: u64,
    rows: BTreeMap<u64, Row>,
}

/// Identity core and certificates of one author.
pub(super) type Author = (IdentityCore, Vec<Vec<u8>>);

impl Journal {
    pub(super) fn open(path: &Path, key: StoreKey) -> Result<Self, JournalError> {
        let failed = |e: redb::Error| JournalError::File { path: path.to_owned(), reason: e.to_string() };
        let database = Database::create(path).map_err(|e| failed(e.into()))?;
        let mut journal = Self { database, path: path.to_owned(), key, cursor: 0, rows: BTreeMap::new() };
        journal.write(|transaction| {
            transaction.open_table(META)?;
            transaction.open_table(AUTHORS)?;
            transaction.open_table(ACTIONS)?;
            Ok(())
        })?;
        let (cursor, sealed) = journal.load().map_err(failed)?;
        journal.cursor = cursor;
        for (at, value) in sealed {
            let plain = journal.unseal(ACTION, &at.to_be_bytes(), value)?;
            let row = serde_json::from_slice(&plain).map_err(|_| JournalError::Sealed(path.to_owned()))?;
            journal.rows.insert(at, row);
        }
        Ok(journal)
    }

    fn load(&self) -> Result<(u64, SealedRows), redb::Error> {
        let read = self.database.begin_read()?;
        let cursor = read.open_table(META)?.get("cursor")?.map_or(0, |cursor| cursor.value());
        let mut rows = Vec::new();
        for row in read.open_table(ACTIONS)?.iter()? {
            let (key, value) = row?;
            let at = key.value().try_into().map_or(0, u64::from_be_bytes);
            rows.push((at, value.value().to_vec()));
        }
        Ok((cursor, rows))
    }

    /// Everything up to here was dealt with.
    pub(super) const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Nothing came of what stands up to here.
    pub(super) fn advance(&mut self, cursor: u64) -> Result<(), JournalError> {
        if cursor > self.cursor {
            self.write(|transaction| move_cursor(transaction, cursor))?;
            self.cursor = cursor;
        }
        Ok(())
    }

    /// Whether this message was taken up before.
    pub(super) fn knows(&self, id: [u8; 16]) -> bool {
        self.rows.values().any(|row| row.id == id)
    }

    /// Actions whose authors do not know the end yet, oldest first.
    pub(super) fn open_rows(&self) -> Vec<(u64, Row)> {
        self.rows.iter().filter(|(_, row)| row.told < Told::End).map(|(at, row)| (*at, row.clone())).collect()
    }

    /// Whether a transaction is on its way that stands in no block.
    pub(super) fn is_busy(&self) -> bool {
        self.rows.values().any(|row| row.pending.is_some() && row.receipt.is_none())
    }

    /// How many messages wait for others.
    pub(super) fn held(&self) -> usize {
        self.rows.values().filter(|row| row.held.is_some()).count()
    }

    /// Keep a row, and the cursor at it at least.
    pub(super) fn put(&mut self, at: u64, mut row: Row) -> Result<(), JournalError> {
        if row.told == Told::End {
            (row.pending, row.held) = (None, None);
        }
        let value = self.seal(ACTION, &at.to_be_bytes(), &serde_json::to_vec(&row).unwrap_or_default());
        let closed = self.rows.values().filter(|row| row.told == Told::End).count();
        let oldest = self.rows.iter().find(|(_, row)| row.told == Told::End).map(|(at, _)| *at);
        let surplus = oldest.filter(|_| closed >= MAX_CLOSED);
        let cursor = self.cursor.max(at);
        self.write(|transaction| {
            let mut actions = transaction.open_table(ACTIONS)?;
            actions.insert(at.to_be_bytes().as_slice(), value.as_slice())?;
            if let Some(surplus) = surplus {
                actions.remove(surplus.to_be_bytes().as_slice())?;
            }
            move_cursor(transaction, cursor)
        })?;
        self.cursor = cursor;
        self.rows.insert(at, row);
        if let Some(surplus) = surplus {
            self.rows.remove(&surplus);
        }
        Ok(())
    }

    /// Keep a certificate that verified; the newest of its key counts, and of an author the newest keys.
    pub(super) fn certify(&mut self, at: u64, core: &IdentityCore, certificate: &[u8]) -> Result<(), JournalError> {
        let key = self.place(core.id());
        let mut certificates = self.author(&key)?.map(|(_, certificates)| certificates).unwrap_or_default();
        let signer = signer(certificate);
        certificates.retain(|known| self::signer(known) != signer);
        certificates.push(certificate.to_vec());
        let surplus = certificates.len().saturating_sub(KEYS_PER_AUTHOR);
        certificates.drain(..surplus);
        let plain = [core.encode(), certificates.concat()].concat();
        let value = self.seal(AUTHOR, &key, &plain);
        let cursor = self.cursor.max(at);
        self.write(|transaction| {
            transaction.open_table(AUTHORS)?.insert(key.as_slice(), value.as_slice())?;
            move_cursor(transaction, cursor)
        })?;
        self.cursor = cursor;
        Ok(())
    }

    /// Every author.
    pub(super) fn authors(&self) -> Result<Vec<Author>, JournalError> {
        let keys = self.author_keys().map_err(|e| self.failed(e))?;
        let authors = keys.iter().map(|key| self.author(key)).collect::<Result<Vec<_>, _>>()?;
        Ok(authors.into_iter().flatten().collect())
    }

    fn author_keys(&self) -> Result<Vec<Vec<u8>>, redb::Error> {
        let read = self.database.begin_read()?;
        let mut keys = Vec::new();
        for row in read.open_table(AUTHORS)?.iter()? {
            keys.push(row?.0.value().to_vec());
        }
        Ok(keys)
    }

    fn author(&self, key: &[u8]) -> Result<Option<Author>, JournalError> {
        let value = || -> Result<Option<Vec<u8>>, redb::Error> {
            let authors = self.database.begin_read()?.open_table(AUTHORS)?;
            Ok(authors.get(key)?.map(|value| value.value().to_vec()))
        };
        let Some(value) = value().map_err(|e| self.failed(e))? else { return Ok(None) };
        let plain = self.unseal(AUTHOR, key, value)?;
        let refuse = || JournalError::Sealed(self.path.clone());
        let (core, certificates) = plain.split_at_checked(IdentityCore::SIZE).ok_or_else(refuse)?;
        let core = IdentityCore::decode(core).map_err(|_| refuse())?;
        Ok(Some((core, certificates.chunks(TriggerCertificate::SIZE).map(<[u8]>::to_vec).collect())))
    }

    fn place(&self, author: IdentityId) -> [u8; 32] {
        sha3(&[self.key.expose(), &author.0])
    }

    fn seal(&self, table: &str, key: &[u8], plain: &[u8]) -> Vec<u8> {
        Sealed::seal(&self.key, Place { table, key }, plain, &mut crate::random::system()).into_bytes()
    }

    fn unseal(&self, table: &str, key: &[u8], value: Vec<u8>) -> Result<Vec<u8>, JournalError> {
        let opened = Sealed::from_bytes(value).open(&self.key, Place { table, key });
        opened.map(|plain| plain.to_vec()).map_err(|_| JournalError::Sealed(self.path.clone()))
    }

    fn write(&self, change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>) -> Result<(), JournalError> {
        let commit = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            change(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        commit().map_err(|e| self.failed(e))
    }

    fn failed(&self, error: redb::Error) -> JournalError {
        JournalError::File { path: self.path.clone(), reason: error.to_string() }
    }
}

fn move_cursor(transaction: &WriteTransaction, cursor: u64) -> Result<(), redb::Error> {
    transaction.open_table(META)?.insert("cursor", cursor)?;
    Ok(())
}

/// The signer id that stands in a certificate.
fn signer(certificate: &[u8]) -> Option<&[u8]> {
    certificate.get(TriggerKey::SIZE - 32..TriggerKey::SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u8, told: Told) -> Row {
        let pending =
            Pending { raw: Bytes::from([1]), hash: B256::repeat_byte(2), nonce: 3, content: Bytes::from([4]) };
        let (pending, held) = (Some(pending), None);
        Row { id: [id; 16], author: [9; 32], action: B256::ZERO, pending, held, receipt: None, told }
    }

    fn key(byte: u8) -> StoreKey {
        StoreKey::from_bytes([byte; 32])
    }

    #[test]
    fn rows_and_cursor_are_there_again_and_an_ended_row_keeps_no_transaction() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("executor.redb");
        let mut journal = Journal::open(&path, key(1)).unwrap();
        journal.put(5, row(1, Told::Nothing)).unwrap();
        assert!(journal.is_busy() && journal.knows([1; 16]));
        journal.put(7, row(2, Told::End)).unwrap();
        journal.advance(9).unwrap();
        drop(journal);
        let journal = Journal::open(&path, key(1)).unwrap();
        assert_eq!((journal.cursor(), journal.open_rows()), (9, vec![(5, row(1, Told::Nothing))]));
        assert!(journal.knows([2; 16]) && !journal.knows([3; 16]));
        assert_eq!(journal.rows[&7].pending, None);
    }

    #[test]
    fn another_key_opens_nothing_and_nothing_of_a_row_stands_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("executor.redb");
        let mut journal = Journal::open(&path, key(1)).unwrap();
        let author = [0xd7; 32];
        journal.put(5, Row { author, ..row(1, Told::Nothing) }).unwrap();
        drop(journal);
        assert!(matches!(Journal::open(&path, key(2)), Err(JournalError::Sealed(_))));
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(32).any(|window| window == author));
    }

    #[test]
    fn ended_rows_are_bounded_and_the_oldest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&dir.path().join("executor.redb"), key(1)).unwrap();
        for at in 1..=MAX_CLOSED as u64 {
            journal.rows.insert(at, row(0, Told::End));
        }
        journal.put(MAX_CLOSED as u64 + 1, row(1, Told::End)).unwrap();
        assert_eq!(journal.rows.len(), MAX_CLOSED);
        assert!(!journal.rows.contains_key(&1));
    }
}
