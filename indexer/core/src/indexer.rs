//! The machine.
//!
//! | state | input | outputs |
//! |---|---|---|
//! | any | block known already | none |
//! | any | block on the head, nothing missing | `Rows` |
//! | any | block on an older unfinal block | `Reorg`, then as above |
//! | any | block whose parent is not known | `Ask(Block)` |
//! | any | block that concerns us, without logs | `Ask(Logs)` |
//! | any | block with a room that names a new Safe | `Ask(SafeLogs)`, waits |
//! | waiting | `SafeLogs` asked for | `Ask(SafeLogs)` of the next one, or `Rows` |
//! | waiting | another block | forgets the waiting block; as above |
//! | any | branch below finality, other genesis, incomplete logs, impossible log | `Refuse` |

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bloom};
use pars_bindings::safe_owners;
use pars_wire::BlockRef;

use crate::MAX_INTEGER;
use crate::input::{ChainLog, Config, Header, In};
use crate::reduce;
use crate::refusal::{Inconsistency, Refusal};
use crate::rows::{Key, Position, Row};
use crate::safe;
use crate::state::{Change, Draft, State, Undo};
use crate::window::{Place, Window};

/// Something only the chain's node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The block of this number, with or without logs: answer with [`In::Block`].
    Block(u64),
    /// The same block again, with all its logs: answer with [`In::Block`].
    Logs(BlockRef),
    /// All owner logs of a Safe from block 0 to this block: answer with [`In::SafeLogs`].
    SafeLogs {
        /// The Safe.
        safe: Address,
        /// The block that first names it.
        upto: BlockRef,
    },
}

/// The rows of one block. Applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The block.
    pub header: Header,
    /// Its rows, by key.
    pub changes: Vec<Change>,
    /// What they were before, by key.
    pub undo: Vec<Undo>,
}

/// An output of the machine, to be carried out in order.
#[expect(clippy::large_enum_variant, reason = "almost every output is a batch; few exist at a time")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Ask the node and answer.
    Ask(Question),
    /// Store a block.
    Rows(Batch),
    /// Forget the blocks above `to` (all of them, if nothing) and set these rows.
    Reorg {
        /// The newest block that stays.
        to: Option<BlockRef>,
        /// The rows as they stood at it.
        changes: Vec<Change>,
    },
    /// The undo up to this block is no longer needed.
    Finalized(BlockRef),
    /// The input was refused; nothing changed.
    Refuse(Refusal),
}

/// A stored block that is not final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotBlock {
    /// Number and hash.
    pub block: BlockRef,
    /// Its undo.
    pub undo: Vec<Undo>,
}

/// What a store holds: enough to go on from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The newest final block, if any.
    pub finalized: Option<BlockRef>,
    /// The blocks above it, in order.
    pub blocks: Vec<SnapshotBlock>,
    /// The rows of all state tables ([`Table::state`](crate::Table)).
    pub rows: Vec<Row>,
}

/// A stored state that cannot be gone on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The blocks above finality are not consecutive.
    #[error("the stored blocks have a gap at {0}; index into a new database")]
    Gap(u64),
    /// The stored leaves do not form the tree whose root the newest of them names.
    #[error("the stored leaves do not give their stored root; index into a new database")]
    Tree,
    /// A stored leaf cannot be.
    #[error("a stored leaf is impossible ({0}); index into a new database")]
    Leaf(Box<Inconsistency>),
}

struct Waiting {
    header: Header,
    logs: Vec<ChainLog>,
    missing: BTreeSet<Address>,
    histories: BTreeMap<Address, Vec<ChainLog>>,
}

/// The indexer: see the module's table.
pub struct Indexer {
    config: Config,
    window: Window,
    state: State,
    waiting: Option<Waiting>,
}

impl Indexer {
    /// An indexer that goes on from a stored state; the empty [`Snapshot`] starts anew.
    pub fn restore(config: Config, snapshot: Snapshot) -> Result<Self, RestoreError> {
        let mut window = Window::new(config.start, snapshot.finalized);
        for stored in snapshot.blocks {
            if stored.block.number != window.next() {
                return Err(RestoreError::Gap(window.next()));
            }
            window.push(stored.block, stored.undo);
        }
        let state = State::restore(snapshot.rows).map_err(|reason| RestoreError::Leaf(Box::new(reason)))?;
        let newest = state.rows().filter_map(reduce::as_leaf).max_by_key(|leaf| leaf.at);
        if newest.is_some_and(|leaf| leaf.root != state.tree().root().word()) {
            return Err(RestoreError::Tree);
        }
        Ok(Self { config, window, state, waiting: None })
    }

