//! The chain: applies inputs, keeps the indexes of hashes.

use std::collections::{BTreeMap, BTreeSet};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bytes};
use revm::{context_interface::cfg::gas::calculate_initial_tx_gas_for_tx, primitives::hardfork::SpecId};

use crate::{
    error::{ChainError, TxError},
    evm::Rules,
    genesis::Genesis,
    input::{Answer, Change, Input, Output},
    ledger::Ledger,
    precompile::PqPrecompiles,
    produce::{Candidate, Draft, build},
    snapshot::Snapshots,
    transaction::Transaction,
};

/// Creation code of at most 48 KiB (EIP-3860).
const MAX_INIT_CODE: usize = 49_152;

/// A chain as a value. Cheap to clone: blocks and states are shared.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(crate) genesis: Genesis,
    pub(crate) rules: Rules,
    pub(crate) ledger: Ledger,
    pub(crate) automine: bool,
    pub(crate) impersonated: BTreeSet<Address>,
    pub(crate) snapshots: Snapshots,
    /// Transaction hash to block number and position.
    pub(crate) transactions: BTreeMap<B256, (u64, usize)>,
    /// Block hash to number, canonical blocks only.
    pub(crate) numbers: BTreeMap<B256, u64>,
}

impl Chain {
    /// Most blocks one [`Input::Mine`] may ask for: keeps a single input short.
    pub const MAX_BLOCKS_PER_INPUT: u64 = 100_000;

    /// A chain with block 0 and automine switched on.
    ///
    /// # Errors
    /// [`ChainError::Genesis`] when no chain can run with these constants.
    pub fn new(genesis: Genesis) -> Result<Self, ChainError> {
        genesis.check()?;
        let ledger = Ledger::new(&genesis);
        let numbers = BTreeMap::from([(ledger.head().hash, 0)]);
        let rules = Rules {
            chain_id: genesis.chain_id,
            gas_limit: genesis.gas_limit,
            precompiles: genesis.precompiles.map_or_else(PqPrecompiles::without_ml_dsa, PqPrecompiles::new),
        };
        Ok(Self {
            genesis,
            rules,
            ledger,
            automine: true,
            impersonated: BTreeSet::new(),
            snapshots: Snapshots::default(),
            transactions: BTreeMap::new(),
            numbers,
        })
    }

    /// Applies an input. Deterministic: equal chains and equal inputs give equal results.
    ///
    /// # Errors
    /// [`ChainError`] says why the input is refused; the chain is then as before.
    pub fn apply(&mut self, input: Input) -> Result<Output, ChainError> {
        let before = self.ledger.head().number();
        let answer = match input {
            Input::Reorg { depth, transactions } => return self.reorg(depth, &transactions),
            Input::Revert(id) => return Ok(self.revert(id)),
            Input::Submit { raw, impersonated, now } => self.submit(&raw, impersonated, now)?,
            Input::Mine { blocks, interval, timestamp, now } => self.mine_many(blocks, interval, timestamp, now)?,
            Input::IncreaseTime(seconds) => {
                let head = self.ledger.head().header.timestamp;
                Answer::Offset(self.ledger.clock.increase(seconds, head)?)
            }
            Input::SetNextTimestamp(timestamp) => {
                let head = self.ledger.head().header.timestamp;
                self.ledger.clock.set_next(timestamp, head)?;
                Answer::Done
            }
            Input::SetAutomine(on) => {
                self.automine = on;
                Answer::Done
            }
            Input::Snapshot => Answer::Snapshot(self.snapshots.take(&self.ledger)?),
            cheat => self.cheat(cheat)?,
        };
        let change = self.ledger.added_since(before);
        self.reindex(&change);
        Ok(Output { answer, change })
    }

    fn submit(&mut self, raw: &Bytes, impersonated: Option<Address>, now: Option<u64>) -> Result<Answer, ChainError> {
        let transaction = match impersonated {
            Some(sender) if !self.impersonated.contains(&sender) => return Err(TxError::NotImpersonated(sender).into()),
            Some(sender) => Transaction::decode_impersonated(raw, sender)?,
            None => Transaction::decode(raw)?,
        };
        let hash = transaction.hash();
        self.check(&transaction, impersonated.is_some())?;
        let candidate = Candidate { transaction: transaction.into(), impersonated: impersonated.is_some() };
        // A refused input leaves no trace: it is not journalled, so a replay must not miss what it did to the pool.
        let pool = self.ledger.pool.clone();
        self.ledger.pool.insert(candidate)?;
        if self.automine {
            let mined_before = self.ledger.head().number();
            let refused = self.mine_ready(now).into_iter().find(|(rejected, _)| *rejected == hash);
            if let Some((_, error)) = refused
                && self.ledger.head().number() == mined_before
            {
                self.ledger.pool = pool;
                return Err(error.into());
            }
        }
        Ok(Answer::Transaction(hash))
    }

