//! A store in memory that knows only the machine's outputs, and a node that answers its questions from a chain.

use std::collections::BTreeMap;

use pars_bindings::safe_owners;
use pars_indexer_core::{ChainLog, In, Indexer, Key, Out, Question, Refusal, Row, Snapshot, SnapshotBlock};
use pars_wire::BlockRef;

use super::{Block, START, config};

#[derive(Default, Debug)]
pub(crate) struct Mirror {
    pub(crate) rows: BTreeMap<Key, Row>,
    pub(crate) blocks: Vec<SnapshotBlock>,
    pub(crate) finalized: Option<BlockRef>,
}

impl Mirror {
    pub(crate) fn apply(&mut self, out: &Out) {
        let changes = match out {
            Out::Rows(batch) => {
                self.blocks.push(SnapshotBlock { block: batch.header.block, undo: batch.undo.clone() });
                &batch.changes
            }
            Out::Reorg { to, changes } => {
                self.blocks.retain(|stored| to.is_some_and(|to| stored.block.number <= to.number));
                changes
            }
            Out::Finalized(block) => {
                self.blocks.retain(|stored| stored.block.number > block.number);
                self.finalized = Some(*block);
                return;
            }
            _ => return,
        };
        for change in changes {
            match &change.row {
                Some(row) => drop(self.rows.insert(change.key.clone(), row.clone())),
                None => drop(self.rows.remove(&change.key)),
            }
        }
    }

    /// What a restart would find.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            finalized: self.finalized,
            blocks: self.blocks.clone(),
            rows: self.rows.values().filter(|row| row.key().table().state).cloned().collect(),
        }
    }
}

pub(crate) struct Driver {
    pub(crate) indexer: Indexer,
    pub(crate) mirror: Mirror,
    /// Everything ever put out.
    pub(crate) outs: Vec<Out>,
}

impl Default for Driver {
    fn default() -> Self {
        Self {
            indexer: Indexer::restore(config(), Snapshot::default()).unwrap(),
            mirror: Mirror::default(),
            outs: Vec::new(),
        }
    }
}

impl Driver {
    /// One input; the outputs it caused.
    pub(crate) fn give(&mut self, input: In) -> Vec<Out> {
        let mut outs = Vec::new();
        self.indexer.handle(input, &mut outs);
        outs.iter().for_each(|out| self.mirror.apply(out));
        self.outs.extend(outs.clone());
        outs
    }

    pub(crate) fn restart(&mut self) {
        self.indexer = Indexer::restore(config(), self.mirror.snapshot()).unwrap();
    }

    /// Gives a block and answers every question from the chain until none is left.
    pub(crate) fn give_block(&mut self, chain: &[Block], number: u64) -> Result<(), Refusal> {
        let mut inputs = vec![headers_only(chain, number)];
        while let Some(input) = inputs.pop() {
            for out in self.give(input) {
                match out {
                    Out::Ask(Question::Block(number)) => inputs.push(headers_only(chain, number)),
                    Out::Ask(Question::Logs(block)) => inputs.push(with_logs(chain, block.number)),
                    Out::Ask(Question::SafeLogs { safe, upto }) => {
                        inputs.push(In::SafeLogs { safe, upto, logs: history(chain, safe, upto) });
                    }
                    Out::Refuse(refusal) => return Err(refusal),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Goes on until the chain's last block is known.
    pub(crate) fn sync(&mut self, chain: &[Block]) -> Result<(), Refusal> {
        let last = chain.last().unwrap().header.block;
        while self.indexer.head() != Some(last) {
            self.give_block(chain, self.indexer.next().min(last.number))?;
        }
        Ok(())
    }
}

pub(crate) fn at(chain: &[Block], number: u64) -> &Block {
    &chain[(number - START) as usize]
}

pub(crate) fn headers_only(chain: &[Block], number: u64) -> In {
    In::Block { header: at(chain, number).header, logs: None }
}

pub(crate) fn with_logs(chain: &[Block], number: u64) -> In {
    let block = at(chain, number);
    In::Block { header: block.header, logs: Some(block.logs.clone()) }
}

pub(crate) fn history(chain: &[Block], safe: alloy_primitives::Address, upto: BlockRef) -> Vec<ChainLog> {
    chain
        .iter()
        .take_while(|block| block.header.block.number <= upto.number)
        .flat_map(|block| block.logs.clone())
        .filter(|log| log.log.address == safe && safe_owners::is_owner_log(&log.log))
        .collect()
}
