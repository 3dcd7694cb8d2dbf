//! Fees: EIP-1559 base fee and a constant tip.

use alloy::{consensus::Transaction as _, rpc::types::FeeHistory};
use pars_chain::{Block, BlockTag};
use serde_json::json;

use super::{
    Answer, Params,
    convert::{quantity, to_json},
};
use crate::{error::RpcError, node::Node};

/// The suggested tip: 1 gwei. Nobody competes for space.
pub(super) const TIP: u64 = 1_000_000_000;
/// Most blocks one fee history covers, as in go-ethereum.
const MAX_BLOCKS: u64 = 1_024;
/// Most percentiles one fee history is asked for.
const MAX_PERCENTILES: usize = 100;

pub(super) fn gas_price(node: &Node) -> Answer {
    Ok(json!(quantity(node.chain.next_base_fee().saturating_add(TIP))))
}

pub(super) fn priority_fee() -> Answer {
    Ok(json!(quantity(TIP)))
}

pub(super) fn history(node: &Node, params: &Params) -> Answer {
    let count = params.number(0, "a number of blocks")?.unwrap_or(1).clamp(1, MAX_BLOCKS);
    let tag = match params.tag(1)? {
        BlockTag::Pending => BlockTag::Latest,
        tag => tag,
    };
    let percentiles: Vec<f64> = params.optional(2, "a list of percentiles")?.unwrap_or_default();
    let rising = percentiles.is_sorted() && percentiles.iter().all(|p| (0.0..=100.0).contains(p));
    if !rising || percentiles.len() > MAX_PERCENTILES {
        return Err(RpcError::params("percentiles rise from 0 to 100, at most 100 of them"));
    }
    let newest = node.chain.number_of(tag).ok_or_else(|| RpcError::refused("header not found"))?;
    let oldest = newest.saturating_add(1).saturating_sub(count);
    let mut history = FeeHistory { oldest_block: oldest, ..FeeHistory::default() };
    let mut rewards = Vec::new();
    for number in oldest..=newest {
        let Some(block) = node.chain.block(BlockTag::Number(number), None) else { break };
        history.base_fee_per_gas.push(block.header.base_fee_per_gas.unwrap_or_default().into());
        history.gas_used_ratio.push(block.header.gas_used as f64 / block.header.gas_limit as f64);
        rewards.push(tips(&block, &percentiles));
    }
    let next = node.chain.block(BlockTag::Number(newest.saturating_add(1)), None);
    let next = next.and_then(|b| b.header.base_fee_per_gas).unwrap_or_else(|| node.chain.next_base_fee());
    history.base_fee_per_gas.push(next.into());
    history.base_fee_per_blob_gas = vec![1; history.base_fee_per_gas.len()];
    history.blob_gas_used_ratio = vec![0.0; history.gas_used_ratio.len()];
    history.reward = (!percentiles.is_empty()).then_some(rewards);
    to_json(history)
}

/// The tips paid in a block at the given percentiles of its gas.
fn tips(block: &Block, percentiles: &[f64]) -> Vec<u128> {
    let base = block.header.base_fee_per_gas.unwrap_or_default();
    let tip = |m: &pars_chain::Mined| m.transaction.envelope().effective_tip_per_gas(base).unwrap_or_default();
    let mut paid: Vec<_> = block.mined.iter().map(|m| (tip(m), m.receipt.gas_used)).collect();
    paid.sort_unstable();
    let at = |percentile: &f64| {
        let wanted = block.header.gas_used as f64 * percentile / 100.0;
        let mut gas = 0u64;
        let reached = paid.iter().find(|(_, used)| {
            gas = gas.saturating_add(*used);
            gas as f64 >= wanted
        });
        reached.map_or(0, |(tip, _)| *tip)
    };
    percentiles.iter().map(at).collect()
}
