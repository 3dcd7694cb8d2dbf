//! Finding logs by block, address and topics.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};

use crate::{block::Block, chain::Chain, error::QueryError, query::BlockTag};

/// Most logs that one question over several blocks answers, so that an answer stays below a few megabytes. A single block is
/// answered whole: nobody can ask for less of it, and its gas bounds it.
pub const MAX_LOGS: usize = 10_000;

/// Which logs are asked for. Empty lists match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Any of these emitters.
    pub addresses: Vec<Address>,
    /// For each position any of these topics.
    pub topics: [Vec<B256>; 4],
}

/// A log and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The block.
    pub block: Arc<Block>,
    /// Position of the transaction in the block.
    pub transaction: usize,
    /// Index of the log in the block.
    pub index: u64,
    /// The log.
    pub log: Log,
}

impl LogFilter {
    /// Whether a log is asked for.
    pub fn matches(&self, log: &Log) -> bool {
        let any =
            |wanted: &[B256], at: usize| wanted.is_empty() || log.topics().get(at).is_some_and(|t| wanted.contains(t));
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.iter().enumerate().all(|(position, wanted)| any(wanted, position))
    }

    /// Whether a block with this bloom may hold such a log.
    fn may_match(&self, bloom: &Bloom) -> bool {
        let holds = |raw: &[u8]| bloom.contains_input(BloomInput::Raw(raw));
        (self.addresses.is_empty() || self.addresses.iter().any(|a| holds(a.as_slice())))
            && self.topics.iter().all(|wanted| wanted.is_empty() || wanted.iter().any(|t| holds(t.as_slice())))
    }

    /// The block's logs that are asked for, in order.
    pub fn of_block<'a>(&'a self, block: &'a Arc<Block>) -> impl Iterator<Item = LogEntry> + 'a {
        let mined = block.mined.iter().enumerate().filter(|_| self.may_match(&block.header.logs_bloom));
        mined.flat_map(move |(transaction, mined)| {
            let logs = (mined.receipt.first_log..).zip(mined.receipt.envelope.logs());
            logs.filter(|(_, log)| self.matches(log)).map(move |(index, log)| LogEntry {
                block: block.clone(),
                transaction,
                index,
                log: log.clone(),
            })
        })
    }
}

impl Chain {
    /// The logs of a range of blocks, both ends included; an end above the head means the head. Nothing, where a tag names one
    /// end and stands before or behind the other: tags move between two questions.
    ///
    /// # Errors
    /// [`QueryError::UnknownBlock`], [`QueryError::Range`] for two numbers that fall, or [`QueryError::TooManyLogs`].
    pub fn logs(&self, filter: &LogFilter, from: BlockTag, to: BlockTag) -> Result<Vec<LogEntry>, QueryError> {
        let head = self.head().number();
        let bound = |tag| match tag {
            BlockTag::Number(number) => Ok(number),
            BlockTag::Pending => Ok(head),
            other => self.number_of(other).ok_or(QueryError::UnknownBlock),
        };
        let (first, last) = (bound(from)?, bound(to)?.min(head));
        if let (BlockTag::Number(from), BlockTag::Number(to)) = (from, to)
            && from > to
        {
            return Err(QueryError::Range { from, to });
        }
        let mut found = Vec::new();
        for number in first..=last {
            let Some(block) = self.ledger.block(number) else { break };
            found.extend(filter.of_block(block));
            if found.len() > MAX_LOGS && first < last {
                return Err(QueryError::TooManyLogs(MAX_LOGS));
            }
        }
        Ok(found)
    }
}
