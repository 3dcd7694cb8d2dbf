//! What an executor must not forget: how far it has read, whose certificates it has, and every action it took up, from
//! before its transaction leaves until its author was told the end. One redb file; each change is one synced transaction.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `executor` | `cursor` | cursor8 |
//! | `executor-author` | SHA3-256(store key ‖ author) | sealed: proven1 ‖ identity core 2,661 ‖ certificates 4,771 each |
//! | `executor-action` | cursor8 of the message | sealed: [`Row`] |
//!
//! Which identity acts for which account stands nowhere else than in its session, so it is sealed here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

use super::row::{Row, Told, Work};
use crate::datadir::Datadir;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("executor");
const AUTHORS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("executor-author");
const ACTIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("executor-action");
const AUTHOR: &str = "executor-author";
const ACTION: &str = "executor-action";
/// Actions whose authors were told the end, kept so that a message that comes again is known.
const MAX_CLOSED: usize = 4_096;
/// Rows that are open; beyond it the oldest that only has to be told is given up.
const MAX_OPEN: usize = 1_024;
/// Transactions that the chain's node refuses, beyond which no further one is signed.
const MAX_REFUSED: usize = 16;

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

/// What is known of one author.
#[derive(Clone, Debug)]
pub(super) struct Author {
    pub(super) core: IdentityCore,
    pub(super) certificates: Vec<Vec<u8>>,
    /// An action of its was verified under an enrolled key: it is never forgotten.
    pub(super) proven: bool,
}

impl Author {
    fn encode(&self) -> Vec<u8> {
        [vec![u8::from(self.proven)], self.core.encode(), self.certificates.concat()].concat()
    }

    fn decode(plain: &[u8]) -> Option<Self> {
        let (proven, rest) = plain.split_first().filter(|(proven, _)| **proven <= 1)?;
        let (core, certificates) = rest.split_at_checked(IdentityCore::SIZE)?;
        let core = IdentityCore::decode(core).ok()?;
        if !certificates.len().is_multiple_of(TriggerCertificate::SIZE) {
            return None;
        }
        let certificates = certificates.chunks(TriggerCertificate::SIZE).map(<[u8]>::to_vec).collect();
        Some(Self { core, certificates, proven: *proven == 1 })
    }
}

