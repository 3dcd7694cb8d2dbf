//! The loop: ask the node, feed the machine, store what it puts out.
//!
//! ```text
//!   tips ─► headers, ahead ─► logs of those that concern us, ahead ─► machine ─► one transaction a batch
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use pars_indexer_core::{ChainLog, Config, Header, In, Indexer, Out, Question, Refusal};
use pars_wire::BlockRef;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::health::Health;
use crate::source::{ChainTips, Source, SourceError};
use crate::store::{Store, StoreError, Tips};

/// Blocks in one transaction at most.
const BATCH: u64 = 256;
/// Requests under way at the same time.
const AHEAD: usize = 16;
/// Questions that one block may lead to: the depth of a reorganisation, its logs, the Safes it names.
const QUESTIONS: usize = 100_000;
/// First wait after a failure; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why a round did not reach the head.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the chain's node changes its mind faster than it can be followed")]
    Restless,
}

impl From<&SyncError> for Health {
    fn from(error: &SyncError) -> Self {
        match error {
            SyncError::Source(_) | SyncError::Restless => Self::Unreachable(error.to_string()),
            SyncError::Refused(_) => Self::Refused(error.to_string()),
            SyncError::Store(_) => Self::StoreFailed(error.to_string()),
        }
    }
}

/// Keeps one database at the head of one node.
pub(crate) struct Synchroniser {
    pub(crate) source: Source,
    pub(crate) store: Arc<Store>,
    pub(crate) config: Config,
    pub(crate) poll: Duration,
    pub(crate) health: watch::Sender<Health>,
    /// When the newest round began that reached the node's head.
    pub(crate) seen: watch::Sender<Option<Instant>>,
}

