//! What can go wrong, each with a sentence. Transaction errors start with the words of go-ethereum, because wallets and
//! libraries recognise them by these words.

use alloy_primitives::{Address, U256};
use thiserror::Error;

/// Why a transaction is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TxError {
    /// Not an EIP-2718 transaction of a known type.
    #[error("rlp: the bytes are not a signed transaction ({0})")]
    Decode(String),
    /// Blob (3) or set-code (4) transaction.
    #[error("transaction type not supported: type {0} is none of 0, 1 and 2")]
    Type(u8),
    /// The signature gives no sender (not on the curve, or a high `s`, EIP-2).
    #[error("invalid sender: the signature gives no account")]
    Signature,
    /// Signed for another chain.
    #[error("invalid chain id for signer: the transaction names {got}, this chain is {chain}")]
    ChainId {
        /// Chain id in the transaction.
        got: u64,
        /// Chain id of this chain.
        chain: u64,
    },
    /// The nonce was used.
    #[error("nonce too low: address {address}, tx: {got} state: {state}")]
    NonceTooLow {
        /// The sender.
        address: Address,
        /// Nonce of the transaction.
        got: u64,
        /// Next nonce of the sender.
        state: u64,
    },
    /// The nonce leaves a gap and the transaction is to be executed now.
    #[error("nonce too high: tx: {got} state: {state}")]
    NonceTooHigh {
        /// Nonce of the transaction.
        got: u64,
        /// Next nonce of the sender.
        state: u64,
    },
    /// The sender cannot pay gas and value.
    #[error("insufficient funds for gas * price + value: address {address} have {have} want {want}")]
    Funds {
        /// The sender.
        address: Address,
        /// Its balance in wei.
        have: U256,
        /// What the transaction may cost at most, in wei.
        want: U256,
    },
    /// The gas limit does not pay for data and creation (EIP-2028, EIP-3860, EIP-7623).
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas {
        /// Gas limit of the transaction.
        have: u64,
        /// Least gas of such a transaction.
        want: u64,
    },
    /// The gas limit is larger than a block.
    #[error("exceeds block gas limit: the transaction has {got}, a block {limit}")]
    BlockGas {
        /// Gas limit of the transaction.
        got: u64,
        /// Gas limit of a block.
        limit: u64,
    },
    /// The fee cap is below the next block's base fee.
    #[error("max fee per gas less than block base fee: address {address}, maxFeePerGas: {cap}, baseFee: {base}")]
    FeeCap {
        /// The sender.
        address: Address,
        /// Fee cap in wei.
        cap: u128,
        /// Base fee in wei.
        base: u64,
    },
    /// The tip is above the fee cap.
    #[error("max priority fee per gas higher than max fee per gas: tip {tip}, cap {cap}")]
    Tip {
        /// Priority fee in wei.
        tip: u128,
        /// Fee cap in wei.
        cap: u128,
    },
    /// The same transaction waits in the pool.
    #[error("already known: the transaction waits in the pool")]
    Known,
    /// Another transaction with this nonce waits and this one does not pay a tenth more.
    #[error("replacement transaction underpriced: pay at least a tenth more than the waiting one")]
    Underpriced,
    /// The pool holds its maximum.
    #[error("txpool is full: {0} transactions wait")]
    PoolFull(usize),
    /// Creation code above 49,152 bytes (EIP-3860).
    #[error("max initcode size exceeded: {0} bytes")]
    InitCode(usize),
    /// The sender has code (EIP-3607).
    #[error("sender not an eoa: address {0} has code")]
    SenderHasCode(Address),
    /// An unsigned transaction of an account that is not impersonated.
    #[error("the account {0} is not impersonated: switch it on first")]
    NotImpersonated(Address),
    /// Any other rule of the EVM.
    #[error("invalid transaction: {0}")]
    Rule(String),
}

/// Why an input is refused. The chain is then what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// The genesis cannot be.
    #[error("the genesis is refused: {0}")]
    Genesis(&'static str),
    /// The transaction cannot be taken.
    #[error(transparent)]
    Transaction(#[from] TxError),
    /// The asked timestamp lies before the head.
    #[error("timestamp {asked} is lower than the head's timestamp {head}: ask for a later one")]
    Timestamp {
        /// What was asked for.
        asked: u64,
        /// Timestamp of the head.
        head: u64,
    },
    /// The clock cannot go that far.
    #[error("the clock cannot be moved by {0} seconds: it would leave the range of timestamps")]
    ClockRange(u64),
    /// More blocks in one call than allowed.
    #[error("{asked} blocks in one call are more than the {limit} allowed: ask in parts")]
    TooManyBlocks {
        /// What was asked for.
        asked: u64,
        /// The bound.
        limit: u64,
    },
    /// No such depth to reorganise.
    #[error("a reorganisation of depth {depth} is not possible: between 1 and {possible} blocks can be replaced")]
    ReorgDepth {
        /// What was asked for.
        depth: u64,
        /// Blocks above genesis whose parent state is kept.
        possible: u64,
    },
    /// A replacement transaction points outside the replaced blocks.
    #[error("a replacement transaction names block {index} of {depth} replaced ones: count from 0")]
    ReorgIndex {
        /// Index named.
        index: u64,
        /// Number of replaced blocks.
        depth: u64,
    },
    /// Code that cannot be an account's code.
    #[error("the code is refused: {0}")]
    Code(String),
    /// Too many snapshots are kept.
    #[error("{0} snapshots are kept: revert to one before taking another")]
    TooManySnapshots(usize),
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// No such block.
    #[error("header not found: the chain has no such block")]
    UnknownBlock,
    /// The state of that block is gone.
    #[error("missing trie node: the state of block {0} is older than the history kept")]
    NoState(u64),
    /// The call is not a valid execution.
    #[error(transparent)]
    Transaction(#[from] TxError),
    /// The range runs backwards.
    #[error("invalid block range: from {from} is above to {to}")]
    Range {
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
    },
    /// Too many logs match.
    #[error("query returned more than {0} results: ask for a smaller block range")]
    TooManyLogs(usize),
    /// Gas does not suffice for the call at any allowed limit.
    #[error("gas required exceeds allowance ({0})")]
    Allowance(u64),
    /// The estimated call stops with an exceptional halt.
    #[error("execution stops: {0}")]
    Halt(String),
}
