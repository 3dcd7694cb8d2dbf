//! The executor's steps. Each gives a value that only this step can make, so nothing is submitted that was not admitted,
//! verified and simulated before:
//!
//! ```text
//! Facts ── Policy::admit ──► Admitted ── verify(chain) ──► Verified ── simulated ──► Cleared
//!          own lists, no I/O             time, nonce,                  would it run?
//!                                        signature
//! ```
//!
//! The cheap and local comes first: a stranger makes the executor ask no chain.

use std::collections::BTreeSet;

use alloy_primitives::{Address, FixedBytes, U256};
use pars_crypto::Suite;
use pars_crypto::suite::DSA87_SIGNATURE;
use pars_crypto::trigger::{Statement, TriggerPublic};
use pars_identity::IdentityId;
use pars_wire::action::Facts;
use pars_wire::content::ContentType;

use super::authors::Authors;
use super::refusal::Refusal;

/// Gas for the account's call that an executor pays for at most.
pub const MAX_GAS: u32 = 3_000_000;

/// What the key must have signed.
pub fn statement(facts: &Facts) -> Statement {
    Statement::action(&facts.domain.0, &facts.hash.0)
}

/// A call that the executor relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What may be called.
    pub target: Address,
    /// Which function; zero: a plain transfer.
    pub selector: FixedBytes<4>,
    /// Wei at most.
    pub value_cap: U256,
}

/// What an executor relays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Calls; none: whatever the account's own policy allows.
    pub calls: Option<Vec<Call>>,
    /// Authors; none: everybody with a certificate.
    pub authors: Option<BTreeSet<IdentityId>>,
}

/// Content is an action only by its content type.
///
/// # Errors
/// [`Refusal::NotAnAction`] for every other type, whatever its bytes.
pub const fn require_action(kind: ContentType) -> Result<(), Refusal> {
    match kind {
        ContentType::Action => Ok(()),
        other => Err(Refusal::NotAnAction(other)),
    }
}

impl Policy {
    /// Whether an author is served at all.
    ///
    /// # Errors
    /// [`Refusal::AuthorNotServed`].
    pub fn serves(&self, author: IdentityId) -> Result<(), Refusal> {
        match &self.authors {
            Some(served) if !served.contains(&author) => Err(Refusal::AuthorNotServed),
            _ => Ok(()),
        }
    }

    /// First step: what the executor knows by itself.
    ///
    /// # Errors
    /// [`Refusal`]: author, key, account, call, value or gas.
    pub fn admit(&self, authors: &Authors, author: IdentityId, facts: Facts) -> Result<Admitted, Refusal> {
        self.serves(author)?;
        let certified = authors.key(author, facts.signer)?.account;
        if facts.account != certified {
            return Err(Refusal::OtherAccount { found: facts.account, certified });
        }
        self.call(&facts)?;
        if facts.gas_limit > MAX_GAS {
            return Err(Refusal::GasTooHigh { asked: facts.gas_limit, most: MAX_GAS });
        }
        Ok(Admitted(facts))
    }

    /// Whether a call is relayed that carries its own leave, as a consent does.
    ///
    /// # Errors
    /// [`Refusal::AuthorNotServed`], [`Refusal::CallNotServed`].
    pub fn relays(&self, author: IdentityId, target: Address, selector: FixedBytes<4>) -> Result<(), Refusal> {
        self.serves(author)?;
        self.listed(target, selector, U256::ZERO)
    }

    fn call(&self, facts: &Facts) -> Result<(), Refusal> {
        self.listed(facts.target, facts.selector, facts.value)
    }

    fn listed(&self, target: Address, selector: FixedBytes<4>, value: U256) -> Result<(), Refusal> {
        let Some(calls) = &self.calls else { return Ok(()) };
        let served = calls.iter().find(|call| call.target == target && call.selector == selector);
        let cap = served.ok_or(Refusal::CallNotServed { target, selector })?.value_cap;
        if value > cap { Err(Refusal::ValueTooHigh { value, cap }) } else { Ok(()) }
    }
}

