//! Writing: the outputs of the machine, in one transaction.

use pars_indexer_core::{Cell, Change, Out, Table};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Sqlite};

use super::{Store, StoreError, to_integer};

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// What the node says of its chain, beside the blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tips {
    /// Number of its `safe` block.
    pub safe: u64,
    /// Number of its `finalized` block.
    pub finalized: u64,
}

impl Store {
    /// Stores outputs and checkpoint: all of it or, on an error, nothing.
    pub async fn commit(&self, outs: &[Out], tips: Tips) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        for out in outs {
            apply(&mut transaction, out).await?;
        }
        advance(&mut transaction, outs, tips).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn apply(db: &mut SqliteConnection, out: &Out) -> Result<(), StoreError> {
    match out {
        Out::Rows(batch) => {
            for change in &batch.changes {
                put(db, change).await?;
            }
            let undo = serde_json::to_string(&batch.undo).map_err(|_| StoreError::Corrupt("blocks"))?;
            sqlx::query("INSERT INTO blocks (number, hash, undo) VALUES ($1, $2, $3)")
                .bind(to_integer(batch.header.block.number))
                .bind(batch.header.block.hash.to_vec())
                .bind(undo)
                .execute(&mut *db)
                .await?;
        }
        Out::Reorg { to, changes } => {
            for change in changes {
                put(db, change).await?;
            }
            sqlx::query("DELETE FROM blocks WHERE number > $1")
                .bind(to.map_or(-1, |to| to_integer(to.number)))
                .execute(&mut *db)
                .await?;
        }
        Out::Finalized(block) => {
            let number = to_integer(block.number);
            sqlx::query("DELETE FROM blocks WHERE number < $1").bind(number).execute(&mut *db).await?;
            sqlx::query("UPDATE blocks SET undo = '[]' WHERE number = $1").bind(number).execute(&mut *db).await?;
        }
        Out::Ask(_) | Out::Refuse(_) => {}
    }
    Ok(())
}

/// Table and column names come from constants of this program; values are bound.
async fn put(db: &mut SqliteConnection, change: &Change) -> Result<(), StoreError> {
    let table = change.key.table();
    let (sql, cells) = match &change.row {
        Some(row) => (upsert(&table), row.cells()),
        None => (delete(&table), change.key.cells()),
    };
    let query = cells.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), bind);
    query.execute(db).await?;
    Ok(())
}

pub(super) fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Int(number) => query.bind(number),
        Cell::Blob(bytes) => query.bind(bytes),
    }
}

fn upsert(table: &Table) -> String {
    let (key, rest) = table.columns.split_at(table.key_len);
    let list = |names: &[&str]| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let places: Vec<_> = (1..=table.columns.len()).map(|place| format!("${place}")).collect();
    let sets: Vec<_> = rest.iter().map(|name| format!("\"{name}\" = excluded.\"{name}\"")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        table.name,
        list(table.columns),
        places.join(", "),
        list(key),
        sets.join(", ")
    )
}

fn delete(table: &Table) -> String {
    let key = table.columns.iter().take(table.key_len).zip(1..);
    let conditions: Vec<_> = key.map(|(name, place)| format!("\"{name}\" = ${place}")).collect();
    format!("DELETE FROM {} WHERE {}", table.name, conditions.join(" AND "))
}

/// The checkpoint follows from the blocks table: head and rows cannot disagree.
async fn advance(db: &mut SqliteConnection, outs: &[Out], tips: Tips) -> Result<(), StoreError> {
    let time = outs.iter().rev().find_map(|out| match out {
        Out::Rows(batch) => Some(to_integer(batch.header.timestamp)),
        _ => None,
    });
    sqlx::query(
        "INSERT INTO checkpoint (id, head, head_hash, head_time, safe, finalized)
         VALUES (1, (SELECT MAX(number) FROM blocks),
                 (SELECT hash FROM blocks WHERE number = (SELECT MAX(number) FROM blocks)),
                 COALESCE($1, (SELECT head_time FROM checkpoint WHERE id = 1), 0), $2, $3)
         ON CONFLICT (id) DO UPDATE SET head = excluded.head, head_hash = excluded.head_hash,
                 head_time = excluded.head_time, safe = excluded.safe,
                 finalized = CASE WHEN excluded.finalized > checkpoint.finalized
                                  THEN excluded.finalized ELSE checkpoint.finalized END",
    )
    .bind(time)
    .bind(to_integer(tips.safe))
    .bind(to_integer(tips.finalized))
    .execute(db)
    .await?;
    Ok(())
}
