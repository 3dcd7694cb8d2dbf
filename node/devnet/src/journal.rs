//! The journal: every input of the chain in order, in one redb file. A commit is durable (fsync) before anything is
//! announced, and atomic: after a kill the file holds whole batches only. The head's hash is kept with each commit, so a
//! replay that ends elsewhere is noticed.

use std::{
    fs::File,
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use alloy::primitives::B256;
use pars_chain::{Chain, Input};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageError, TableDefinition,
};

use crate::{
    config::{Config, Founding},
    error::DevnetError,
};

/// Name of the journal in the data directory.
pub const JOURNAL_FILE: &str = "chain.redb";
/// Version of the layout below; another one is refused.
const FORMAT: u64 = 1;
/// Bytes of redb's magic number, with which a file begins.
const MAGIC: usize = 9;
/// Bytes of a page: redb's header lies in the first one.
const PAGE: usize = 4_096;
/// Most bytes of a file that redb has laid out and not begun: about a megabyte.
const MAX_UNBORN: u64 = 4 << 20;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("pars-devnet");
const INPUTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("inputs");

/// An open journal; the file is locked while it is open.
#[derive(Debug)]
pub(crate) struct Journal {
    database: Database,
    path: PathBuf,
    /// Number of inputs written.
    written: u64,
}

/// A journal and the chain it holds.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) founding: Founding,
    pub(crate) chain: Chain,
}

impl Journal {
    /// Opens or founds the directory's journal and replays it.
    pub(crate) fn open(directory: &Path, config: &Config) -> Result<Opened, DevnetError> {
        std::fs::create_dir_all(directory)
            .map_err(|e| DevnetError::Directory { path: directory.to_owned(), reason: e.to_string() })?;
        let path = directory.join(JOURNAL_FILE);
        // redb asserts its invariants: a damaged page may end in a panic instead of an error.
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_file(&path, config)));
        opened.unwrap_or_else(|_| Err(damaged(&path, "a page of the file is inconsistent")))
    }

    fn open_file(path: &Path, config: &Config) -> Result<Opened, DevnetError> {
        clear_unborn(path);
        let fresh = !path.exists();
        let database = Database::create(path).map_err(|e| open_error(path, e))?;
        let mut journal = Self { database, path: path.to_owned(), written: 0 };
        if fresh || journal.is_blank()? {
            let founding = config.founding();
            let chain = journal.found(&founding)?;
            return Ok(Opened { journal, founding, chain });
        }
        let founding = journal.founding()?;
        config.agrees_with(&founding)?;
        let chain = journal.replay(&founding)?;
        Ok(Opened { journal, founding, chain })
    }

    /// Whether the file is ours but was never founded: a kill between making the file and the first commit.
    fn is_blank(&self) -> Result<bool, DevnetError> {
        let read = self.database.begin_read().map_err(|e| self.damaged(e))?;
        let mut tables = read.list_tables().map_err(|e| self.damaged(e))?;
        Ok(tables.next().is_none())
    }

    fn found(&self, founding: &Founding) -> Result<Chain, DevnetError> {
        let chain = founding.chain()?;
        let encoded = serde_json::to_vec(founding).map_err(write_error)?;
        let write = self.database.begin_write().map_err(write_error)?;
        {
            let mut meta = write.open_table(META).map_err(write_error)?;
            meta.insert("format", FORMAT.to_be_bytes().as_slice()).map_err(write_error)?;
            meta.insert("founding", encoded.as_slice()).map_err(write_error)?;
            meta.insert("head", chain.head().hash.as_slice()).map_err(write_error)?;
            write.open_table(INPUTS).map_err(write_error)?;
        }
        write.commit().map_err(write_error)?;
        Ok(chain)
    }

    fn founding(&self) -> Result<Founding, DevnetError> {
        let read = self.database.begin_read().map_err(|e| self.damaged(e))?;
        let meta = read.open_table(META).map_err(|_| DevnetError::Foreign(self.path.clone()))?;
        let format = meta.get("format").map_err(|e| self.damaged(e))?;
        if format.is_none_or(|f| f.value() != FORMAT.to_be_bytes()) {
            return Err(DevnetError::Foreign(self.path.clone()));
        }
        let founding = meta.get("founding").map_err(|e| self.damaged(e))?;
        let founding = founding.ok_or_else(|| self.damaged("the founding record is missing"))?;
        serde_json::from_slice(founding.value()).map_err(|e| self.damaged(e))
    }

    fn replay(&mut self, founding: &Founding) -> Result<Chain, DevnetError> {
        let read = self.database.begin_read().map_err(|e| self.damaged(e))?;
        let inputs = read.open_table(INPUTS).map_err(|e| self.damaged(e))?;
        let mut chain = founding.chain()?;
        for (expected, entry) in (0u64..).zip(inputs.iter().map_err(|e| self.damaged(e))?) {
            let (index, bytes) = entry.map_err(|e| self.damaged(e))?;
            if index.value() != expected {
                return Err(self.damaged(format!("input {expected} is missing")));
            }
            let input: Input = serde_json::from_slice(bytes.value()).map_err(|e| self.damaged(e))?;
            chain.apply(input).map_err(|e| self.damaged(format!("input {expected} is refused: {e}")))?;
        }
        self.written = inputs.len().map_err(|e| self.damaged(e))?;
        let meta = read.open_table(META).map_err(|e| self.damaged(e))?;
        let head = meta.get("head").map_err(|e| self.damaged(e))?;
        if head.is_none_or(|stored| stored.value() != chain.head().hash.as_slice()) {
            return Err(self.damaged("the replay ends at another head than the one announced"));
        }
        Ok(chain)
    }

    /// Adds inputs and the head they lead to; returns when they are durable.
    pub(crate) fn append(&mut self, inputs: &[Input], head: B256) -> Result<(), DevnetError> {
        let write = self.database.begin_write().map_err(write_error)?;
        {
            let mut table = write.open_table(INPUTS).map_err(write_error)?;
            for (index, input) in (self.written..).zip(inputs) {
                let bytes = serde_json::to_vec(input).map_err(write_error)?;
                table.insert(index, bytes.as_slice()).map_err(write_error)?;
            }
            let mut meta = write.open_table(META).map_err(write_error)?;
            meta.insert("head", head.as_slice()).map_err(write_error)?;
        }
        write.commit().map_err(write_error)?;
        self.written = self.written.saturating_add(inputs.len() as u64);
        Ok(())
    }

    fn damaged(&self, reason: impl ToString) -> DevnetError {
        damaged(&self.path, reason)
    }
}