impl Synchroniser {
    /// Runs until it is dropped: every round ends at the head or with a failure that is shown and tried again.
    pub(crate) async fn run(&self) {
        let mut indexer = None;
        let mut wait = FIRST_WAIT;
        loop {
            let began = Instant::now();
            let pause = match self.round(&mut indexer).await {
                Ok(()) => {
                    self.seen.send_replace(Some(began));
                    self.health.send_if_modified(|health| std::mem::replace(health, Health::Synced) != Health::Synced);
                    wait = FIRST_WAIT;
                    self.poll
                }
                Err(error) => {
                    let health = Health::from(&error);
                    tracing::error!(code = health.code(), "{error}");
                    self.health.send_replace(health);
                    let pause = wait;
                    wait = LONGEST_WAIT.min(wait * 2);
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn round(&self, indexer: &mut Option<Indexer>) -> Result<(), SyncError> {
        let mut machine = match indexer.take() {
            Some(machine) => machine,
            None => self.store.restore(self.config).await?,
        };
        let result = self.catch_up(&mut machine).await;
        // After a failed transaction memory is ahead of the database: the next round starts from the database.
        if !matches!(result, Err(SyncError::Store(_))) {
            *indexer = Some(machine);
        }
        result
    }

    /// Reads until the node's head is known, a batch of blocks at a time.
    async fn catch_up(&self, machine: &mut Indexer) -> Result<(), SyncError> {
        let tips = self.source.tips().await?;
        let mut round = Round { sync: self, machine, tips, outs: Vec::new() };
        round.check_genesis().await?;
        let last = tips.head.block;
        // A lower head is no reorganisation as long as its block is known.
        while round.machine.hash(last.number) != Some(last.hash) && last.number >= self.config.start {
            let result = round.batch().await;
            if result.is_err() {
                // The head may still be on the branch that was left: what was read is kept, finality waits.
                round.store().await?;
                return result;
            }
            round.finalize_and_store().await?;
            if round.machine.next() > last.number {
                // If it is another branch again, the next round sees the newer tips.
                return Ok(());
            }
        }
        round.finalize_and_store().await
    }
}

/// A block, with its logs if it may concern us.
type Fetched = (Header, Option<Vec<ChainLog>>);

struct Round<'a> {
    sync: &'a Synchroniser,
    machine: &'a mut Indexer,
    tips: ChainTips,
    outs: Vec<Out>,
}

impl Round<'_> {
    /// A reset chain shows as another block 0; asked only when the head is not simply the next block.
    async fn check_genesis(&mut self) -> Result<(), SyncError> {
        let head = self.tips.head;
        let expected = self.machine.head().is_some_and(|ours| ours == head.block || ours.hash == head.parent);
        if expected { Ok(()) } else { self.feed(In::Genesis(self.sync.source.genesis().await?)).await }
    }

    /// The next blocks. Ends early where a reorganisation moved the head.
    async fn batch(&mut self) -> Result<(), SyncError> {
        let last = self.tips.head.block.number;
        let from = self.machine.next().min(last);
        if last - from >= BATCH {
            self.sync.health.send_replace(Health::CatchingUp);
        }
        for (header, logs) in self.fetch(from, last.min(from.saturating_add(BATCH - 1))).await? {
            self.feed(In::Block { header, logs }).await?;
            if self.machine.head() != Some(header.block) {
                break;
            }
        }
        Ok(())
    }

    async fn fetch(&self, from: u64, to: u64) -> Result<Vec<Fetched>, SourceError> {
        let source = &self.sync.source;
        let headers = stream::iter(from..=to).map(|number| source.header(number)).buffered(AHEAD);
        let headers: Vec<_> = headers.try_collect().await?;
        let with_logs = headers.into_iter().map(|header| {
            let concerns = self.machine.concerns(&header);
            async move {
                let logs = if concerns { Some(source.logs(header.block).await?) } else { None };
                Ok((header, logs))
            }
        });
        stream::iter(with_logs).buffered(AHEAD).try_collect().await
    }

    /// One input, and the answers to all questions that follow from it.
    async fn feed(&mut self, input: In) -> Result<(), SyncError> {
        let mut inputs = VecDeque::from([input]);
        let mut asked = 0;
        while let Some(input) = inputs.pop_front() {
            let mut outs = Vec::new();
            self.machine.handle(input, &mut outs);
            for out in outs {
                match out {
                    Out::Ask(_) if asked == QUESTIONS => return Err(SyncError::Restless),
                    Out::Ask(question) => {
                        asked += 1;
                        inputs.push_back(self.ask(question).await?);
                    }
                    Out::Refuse(refusal) => return Err(refusal.into()),
                    out => self.outs.push(out),
                }
            }
        }
        Ok(())
    }

    async fn ask(&self, question: Question) -> Result<In, SourceError> {
        let source = &self.sync.source;
        Ok(match question {
            Question::Block(number) => In::Block { header: source.header(number).await?, logs: None },
            Question::Logs(block) => {
                // By number, so that a block that left the chain meanwhile shows as another hash.
                let header = source.header(block.number).await?;
                In::Block { header, logs: Some(source.logs(header.block).await?) }
            }
            Question::SafeLogs { safe, upto } => In::SafeLogs { safe, upto, logs: source.safe_logs(safe, upto).await? },
        })
    }

    /// Moves finality as far as the machine has read, then stores everything since the last time.
    async fn finalize_and_store(&mut self) -> Result<(), SyncError> {
        let finalized = self.tips.finalized;
        let reached = self.machine.head().map_or(0, |head| head.number);
        let block = match self.machine.hash(finalized.number.min(reached)) {
            // Numbers below the node's final one were read after it was named: they are final as well.
            Some(hash) if reached < finalized.number => BlockRef { number: reached, hash },
            _ => finalized,
        };
        let result = self.feed(In::Finalized(block)).await;
        self.store().await?;
        result
    }

    /// One transaction with everything since the last one.
    async fn store(&mut self) -> Result<(), SyncError> {
        let before_start = self.sync.config.start.saturating_sub(1);
        let nothing_final = self.tips.finalized.number.min(before_start);
        let finalized = self.machine.finalized().map_or(nothing_final, |block| block.number);
        let outs = std::mem::take(&mut self.outs);
        self.sync.store.commit(&outs, Tips { safe: self.tips.safe, finalized }).await?;
        Ok(())
    }
}
