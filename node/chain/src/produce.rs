//! Making a block: run the candidates in order on the parent's state, then seal.

use std::sync::Arc;

use alloy_consensus::{Eip658Value, Receipt as ConsensusReceipt, ReceiptEnvelope, Transaction as _};
use alloy_primitives::B256;
use revm::context::result::ExecutionResult;

use crate::{
    block::{Block, Mined, Receipt, Slot},
    error::TxError,
    evm::{Mode, Rules, View},
    state::State,
    transaction::Transaction,
};

/// A transaction that may go into a block, and how its sender is checked.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) impersonated: bool,
}

/// A block that is not part of the chain yet.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) block: Block,
    pub(crate) state: State,
    /// Candidates that can never be valid any more, with the reason.
    pub(crate) rejected: Vec<(B256, TxError)>,
}

/// Builds the block of a slot. Candidates that do not fit, that leave a nonce gap or that pay less than the base fee are
/// passed over; others that are invalid are named in [`Draft::rejected`].
pub(crate) fn build(
    rules: &Rules,
    blocks: &[Arc<Block>],
    slot: Slot,
    mut state: State,
    candidates: &[Candidate],
) -> Draft {
    let mut work = Vec::new();
    let mut rejected = Vec::new();
    let (mut gas_used, mut logs) = (0u64, 0u64);
    for candidate in candidates {
        let transaction = &candidate.transaction;
        if transaction.envelope().gas_limit() > rules.gas_limit.saturating_sub(gas_used) {
            continue;
        }
        let mode = if candidate.impersonated { Mode::MineImpersonated } else { Mode::Mine };
        let view = View { state: &state, blocks };
        let done = match rules.execute(view, rules.block_env(&slot), transaction.env(), mode) {
            Ok(done) => done,
            Err(TxError::NonceTooHigh { .. } | TxError::FeeCap { .. }) => continue,
            Err(error) => {
                rejected.push((transaction.hash(), error));
                continue;
            }
        };
        state.commit(done.state);
        gas_used = gas_used.saturating_add(done.result.tx_gas_used());
        let receipt = receipt(transaction, done.result, &slot, (gas_used, logs));
        logs = logs.saturating_add(receipt.envelope.logs().len() as u64);
        work.push(Mined { transaction: transaction.clone(), receipt });
    }
    let block = Block::seal(slot, rules.gas_limit, &state, work);
    Draft { block, state, rejected }
}

fn receipt(
    transaction: &Transaction,
    result: ExecutionResult,
    slot: &Slot,
    (cumulative_gas_used, first_log): (u64, u64),
) -> Receipt {
    let gas_used = result.tx_gas_used();
    let contract_address = result.created_address();
    let status = Eip658Value::Eip658(result.is_success());
    let logs = if result.is_success() { result.into_logs() } else { Vec::new() };
    let consensus = ConsensusReceipt { status, cumulative_gas_used, logs };
    Receipt {
        envelope: ReceiptEnvelope::from_typed(transaction.envelope().tx_type(), consensus.with_bloom()),
        gas_used,
        effective_gas_price: transaction.effective_gas_price(slot.base_fee),
        contract_address,
        first_log,
    }
}
