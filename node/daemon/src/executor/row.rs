//! What an executor owes: an action that it took up, or an answer.

use alloy::primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};

/// How much of the end an author was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Told {
    Nothing,
    /// That it is in a block.
    Included,
    /// The last receipt.
    End,
}

/// A transaction that may have left, under one nonce of the account: of all its versions the chain takes one at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Hashes of every version that may have left, oldest first.
    pub(super) versions: Vec<B256>,
    /// The newest version.
    pub(super) raw: Bytes,
    pub(super) nonce: u64,
    /// The chain's head when the newest version was signed.
    pub(super) block: u64,
    /// The chain's node would not take it; it is offered again, and nobody waits for it.
    pub(super) refused: bool,
    /// Content of the message, should it have to be judged again.
    pub(super) content: Bytes,
}

impl Pending {
    /// The hash of the newest version.
    pub(super) fn newest(&self) -> B256 {
        self.versions.last().copied().unwrap_or_default()
    }
}

/// What is still to be done before there is a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Work {
    /// Nothing.
    Done,
    /// An action that waits for what should come before it.
    Held {
        /// Content of the message.
        content: Bytes,
        /// It is judged for good at this time, in milliseconds since 1970.
        until: u64,
    },
    /// A transaction that is to be found in a block.
    Sent(Pending),
    /// The author's text is to be answered: no action, no receipt.
    Greet,
}

/// A message that an executor took up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Id of the message.
    pub(super) id: [u8; 16],
    pub(super) author: [u8; 32],
    /// hashStruct.
    pub(super) action: B256,
    pub(super) work: Work,
    /// The newest receipt, encoded.
    pub(super) receipt: Option<Bytes>,
    pub(super) told: Told,
    /// When it was taken up, or its newest receipt was made; milliseconds since 1970.
    pub(super) since: u64,
}

impl Row {
    /// The author does not know the end yet.
    pub(super) fn is_open(&self) -> bool {
        self.told < Told::End
    }

    /// Its transaction stands in no block.
    pub(super) fn in_flight(&self) -> Option<&Pending> {
        match &self.work {
            Work::Sent(pending) if self.receipt.is_none() && self.is_open() => Some(pending),
            _ => None,
        }
    }

    /// Nothing but its author's ear is missing, or the block's finality: what goes first when there are too many.
    pub(super) fn is_only_to_be_told(&self) -> bool {
        self.is_open() && (self.receipt.is_some() || self.work == Work::Greet)
    }
}
