//! The chain's node: headers, logs and tags over any alloy provider (HTTP, or the development chain in process).

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256};
use alloy::providers::{DynProvider, Provider};
use alloy::rpc::types::{Filter, Header as RpcHeader, Log as RpcLog};
use alloy::transports::{RpcError, TransportErrorKind};
use pars_bindings::safe_owners;
use pars_indexer_core::{ChainLog, Header};
use pars_wire::{BlockRef, ChainId};

/// Longest wait for one answer (THREATS E2).
const PATIENCE: Duration = Duration::from_secs(5);
/// Blocks under the head that count as final on a node without the `finalized` tag (THREATS E1).
const FINALITY_DEPTH: u64 = 12;
/// Most blocks in one log query; halved when the node refuses.
const LOG_RANGE: u64 = 100_000;

/// Why the node gave no usable answer. All of these are tried again.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It did not answer in time.
    #[error("the chain's node did not answer {0} within {PATIENCE:?}")]
    Timeout(&'static str),
    /// It answered with an error, or not at all.
    #[error("the chain's node failed at {method}: {source}")]
    Rpc {
        /// The method.
        method: &'static str,
        /// What it said.
        source: Box<RpcError<TransportErrorKind>>,
    },
    /// It does not have a block it has to have.
    #[error("the chain's node has no block {0}")]
    NoBlock(BlockNumberOrTag),
    /// A log without block, number or index, or one taken back.
    #[error("the chain's node sent a log that names no block and index")]
    IncompleteLog,
}

/// Head, safe and final block of the node, in this order of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainTips {
    pub(crate) head: Header,
    pub(crate) safe: u64,
    pub(crate) finalized: BlockRef,
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    provider: DynProvider,
    /// Whether it has named a final block.
    names_finality: Arc<AtomicBool>,
}

impl Source {
    pub(crate) fn new(provider: DynProvider) -> Self {
        Self { provider, names_finality: Arc::default() }
    }

    pub(crate) async fn chain_id(&self) -> Result<ChainId, SourceError> {
        answer("eth_chainId", self.provider.get_chain_id()).await.map(ChainId)
    }

    pub(crate) async fn genesis(&self) -> Result<B256, SourceError> {
        Ok(self.header(0).await?.block.hash)
    }

    pub(crate) async fn header(&self, number: u64) -> Result<Header, SourceError> {
        let number = BlockNumberOrTag::Number(number);
        self.tagged(number).await?.ok_or(SourceError::NoBlock(number))
    }

    /// The node's tips; on a node without tags finality is a depth. A node that has named its final block before, and does not
    /// now, is asked again: what is taken for final stays so.
    pub(crate) async fn tips(&self) -> Result<ChainTips, SourceError> {
        let latest = BlockNumberOrTag::Latest;
        let head = self.tagged(latest).await?.ok_or(SourceError::NoBlock(latest))?;
        let deep = head.block.number.saturating_sub(FINALITY_DEPTH);
        let finalized = match self.known_tag(BlockNumberOrTag::Finalized).await? {
            Some(header) => {
                self.names_finality.store(true, Ordering::Relaxed);
                header.block
            }
            None if self.names_finality.load(Ordering::Relaxed) => {
                return Err(SourceError::NoBlock(BlockNumberOrTag::Finalized));
            }
            None => self.header(deep).await?.block,
        };
        let safe = self.known_tag(BlockNumberOrTag::Safe).await?;
        let safe = safe.map_or_else(|| deep.max(finalized.number), |header| header.block.number);
        Ok(ChainTips { head, safe, finalized })
    }

    /// The block of a tag; none where the node says that it knows no such thing. A connection that breaks says nothing.
    async fn known_tag(&self, tag: BlockNumberOrTag) -> Result<Option<Header>, SourceError> {
        match self.tagged(tag).await {
            Err(SourceError::Rpc { source, .. }) if source.is_error_resp() => Ok(None),
            answer => answer,
        }
    }

