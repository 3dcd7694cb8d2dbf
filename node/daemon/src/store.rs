//! The rows of the engine in one redb file, written by a thread of their own.
//!
//! ```text
//! driver ──batch──► bounded queue ──every batch that waits──► one transaction, synced ──► newest committed id
//! ```
//!
//! One sync serves all batches that wait (group commit); a commit speaks for all batches before it, so the newest id is all
//! that is told. A kill at any moment leaves whole transactions, in the order of the batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use pars_crypto::Sealed;
use pars_engine::store::{VERSION, Value};
use pars_engine::{Batch, BatchId, Rows};
use pars_wire::codec::{Wire, Writer};
use redb::{
    Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageError,
    TableDefinition, WriteTransaction,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::datadir::Datadir;

/// Rows of the engine: `table1|key` → `form1|value`.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
/// What the file is: format and chain. Sealed values of the daemon itself.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("pars-session");
/// Layout of the two tables; another one is refused.
const FORMAT: u64 = 1;
/// Batches that wait for the thread; behind so many the driver waits.
const QUEUE: usize = 1_024;
/// Batches of one transaction.
const GROUP: usize = 512;
/// The engine's snapshot begins with this (engine's `store`).
const SNAPSHOT_MAGIC: &[u8; 4] = b"PSNS";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process.
    #[error("{0} is open in another process; stop it first")]
    InUse(PathBuf),
    /// Not ours, or later than this program.
    #[error("{0} is no store of this version of sessiond; give another --datadir")]
    Foreign(PathBuf),
    /// Another network's.
    #[error("{path} belongs to chain {found}, this network is chain {expected}; give another --datadir")]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// Chain of the network.
        expected: u64,
        /// Chain of the store.
        found: u64,
    },
    /// A page or a value is not what was written.
    #[error("{path} is damaged ({reason}); bring it back from a backup, or give another --datadir")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The disk did not take it.
    #[error("{path} cannot be written: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The thread is gone.
    #[error("the store has stopped; see the log")]
    Stopped,
}

/// An open store, before its thread runs.
#[derive(Debug)]
pub struct Store {
    database: Database,
    path: PathBuf,
}

enum Job {
    Persist(Batch),
    Load(oneshot::Sender<Result<Rows, StoreError>>),
}

/// Gives batches to the store's thread.
#[derive(Clone, Debug)]
pub struct StoreHandle {
    jobs: mpsc::Sender<Job>,
}

impl StoreHandle {
    /// Make a batch durable; waits while the queue is full.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn persist(&self, batch: Batch) -> Result<(), StoreError> {
        self.jobs.send(Job::Persist(batch)).await.map_err(|_| StoreError::Stopped)
    }

    /// Every row, after the batches given so far.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load(&self) -> Result<Rows, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Load(reply)).await.map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

/// A store whose thread runs.
#[derive(Debug)]
pub struct Running {
    /// Takes batches.
    pub handle: StoreHandle,
    /// The newest batch that is durable; closed when the thread has ended.
    pub committed: watch::Receiver<BatchId>,
    /// How the thread ended.
    pub ended: oneshot::Receiver<Result<(), StoreError>>,
}

