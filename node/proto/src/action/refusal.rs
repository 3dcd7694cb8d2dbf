//! Why an executor does not carry out an action. The error says it to people, the code to programs; codes are stable.

use alloy_primitives::{Address, FixedBytes, U256};
use pars_identity::RecordError;
use pars_wire::codec::DecodeError;
use pars_wire::content::ContentType;
use pars_wire::{ChainId, SignerId};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal;)+) => {
        /// The number of a refusal. One byte in a receipt.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum RefusalCode {$(
            $(#[doc = $doc])+
            $name = $number,
        )+}

        impl RefusalCode {
            /// Every code, by rising number.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name in JSON and on the command line.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$name => $text,)+}
            }
        }

        impl TryFrom<u8> for RefusalCode {
            type Error = DecodeError;

            fn try_from(number: u8) -> Result<Self, DecodeError> {
                match number {
                    $($number => Ok(Self::$name),)+
                    other => Err(DecodeError::Value { what: "refusal", value: other.into() }),
                }
            }
        }
    };
}

codes! {
    /// Another content type: never answered.
    NotAnAction = 1, "not_an_action";
    /// Content type 8 that does not parse.
    Malformed = 2, "malformed";
    /// No canonical encoding.
    NotCanonical = 3, "not_canonical";
    /// Certificate, or signature, for another chain.
    OtherChain = 4, "other_chain";
    /// Certificate for another contract.
    OtherContract = 5, "other_contract";
    /// Certificate by somebody else, or damaged.
    BadCertificate = 6, "bad_certificate";
    /// The author is not among those served.
    AuthorNotServed = 7, "author_not_served";
    /// No certificate of this author for this key.
    UnknownKey = 8, "unknown_key";
    /// For another account than the certificate's.
    OtherAccount = 9, "other_account";
    /// A call that the executor does not relay.
    CallNotServed = 10, "call_not_served";
    /// More wei than the executor relays.
    ValueTooHigh = 11, "value_too_high";
    /// More gas than the executor pays for.
    GasTooHigh = 12, "gas_too_high";
    /// The key is not enrolled, not in force or revoked.
    NotEnrolled = 13, "not_enrolled";
    /// Its time has not come.
    NotYetValid = 14, "not_yet_valid";
    /// Its time is over.
    Expired = 15, "expired";
    /// Its nonce is used.
    Replay = 16, "replay";
    /// Another action of its lane comes first.
    NotNext = 17, "not_next";
    /// The signature does not verify.
    BadSignature = 18, "bad_signature";
    /// The chain cannot verify ML-DSA.
    NoPrecompile = 19, "no_precompile";
    /// It would revert.
    SimulationReverts = 20, "simulation_reverts";
    /// It would run, and its call would fail.
    SimulationFails = 21, "simulation_fails";
    /// It reverted in its block.
    Reverted = 22, "reverted";
    /// The executor cannot pay.
    Unfunded = 23, "unfunded";
    /// The executor knows as many authors as it can.
    Full = 24, "full";
    /// The policy on chain does not allow this call: another contract, or another function of it.
    CallNotAllowed = 25, "call_not_allowed";
    /// More wei than the policy on chain allows.
    ValueAboveCap = 26, "value_above_cap";
}