    /// All logs of one block, by its hash: never those of another branch.
    pub(crate) async fn logs(&self, block: BlockRef) -> Result<Vec<ChainLog>, SourceError> {
        let filter = Filter::new().at_block_hash(block.hash);
        match answer("eth_getLogs", self.provider.get_logs(&filter)).await {
            Ok(found) => found.into_iter().map(chain_log).collect(),
            Err(SourceError::Rpc { source, .. }) if source.is_error_resp() => {
                self.logs_of_receipts(block.number, BlockId::hash(block.hash)).await
            }
            Err(error) => Err(error),
        }
    }

    /// All logs of a block, out of its receipts. Nodes limit how many logs they give at once and anybody can fill a block with
    /// more; a block cannot be halved, but it has all its receipts.
    async fn logs_of_receipts(&self, number: u64, block: BlockId) -> Result<Vec<ChainLog>, SourceError> {
        let receipts = answer("eth_getBlockReceipts", self.provider.get_block_receipts(block)).await?;
        let receipts = receipts.ok_or(SourceError::NoBlock(BlockNumberOrTag::Number(number)))?;
        receipts.iter().flat_map(|receipt| receipt.logs().iter().cloned()).map(chain_log).collect()
    }

    /// The owner logs of a Safe from block 0 on. Ranges that the node refuses, or does not answer in time, are halved, and
    /// doubled again behind them.
    pub(crate) async fn safe_logs(&self, safe: Address, upto: BlockRef) -> Result<Vec<ChainLog>, SourceError> {
        let (mut from, mut range) = (0, LOG_RANGE.min(upto.number.saturating_add(1)));
        let mut logs = Vec::new();
        while from <= upto.number {
            let to = upto.number.min(from.saturating_add(range - 1));
            let topics = safe_owners::OWNER_TOPICS.to_vec();
            let filter = Filter::new().address(safe).event_signature(topics).from_block(from).to_block(to);
            let found = match answer("eth_getLogs", self.provider.get_logs(&filter)).await {
                Ok(found) => found.into_iter().map(chain_log).collect::<Result<Vec<_>, _>>()?,
                Err(SourceError::Rpc { source, .. }) if source.is_error_resp() && range == 1 => {
                    let all = self.logs_of_receipts(from, BlockId::number(from)).await?;
                    let owner = |log: &ChainLog| log.log.address == safe && safe_owners::is_owner_log(&log.log);
                    all.into_iter().filter(owner).collect()
                }
                Err(SourceError::Rpc { source, .. }) if source.is_error_resp() => {
                    range /= 2;
                    continue;
                }
                Err(SourceError::Timeout(_)) if range > 1 => {
                    range /= 2;
                    continue;
                }
                Err(error) => return Err(error),
            };
            logs.extend(found);
            from = to + 1;
            range = LOG_RANGE.min(range * 2);
        }
        Ok(logs)
    }

    async fn tagged(&self, number: BlockNumberOrTag) -> Result<Option<Header>, SourceError> {
        let block = answer("eth_getBlockByNumber", self.provider.get_block(BlockId::Number(number))).await?;
        Ok(block.map(|block| header(&block.header)))
    }
}

async fn answer<T>(
    method: &'static str,
    call: impl IntoFuture<Output = Result<T, RpcError<TransportErrorKind>>, IntoFuture: Future + Send>,
) -> Result<T, SourceError> {
    match tokio::time::timeout(PATIENCE, call.into_future()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(SourceError::Rpc { method, source: Box::new(source) }),
        Err(_) => Err(SourceError::Timeout(method)),
    }
}

fn header(header: &RpcHeader) -> Header {
    Header {
        block: BlockRef { number: header.inner.number, hash: header.hash },
        parent: header.inner.parent_hash,
        timestamp: header.inner.timestamp,
        bloom: header.inner.logs_bloom,
    }
}

fn chain_log(log: RpcLog) -> Result<ChainLog, SourceError> {
    match (log.block_number, log.block_hash, log.log_index) {
        (Some(number), Some(hash), Some(index)) if !log.removed => {
            Ok(ChainLog { block: BlockRef { number, hash }, index, log: log.inner })
        }
        _ => Err(SourceError::IncompleteLog),
    }
}

#[cfg(test)]
mod tests {
    use alloy::providers::ProviderBuilder;
    use alloy::rpc::types::Block;
    use alloy::transports::mock::Asserter;
    use serde_json::{Value, json};

