//! Blocks: a sealed header with the transactions and receipts it commits to.

use std::sync::Arc;

use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, ReceiptEnvelope,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_eips::{eip1559::BaseFeeParams, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{Address, B256, Bloom, Log, keccak256};

use crate::{genesis::Genesis, state::State, transaction::Transaction};

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The consensus part: type, status, cumulative gas, bloom, logs.
    pub envelope: ReceiptEnvelope<Log>,
    /// Gas of this transaction alone.
    pub gas_used: u64,
    /// Wei per gas paid.
    pub effective_gas_price: u128,
    /// Address of a created contract.
    pub contract_address: Option<Address>,
    /// Index in the block of the receipt's first log.
    pub first_log: u64,
}

/// A transaction in a block, with its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mined {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Its receipt.
    pub receipt: Receipt,
}

/// A sealed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// Keccak-256 of the header's RLP.
    pub hash: B256,
    /// Transactions in order, each with its receipt.
    pub mined: Vec<Mined>,
}

/// What production decides about a block before anything is executed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) number: u64,
    pub(crate) parent_hash: B256,
    pub(crate) timestamp: u64,
    pub(crate) base_fee: u64,
    pub(crate) prevrandao: B256,
}

impl Block {
    /// Number of the block.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// Block 0.
    pub(crate) fn genesis(genesis: &Genesis, state: &State) -> Self {
        let slot = Slot {
            number: 0,
            parent_hash: B256::ZERO,
            timestamp: genesis.timestamp,
            base_fee: genesis.base_fee,
            prevrandao: prevrandao(genesis.seed, B256::ZERO, 0),
        };
        Self::seal(slot, genesis.gas_limit, state, Vec::new())
    }

    /// The base fee of the block after this one (EIP-1559).
    pub(crate) fn next_base_fee(&self) -> u64 {
        self.header.next_block_base_fee(BaseFeeParams::ethereum()).unwrap_or_default()
    }

    /// Puts header and content together.
    pub(crate) fn seal(slot: Slot, gas_limit: u64, state: &State, mined: Vec<Mined>) -> Self {
        let transactions: Vec<_> = mined.iter().map(|m| m.transaction.envelope()).collect();
        let receipts: Vec<_> = mined.iter().map(|m| &m.receipt.envelope).collect();
        let header = Header {
            parent_hash: slot.parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: Address::ZERO,
            state_root: state.root(),
            transactions_root: calculate_transaction_root(&transactions),
            receipts_root: calculate_receipt_root(&receipts),
            logs_bloom: receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom()),
            number: slot.number,
            gas_limit,
            gas_used: mined.iter().map(|m| m.receipt.gas_used).sum(),
            timestamp: slot.timestamp,
            mix_hash: slot.prevrandao,
            base_fee_per_gas: Some(slot.base_fee),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        };
        Self { hash: header.hash_slow(), header, mined }
    }
}

/// `prevrandao` of the block after `parent`; `fork` counts reorganisations, so that an empty replacement block is another
/// block than the empty block it replaces.
pub(crate) fn prevrandao(seed: B256, parent: B256, fork: u64) -> B256 {
    keccak256([seed.as_slice(), parent.as_slice(), &fork.to_be_bytes()].concat())
}