    /// What can be said about a transaction without running it.
    fn check(&self, transaction: &Transaction, impersonated: bool) -> Result<(), TxError> {
        let (tx, address) = (transaction.envelope(), transaction.sender());
        let state = self.ledger.head_state();
        if let Some(got) = tx.chain_id().filter(|id| *id != self.genesis.chain_id) {
            return Err(TxError::ChainId { got, chain: self.genesis.chain_id });
        }
        if tx.gas_limit() > self.genesis.gas_limit {
            return Err(TxError::BlockGas { got: tx.gas_limit(), limit: self.genesis.gas_limit });
        }
        let (tip, cap) = (tx.max_priority_fee_per_gas().unwrap_or_default(), tx.max_fee_per_gas());
        if tip > cap {
            return Err(TxError::Tip { tip, cap });
        }
        if tx.nonce() < state.nonce(address) {
            return Err(TxError::NonceTooLow { address, got: tx.nonce(), state: state.nonce(address) });
        }
        if !impersonated && state.account(address).is_some_and(|a| !a.code().is_empty()) {
            return Err(TxError::SenderHasCode(address));
        }
        if tx.is_create() && tx.input().len() > MAX_INIT_CODE {
            return Err(TxError::InitCode(tx.input().len()));
        }
        let intrinsic = calculate_initial_tx_gas_for_tx(transaction.env(), SpecId::PRAGUE, None);
        let want = intrinsic.initial_total_gas().max(intrinsic.floor_gas());
        if tx.gas_limit() < want {
            return Err(TxError::IntrinsicGas { have: tx.gas_limit(), want });
        }
        let (have, want) = (state.balance(address), transaction.highest_cost());
        if have < want {
            return Err(TxError::Funds { address, have, want });
        }
        let base = self.ledger.head().next_base_fee();
        if self.automine && cap < u128::from(base) {
            return Err(TxError::FeeCap { address, cap, base });
        }
        Ok(())
    }

    /// Makes blocks until nothing executable waits; gives what turned out to be invalid.
    fn mine_ready(&mut self, now: Option<u64>) -> Vec<(B256, TxError)> {
        let mut rejected = Vec::new();
        loop {
            let draft = self.draft(now);
            for (hash, _) in &draft.rejected {
                self.ledger.pool.remove(*hash);
            }
            let stuck = draft.rejected.is_empty() && draft.block.mined.is_empty();
            rejected.extend(draft.rejected.iter().cloned());
            if !draft.block.mined.is_empty() {
                self.append(draft, now);
            }
            if stuck || self.ledger.pool.len() == 0 {
                return rejected;
            }
        }
    }

    fn mine_many(
        &mut self,
        blocks: u64,
        interval: Option<u64>,
        timestamp: Option<u64>,
        now: Option<u64>,
    ) -> Result<Answer, ChainError> {
        if blocks > Self::MAX_BLOCKS_PER_INPUT {
            return Err(ChainError::TooManyBlocks { asked: blocks, limit: Self::MAX_BLOCKS_PER_INPUT });
        }
        let head = self.ledger.head().header.timestamp;
        if let Some(timestamp) = timestamp {
            self.ledger.clock.set_next(timestamp, head)?;
        }
        for index in 0..blocks {
            if let Some(seconds) = interval.filter(|_| index > 0) {
                let head = self.ledger.head().header.timestamp;
                let next = head.saturating_add(seconds);
                if self.ledger.clock.set_next(next, head).is_err() {
                    break;
                }
            }
            let draft = self.draft(now);
            for (hash, _) in &draft.rejected {
                self.ledger.pool.remove(*hash);
            }
            self.append(draft, now);
        }
        Ok(Answer::Done)
    }

    /// The block that would come next, with everything executable that waits.
    pub(crate) fn draft(&self, now: Option<u64>) -> Draft {
        let state = self.ledger.head_state();
        let candidates = self.ledger.pool.ready(&state);
        let timestamp = self.ledger.clock.peek(self.ledger.head().header.timestamp, now);
        let slot = self.ledger.next_slot(self.genesis.seed, timestamp);
        build(&self.rules, self.ledger.blocks(), slot, state, &candidates)
    }

    fn append(&mut self, draft: Draft, now: Option<u64>) {
        let parent = self.ledger.head().header.timestamp;
        let taken = self.ledger.clock.take(parent, now);
        debug_assert_eq!(taken, draft.block.header.timestamp);
        self.ledger.append(draft.block, draft.state);
    }

    /// Brings the indexes of hashes up to date.
    pub(crate) fn reindex(&mut self, change: &Change) {
        for block in &change.removed {
            self.numbers.remove(&block.hash);
            for mined in &block.mined {
                self.transactions.remove(&mined.transaction.hash());
            }
        }
        for block in &change.added {
            self.numbers.insert(block.hash, block.number());
            for (position, mined) in block.mined.iter().enumerate() {
                self.transactions.insert(mined.transaction.hash(), (block.number(), position));
            }
        }
    }
}
