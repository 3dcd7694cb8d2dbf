//! Logs and polled filters.

use alloy::rpc::types::{Filter, FilterBlockOption};
use pars_chain::{BlockTag, LogFilter};
use serde_json::json;

use super::{Answer, Params, convert, convert::quantity, params::tag_of_number};
use crate::{error::RpcError, filters::Watched, node::Node};

/// Addresses or topics one filter may name.
const MAX_ALTERNATIVES: usize = 1_024;

pub(super) fn get(node: &Node, params: &Params) -> Answer {
    let filter: Filter = params.required(0, "a log filter")?;
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => (BlockTag::Hash(hash), BlockTag::Hash(hash)),
        FilterBlockOption::Range { from_block, to_block } => {
            (from_block.map_or(BlockTag::Latest, tag_of_number), to_block.map_or(BlockTag::Latest, tag_of_number))
        }
    };
    let found = node.chain.logs(&filter_of(&filter)?, from, to)?;
    convert::to_json(found.iter().map(|entry| convert::log(entry, false)).collect::<Vec<_>>())
}

/// The chain's form of a filter's addresses and topics.
pub(crate) fn filter_of(filter: &Filter) -> Result<LogFilter, RpcError> {
    let addresses: Vec<_> = filter.address.iter().copied().collect();
    let topics = filter.topics.each_ref().map(|position| position.iter().copied().collect::<Vec<_>>());
    if addresses.len() > MAX_ALTERNATIVES || topics.iter().any(|position| position.len() > MAX_ALTERNATIVES) {
        return Err(RpcError::limit(format!("a filter names at most {MAX_ALTERNATIVES} addresses and topics")));
    }
    Ok(LogFilter { addresses, topics })
}

pub(super) fn new_filter(node: &mut Node, params: &Params) -> Answer {
    let filter: Filter = params.optional(0, "a log filter")?.unwrap_or_default();
    Ok(json!(quantity(node.filters.install(Watched::Logs(filter_of(&filter)?)))))
}

pub(super) fn new_block_filter(node: &mut Node) -> Answer {
    Ok(json!(quantity(node.filters.install(Watched::Blocks))))
}

pub(super) fn filter_changes(node: &mut Node, params: &Params) -> Answer {
    let id = params.number(0, "a filter id")?.ok_or_else(|| RpcError::params("missing parameter 0: a filter id"))?;
    node.filters.poll(id)
}

pub(super) fn uninstall(node: &mut Node, params: &Params) -> Answer {
    let id = params.number(0, "a filter id")?.ok_or_else(|| RpcError::params("missing parameter 0: a filter id"))?;
    Ok(json!(node.filters.uninstall(id)))
}