impl Store {
    /// Open the file, or make it for a chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path, chain_id: u64) -> Result<Self, StoreError> {
        // The library asserts its invariants: a damaged page may end in a panic instead of an error.
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_file(path, chain_id)));
        opened.unwrap_or_else(|_| Err(damaged(path, "a page of the file is inconsistent")))
    }

    fn open_file(path: &Path, chain_id: u64) -> Result<Self, StoreError> {
        let failed = |reason| StoreError::Write { path: path.to_owned(), reason };
        Datadir::make_file(path, |new| Self::open_made(new, chain_id).map(drop), failed)?;
        Self::open_made(path, chain_id)
    }

    fn open_made(path: &Path, chain_id: u64) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.to_owned()),
            DatabaseError::Storage(StorageError::Io(error)) => match error.kind() {
                std::io::ErrorKind::InvalidData => StoreError::Foreign(path.to_owned()),
                _ => damaged(path, error),
            },
            other => damaged(path, other),
        })?;
        let store = Self { database, path: path.to_owned() };
        match store.meta("format")? {
            None if store.is_blank()? => store.found(chain_id)?,
            Some(format) if format == FORMAT.to_be_bytes() => {}
            _ => return Err(StoreError::Foreign(path.to_owned())),
        }
        let found = store.meta("chain")?.and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes));
        match found {
            Some(found) if found == chain_id => Ok(store),
            Some(found) => Err(StoreError::OtherChain { path: path.to_owned(), expected: chain_id, found }),
            None => Err(StoreError::Foreign(path.to_owned())),
        }
    }

    /// Whether the file is new: also after a kill between making it and the first commit.
    fn is_blank(&self) -> Result<bool, StoreError> {
        let read = self.database.begin_read().map_err(|e| damaged(&self.path, e))?;
        let blank = read.list_tables().map_err(|e| damaged(&self.path, e))?.next().is_none();
        Ok(blank)
    }

    fn found(&self, chain_id: u64) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut meta = transaction.open_table(META)?;
            meta.insert("format", FORMAT.to_be_bytes().as_slice())?;
            meta.insert("chain", chain_id.to_be_bytes().as_slice())?;
            transaction.open_table(ROWS)?;
            Ok(())
        })
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.database.begin_read().map_err(|e| damaged(&self.path, e))?;
        let meta = match read.open_table(META) {
            Ok(meta) => meta,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(damaged(&self.path, error)),
        };
        let value = meta.get(name).map_err(|e| damaged(&self.path, e))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    /// A sealed value of the daemon itself.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn sealed(&self, name: &'static str) -> Result<Option<Sealed>, StoreError> {
        Ok(self.meta(&format!("sealed {name}"))?.map(Sealed::from_bytes))
    }

    /// Keep a sealed value of the daemon itself, durably.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub fn keep(&self, name: &'static str, value: &Sealed) -> Result<(), StoreError> {
        let name = format!("sealed {name}");
        self.write(|transaction| {
            transaction.open_table(META)?.insert(name.as_str(), value.as_bytes())?;
            Ok(())
        })
    }

    /// Every row.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn rows(&self) -> Result<Rows, StoreError> {
        let read = catch_unwind(AssertUnwindSafe(|| self.snapshot()));
        let bytes = read.unwrap_or_else(|_| Err(damaged(&self.path, "a page of the file is inconsistent")))?;
        Rows::decode(&bytes).map_err(|e| damaged(&self.path, e))
    }

    /// The rows as the engine's snapshot: its decoder checks tables, forms and order.
    fn snapshot(&self) -> Result<Vec<u8>, StoreError> {
        let damaged = |reason: &dyn std::fmt::Display| damaged(&self.path, reason);
        let read = self.database.begin_read().map_err(|e| damaged(&e))?;
        let rows = read.open_table(ROWS).map_err(|e| damaged(&e))?;
        let count = u32::try_from(rows.len().map_err(|e| damaged(&e))?).map_err(|e| damaged(&e))?;
        let mut out = Writer::with_capacity(1 << 16);
        out.bytes(SNAPSHOT_MAGIC).u8(VERSION).u32(count);
        for row in rows.iter().map_err(|e| damaged(&e))? {
            let (key, value) = row.map_err(|e| damaged(&e))?;
            write_row(key.value(), value.value(), &mut out).map_err(|e| damaged(&e))?;
        }
        Ok(out.into_bytes())
    }

    fn write(&self, change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>) -> Result<(), StoreError> {
        let commit = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            change(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        commit().map_err(|e| StoreError::Write { path: self.path.clone(), reason: e.to_string() })
    }

    fn apply(&self, batches: &[Batch]) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut rows = transaction.open_table(ROWS)?;
            for change in batches.iter().flat_map(|batch| &batch.changes) {
                let key = [&[change.table as u8], change.key.as_slice()].concat();
                match &change.value {
                    Some(Value::Plain(bytes)) => {
                        rows.insert(key.as_slice(), [&[1], bytes.as_slice()].concat().as_slice())?
                    }
                    Some(Value::Sealed(sealed)) => {
                        rows.insert(key.as_slice(), [&[2], sealed.as_bytes()].concat().as_slice())?
                    }
                    None => rows.remove(key.as_slice())?,
                };
            }
            Ok(())
        })
    }

    /// Start the thread.
    ///
    /// # Errors
    /// [`StoreError::Write`] if the system gives no thread.
    pub fn start(self) -> Result<Running, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (newest, committed) = watch::channel(BatchId(0));
        let (end, ended) = oneshot::channel();
        let path = self.path.clone();
        let body = move || {
            let result = self.run(queue, &newest);
            if let Err(error) = &result {
                tracing::error!(%error, "the store stops");
            }
            // Nobody may be left to be told.
            let _ = end.send(result);
        };
        let spawned = std::thread::Builder::new().name("store".into()).spawn(body);
        spawned.map_err(|e| StoreError::Write { path, reason: e.to_string() })?;
        Ok(Running { handle: StoreHandle { jobs }, committed, ended })
    }

    fn run(self, mut queue: mpsc::Receiver<Job>, newest: &watch::Sender<BatchId>) -> Result<(), StoreError> {
        let mut group = Vec::new();
        while let Some(first) = queue.blocking_recv() {
            let mut next = Some(first);
            while let Some(job) = next.take() {
                match job {
                    Job::Persist(batch) => group.push(batch),
                    Job::Load(reply) => {
                        self.commit(&mut group, newest)?;
                        // Who asked may have gone.
                        let _ = reply.send(self.rows());
                    }
                }
                if group.len() < GROUP {
                    next = queue.try_recv().ok();
                }
            }
            self.commit(&mut group, newest)?;
        }
        Ok(())
    }

    fn commit(&self, group: &mut Vec<Batch>, newest: &watch::Sender<BatchId>) -> Result<(), StoreError> {
        let Some(last) = group.last().map(|batch| batch.id) else { return Ok(()) };
        self.apply(group)?;
        group.clear();
        newest.send_replace(last);
        Ok(())
    }
}

