//! The database: everything SQL is in this folder. SQLite, one file; statements keep to what PostgreSQL takes too.
//!
//! One batch, one transaction: rows, blocks with their undo, checkpoint. A kill at any moment leaves the database at the
//! end of some batch. Readers see one such state for the whole of a request (write-ahead log, one read transaction).

mod read;
mod write;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::primitives::B256;
use pars_indexer_core::{Config, Contracts, Indexer, RestoreError, Row};
use pars_wire::ChainId;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub(crate) use read::{Checkpoint, Page, Reader};
pub use write::Tips;

/// Requests that read at the same time; more wait.
const READERS: u32 = 4;
/// How long a reader or writer waits for another.
const BUSY: Duration = Duration::from_secs(5);

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what it was told.
    #[error("the database failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// The tables could not be brought to this version.
    #[error("the database's tables could not be brought to this version: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The lock file beside the database.
    #[error("the lock file {path} cannot be opened: {source}")]
    LockFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process writes to this database.
    #[error("another indexer is using {0}; stop it, or give this one a database of its own")]
    InUse(PathBuf),
    /// The database holds another chain.
    #[error("the database indexes chain {found}, the deployment is on chain {expected}; use another database")]
    OtherChain {
        /// Chain of the deployment.
        expected: ChainId,
        /// Chain of the database.
        found: ChainId,
    },
    /// The database holds another deployment.
    #[error(
        "the database indexes other contracts or another first block than the deployment file names; use another database"
    )]
    OtherDeployment,
    /// A stored value that was not written by this program.
    #[error("the database holds a value in {0} that cannot be read; index into a new database")]
    Corrupt(&'static str),
    /// The stored state does not fit together.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

/// An open database, locked against other processes.
#[derive(Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Locked until the store is closed.
    lock: File,
}

impl Store {
    /// Opens or creates the database file and brings its tables to this version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        migrations().run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, lock })
    }

    /// Refuses a database that is about something else; an empty one passes.
    pub async fn check(&self, chain_id: ChainId, start: u64, contracts: &Contracts) -> Result<(), StoreError> {
        let Some((stored, config)) = self.read().await?.meta().await? else { return Ok(()) };
        if stored != chain_id {
            return Err(StoreError::OtherChain { expected: chain_id, found: stored });
        }
        if (config.start, &config.contracts) != (start, contracts) {
            return Err(StoreError::OtherDeployment);
        }
        Ok(())
    }

    /// What the database is about: written with the genesis hash that the node says if it is empty, kept otherwise.
    pub async fn identify(
        &self,
        chain_id: ChainId,
        genesis: B256,
        start: u64,
        contracts: &Contracts,
    ) -> Result<Config, StoreError> {
        self.check(chain_id, start, contracts).await?;
        sqlx::query(
            "INSERT INTO meta (id, chain_id, genesis, start, contracts) VALUES (1, $1, $2, $3, $4)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(to_integer(chain_id.0))
        .bind(genesis.to_vec())
        .bind(to_integer(start))
        .bind(serde_json::to_string(contracts).map_err(|_| StoreError::Corrupt("meta"))?)
        .execute(&self.writer)
        .await?;
        self.read().await?.meta().await?.map(|(_, config)| config).ok_or(StoreError::Corrupt("meta"))
    }

    /// Every row of every table, by table and key: to compare two indexes row for row.
    pub async fn rows(&self) -> Result<Vec<Row>, StoreError> {
        self.read().await?.all().await
    }

    /// Hash of block 0 of the indexed chain, once a node has said it.
    pub(crate) async fn genesis(&self) -> Result<Option<B256>, StoreError> {
        Ok(self.read().await?.meta().await?.map(|(_, config)| config.genesis))
    }

    /// The machine as it was after the last batch.
    pub async fn restore(&self, config: Config) -> Result<Indexer, StoreError> {
        let snapshot = self.read().await?.snapshot().await?;
        Ok(Indexer::restore(config, snapshot)?)
    }

    /// One consistent view of the database.
    pub(crate) async fn read(&self) -> Result<Reader, StoreError> {
        Reader::begin(&self.readers).await
    }

    /// Closes all connections and lets others open the database, whoever still holds this store.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        // Without the lock file the process's end does the same.
        let _ = self.lock.unlock();
    }
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = |source| StoreError::LockFile { path: name.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn migrations() -> Migrator {
    let tables = include_str!("../../migrations/sqlite/0001_tables.sql").into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, "tables".into(), MigrationType::Simple, tables, false)])
}

/// Numbers beyond 63 bits are refused before they get here; chain ids are far below.
fn to_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_integer(number: i64, table: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt(table))
}
