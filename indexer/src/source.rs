//! The chain's node: headers, logs and tags over any alloy provider (HTTP, or the development chain in process).

use std::future::{Future, IntoFuture};
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
}

impl Source {
    pub(crate) const fn new(provider: DynProvider) -> Self {
        Self { provider }
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

    /// The node's tips; on a node without tags finality is a depth.
    pub(crate) async fn tips(&self) -> Result<ChainTips, SourceError> {
        let latest = BlockNumberOrTag::Latest;
        let head = self.tagged(latest).await?.ok_or(SourceError::NoBlock(latest))?;
        let deep = head.block.number.saturating_sub(FINALITY_DEPTH);
        let finalized = match self.tagged(BlockNumberOrTag::Finalized).await {
            Ok(Some(header)) => header.block,
            Ok(None) | Err(SourceError::Rpc { .. }) => self.header(deep).await?.block,
            Err(error) => return Err(error),
        };
        let safe = match self.tagged(BlockNumberOrTag::Safe).await {
            Ok(Some(header)) => header.block.number,
            Ok(None) | Err(SourceError::Rpc { .. }) => deep.max(finalized.number),
            Err(error) => return Err(error),
        };
        Ok(ChainTips { head, safe, finalized })
    }

    /// All logs of one block, by its hash: never those of another branch.
    pub(crate) async fn logs(&self, block: BlockRef) -> Result<Vec<ChainLog>, SourceError> {
        let filter = Filter::new().at_block_hash(block.hash);
        answer("eth_getLogs", self.provider.get_logs(&filter)).await?.into_iter().map(chain_log).collect()
    }

    /// The owner logs of a Safe from block 0 on. Ranges that the node refuses, or does not answer in time, are halved.
    pub(crate) async fn safe_logs(&self, safe: Address, upto: BlockRef) -> Result<Vec<ChainLog>, SourceError> {
        let (mut from, mut range) = (0, LOG_RANGE);
        let mut logs = Vec::new();
        while from <= upto.number {
            let to = upto.number.min(from.saturating_add(range - 1));
            let topics = safe_owners::OWNER_TOPICS.to_vec();
            let filter = Filter::new().address(safe).event_signature(topics).from_block(from).to_block(to);
            match answer("eth_getLogs", self.provider.get_logs(&filter)).await {
                Ok(found) => {
                    for log in found {
                        logs.push(chain_log(log)?);
                    }
                    from = to + 1;
                }
                Err(SourceError::Rpc { source, .. }) if range > 1 && source.is_error_resp() => range /= 2,
                Err(SourceError::Timeout(_)) if range > 1 => range /= 2,
                Err(error) => return Err(error),
            }
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