/// What the chain says of the key at its head.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Who enrolled it.
    pub account: Address,
    /// In force from this second on.
    pub from: u64,
    /// Until before this one.
    pub until: u64,
    /// Revoked for ever.
    pub revoked: bool,
    /// The key.
    pub public: TriggerPublic,
}

/// What the chain says at its head.
#[derive(Clone, Debug)]
pub struct OnChain {
    /// The second of the next block at the earliest.
    pub now: u64,
    /// The key, if it was ever enrolled.
    pub key: Option<Enrolled>,
    /// The next sequence of the action's lane.
    pub next: u64,
    /// Whether the chain verifies ML-DSA: the answer to a probe.
    pub precompile: bool,
}

/// The executor's own rules allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted(Facts);

impl Admitted {
    /// What it is.
    pub const fn facts(&self) -> &Facts {
        &self.0
    }

    /// Second step: what the chain knows, and the signature.
    ///
    /// # Errors
    /// [`Refusal`]: key, time, nonce, signature, or a chain that cannot verify it.
    pub fn verify(
        self,
        suite: &dyn Suite,
        signature: &[u8; DSA87_SIGNATURE],
        chain: &OnChain,
    ) -> Result<Verified, Refusal> {
        let facts = &self.0;
        let enrolled = chain
            .key
            .as_ref()
            .filter(|key| key.account == facts.account && !key.revoked && (key.from..key.until).contains(&chain.now));
        let key = enrolled.ok_or(Refusal::NotEnrolled(facts.signer))?;
        if chain.now < facts.valid_after {
            return Err(Refusal::NotYetValid { from: facts.valid_after, now: chain.now });
        }
        if chain.now > facts.valid_until {
            return Err(Refusal::Expired { until: facts.valid_until, now: chain.now });
        }
        let (sequence, next) = (facts.sequence(), chain.next);
        if sequence < next {
            return Err(Refusal::Replay { sequence, next });
        }
        if sequence > next {
            return Err(Refusal::NotNext { sequence, next });
        }
        if !key.public.verify(suite, &statement(facts), signature) {
            return Err(Refusal::BadSignature);
        }
        if chain.precompile { Ok(Verified(self.0)) } else { Err(Refusal::NoPrecompile) }
    }
}

/// How a simulation at the head ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simulated {
    /// The account would do it.
    Executes,
    /// It would run and its call fail.
    Fails(String),
    /// The contract would refuse.
    Reverts(String),
    /// The contract would refuse: no rule of the policy is for this call.
    CallNotAllowed {
        /// What would be called.
        target: Address,
        /// Which function; zero: a plain transfer.
        selector: FixedBytes<4>,
    },
    /// The contract would refuse: more wei than the policy's cap.
    ValueAboveCap {
        /// The action's.
        value: U256,
        /// The cap.
        cap: u128,
    },
    /// The executor could not pay.
    Unfunded,
}

/// It is the key's, in time and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified(Facts);

impl Verified {
    /// What it is.
    pub const fn facts(&self) -> &Facts {
        &self.0
    }

    /// Third step: only what would be executed is submitted.
    ///
    /// # Errors
    /// [`Refusal`] for everything else.
    pub fn simulated(self, simulated: Simulated) -> Result<Cleared, Refusal> {
        match simulated {
            Simulated::Executes => Ok(Cleared(self.0)),
            Simulated::Fails(reason) => Err(Refusal::SimulationFails(reason)),
            Simulated::Reverts(reason) => Err(Refusal::SimulationReverts(reason)),
            Simulated::CallNotAllowed { target, selector } => Err(Refusal::CallNotAllowed { target, selector }),
            Simulated::ValueAboveCap { value, cap } => Err(Refusal::ValueAboveCap { value, cap }),
            Simulated::Unfunded => Err(Refusal::Unfunded),
        }
    }
}

/// It may be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared(Facts);

impl Cleared {
    /// What it is.
    pub const fn facts(&self) -> &Facts {
        &self.0
    }
}
