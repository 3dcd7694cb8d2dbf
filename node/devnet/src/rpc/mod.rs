//! The JSON-RPC methods. Each takes its parameters by position and answers with JSON or an [`RpcError`].

mod accounts;
mod blocks;
mod cheats;
pub(crate) mod convert;
mod execution;
mod fees;
mod logs;
mod params;

use serde_json::{Value, json};

use crate::{error::RpcError, node::Node};
pub(crate) use logs::filter_of;
pub(crate) use params::Params;

/// What an answered method gives.
pub(crate) type Answer = Result<Value, RpcError>;

/// Answers one call.
pub(crate) fn handle(node: &mut Node, method: &str, params: Value) -> Answer {
    let params = Params::new(params)?;
    let read = read(node, method, &params);
    match read {
        Some(answer) => answer,
        None => write(node, method, &params).unwrap_or_else(|| Err(RpcError::unknown_method(method))),
    }
}

/// Methods that change nothing.
fn read(node: &Node, method: &str, params: &Params) -> Option<Answer> {
    Some(match method {
        "eth_chainId" => Ok(json!(convert::quantity(node.chain.genesis().chain_id))),
        "net_version" => Ok(json!(node.chain.genesis().chain_id.to_string())),
        "web3_clientVersion" => Ok(json!(concat!("pars-devnet/", env!("CARGO_PKG_VERSION")))),
        "eth_syncing" => Ok(json!(false)),
        "eth_blockNumber" => Ok(json!(convert::quantity(node.chain.head().number()))),
        "eth_gasPrice" => fees::gas_price(node),
        "eth_maxPriorityFeePerGas" => fees::priority_fee(),
        "eth_feeHistory" => fees::history(node, params),
        "eth_accounts" => accounts::list(node),
        "eth_getBalance" => accounts::balance(node, params),
        "eth_getCode" => accounts::code(node, params),
        "eth_getStorageAt" => accounts::storage(node, params),
        "eth_getTransactionCount" => accounts::nonce(node, params),
        "eth_call" => execution::call(node, params),
        "eth_estimateGas" => execution::estimate(node, params),
        "eth_getTransactionByHash" => blocks::transaction(node, params),
        "eth_getTransactionReceipt" => blocks::receipt(node, params),
        "eth_getBlockByNumber" | "eth_getBlockByHash" => blocks::block(node, params),
        "eth_getBlockReceipts" => blocks::receipts(node, params),
        "eth_getLogs" => logs::get(node, params),
        _ => return None,
    })
}

/// Methods that change the chain or its filters.
fn write(node: &mut Node, method: &str, params: &Params) -> Option<Answer> {
    Some(match method {
        "eth_sendRawTransaction" => execution::send_raw(node, params),
        "eth_sendTransaction" => execution::send(node, params),
        "eth_newFilter" => logs::new_filter(node, params),
        "eth_newBlockFilter" => logs::new_block_filter(node),
        "eth_getFilterChanges" => logs::filter_changes(node, params),
        "eth_uninstallFilter" => logs::uninstall(node, params),
        "evm_snapshot" => cheats::snapshot(node),
        "evm_revert" => cheats::revert(node, params),
        "evm_mine" => cheats::mine(node, params),
        "evm_increaseTime" => cheats::increase_time(node, params),
        "evm_setNextBlockTimestamp" => cheats::next_timestamp(node, params),
        "evm_setAutomine" => cheats::automine(node, params),
        "anvil_mine" => cheats::mine_many(node, params),
        "anvil_setBalance" => cheats::set_balance(node, params),
        "anvil_setNonce" => cheats::set_nonce(node, params),
        "anvil_setCode" => cheats::set_code(node, params),
        "anvil_setStorageAt" => cheats::set_storage(node, params),
        "anvil_impersonateAccount" => cheats::impersonate(node, params, true),
        "anvil_stopImpersonatingAccount" => cheats::impersonate(node, params, false),
        "anvil_reorg" => cheats::reorg(node, params),
        _ => return None,
    })
}