    /// The newest block whose rows are known.
    pub fn head(&self) -> Option<BlockRef> {
        self.window.head()
    }

    /// The newest final block.
    pub const fn finalized(&self) -> Option<BlockRef> {
        self.window.finalized()
    }

    /// The number of the block to read next.
    pub fn next(&self) -> u64 {
        self.window.next()
    }

    /// The hash of a block that is not older than the newest final one.
    pub fn hash(&self, number: u64) -> Option<B256> {
        self.window.hash(number)
    }

    /// All rows of the state tables, by key.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.state.rows()
    }

    /// Takes one input. Total: whatever the node says becomes an output.
    pub fn handle(&mut self, input: In, out: &mut Vec<Out>) {
        let result = match input {
            In::Genesis(hash) if hash == self.config.genesis => Ok(()),
            In::Genesis(found) => Err(Refusal::ChainReset { expected: self.config.genesis, found }),
            In::Block { header, logs } => self.block(header, logs, out),
            In::SafeLogs { safe, upto, logs } => self.safe_logs(safe, upto, logs, out),
            In::Finalized(block) => self.finalized_at(block, out),
        };
        if let Err(refusal) = result {
            out.push(Out::Refuse(refusal));
        }
    }

    fn block(&mut self, header: Header, logs: Option<Vec<ChainLog>>, out: &mut Vec<Out>) -> Result<(), Refusal> {
        self.waiting = None;
        if header.block.number > MAX_INTEGER || header.timestamp > MAX_INTEGER {
            return Err(Refusal::HeaderOutOfRange(header.block));
        }
        match self.window.place(&header) {
            Place::Known => return Ok(()),
            Place::Needs(number) => {
                out.push(Out::Ask(Question::Block(number)));
                return Ok(());
            }
            Place::BelowFinality(finalized) => {
                return Err(Refusal::DeeperThanFinality { finalized, offered: header.block });
            }
            Place::Fork => {
                let before = self.window.cut(header.block.number);
                let changes = self.state.revert(before);
                out.push(Out::Reorg { to: self.window.head(), changes });
            }
            Place::Next => {}
        }
        let logs = match logs {
            _ if !self.concerns(&header) => Vec::new(),
            None => {
                out.push(Out::Ask(Question::Logs(header.block)));
                return Ok(());
            }
            Some(logs) => complete(&header, logs)?,
        };
        let missing = self.new_safes(&logs);
        self.go_on(Waiting { header, logs, missing, histories: BTreeMap::new() }, out)
    }

    /// Whether the block may hold a log of a watched contract: then its logs are needed.
    pub fn concerns(&self, header: &Header) -> bool {
        let ours = self.config.contracts.addresses();
        ours.iter().any(|address| header.may_concern(*address))
            || reduce::safes(&self.state).any(|safe| header.may_concern(safe))
    }

    /// Safes that these logs name for the first time.
    /// The Safes that this block names first. Anybody may name any address: one of our own contracts has no owners, and
    /// its logs must never be taken for a Safe's.
    fn new_safes(&self, logs: &[ChainLog]) -> BTreeSet<Address> {
        let ours = self.config.contracts.addresses();
        logs.iter()
            .filter(|log| log.log.address == self.config.contracts.town_hall)
            .filter_map(|log| reduce::named_safe(&log.log))
            .filter(|safe| !ours.contains(safe))
            .filter(|safe| self.state.get::<crate::Safe>(&Key::Safe(*safe)).is_none())
            .collect()
    }

    fn go_on(&mut self, waiting: Waiting, out: &mut Vec<Out>) -> Result<(), Refusal> {
        if let Some(safe) = waiting.missing.first() {
            out.push(Out::Ask(Question::SafeLogs { safe: *safe, upto: waiting.header.block }));
            self.waiting = Some(waiting);
            return Ok(());
        }
        let header = waiting.header;
        let mut draft = Draft::new(&mut self.state);
        match apply(&mut draft, &self.config, &waiting) {
            Ok(()) => {
                let (changes, undo) = draft.commit();
                self.window.push(header.block, undo.clone());
                out.push(Out::Rows(Batch { header, changes, undo }));
                Ok(())
            }
            Err((index, reason)) => {
                draft.abandon();
                Err(Refusal::Inconsistent { block: header.block, index, reason: Box::new(reason) })
            }
        }
    }

    fn safe_logs(
        &mut self,
        safe: Address,
        upto: BlockRef,
        logs: Vec<ChainLog>,
        out: &mut Vec<Out>,
    ) -> Result<(), Refusal> {
        let refusal = Refusal::SafeHistory { safe, upto };
        let Some(mut waiting) = self.waiting.take() else { return Err(refusal) };
        if waiting.header.block != upto || !waiting.missing.contains(&safe) {
            self.waiting = Some(waiting);
            return Err(refusal);
        }
        let of_this_branch = |log: &ChainLog| match self.window.hash(log.block.number) {
            Some(hash) => hash == log.block.hash,
            None => log.block.number < upto.number || log.block == upto,
        };
        let here: Vec<_> = logs.iter().filter(|log| log.block == upto).collect();
        let mut known =
            waiting.logs.iter().filter(|log| log.log.address == safe && safe_owners::is_owner_log(&log.log));
        let good = logs.iter().all(|log| log.log.address == safe && of_this_branch(log))
            && logs.is_sorted_by(|a, b| (a.block.number, a.index) < (b.block.number, b.index))
            && here.into_iter().eq(known.by_ref());
        if !good {
            // The question may be asked again: the block itself was good.
            self.waiting = Some(waiting);
            return Err(refusal);
        }
        waiting.missing.remove(&safe);
        waiting.histories.insert(safe, logs);
        self.go_on(waiting, out)
    }

    fn finalized_at(&mut self, block: BlockRef, out: &mut Vec<Out>) -> Result<(), Refusal> {
        match self.window.hash(block.number) {
            Some(ours) if ours != block.hash => Err(Refusal::FinalizedMismatch { ours, offered: block }),
            _ => {
                if self.window.finalize(block) {
                    out.push(Out::Finalized(block));
                }
                Ok(())
            }
        }
    }
}

