//! Polled filters (`eth_newFilter`, `eth_newBlockFilter`): what happened since the last poll.

use std::collections::{BTreeMap, VecDeque};

use pars_chain::{Change, LogFilter};
use serde_json::{Value, json};

use crate::{error::RpcError, rpc::convert};

/// Most filters at once; the oldest goes first.
const MAX_FILTERS: usize = 1_024;
/// Most entries a filter collects between polls; one that is not polled is dropped at this size.
const MAX_ENTRIES: usize = 20_000;

/// What a filter collects.
#[derive(Clone, Debug)]
pub(crate) enum Watched {
    /// Hashes of new blocks.
    Blocks,
    /// Logs, with `removed` for those that left the chain.
    Logs(LogFilter),
}

#[derive(Debug)]
struct Filter {
    watched: Watched,
    entries: VecDeque<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Filters {
    filters: BTreeMap<u64, Filter>,
    newest: u64,
}

impl Filters {
    pub(crate) fn install(&mut self, watched: Watched) -> u64 {
        if self.filters.len() >= MAX_FILTERS {
            self.filters.pop_first();
        }
        self.newest = self.newest.saturating_add(1);
        self.filters.insert(self.newest, Filter { watched, entries: VecDeque::new() });
        self.newest
    }

    pub(crate) fn uninstall(&mut self, id: u64) -> bool {
        self.filters.remove(&id).is_some()
    }

    /// Takes what was collected.
    pub(crate) fn poll(&mut self, id: u64) -> Result<Value, RpcError> {
        let filter = self.filters.get_mut(&id).ok_or_else(|| RpcError::refused("filter not found"))?;
        Ok(Value::Array(filter.entries.drain(..).collect()))
    }

    /// Hands a movement of the chain to all filters.
    pub(crate) fn observe(&mut self, change: &Change) {
        for filter in self.filters.values_mut() {
            match &filter.watched {
                Watched::Blocks => filter.entries.extend(change.added.iter().map(|block| json!(block.hash))),
                Watched::Logs(wanted) => filter.entries.extend(convert::moved_logs(change, wanted)),
            }
        }
        self.filters.retain(|_, filter| filter.entries.len() <= MAX_ENTRIES);
    }
}
