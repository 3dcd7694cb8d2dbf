//! Consents to recordings and their anchors, for the process that holds the index: nothing is asked of the chain's node.

use std::sync::Arc;

use alloy::primitives::B256;
use pars_indexer_core::{Cell, Column, Consent};
use pars_wire::RecordingId;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::store::{Page, Store, StoreError};

/// Reads consents.
#[derive(Clone, Debug)]
pub struct Recordings {
    store: Arc<Store>,
    seen: watch::Receiver<Option<Instant>>,
}

/// A span's consent, as one consistent view of the chain has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentView {
    /// The row.
    pub row: Consent,
    /// Whether its last change stands in a final block: what does not counts for nothing.
    pub is_final: bool,
    /// Timestamp of the newest block, seconds.
    pub head_time: u64,
}

/// How far the rows reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Number of the newest block.
    pub head: u64,
    /// Its timestamp, seconds.
    pub head_time: u64,
    /// Number of the newest final block.
    pub finalized: u64,
}

impl ConsentView {
    /// The contract's `authorisedUntil`: Unix seconds, 0 if not everybody consented or somebody withdrew.
    pub fn authorised_until(&self) -> u64 {
        self.row.valid_until.filter(|_| !self.row.withdrawn).unwrap_or_default()
    }
}

impl Recordings {
    pub(crate) const fn new(store: Arc<Store>, seen: watch::Receiver<Option<Instant>>) -> Self {
        Self { store, seen }
    }

    /// Wait until all that the chain's node knew at some moment from this one on has been read. For ever, if it does not answer
    /// any more, or not usably.
    pub async fn seen_since(&self, moment: Instant) {
        let mut seen = self.seen.clone();
        if seen.wait_for(|seen| seen.is_some_and(|seen| seen >= moment)).await.is_err() {
            // The index has ended.
            std::future::pending::<()>().await;
        }
    }

    /// What the chain holds of a span; nothing if nobody has consented to it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn span(&self, span: RecordingId) -> Result<Option<ConsentView>, StoreError> {
        Ok(self.read("id = $1", span.to_cell(), 1).await?.pop())
    }

    /// The spans of a recording that everybody consented to, in the order of their last change.
    ///
    /// # Errors
    /// The database failed.
    pub async fn spans(&self, recording: B256) -> Result<Vec<ConsentView>, StoreError> {
        self.read("recording_id = $1", recording.to_cell(), u32::MAX).await
    }

    /// How far the rows reach; none before the first block.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reach(&self) -> Result<Option<Reach>, StoreError> {
        let checkpoint = self.store.read().await?.checkpoint().await?;
        let (head_time, finalized) = (checkpoint.head_time, checkpoint.finalized);
        Ok(checkpoint.head.map(|head| Reach { head: head.number, head_time, finalized }))
    }

    async fn read(&self, condition: &'static str, value: Cell, limit: u32) -> Result<Vec<ConsentView>, StoreError> {
        let mut reader = self.store.read().await?;
        let page = Page { condition, values: &[value], order: "block, log_index", limit };
        let rows = reader.rows::<Consent>(page).await?;
        let checkpoint = reader.checkpoint().await?;
        let view = |row: Consent| {
            let is_final = row.at.block <= checkpoint.finalized;
            ConsentView { row, is_final, head_time: checkpoint.head_time }
        };
        Ok(rows.into_iter().map(view).collect())
    }
}
