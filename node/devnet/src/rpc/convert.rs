//! The chain's values as Ethereum JSON-RPC objects.

use alloy::{
    consensus::{BlockBody, Sealed, transaction::Recovered},
    primitives::U256,
    rpc::types::{Block as RpcBlock, BlockTransactions, Header, Log, Transaction, TransactionReceipt},
};
use pars_chain::{Block, BlockTag, Chain, Change, LogEntry, LogFilter};
use serde_json::{Value, json};

use crate::error::RpcError;

/// A number as JSON-RPC writes it.
pub(crate) fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

/// Serialises; only a bug in a type can fail here, and it is answered as an error.
pub(crate) fn to_json(value: impl serde::Serialize) -> Result<Value, RpcError> {
    serde_json::to_value(value).map_err(|e| RpcError::refused(format!("the answer cannot be written: {e}")))
}

/// A block with the hashes of its transactions, or with the transactions.
pub(crate) fn block(block: &Block, full: bool) -> Result<Value, RpcError> {
    let transactions = if full {
        BlockTransactions::Full((0..block.mined.len()).filter_map(|position| transaction(block, position)).collect())
    } else {
        BlockTransactions::Hashes(block.mined.iter().map(|m| m.transaction.hash()).collect())
    };
    to_json(RpcBlock { header: header(block), uncles: Vec::new(), transactions, withdrawals: Some(Default::default()) })
}

/// A header with the block's size, as `newHeads` sends it.
pub(crate) fn header(block: &Block) -> Header {
    let transactions = block.mined.iter().map(|m| m.transaction.envelope().clone()).collect();
    let body = BlockBody { transactions, ommers: Vec::new(), withdrawals: Some(Default::default()) };
    let size = alloy::consensus::Block::rlp_length_for(&block.header, &body);
    let sealed = Sealed::new_unchecked(block.header.clone(), block.hash);
    Header::from_consensus(sealed, None, Some(U256::from(size)))
}

/// A mined transaction.
pub(crate) fn transaction(block: &Block, position: usize) -> Option<Transaction> {
    let mined = block.mined.get(position)?;
    Some(Transaction {
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        transaction_index: Some(position as u64),
        effective_gas_price: Some(mined.receipt.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
        ..waiting(&mined.transaction)
    })
}

/// A transaction that is in no block.
pub(crate) fn waiting(transaction: &pars_chain::Transaction) -> Transaction {
    Transaction {
        inner: Recovered::new_unchecked(transaction.envelope().clone(), transaction.sender()),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

/// A receipt, with the block's timestamp beside the usual fields.
pub(crate) fn receipt(block: &Block, position: usize) -> Result<Value, RpcError> {
    let Some(mined) = block.mined.get(position) else { return Ok(Value::Null) };
    let (transaction, receipt) = (&mined.transaction, &mined.receipt);
    let mut index = receipt.first_log;
    let inner = receipt.envelope.clone().map_logs(|log| {
        let entry = rpc_log(block, position, index, log, false);
        index = index.saturating_add(1);
        entry
    });
    let receipt = TransactionReceipt {
        inner,
        transaction_hash: transaction.hash(),
        transaction_index: Some(position as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        gas_used: receipt.gas_used,
        effective_gas_price: receipt.effective_gas_price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: transaction.sender(),
        to: alloy::consensus::Transaction::to(transaction.envelope()),
        contract_address: receipt.contract_address,
    };
    let mut value = to_json(receipt)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("blockTimestamp".into(), json!(quantity(block.header.timestamp)));
    }
    Ok(value)
}

/// A log with its place.
pub(crate) fn log(entry: &LogEntry, removed: bool) -> Log {
    rpc_log(&entry.block, entry.transaction, entry.index, entry.log.clone(), removed)
}

fn rpc_log(block: &Block, position: usize, index: u64, log: alloy::primitives::Log, removed: bool) -> Log {
    Log {
        inner: log,
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: block.mined.get(position).map(|m| m.transaction.hash()),
        transaction_index: Some(position as u64),
        log_index: Some(index),
        removed,
    }
}

/// What a log subscription sends for a movement: first what left, newest block first, then what joined.
pub(crate) fn moved_logs(change: &Change, wanted: &LogFilter) -> Vec<Value> {
    let removed = change.removed.iter().rev().flat_map(|block| wanted.of_block(block)).map(|entry| log(&entry, true));
    let added = change.added.iter().flat_map(|block| wanted.of_block(block)).map(|entry| log(&entry, false));
    removed.chain(added).filter_map(|log| serde_json::to_value(log).ok()).collect()
}

/// The block a tag stands for, as JSON; null when there is none. The pending block has the hash that it would have now.
pub(crate) fn block_at(chain: &Chain, tag: BlockTag, now: Option<u64>, full: bool) -> Result<Value, RpcError> {
    let Some(found) = chain.block(tag, now) else { return Ok(Value::Null) };
    block(&found, full)
}
