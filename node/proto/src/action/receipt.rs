//! Content type 9: what became of an action.
//!
//! ```text
//! 1 | answers16 | action32 | outcome1 | refusal1 | final1 | chain8 | transaction32 | block8 | block hash32 | lp(reason)
//! ```
//!
//! `answers` is the id of the message with the action, `action` its hashStruct (zero where the message held none). Without
//! a transaction its three fields are zero. An executor answers when the action is in a block, and once more when that
//! block is final; a refusal without a transaction is final at once. The reason is for people: the code is what counts.

use alloy_primitives::B256;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::{BlockRef, ChainId};

use super::refusal::{Refusal, RefusalCode};

const VERSION: u8 = 1;
/// Bytes of a reason at most.
pub const MAX_REASON: usize = 160;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account did it.
    Executed,
    /// It ran, its call failed, and its nonce is used.
    Failed,
    /// It was not carried out.
    Refused(RefusalCode),
}

/// Where it stands on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Included {
    /// Hash of the transaction.
    pub transaction: B256,
    /// Its block.
    pub block: BlockRef,
    /// That block can no longer be replaced.
    pub is_final: bool,
}

/// One line for people: at most [`MAX_REASON`] bytes, no control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The beginning of a text, as far as it fits, control characters as `?`.
    pub fn new(text: &str) -> Self {
        let mut kept = String::new();
        for c in text.chars().map(|c| if c.is_control() { '?' } else { c }) {
            if kept.len() + c.len_utf8() > MAX_REASON {
                break;
            }
            kept.push(c);
        }
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionReceipt {
    answers: [u8; 16],
    action: B256,
    outcome: Outcome,
    chain: ChainId,
    included: Option<Included>,
    reason: Reason,
}

impl ActionReceipt {
    /// Bytes without the reason.
    pub const FIXED: usize = 1 + 16 + 32 + 1 + 1 + 1 + 8 + 32 + 8 + 32 + 2;

    /// Nothing was submitted.
    pub fn refused(answers: [u8; 16], action: B256, chain: ChainId, refusal: &Refusal) -> Self {
        let outcome = Outcome::Refused(refusal.code());
        Self { answers, action, outcome, chain, included: None, reason: Reason::new(&refusal.to_string()) }
    }

    /// The transaction stands in a block.
    pub const fn included(
        answers: [u8; 16],
        action: B256,
        chain: ChainId,
        (outcome, included): (Outcome, Included),
        reason: Reason,
    ) -> Self {
        Self { answers, action, outcome, chain, included: Some(included), reason }
    }

    /// Id of the message that it answers. 16 bytes.
    pub const fn answers(&self) -> [u8; 16] {
        self.answers
    }

    /// hashStruct of the action; zero where the message held none.
    pub const fn action(&self) -> B256 {
        self.action
    }

    /// How it ended.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The executor's chain.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// Where it stands; none: nothing was submitted.
    pub const fn inclusion(&self) -> Option<Included> {
        self.included
    }

    /// Whether no other receipt follows.
    pub const fn is_final(&self) -> bool {
        match self.included {
            Some(included) => included.is_final,
            None => true,
        }
    }

    /// One line for people.
    pub fn reason(&self) -> &str {
        self.reason.as_str()
    }
}

impl Wire for ActionReceipt {
    fn write(&self, out: &mut Writer) {
        let (outcome, refusal) = match self.outcome {
            Outcome::Executed => (1, 0),
            Outcome::Failed => (2, 0),
            Outcome::Refused(code) => (3, code as u8),
        };
        out.u8(VERSION).bytes(&self.answers).bytes(self.action.as_slice());
        out.u8(outcome).u8(refusal).u8(self.is_final().into()).u64(self.chain.0);
        let (transaction, block) = self.included.map(|at| (at.transaction, at.block)).unwrap_or_default();
        out.bytes(transaction.as_slice()).u64(block.number).bytes(block.hash.as_slice());
        out.u16(self.reason.0.len() as u16).bytes(self.reason.0.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(&[VERSION], "action receipt of version 1")?;
        let answers = from.array("id of the message")?;
        let action = word(from, "hash of the action")?;
        let outcome = outcome(from)?;
        let is_final = match from.u8("final")? {
            0 => false,
            1 => true,
            value => return Err(DecodeError::Value { what: "final", value: value.into() }),
        };
        let chain = ChainId(from.u64("chain id")?);
        let transaction = word(from, "hash of the transaction")?;
        let block = BlockRef { number: from.u64("block")?, hash: word(from, "hash of the block")? };
        let included = match transaction.is_zero() {
            false => Some(Included { transaction, block, is_final }),
            true if block == BlockRef::default() && is_final && matches!(outcome, Outcome::Refused(_)) => None,
            true => return Err(DecodeError::Malformed { what: "receipt without a transaction" }),
        };
        let text = str::from_utf8(from.lp("reason")?).map_err(|_| DecodeError::Malformed { what: "reason" })?;
        let reason = Reason::new(text);
        if reason.0 != text {
            return Err(DecodeError::Malformed { what: "reason" });
        }
        Ok(Self { answers, action, outcome, chain, included, reason })
    }
}

fn word(from: &mut Reader<'_>, what: &'static str) -> Result<B256, DecodeError> {
    from.array::<32>(what).map(B256::from)
}

fn outcome(from: &mut Reader<'_>) -> Result<Outcome, DecodeError> {
    let (outcome, refusal) = (from.u8("outcome")?, from.u8("refusal")?);
    match (outcome, refusal) {
        (1, 0) => Ok(Outcome::Executed),
        (2, 0) => Ok(Outcome::Failed),
        (3, code) => RefusalCode::try_from(code).map(Outcome::Refused),
        (1 | 2, _) => Err(DecodeError::NotZero { what: "refusal of an action that ran" }),
        (other, _) => Err(DecodeError::Value { what: "outcome", value: other.into() }),
    }
}
