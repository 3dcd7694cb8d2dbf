//! Reading the chain: blocks by tag, transactions by hash, accounts and calls at a block.

use std::{borrow::Cow, sync::Arc};

use alloy_primitives::{Address, B256};

use crate::{
    block::{Block, Mined, Slot},
    chain::Chain,
    error::QueryError,
    evm::{CallOutcome, CallRequest, Mode, View},
    genesis::Genesis,
    state::State,
    transaction::Transaction,
};

/// States of this many blocks behind the head are kept; older blocks answer for headers, receipts and logs only.
pub const MAX_HISTORY: u64 = 8_192;

/// Which block a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockTag {
    /// Block 0.
    Earliest,
    /// The head.
    Latest,
    /// Head minus finality lag.
    Safe,
    /// Head minus finality lag.
    Finalized,
    /// The block that would come next, with all that waits.
    Pending,
    /// By number.
    Number(u64),
    /// By hash, canonical blocks only.
    Hash(B256),
}

/// A state together with the block a call at it runs in.
#[derive(Clone, Debug)]
pub(crate) struct At<'a> {
    pub(crate) state: Cow<'a, State>,
    pub(crate) slot: Slot,
}

impl Chain {
    /// The chain's constants.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The newest block.
    pub fn head(&self) -> &Arc<Block> {
        self.ledger.head()
    }

    /// Number of the newest final block: head minus finality lag.
    pub fn finalized(&self) -> u64 {
        self.head().number().saturating_sub(self.genesis.finality_lag)
    }

    /// Whether a block with transactions, or one that came by reorganisation, is not final yet.
    pub fn has_unfinal_activity(&self) -> bool {
        self.ledger.activity > self.finalized()
    }

    /// Whether each transaction gets its block at once.
    pub fn automine(&self) -> bool {
        self.automine
    }

    /// Whether unsigned transactions of the account are taken.
    pub fn is_impersonated(&self, account: Address) -> bool {
        self.impersonated.contains(&account)
    }

    /// The base fee of the next block in wei.
    pub fn next_base_fee(&self) -> u64 {
        self.head().next_base_fee()
    }

    /// The number a tag stands for; pending is one above the head. `None` when there is no such block.
    pub fn number_of(&self, tag: BlockTag) -> Option<u64> {
        let head = self.head().number();
        match tag {
            BlockTag::Earliest => Some(0),
            BlockTag::Latest => Some(head),
            BlockTag::Safe | BlockTag::Finalized => Some(self.finalized()),
            BlockTag::Pending => Some(head.saturating_add(1)),
            BlockTag::Number(number) => (number <= head).then_some(number),
            BlockTag::Hash(hash) => self.numbers.get(&hash).copied(),
        }
    }

    /// A block; the pending one is made for the answer.
    pub fn block(&self, tag: BlockTag, now: Option<u64>) -> Option<Arc<Block>> {
        if tag == BlockTag::Pending {
            return Some(Arc::new(self.draft(now).block));
        }
        self.ledger.block(self.number_of(tag)?).cloned()
    }

    /// A mined transaction with its block and its position in it.
    pub fn mined(&self, hash: B256) -> Option<(&Arc<Block>, usize, &Mined)> {
        let (number, position) = self.transactions.get(&hash)?;
        let block = self.ledger.block(*number)?;
        Some((block, *position, block.mined.get(*position)?))
    }

    /// A transaction that waits.
    pub fn waiting(&self, hash: B256) -> Option<&Arc<Transaction>> {
        self.ledger.pool.get(hash)
    }

    /// The nonce the account's next transaction should have, after those that wait.
    pub fn pending_nonce(&self, account: Address) -> u64 {
        self.ledger.pool.next_nonce(account, &self.ledger.head_state())
    }

    /// The state after a block.
    ///
    /// # Errors
    /// [`QueryError::UnknownBlock`], or [`QueryError::NoState`] for one older than [`MAX_HISTORY`].
    pub fn state(&self, tag: BlockTag, now: Option<u64>) -> Result<State, QueryError> {
        self.at(tag, now).map(|at| at.state.into_owned())
    }

    pub(crate) fn at(&self, tag: BlockTag, now: Option<u64>) -> Result<At<'_>, QueryError> {
        if tag == BlockTag::Pending {
            let draft = self.draft(now);
            return Ok(At { slot: slot_of(&draft.block), state: Cow::Owned(draft.state) });
        }
        let number = self.number_of(tag).ok_or(QueryError::UnknownBlock)?;
        let block = self.ledger.block(number).ok_or(QueryError::UnknownBlock)?;
        let state = self.ledger.state(number).ok_or(QueryError::NoState(number))?;
        Ok(At { slot: slot_of(block), state: Cow::Borrowed(state) })
    }

    /// Runs a call at a block, in that block's environment and on the state after it; writes nothing.
    ///
    /// # Errors
    /// [`QueryError`] when the block, its state or the call is not there or not valid.
    pub fn call(&self, request: &CallRequest, tag: BlockTag, now: Option<u64>) -> Result<CallOutcome, QueryError> {
        self.call_at(request, &self.at(tag, now)?)
    }

    pub(crate) fn call_at(&self, request: &CallRequest, at: &At<'_>) -> Result<CallOutcome, QueryError> {
        let (block, tx) = self.rules.call_env(request, &at.slot);
        let view = View { state: &at.state, blocks: self.ledger.blocks() };
        Ok(self.rules.execute(view, block, tx, Mode::Call)?.result.into())
    }
}

fn slot_of(block: &Block) -> Slot {
    Slot {
        number: block.number(),
        parent_hash: block.header.parent_hash,
        timestamp: block.header.timestamp,
        base_fee: block.header.base_fee_per_gas.unwrap_or_default(),
        prevrandao: block.header.mix_hash,
    }
}
