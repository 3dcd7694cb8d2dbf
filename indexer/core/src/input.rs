//! What the indexer is told.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use pars_wire::BlockRef;
use serde::{Deserialize, Serialize};

/// The contracts whose logs are indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contracts {
    /// TownHall.
    pub town_hall: Address,
    /// EligibilityRegistry.
    pub eligibility_registry: Address,
    /// VotingEscrow.
    pub voting_escrow: Address,
    /// RecordingConsent.
    pub recording_consent: Address,
    /// SessionTrigger.
    pub session_trigger: Address,
    /// ServiceNodeRegistry.
    pub service_node_registry: Address,
}

impl Contracts {
    /// All addresses.
    pub fn addresses(&self) -> BTreeSet<Address> {
        BTreeSet::from([
            self.town_hall,
            self.eligibility_registry,
            self.voting_escrow,
            self.recording_consent,
            self.session_trigger,
            self.service_node_registry,
        ])
    }
}

/// What one index is about: fixed for the life of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Hash of block 0: tells a chain that started anew from a reorganised one.
    pub genesis: B256,
    /// First block that is read: the one of the deployment's first transaction or any earlier one.
    pub start: u64,
    /// The contracts.
    pub contracts: Contracts,
}

/// The part of a block header that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number and hash.
    pub block: BlockRef,
    /// Hash of the parent.
    pub parent: B256,
    /// Unix time, seconds.
    pub timestamp: u64,
    /// Bloom filter over addresses and topics of all logs of the block.
    pub bloom: Bloom,
}

impl Header {
    /// Whether the block may hold a log of this address. False is certain, true is likely.
    pub fn may_concern(&self, address: Address) -> bool {
        self.bloom.contains_input(BloomInput::Raw(address.as_slice()))
    }
}

/// A log and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLog {
    /// The block it came in.
    pub block: BlockRef,
    /// Its index in that block.
    pub index: u64,
    /// Address, topics, data.
    pub log: Log,
}

/// An input of the machine.
#[expect(clippy::large_enum_variant, reason = "almost every input is a block; one exists at a time")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum In {
    /// The hash of block 0 as the node says now.
    Genesis(B256),
    /// A block. `logs` are *all* logs of the block, of any contract, or nothing when they were not fetched: the machine
    /// asks for them when the header's bloom concerns it.
    Block {
        /// Its header.
        header: Header,
        /// Its logs in order.
        logs: Option<Vec<ChainLog>>,
    },
    /// The answer to [`Question::SafeLogs`](crate::Question::SafeLogs).
    SafeLogs {
        /// The Safe asked about.
        safe: Address,
        /// The block asked about.
        upto: BlockRef,
        /// Every owner log of that Safe from block 0 to that block, in order.
        logs: Vec<ChainLog>,
    },
    /// A block that the node calls final. Older than what is final already, or newer than the head: ignored.
    Finalized(BlockRef),
}
