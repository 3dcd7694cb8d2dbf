//! Reading positional parameters.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::U256,
};
use pars_chain::BlockTag;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::RpcError;

/// The parameters of a call.
#[derive(Debug)]
pub(crate) struct Params(Vec<Value>);

impl Params {
    pub(crate) fn new(params: Value) -> Result<Self, RpcError> {
        match params {
            Value::Null => Ok(Self(Vec::new())),
            Value::Array(list) => Ok(Self(list)),
            _ => Err(RpcError::params("parameters are a list, by position")),
        }
    }

    /// The raw parameter; absent and null are the same.
    pub(crate) fn get(&self, index: usize) -> Option<&Value> {
        self.0.get(index).filter(|value| !value.is_null())
    }

    /// A parameter that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&self, index: usize, what: &str) -> Result<T, RpcError> {
        let missing = || RpcError::params(format!("missing parameter {index}: {what}"));
        self.optional(index, what)?.ok_or_else(missing)
    }

    /// A parameter that may be absent.
    pub(crate) fn optional<T: DeserializeOwned>(&self, index: usize, what: &str) -> Result<Option<T>, RpcError> {
        let Some(value) = self.get(index) else { return Ok(None) };
        let wrong = |e| RpcError::params(format!("parameter {index} is not {what}: {e}"));
        serde_json::from_value(value.clone()).map(Some).map_err(wrong)
    }

    /// A number, as JSON number or as hex or decimal string, because clients send all three.
    pub(crate) fn number(&self, index: usize, what: &str) -> Result<Option<u64>, RpcError> {
        self.get(index).map(|value| number_of(value, what)).transpose()
    }

    /// A block tag; absent means the head.
    pub(crate) fn tag(&self, index: usize) -> Result<BlockTag, RpcError> {
        let id = self.optional::<BlockId>(index, "a block number, tag or hash")?;
        Ok(id.map_or(BlockTag::Latest, tag_of))
    }
}

/// The chain's word for a block id.
pub(crate) fn tag_of(id: BlockId) -> BlockTag {
    match id {
        BlockId::Hash(hash) => BlockTag::Hash(hash.block_hash),
        BlockId::Number(number) => tag_of_number(number),
    }
}

/// The chain's word for a block number or tag.
pub(crate) fn tag_of_number(number: BlockNumberOrTag) -> BlockTag {
    match number {
        BlockNumberOrTag::Latest => BlockTag::Latest,
        BlockNumberOrTag::Finalized => BlockTag::Finalized,
        BlockNumberOrTag::Safe => BlockTag::Safe,
        BlockNumberOrTag::Earliest => BlockTag::Earliest,
        BlockNumberOrTag::Pending => BlockTag::Pending,
        BlockNumberOrTag::Number(number) => BlockTag::Number(number),
    }
}

/// A number in any of the forms clients use.
pub(crate) fn number_of(value: &Value, what: &str) -> Result<u64, RpcError> {
    let wrong = || RpcError::params(format!("{value} is not {what}"));
    match value {
        Value::Number(number) => number.as_u64().ok_or_else(wrong),
        Value::String(text) => {
            let parsed: U256 = text.parse().map_err(|_| wrong())?;
            u64::try_from(parsed).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}
