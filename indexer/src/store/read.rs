//! Reading: rows of any table inside one read transaction.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use pars_indexer_core::{Cell, Config, Key, Row as AnyRow, Snapshot, SnapshotBlock, TABLES, Table, TableRow, Undo};
use pars_wire::{BlockRef, ChainId};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, Transaction, TypeInfo, ValueRef};

use super::write::bind;
use super::{StoreError, from_integer, to_integer};

/// How far the rows reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// The newest indexed block.
    pub(crate) head: Option<BlockRef>,
    /// Its timestamp, seconds.
    pub(crate) head_time: u64,
    /// `safe` of the node.
    pub(crate) safe: u64,
    /// Blocks up to this one are final.
    pub(crate) finalized: u64,
}

/// A part of a table, in order of some columns.
pub(crate) struct Page<'a> {
    /// Condition over bound values `$1`, `$2`…; no value ever stands in it.
    pub(crate) condition: &'static str,
    /// The bound values.
    pub(crate) values: &'a [Cell],
    /// Columns to sort by.
    pub(crate) order: &'static str,
    /// Most rows.
    pub(crate) limit: u32,
}

/// One consistent view of the database.
pub(crate) struct Reader {
    transaction: Transaction<'static, Sqlite>,
}

impl Reader {
    pub(super) async fn begin(pool: &SqlitePool) -> Result<Self, StoreError> {
        Ok(Self { transaction: pool.begin().await? })
    }

    /// What the database is about, once that is known.
    pub(super) async fn meta(&mut self) -> Result<Option<(ChainId, Config)>, StoreError> {
        let corrupt = || StoreError::Corrupt("meta");
        let query = sqlx::query("SELECT chain_id, genesis, start, contracts FROM meta WHERE id = 1");
        let Some(row) = query.fetch_optional(&mut *self.transaction).await? else { return Ok(None) };
        let genesis: Vec<u8> = row.try_get(1)?;
        let contracts: String = row.try_get(3)?;
        let config = Config {
            genesis: B256::try_from(&genesis[..]).map_err(|_| corrupt())?,
            start: from_integer(row.try_get(2)?, "meta")?,
            contracts: serde_json::from_str(&contracts).map_err(|_| corrupt())?,
        };
        Ok(Some((ChainId(from_integer(row.try_get(0)?, "meta")?), config)))
    }

    pub(crate) async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        let query = sqlx::query("SELECT head, head_hash, head_time, safe, finalized FROM checkpoint WHERE id = 1");
        let Some(row) = query.fetch_optional(&mut *self.transaction).await? else { return Ok(Checkpoint::default()) };
        let number: Option<i64> = row.try_get(0)?;
        let hash: Option<Vec<u8>> = row.try_get(1)?;
        let head = match (number, hash) {
            (Some(number), Some(hash)) => Some(block(number, &hash)?),
            _ => None,
        };
        Ok(Checkpoint {
            head,
            head_time: from_integer(row.try_get(2)?, "checkpoint")?,
            safe: from_integer(row.try_get(3)?, "checkpoint")?,
            finalized: from_integer(row.try_get(4)?, "checkpoint")?,
        })
    }

    /// Rows of one table.
    pub(crate) async fn rows<T: TableRow>(&mut self, page: Page<'_>) -> Result<Vec<T>, StoreError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}",
            columns(&T::TABLE),
            T::TABLE.name,
            page.condition,
            page.order,
            page.limit
        );
        let query = page.values.iter().cloned().fold(sqlx::query(AssertSqlSafe(sql)), bind);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        rows.iter().map(|row| T::from_cells(&cells(row)?).ok_or(StoreError::Corrupt(T::TABLE.name))).collect()
    }

    /// Rows that blocks above the final one changed, as they stood at the final one; nothing: they were not there.
    pub(crate) async fn settled(&mut self) -> Result<BTreeMap<Key, Option<AnyRow>>, StoreError> {
        let finalized = to_integer(self.checkpoint().await?.finalized);
        let query = "SELECT undo FROM blocks WHERE number > $1 AND undo <> '[]' ORDER BY number DESC";
        let mut settled = BTreeMap::new();
        for row in sqlx::query(query).bind(finalized).fetch_all(&mut *self.transaction).await? {
            let undo: String = row.try_get(0)?;
            let undo: Vec<Undo> = serde_json::from_str(&undo).map_err(|_| StoreError::Corrupt("blocks"))?;
            // The oldest of them has the last word.
            settled.extend(undo.into_iter().map(|undo| (undo.key, undo.before)));
        }
        Ok(settled)
    }

    /// Number of rows of a table.
    pub(crate) async fn count(&mut self, table: Table) -> Result<u64, StoreError> {
        let query = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", table.name)));
        from_integer(query.fetch_one(&mut *self.transaction).await?.try_get(0)?, table.name)
    }

    /// Every row of every table, by table and key.
    pub(crate) async fn all(&mut self) -> Result<Vec<AnyRow>, StoreError> {
        self.tables(|_| true).await
    }

    /// What the machine goes on from.
    pub(super) async fn snapshot(mut self) -> Result<Snapshot, StoreError> {
        let finalized = self.checkpoint().await?.finalized;
        let query = sqlx::query("SELECT number, hash, undo FROM blocks ORDER BY number");
        let mut snapshot = Snapshot::default();
        for row in query.fetch_all(&mut *self.transaction).await? {
            let hash: Vec<u8> = row.try_get(1)?;
            let block = block(row.try_get(0)?, &hash)?;
            let undo: String = row.try_get(2)?;
            let undo: Vec<Undo> = serde_json::from_str(&undo).map_err(|_| StoreError::Corrupt("blocks"))?;
            // Blocks below the final one are deleted with its finality, so it can only be the first.
            match snapshot.blocks.is_empty() && snapshot.finalized.is_none() && block.number <= finalized {
                true => snapshot.finalized = Some(block),
                false => snapshot.blocks.push(SnapshotBlock { block, undo }),
            }
        }
        snapshot.rows = self.tables(|table| table.state).await?;
        Ok(snapshot)
    }

    async fn tables(&mut self, wanted: impl Fn(&Table) -> bool) -> Result<Vec<AnyRow>, StoreError> {
        let mut all = Vec::new();
        for table in TABLES.iter().filter(|table| wanted(table)) {
            let order = (1..=table.key_len).map(|place| place.to_string()).collect::<Vec<_>>().join(", ");
            let sql = format!("SELECT {} FROM {} ORDER BY {order}", columns(table), table.name);
            for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *self.transaction).await? {
                all.push(AnyRow::from_cells(table.name, &cells(&row)?).ok_or(StoreError::Corrupt(table.name))?);
            }
        }
        Ok(all)
    }
}

fn block(number: i64, hash: &[u8]) -> Result<BlockRef, StoreError> {
    let hash = B256::try_from(hash).map_err(|_| StoreError::Corrupt("blocks"))?;
    Ok(BlockRef { number: from_integer(number, "blocks")?, hash })
}

fn columns(table: &Table) -> String {
    table.columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn cells(row: &SqliteRow) -> Result<Vec<Cell>, StoreError> {
    let cell = |place| {
        let value = row.try_get_raw(place)?;
        Ok(match value.is_null() {
            true => Cell::Null,
            false if value.type_info().name() == "INTEGER" => Cell::Int(row.try_get(place)?),
            false => Cell::Blob(row.try_get(place)?),
        })
    };
    (0..row.columns().len()).map(cell).collect()
}