    use super::*;

    /// A node that answers what is pushed, in this order, and then not at all.
    fn node() -> (Asserter, Source) {
        let node = Asserter::new();
        let provider = ProviderBuilder::new().connect_mocked_client(node.clone()).erased();
        (node, Source::new(provider))
    }

    fn block(number: u64) -> Block {
        let mut block: Block = Block::default();
        block.header.inner.number = number;
        block
    }

    fn log(number: u64, index: u64, address: Address, topic: B256) -> Value {
        json!({
            "address": address, "topics": [topic], "data": "0x", "blockNumber": format!("{number:#x}"),
            "blockHash": B256::ZERO, "transactionHash": B256::ZERO, "transactionIndex": "0x0",
            "logIndex": format!("{index:#x}"), "removed": false,
        })
    }

    fn receipt(logs: &[Value]) -> Value {
        json!({
            "type": "0x0", "status": "0x1", "cumulativeGasUsed": "0x1", "logs": logs,
            "logsBloom": alloy::primitives::Bloom::ZERO, "transactionHash": B256::ZERO, "transactionIndex": "0x0",
            "blockHash": B256::ZERO, "blockNumber": "0x1", "gasUsed": "0x1", "effectiveGasPrice": "0x1",
            "from": Address::ZERO, "to": Address::ZERO, "contractAddress": null,
        })
    }

    #[tokio::test]
    async fn a_node_that_has_named_its_final_block_is_never_given_a_depth_in_its_place() {
        let (node, source) = node();
        for number in [40, 8, 9] {
            node.push_success(&block(number));
        }
        assert_eq!(source.tips().await.unwrap().finalized.number, 8);
        for refuse in
            [|node: &Asserter| node.push_failure_msg("busy"), |node: &Asserter| node.push_success(&Value::Null)]
        {
            node.push_success(&block(41));
            refuse(&node);
            // What it would say of the block twelve below its head, and of `safe`.
            node.push_success(&block(29));
            node.push_success(&block(29));
            let tips = source.tips().await;
            assert!(matches!(tips, Err(SourceError::NoBlock(BlockNumberOrTag::Finalized))), "{tips:?}");
            node.write_q().clear();
        }
    }

    #[tokio::test]
    async fn on_a_node_without_tags_finality_is_a_depth() {
        let (node, source) = node();
        node.push_success(&block(40));
        node.push_failure_msg("unknown tag");
        node.push_success(&block(28));
        node.push_failure_msg("unknown tag");
        let tips = source.tips().await.unwrap();
        assert_eq!((tips.finalized.number, tips.safe), (28, 28));
    }

    #[tokio::test]
    async fn a_block_with_more_logs_than_the_node_gives_at_once_is_read_from_its_receipts() {
        let (node, source) = node();
        let one = Address::repeat_byte(1);
        node.push_failure_msg("query returned more than 10000 results");
        let logs: Vec<_> = (0..3).map(|index| log(1, index, one, B256::ZERO)).collect();
        node.push_success(&json!([receipt(&logs[..2]), receipt(&[]), receipt(&logs[2..])]));
        let found = source.logs(BlockRef { number: 1, hash: B256::ZERO }).await.unwrap();
        assert_eq!(found.iter().map(|log| log.index).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_safe_that_fills_a_block_with_owners_is_read_past_it() {
        let (node, source) = node();
        let (safe, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let of = |number, index, address| log(number, index, address, safe_owners::ADDED_OWNER);
        // Blocks 0 and 1 together, then block 0 alone, are refused.
        node.push_failure_msg("too many");
        node.push_failure_msg("too many");
        let all = [of(0, 0, safe), of(0, 1, other), log(0, 2, safe, B256::ZERO), of(0, 3, safe)];
        node.push_success(&json!([receipt(&all)]));
        node.push_success(&json!([of(1, 0, safe)]));
        let found = source.safe_logs(safe, BlockRef { number: 1, hash: B256::ZERO }).await.unwrap();
        assert_eq!(found.iter().map(|log| (log.block.number, log.index)).collect::<Vec<_>>(), [(0, 0), (0, 3), (1, 0)]);
    }
}
