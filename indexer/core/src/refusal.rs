//! Why an input was refused. A refusal changes nothing: progress stops at the last good block until the node answers
//! differently, or an operator decides.

use alloy_primitives::{Address, B256, U256};
use pars_wire::{BlockRef, RoomId, SittingId};

/// An input that contradicts what is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The chain was started anew.
    #[error(
        "this is another chain: block 0 was {expected:#x}, the node says {found:#x}; if the chain was reset on purpose, index into a new database"
    )]
    ChainReset {
        /// Genesis of this index.
        expected: B256,
        /// Genesis the node has.
        found: B256,
    },
    /// A reorganisation below finality.
    #[error(
        "the node's chain forks below block {finalized}, which it had called final (its block {offered}); nothing was overwritten: find out which node is right"
    )]
    DeeperThanFinality {
        /// The newest final block here.
        finalized: BlockRef,
        /// The block of the other branch.
        offered: BlockRef,
    },
    /// The node calls a block final that is not ours.
    #[error(
        "the node calls block {offered} final, here that number is {ours:#x}; waiting for the node to agree with itself"
    )]
    FinalizedMismatch {
        /// Hash here.
        ours: B256,
        /// What the node says.
        offered: BlockRef,
    },
    /// The logs are not numbered from 0 without a gap, or do not give the header's bloom.
    #[error(
        "the logs of block {0} have a gap or do not give the bloom of its header: the node left out or invented logs; use another node"
    )]
    LogsIncomplete(BlockRef),
    /// A log of another block, a removed log, or two logs of one index.
    #[error(
        "log {index} given for block {block} belongs elsewhere or contradicts another log of that index; use another node"
    )]
    LogMisplaced {
        /// The block it was given for.
        block: BlockRef,
        /// The log's index.
        index: u64,
    },
    /// A Safe's history that is not of that Safe, not in order, not of this branch, or not the one asked for.
    #[error(
        "the log history of Safe {safe} up to block {upto} is out of order, of another branch or was not asked for"
    )]
    SafeHistory {
        /// The Safe.
        safe: Address,
        /// The block of the question.
        upto: BlockRef,
    },
    /// A number or time beyond 63 bits.
    #[error("block {0} has a number or time beyond 63 bits")]
    HeaderOutOfRange(BlockRef),
    /// The content of a log contradicts what is known.
    #[error("log {index} of block {block}: {reason}")]
    Inconsistent {
        /// The block.
        block: BlockRef,
        /// The log.
        index: u64,
        /// What is wrong.
        #[source]
        reason: Box<Inconsistency>,
    },
}

/// What a log says that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistency {
    /// A known event with other bytes than its type has.
    #[error("{0} emitted a known event whose bytes do not decode; the deployment does not match this version")]
    Undecodable(&'static str),
    /// A log about something that no earlier log made.
    #[error("{what} {id} is not known from an earlier log; the start block is too late or logs are missing")]
    Unknown {
        /// Room, sitting, node and so on.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A leaf beyond the next free index.
    #[error("leaf {index} was set while the tree holds {leaves}; an earlier leaf is missing")]
    LeafGap {
        /// Index of the log.
        index: u32,
        /// Leaves known.
        leaves: usize,
    },
    /// The registry's root and the tree computed here differ.
    #[error("after leaf {index} the registry has root {announced:#x}, the tree of the known leaves has {computed:#x}")]
    LeafRoot {
        /// Index of the leaf.
        index: u32,
        /// Root in the log.
        announced: U256,
        /// Root computed.
        computed: U256,
    },
    /// The sitting's pinned root and the tree computed here differ.
    #[error(
        "sitting {sitting} of room {room} pins root {announced:#x}, the tree of the leaves known at that log has {computed:#x}"
    )]
    PinnedRoot {
        /// The room.
        room: RoomId,
        /// The sitting.
        sitting: SittingId,
        /// Root in the log.
        announced: U256,
        /// Root computed.
        computed: U256,
    },
    /// A leaf that the circuit's encoding or tree does not take.
    #[error("the leaf cannot be: {0}")]
    Leaf(String),
    /// A room kind that this version does not know.
    #[error("room kind {0} is not known to this version")]
    Kind(u8),
    /// A count or time beyond 63 bits.
    #[error("{0} is beyond 63 bits")]
    OutOfRange(&'static str),
}
