//! Blocks, transactions and receipts. What does not exist is `null`, not an error.

use alloy::primitives::B256;
use pars_chain::BlockTag;
use serde_json::Value;

use super::{Answer, Params, convert};
use crate::node::Node;

pub(super) fn block(node: &Node, params: &Params) -> Answer {
    let full = params.optional(1, "true or false")?.unwrap_or(false);
    let tag = params.tag(0)?;
    convert::block_at(&node.chain, tag, node.now(), full)
}

pub(super) fn transaction(node: &Node, params: &Params) -> Answer {
    let hash: B256 = params.required(0, "a transaction hash")?;
    if let Some((block, position, _)) = node.chain.mined(hash) {
        return convert::to_json(convert::transaction(block, position));
    }
    convert::to_json(node.chain.waiting(hash).map(|waiting| convert::waiting(waiting)))
}

pub(super) fn receipt(node: &Node, params: &Params) -> Answer {
    let hash: B256 = params.required(0, "a transaction hash")?;
    match node.chain.mined(hash) {
        Some((block, position, _)) => convert::receipt(block, position),
        None => Ok(Value::Null),
    }
}

pub(super) fn receipts(node: &Node, params: &Params) -> Answer {
    let tag = params.tag(0)?;
    let Some(block) = node.chain.block(tag, node.now()).filter(|_| tag != BlockTag::Pending) else {
        return Ok(Value::Null);
    };
    (0..block.mined.len()).map(|position| convert::receipt(&block, position)).collect()
}