/// The logs of a block in order, each once, without a gap in their numbers, with the bloom of the header. (Two logs of
/// equal topics set the same bits, so the bloom alone would not miss the second; the numbers do, unless a node
/// renumbers them. For leaves the roots catch even that.)
fn complete(header: &Header, mut logs: Vec<ChainLog>) -> Result<Vec<ChainLog>, Refusal> {
    let misplaced = |log: &ChainLog| Refusal::LogMisplaced { block: header.block, index: log.index };
    if let Some(log) = logs.iter().find(|log| log.block != header.block || log.index > MAX_INTEGER) {
        return Err(misplaced(log));
    }
    // A log that was sent twice is the same log; two different ones of one index are a lie.
    logs.sort_by_key(|log| log.index);
    logs.dedup();
    if let Some((log, _)) = logs.iter().zip(logs.iter().skip(1)).find(|(a, b)| a.index == b.index) {
        return Err(misplaced(log));
    }
    if logs.iter().zip(0..).any(|(log, number)| log.index != number) {
        return Err(Refusal::LogsIncomplete(header.block));
    }
    let mut bloom = Bloom::ZERO;
    for log in &logs {
        bloom.accrue_log(&log.log);
    }
    if bloom == header.bloom { Ok(logs) } else { Err(Refusal::LogsIncomplete(header.block)) }
}

fn apply(draft: &mut Draft<'_>, config: &Config, waiting: &Waiting) -> Result<(), (u64, Inconsistency)> {
    let Header { block, timestamp, .. } = waiting.header;
    let at = |log: &ChainLog| Position { block: log.block.number, log_index: log.index, block_hash: log.block.hash };
    for log in &waiting.logs {
        // A Safe that this block names first is told by its history, which reaches to the end of this block.
        if !waiting.histories.contains_key(&log.log.address) {
            reduce::log(draft, config, &log.log, at(log), timestamp).map_err(|reason| (log.index, reason))?;
        }
    }
    for (safe, history) in &waiting.histories {
        let named = Position { block: block.number, log_index: 0, block_hash: block.hash };
        safe::watch(draft, *safe, named);
        for log in history {
            safe::reduce(draft, &log.log, at(log));
        }
    }
    Ok(())
}
