//! Replacing the newest blocks by others, as a chain with late finality does. As in other development nodes the dropped
//! transactions do not return to the pool: a test names what the new blocks hold.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::{
    block::Mined,
    chain::Chain,
    error::{ChainError, TxError},
    input::{Answer, Output, Replacement},
    produce::{Candidate, build},
    transaction::Transaction,
};

impl Chain {
    pub(crate) fn reorg(&mut self, depth: u64, replacements: &[Replacement]) -> Result<Output, ChainError> {
        let possible = self.ledger.possible_depth();
        if depth == 0 || depth > possible {
            return Err(ChainError::ReorgDepth { depth, possible });
        }
        let mut contents = self.contents(depth, replacements)?;
        let before = self.ledger.clone();
        let head = before.head().number();
        let parent = head.saturating_sub(depth);
        self.ledger.truncate(parent);
        self.ledger.fork = self.ledger.fork.saturating_add(1);
        for (index, number) in (parent.saturating_add(1)..=head).enumerate() {
            let timestamp = before.block(number).map_or(0, |old| old.header.timestamp);
            let slot = self.ledger.next_slot(self.genesis.seed, timestamp);
            let candidates = contents.remove(&(index as u64)).unwrap_or_default();
            let draft = build(&self.rules, self.ledger.blocks(), slot, self.ledger.head_state(), &candidates);
            if let Some(error) = refused(&candidates, &draft.block.mined, draft.rejected) {
                self.ledger = before;
                return Err(error.into());
            }
            self.ledger.append(draft.block, draft.state);
        }
        self.ledger.activity = head;
        let change = self.ledger.change_from(before.blocks());
        self.reindex(&change);
        Ok(Output { answer: Answer::Done, change })
    }

    /// The replacement transactions by block, decoded.
    fn contents(&self, depth: u64, replacements: &[Replacement]) -> Result<BTreeMap<u64, Vec<Candidate>>, ChainError> {
        let mut contents: BTreeMap<u64, Vec<Candidate>> = BTreeMap::new();
        for replacement in replacements {
            if replacement.block >= depth {
                return Err(ChainError::ReorgIndex { index: replacement.block, depth });
            }
            let transaction = match replacement.impersonated {
                Some(sender) if !self.impersonated.contains(&sender) => {
                    return Err(TxError::NotImpersonated(sender).into());
                }
                Some(sender) => Transaction::decode_impersonated(&replacement.raw, sender)?,
                None => Transaction::decode(&replacement.raw)?,
            };
            let impersonated = replacement.impersonated.is_some();
            let candidate = Candidate { transaction: transaction.into(), impersonated };
            contents.entry(replacement.block).or_default().push(candidate);
        }
        Ok(contents)
    }
}

/// Why not all candidates are in the block, if so.
fn refused(candidates: &[Candidate], mined: &[Mined], rejected: Vec<(B256, TxError)>) -> Option<TxError> {
    if mined.len() == candidates.len() {
        return None;
    }
    let passed_over = || TxError::Rule("a replacement transaction does not fit the block, nonce or base fee".into());
    Some(rejected.into_iter().next().map_or_else(passed_over, |(_, error)| error))
}