/// Empties a file that a kill left while redb laid it out. redb writes its magic number last, so that its place is still zero, and
/// so is everything behind the first page: nothing was ever in it. One that another process lays out just now is locked and
/// stays; what is wrong with any other file, redb says.
fn clear_unborn(path: &Path) {
    let Ok(mut file) = File::options().read(true).write(true).open(path) else { return };
    let short = file.metadata().is_ok_and(|found| found.len() <= MAX_UNBORN);
    let mut bytes = Vec::new();
    if !short || file.try_lock().is_err() || file.read_to_end(&mut bytes).is_err() {
        return;
    }
    let zero = |part: Option<&[u8]>| part.is_some_and(|part| part.iter().all(|byte| *byte == 0));
    if zero(bytes.get(..MAGIC)) && zero(bytes.get(PAGE..)) {
        // A file that cannot be cut stays what it is, and is refused.
        let _ = file.set_len(0);
    }
}

fn damaged(path: &Path, reason: impl ToString) -> DevnetError {
    DevnetError::Damaged { path: path.to_owned(), reason: reason.to_string() }
}

fn write_error(error: impl ToString) -> DevnetError {
    DevnetError::Write(error.to_string())
}

fn open_error(path: &Path, error: DatabaseError) -> DevnetError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => DevnetError::InUse(path.parent().unwrap_or(path).to_owned()),
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == std::io::ErrorKind::InvalidData => {
            DevnetError::Foreign(path.to_owned())
        }
        DatabaseError::Storage(StorageError::Io(e)) => {
            DevnetError::Directory { path: path.to_owned(), reason: e.to_string() }
        }
        other => damaged(path, other),
    }
}
