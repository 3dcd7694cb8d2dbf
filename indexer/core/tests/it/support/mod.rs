//! A chain made by hand: blocks with blooms and hashes, and contracts reduced to the events they emit.

pub(crate) mod mirror;
pub(crate) mod model;

use alloy_primitives::{Address, B256, Bloom, Log, keccak256};
use alloy_sol_types::SolEvent;
use pars_indexer_core::{ChainLog, Config, Contracts, Header};
use pars_wire::BlockRef;

pub(crate) const START: u64 = 5;

pub(crate) fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

pub(crate) fn contracts() -> Contracts {
    Contracts {
        town_hall: address(0xa1),
        eligibility_registry: address(0xa2),
        voting_escrow: address(0xa3),
        recording_consent: address(0xa4),
        session_trigger: address(0xa5),
        service_node_registry: address(0xa6),
    }
}

pub(crate) fn config() -> Config {
    Config { genesis: B256::repeat_byte(0x9e), start: START, contracts: contracts() }
}

pub(crate) fn log<E: SolEvent>(address: Address, event: &E) -> Log {
    Log { address, data: event.encode_log_data() }
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) header: Header,
    pub(crate) logs: Vec<ChainLog>,
}

/// A block with these logs on a parent; the salt makes two blocks of equal content different.
pub(crate) fn block(parent: BlockRef, salt: u64, logs: Vec<Log>) -> Block {
    let number = parent.number + 1;
    let hash = keccak256([parent.hash.as_slice(), &salt.to_be_bytes(), &number.to_be_bytes()].concat());
    let block = BlockRef { number, hash };
    let mut bloom = Bloom::ZERO;
    logs.iter().for_each(|log| bloom.accrue_log(log));
    let logs = logs.into_iter().zip(0..).map(|(log, index)| ChainLog { block, index, log }).collect();
    Block { header: Header { block, parent: parent.hash, timestamp: 1_000 + number, bloom }, logs }
}

/// The block before the first one that is indexed.
pub(crate) fn anchor() -> BlockRef {
    BlockRef { number: START - 1, hash: B256::repeat_byte(0xcc) }
}

/// Blocks from [`START`] on.
pub(crate) fn chain(blocks: Vec<Vec<Log>>) -> Vec<Block> {
    let mut parent = anchor();
    let mut made = Vec::new();
    for logs in blocks {
        let block = block(parent, 0, logs);
        parent = block.header.block;
        made.push(block);
    }
    made
}