/// A row of the file as one of the engine's snapshot.
fn write_row(key: &[u8], value: &[u8], out: &mut Writer) -> Result<(), &'static str> {
    let (Some((table, key)), Some((form, value))) = (key.split_first(), value.split_first()) else {
        return Err("a row is cut short");
    };
    let lengths = (u16::try_from(key.len()), u32::try_from(value.len()));
    let (Ok(key_length), Ok(length)) = lengths else { return Err("a row is too long") };
    out.u8(*table).u16(key_length).bytes(key).u8(*form).u32(length).bytes(value);
    Ok(())
}

fn damaged(path: &Path, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests;

/// The disk of a test: what it was given, and whether it says that it is durable.
#[cfg(test)]
pub(crate) struct Disk {
    /// Batches so far.
    pub(crate) given: watch::Receiver<u64>,
    /// Whether they are durable.
    pub(crate) durable: watch::Sender<bool>,
}

#[cfg(test)]
impl Running {
    /// A store in memory that says nothing is durable before it is told so.
    pub(crate) fn held() -> (Self, Disk) {
        let (jobs, mut asked) = mpsc::channel(QUEUE);
        let (newest, committed) = watch::channel(BatchId(0));
        let (durable, mut allowed) = watch::channel(false);
        let (count, given) = watch::channel(0);
        let (end, ended) = oneshot::channel();
        tokio::spawn(async move {
            let mut last = BatchId(0);
            loop {
                tokio::select! {
                    job = asked.recv() => match job {
                        Some(Job::Persist(batch)) => {
                            last = batch.id;
                            count.send_modify(|count| *count += 1);
                        }
                        Some(Job::Load(reply)) => drop(reply.send(Ok(Rows::default()))),
                        None => break,
                    },
                    Ok(()) = allowed.changed() => {}
                }
                if *allowed.borrow() {
                    newest.send_replace(last);
                }
            }
            end.send(Ok(()))
        });
        (Self { handle: StoreHandle { jobs }, committed, ended }, Disk { given, durable })
    }
}
