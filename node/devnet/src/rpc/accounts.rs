//! Accounts at a block.

use alloy::primitives::{Address, B256, U256};
use alloy::serde::JsonStorageKey;
use pars_chain::BlockTag;
use serde_json::json;

use super::{Answer, Params, convert::quantity};
use crate::node::Node;

pub(super) fn list(node: &Node) -> Answer {
    Ok(json!(node.accounts.iter().map(|account| account.address()).collect::<Vec<_>>()))
}

pub(super) fn balance(node: &Node, params: &Params) -> Answer {
    let account: Address = params.required(0, "an address")?;
    Ok(json!(node.chain.state(params.tag(1)?, node.now())?.balance(account)))
}

pub(super) fn code(node: &Node, params: &Params) -> Answer {
    let account: Address = params.required(0, "an address")?;
    let state = node.chain.state(params.tag(1)?, node.now())?;
    Ok(json!(state.account(account).map(|a| a.code()).unwrap_or_default()))
}

pub(super) fn storage(node: &Node, params: &Params) -> Answer {
    let account: Address = params.required(0, "an address")?;
    let slot: JsonStorageKey = params.required(1, "a storage slot")?;
    let state = node.chain.state(params.tag(2)?, node.now())?;
    let slot = U256::from_be_bytes(slot.as_b256().0);
    Ok(json!(B256::from(state.account(account).map(|a| a.storage(slot)).unwrap_or_default())))
}

pub(super) fn nonce(node: &Node, params: &Params) -> Answer {
    let account: Address = params.required(0, "an address")?;
    let tag = params.tag(1)?;
    if tag == BlockTag::Pending {
        return Ok(json!(quantity(node.chain.pending_nonce(account))));
    }
    Ok(json!(quantity(node.chain.state(tag, node.now())?.nonce(account))))
}
