//! Methods of development nodes: time, mining, accounts, snapshots, reorganisations.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    rpc::types::TransactionRequest,
    serde::JsonStorageKey,
};
use pars_chain::{Answer as ChainAnswer, Input, Replacement};
use serde_json::{Value, json};

use super::{Answer, Params, convert::quantity, execution::signed, params::number_of};
use crate::{error::RpcError, node::Node};

pub(super) fn snapshot(node: &mut Node) -> Answer {
    match node.apply(Input::Snapshot)?.answer {
        ChainAnswer::Snapshot(id) => Ok(json!(quantity(id))),
        _ => Err(RpcError::refused("the chain gave no snapshot")),
    }
}

pub(super) fn revert(node: &mut Node, params: &Params) -> Answer {
    let output = node.apply(Input::Revert(needed(params, 0, "a snapshot id")?))?;
    Ok(json!(output.answer == ChainAnswer::Reverted(true)))
}

/// `evm_mine(timestamp?)` or `evm_mine({timestamp?, blocks?})`.
pub(super) fn mine(node: &mut Node, params: &Params) -> Answer {
    let (timestamp, blocks) = match params.get(0) {
        Some(Value::Object(options)) => {
            let option =
                |name: &str| options.get(name).filter(|v| !v.is_null()).map(|v| number_of(v, name)).transpose();
            (option("timestamp")?, option("blocks")?)
        }
        _ => (params.number(0, "a timestamp")?, None),
    };
    let now = node.now();
    node.apply(Input::Mine { blocks: blocks.unwrap_or(1), interval: None, timestamp, now })?;
    Ok(json!("0x0"))
}

/// `anvil_mine(blocks?, seconds between?)`.
pub(super) fn mine_many(node: &mut Node, params: &Params) -> Answer {
    let blocks = params.number(0, "a number of blocks")?.unwrap_or(1);
    let interval = params.number(1, "seconds between blocks")?;
    let now = node.now();
    node.apply(Input::Mine { blocks, interval, timestamp: None, now })?;
    Ok(Value::Null)
}

/// Answers with the clock's total offset in seconds.
pub(super) fn increase_time(node: &mut Node, params: &Params) -> Answer {
    match node.apply(Input::IncreaseTime(needed(params, 0, "a number of seconds")?))?.answer {
        ChainAnswer::Offset(offset) => Ok(json!(offset)),
        _ => Err(RpcError::refused("the chain gave no offset")),
    }
}

pub(super) fn next_timestamp(node: &mut Node, params: &Params) -> Answer {
    node.apply(Input::SetNextTimestamp(needed(params, 0, "a timestamp")?))?;
    Ok(Value::Null)
}

pub(super) fn automine(node: &mut Node, params: &Params) -> Answer {
    node.apply(Input::SetAutomine(params.required(0, "true or false")?))?;
    Ok(Value::Null)
}

pub(super) fn set_balance(node: &mut Node, params: &Params) -> Answer {
    let (account, balance): (Address, U256) = (params.required(0, "an address")?, params.required(1, "an amount")?);
    node.apply(Input::SetBalance(account, balance))?;
    Ok(Value::Null)
}

pub(super) fn set_nonce(node: &mut Node, params: &Params) -> Answer {
    node.apply(Input::SetNonce(params.required(0, "an address")?, needed(params, 1, "a nonce")?))?;
    Ok(Value::Null)
}

pub(super) fn set_code(node: &mut Node, params: &Params) -> Answer {
    let (account, code): (Address, Bytes) = (params.required(0, "an address")?, params.required(1, "code")?);
    node.apply(Input::SetCode(account, code))?;
    Ok(Value::Null)
}

pub(super) fn set_storage(node: &mut Node, params: &Params) -> Answer {
    let slot: JsonStorageKey = params.required(1, "a storage slot")?;
    let value: B256 = params.required(2, "a 32-byte word")?;
    let slot = U256::from_be_bytes(slot.as_b256().0);
    node.apply(Input::SetStorage(params.required(0, "an address")?, slot, value.into()))?;
    Ok(json!(true))
}

pub(super) fn impersonate(node: &mut Node, params: &Params, on: bool) -> Answer {
    node.apply(Input::Impersonate(params.required(0, "an address")?, on))?;
    Ok(Value::Null)
}

/// `anvil_reorg(depth, [[transaction, block], …])` or one object with `depth` and `txBlockPairs`. A transaction is a signed
/// one in hex or an object of a development account.
pub(super) fn reorg(node: &mut Node, params: &Params) -> Answer {
    let (depth, pairs) = match params.get(0) {
        Some(Value::Object(options)) => (options.get("depth"), options.get("txBlockPairs")),
        first => (first, params.get(1)),
    };
    let depth = number_of(depth.ok_or_else(|| RpcError::params("missing parameter 0: a depth"))?, "a depth")?;
    let pairs: Vec<(Value, Value)> = match pairs {
        Some(pairs) => serde_json::from_value(pairs.clone())
            .map_err(|e| RpcError::params(format!("the replacements are no list of [transaction, block]: {e}")))?,
        None => Vec::new(),
    };
    let mut transactions = Vec::with_capacity(pairs.len());
    for (transaction, block) in pairs {
        let block = number_of(&block, "an index of a replaced block")?;
        let (raw, impersonated) = match &transaction {
            Value::String(_) => (parse::<Bytes>(&transaction)?, None),
            _ => signed(node, parse::<TransactionRequest>(&transaction)?)?,
        };
        transactions.push(Replacement { block, raw, impersonated });
    }
    node.apply(Input::Reorg { depth, transactions })?;
    Ok(Value::Null)
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, RpcError> {
    serde_json::from_value(value.clone()).map_err(|e| RpcError::params(format!("not a transaction: {e}")))
}

fn needed(params: &Params, index: usize, what: &str) -> Result<u64, RpcError> {
    params.number(index, what)?.ok_or_else(|| RpcError::params(format!("missing parameter {index}: {what}")))
}