/// Why an action, or a certificate, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Chat is never an action.
    #[error("{} is no action; actions have a content type of their own", .0.name())]
    NotAnAction(ContentType),
    /// The layout.
    #[error("the content is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The session message.
    #[error("the message is not the canonical encoding of an action; encode it with abi.encode and nothing else")]
    NotCanonical,
    /// The chain of the certificate, or of the signature.
    #[error("it was signed for chain {found}, this executor serves {ours}")]
    OtherChain {
        /// What was signed for.
        found: ChainId,
        /// The executor's.
        ours: ChainId,
    },
    /// The certificate's contract.
    #[error("the certificate is for contract {found}, this executor serves {ours}")]
    OtherContract {
        /// The certificate's.
        found: Address,
        /// The executor's.
        ours: Address,
    },
    /// The certificate.
    #[error("the certificate is not this author's: {0}")]
    BadCertificate(RecordError),
    /// The executor's own list.
    #[error("this executor does not serve this author; ask its operator")]
    AuthorNotServed,
    /// No certificate.
    #[error("trigger key {0} is not certified by this author; send the certificate first")]
    UnknownKey(SignerId),
    /// The action's account.
    #[error("the action is for account {found}, the key is certified for {certified}")]
    OtherAccount {
        /// The action's.
        found: Address,
        /// The certificate's.
        certified: Address,
    },
    /// The executor's own list.
    #[error("this executor does not relay {selector} of {target}; ask its operator")]
    CallNotServed {
        /// What would be called.
        target: Address,
        /// Which function; zero: a plain transfer.
        selector: FixedBytes<4>,
    },
    /// The executor's own cap.
    #[error("the action sends {value} wei, this executor relays {cap} at most")]
    ValueTooHigh {
        /// The action's.
        value: U256,
        /// The cap.
        cap: U256,
    },
    /// The executor's own bound.
    #[error("the action asks for {asked} gas, this executor pays for {most} at most")]
    GasTooHigh {
        /// The action's.
        asked: u32,
        /// The bound.
        most: u32,
    },
    /// The chain does not know the key, or no longer.
    #[error("trigger key {0} is not in force for this account on chain; enrol it, or a new one")]
    NotEnrolled(SignerId),
    /// Too early.
    #[error("the action may run from {from} on, the chain is at {now}")]
    NotYetValid {
        /// First second.
        from: u64,
        /// The chain's time.
        now: u64,
    },
    /// Too late.
    #[error("the action could run until {until}, the chain is at {now}; sign it anew")]
    Expired {
        /// Last second.
        until: u64,
        /// The chain's time.
        now: u64,
    },
    /// The nonce.
    #[error("nonce {sequence} of this lane is used, the next is {next}; the action has run, or another in its place")]
    Replay {
        /// The action's.
        sequence: u64,
        /// The chain's.
        next: u64,
    },
    /// The nonce.
    #[error("nonce {sequence} of this lane waits for {next}; send that action first")]
    NotNext {
        /// The action's.
        sequence: u64,
        /// The chain's.
        next: u64,
    },
    /// The signature.
    #[error("the signature is not the trigger key's over this action on this chain and contract")]
    BadSignature,
    /// The chain.
    #[error("this chain has no working ML-DSA precompile, so no action can be verified on it")]
    NoPrecompile,
    /// The contract would refuse.
    #[error("the action would be refused: {0}")]
    SimulationReverts(String),
    /// The policy's rules.
    #[error("the account's policy does not allow {selector} of {target}; ask its owner for another policy")]
    CallNotAllowed {
        /// What would be called.
        target: Address,
        /// Which function; zero: a plain transfer.
        selector: FixedBytes<4>,
    },
    /// The policy's cap.
    #[error("the action sends {value} wei, the account's policy allows {cap} at most")]
    ValueAboveCap {
        /// The action's.
        value: U256,
        /// The cap.
        cap: u128,
    },
    /// The call would fail.
    #[error("the action's call would fail: {0}")]
    SimulationFails(String),
    /// The contract refused in the block.
    #[error("the action was refused in its block: {0}")]
    Reverted(String),
    /// The executor's account.
    #[error("this executor cannot pay for the transaction; tell its operator")]
    Unfunded,
    /// The executor's memory.
    #[error("this executor knows as many authors with enrolled keys as it can; ask its operator")]
    Full,
}

impl Refusal {
    /// Its number.
    pub const fn code(&self) -> RefusalCode {
        match self {
            Self::NotAnAction(_) => RefusalCode::NotAnAction,
            Self::Malformed(_) => RefusalCode::Malformed,
            Self::NotCanonical => RefusalCode::NotCanonical,
            Self::OtherChain { .. } => RefusalCode::OtherChain,
            Self::OtherContract { .. } => RefusalCode::OtherContract,
            Self::BadCertificate(_) => RefusalCode::BadCertificate,
            Self::AuthorNotServed => RefusalCode::AuthorNotServed,
            Self::UnknownKey(_) => RefusalCode::UnknownKey,
            Self::OtherAccount { .. } => RefusalCode::OtherAccount,
            Self::CallNotServed { .. } => RefusalCode::CallNotServed,
            Self::ValueTooHigh { .. } => RefusalCode::ValueTooHigh,
            Self::GasTooHigh { .. } => RefusalCode::GasTooHigh,
            Self::NotEnrolled(_) => RefusalCode::NotEnrolled,
            Self::NotYetValid { .. } => RefusalCode::NotYetValid,
            Self::Expired { .. } => RefusalCode::Expired,
            Self::Replay { .. } => RefusalCode::Replay,
            Self::NotNext { .. } => RefusalCode::NotNext,
            Self::BadSignature => RefusalCode::BadSignature,
            Self::NoPrecompile => RefusalCode::NoPrecompile,
            Self::SimulationReverts(_) => RefusalCode::SimulationReverts,
            Self::SimulationFails(_) => RefusalCode::SimulationFails,
            Self::Reverted(_) => RefusalCode::Reverted,
            Self::Unfunded => RefusalCode::Unfunded,
            Self::Full => RefusalCode::Full,
            Self::CallNotAllowed { .. } => RefusalCode::CallNotAllowed,
            Self::ValueAboveCap { .. } => RefusalCode::ValueAboveCap,
        }
    }
}
