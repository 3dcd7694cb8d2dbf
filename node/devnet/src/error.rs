//! Errors of the shell: those that stop it and those it answers with.

use std::{net::SocketAddr, path::PathBuf};

use alloy::{primitives::Bytes, sol_types::decode_revert_reason};
use pars_chain::{ChainError, QueryError};
use serde_json::{Value, json};
use thiserror::Error;

/// Why the development chain does not start or stops.
#[derive(Debug, Error)]
pub enum DevnetError {
    /// A chain id of a public network.
    #[error("chain id {0} is not a development chain: use 7072 or 31337")]
    ChainId(u64),
    /// An address others could reach.
    #[error("{0} is not a loopback address: the development chain listens on loopback only")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The asked address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory cannot be made or read.
    #[error("the data directory {path} cannot be used: {reason}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process has the directory.
    #[error("the data directory {0} is in use by another process: stop it or choose another directory")]
    InUse(PathBuf),
    /// The directory holds something else.
    #[error("{0} is not a journal of this program: choose an empty directory")]
    Foreign(PathBuf),
    /// The journal cannot be read to its end.
    #[error("the journal {path} is damaged: {reason}; move the directory away to start a new chain")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where reading stopped.
        reason: String,
    },
    /// The directory's chain has other constants.
    #[error(
        "the data directory holds a chain with {what} {stored}, but {asked} was asked for: use the same value or another directory"
    )]
    Constants {
        /// Which constant.
        what: &'static str,
        /// The directory's value.
        stored: String,
        /// The value asked for.
        asked: String,
    },
    /// An answer could not be made durable.
    #[error("the journal cannot be written: {0}; the chain stops so that nothing unsaved is announced")]
    Write(String),
    /// The chain refuses its genesis.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The system gives no thread.
    #[error("the chain's thread cannot be started: {0}")]
    Thread(std::io::Error),
    /// The chain has stopped.
    #[error("the chain has stopped")]
    Stopped,
}

/// A JSON-RPC error answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// JSON-RPC error code.
    pub code: i64,
    /// What went wrong.
    pub message: String,
    /// Raw revert data, for code 3.
    pub data: Option<Value>,
}

impl RpcError {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// -32600: not a JSON-RPC request.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// -32601: no such method.
    pub(crate) fn unknown_method(method: &str) -> Self {
        Self::new(-32601, format!("the method {method} does not exist or is not available"))
    }

    /// -32602: parameters of the wrong form.
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// -32000: the request is well-formed but refused.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    /// -32005: more than a stated limit.
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(-32005, message)
    }

    /// 3: the call reverted, with its raw data.
    pub(crate) fn reverted(output: &Bytes) -> Self {
        let message = match decode_revert_reason(output) {
            Some(reason) => format!("execution reverted: {}", reason.strip_prefix("revert: ").unwrap_or(&reason)),
            None => "execution reverted".to_owned(),
        };
        Self { code: 3, message, data: Some(json!(output)) }
    }

    /// The answer when the chain's thread is gone.
    pub(crate) fn stopped() -> Self {
        Self::new(-32000, DevnetError::Stopped.to_string())
    }
}

impl From<ChainError> for RpcError {
    fn from(error: ChainError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<QueryError> for RpcError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TooManyLogs(_) => Self::limit(error.to_string()),
            QueryError::Range { .. } => Self::params(error.to_string()),
            other => Self::refused(other.to_string()),
        }
    }
}