impl Journal {
    pub(super) fn open(path: &Path, key: StoreKey) -> Result<Self, JournalError> {
        let failed = |reason: String| JournalError::File { path: path.to_owned(), reason };
        let create = |at: &Path| Database::create(at).map_err(|e| failed(e.to_string()));
        Datadir::make_file(path, |new| create(new).map(drop), failed)?;
        let database = create(path)?;
        let mut journal = Self { database, path: path.to_owned(), key, cursor: 0, rows: BTreeMap::new() };
        journal.write(|transaction| {
            transaction.open_table(META)?;
            transaction.open_table(AUTHORS)?;
            transaction.open_table(ACTIONS)?;
            Ok(())
        })?;
        let (cursor, sealed) = journal.load().map_err(|e| failed(e.to_string()))?;
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

    /// Rows whose authors do not know the end yet, oldest first.
    pub(super) fn open_rows(&self) -> Vec<(u64, Row)> {
        self.rows.iter().filter(|(_, row)| row.is_open()).map(|(at, row)| (*at, row.clone())).collect()
    }

    /// The row of a message as it stands now.
    pub(super) fn row(&self, at: u64) -> Option<&Row> {
        self.rows.get(&at)
    }

    /// Whether the next action has to wait: a transaction is on its way that stands in no block, or none gets through.
    pub(super) fn is_busy(&self) -> bool {
        let (refused, sent): (Vec<_>, Vec<_>) =
            self.rows.values().filter_map(Row::in_flight).partition(|pending| pending.refused);
        !sent.is_empty() || refused.len() >= MAX_REFUSED
    }

    /// How many messages wait for others.
    pub(super) fn held(&self) -> usize {
        self.rows.values().filter(|row| row.is_open() && matches!(row.work, Work::Held { .. })).count()
    }

    /// What waits waits at least so long: after a start, for what is read only now.
    pub(super) fn hold_until(&mut self, time: u64) {
        for row in self.rows.values_mut() {
            if let Work::Held { until, .. } = &mut row.work {
                *until = time.max(*until);
            }
        }
    }

    /// Keep a row, and the cursor at it at least.
    pub(super) fn put(&mut self, at: u64, mut row: Row) -> Result<(), JournalError> {
        if !row.is_open() {
            row.work = Work::Done;
        }
        let value = self.sealed(at, &row);
        let (closed, given_up) = self.surplus(at, &row);
        let given_up = given_up.map(|(at, row)| (at, self.sealed(at, &row), row));
        let cursor = self.cursor.max(at);
        self.write(|transaction| {
            let mut actions = transaction.open_table(ACTIONS)?;
            actions.insert(at.to_be_bytes().as_slice(), value.as_slice())?;
            if let Some((at, value, _)) = &given_up {
                actions.insert(at.to_be_bytes().as_slice(), value.as_slice())?;
            }
            if let Some(closed) = closed {
                actions.remove(closed.to_be_bytes().as_slice())?;
            }
            move_cursor(transaction, cursor)
        })?;
        self.cursor = cursor;
        self.rows.insert(at, row);
        if let Some((at, _, row)) = given_up {
            self.rows.insert(at, row);
        }
        if let Some(closed) = closed {
            self.rows.remove(&closed);
        }
        Ok(())
    }

    /// What a row leaves no room for: one that ended, which goes, and one that is open, which ends untold.
    fn surplus(&self, at: u64, row: &Row) -> (Option<u64>, Option<(u64, Row)>) {
        let others = || self.rows.iter().filter(|(other, _)| **other != at);
        let ended = others().filter(|(_, row)| !row.is_open()).count();
        let oldest = others().find(|(_, row)| !row.is_open()).map(|(at, _)| *at);
        let open = others().filter(|(_, row)| row.is_open()).count();
        let untold = others().filter(|(_, row)| row.is_only_to_be_told()).min_by_key(|(_, row)| row.since);
        let untold = untold.filter(|_| row.is_open() && open >= MAX_OPEN);
        let given_up = untold.map(|(at, row)| (*at, Row { work: Work::Done, told: Told::End, ..row.clone() }));
        (oldest.filter(|_| ended >= MAX_CLOSED), given_up)
    }

    /// Forget a row of which nothing has to be known any more.
    pub(super) fn remove(&mut self, at: u64) -> Result<(), JournalError> {
        self.write(|transaction| {
            transaction.open_table(ACTIONS)?.remove(at.to_be_bytes().as_slice())?;
            Ok(())
        })?;
        self.rows.remove(&at);
        Ok(())
    }

    fn sealed(&self, at: u64, row: &Row) -> Vec<u8> {
        self.seal(ACTION, &at.to_be_bytes(), &serde_json::to_vec(row).unwrap_or_default())
    }

    /// Keep a certificate that verified; the newest of its key counts, and of an author the newest keys.
    pub(super) fn certify(&mut self, at: u64, core: &IdentityCore, certificate: &[u8]) -> Result<(), JournalError> {
        let key = self.place(core.id());
        let known = self.author(&key)?;
        let proven = known.as_ref().is_some_and(|author| author.proven);
        let mut certificates = known.map(|author| author.certificates).unwrap_or_default();
        let signer = signer(certificate);
        certificates.retain(|known| self::signer(known) != signer);
        certificates.push(certificate.to_vec());
        let surplus = certificates.len().saturating_sub(KEYS_PER_AUTHOR);
        certificates.drain(..surplus);
        let cursor = self.cursor.max(at);
        self.keep(&key, &Author { core: core.clone(), certificates, proven }, cursor)?;
        self.cursor = cursor;
        Ok(())
    }

    /// Remember for ever that an action of this author was verified.
    pub(super) fn prove(&self, author: IdentityId) -> Result<(), JournalError> {
        let key = self.place(author);
        match self.author(&key)? {
            Some(author) => self.keep(&key, &Author { proven: true, ..author }, self.cursor),
            None => Ok(()),
        }
    }

    /// Forget an author.
    pub(super) fn forget(&self, author: IdentityId) -> Result<(), JournalError> {
        let key = self.place(author);
        self.write(|transaction| {
            transaction.open_table(AUTHORS)?.remove(key.as_slice())?;
            Ok(())
        })
    }

    fn keep(&self, key: &[u8; 32], author: &Author, cursor: u64) -> Result<(), JournalError> {
        let value = self.seal(AUTHOR, key, &author.encode());
        self.write(|transaction| {
            transaction.open_table(AUTHORS)?.insert(key.as_slice(), value.as_slice())?;
            move_cursor(transaction, cursor)
        })
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
        Author::decode(&plain).map(Some).ok_or_else(|| JournalError::Sealed(self.path.clone()))
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
mod tests;
