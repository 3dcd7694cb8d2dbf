//! Remembering the chain and going back. A snapshot shares all blocks and states with the chain.

use crate::{
    chain::Chain,
    error::ChainError,
    input::{Answer, Change, Output},
    ledger::Ledger,
};

/// Most snapshots kept: each holds a list of pointers, one per block.
const MAX_SNAPSHOTS: usize = 1_024;

#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshots {
    kept: Vec<(u64, Ledger)>,
    /// The newest id given out; ids are never used twice.
    newest: u64,
}

impl Snapshots {
    pub(crate) fn take(&mut self, ledger: &Ledger) -> Result<u64, ChainError> {
        if self.kept.len() >= MAX_SNAPSHOTS {
            return Err(ChainError::TooManySnapshots(MAX_SNAPSHOTS));
        }
        self.newest = self.newest.saturating_add(1);
        self.kept.push((self.newest, ledger.clone()));
        Ok(self.newest)
    }

    /// Takes a snapshot out; later ones go with it.
    fn restore(&mut self, id: u64) -> Option<Ledger> {
        let position = self.kept.iter().position(|(kept, _)| *kept == id)?;
        self.kept.drain(position..).next().map(|(_, ledger)| ledger)
    }
}

impl Chain {
    pub(crate) fn revert(&mut self, id: u64) -> Output {
        let Some(ledger) = self.snapshots.restore(id) else {
            return Output { answer: Answer::Reverted(false), change: Change::default() };
        };
        let before = std::mem::replace(&mut self.ledger, ledger);
        let change = self.ledger.change_from(before.blocks());
        self.reindex(&change);
        Output { answer: Answer::Reverted(true), change }
    }
}
