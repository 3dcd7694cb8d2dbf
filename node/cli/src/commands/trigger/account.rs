//! The account that acts, a Safe or a minimal one: what it is, and how it does something.
//!
//! A Safe with a threshold of one acts by a transaction of an owner; with a higher one, what is to be done is printed, to
//! be proposed to its owners.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use pars_bindings::{
    MinimalAccount,
    deployment::minimal_account,
    safe::{Safe, call_by_owner},
};
use serde_json::{Value, json};

use crate::{
    args::AccountCommand,
    chain::{Chain, Mined},
    context::Context,
    error::Error,
    output::Report,
};

/// `trigger account …`
pub(super) async fn run(context: &Context, command: AccountCommand) -> Result<Report, Error> {
    let AccountCommand::Deploy = command;
    let chain = context.signing().await?;
    let owner = chain.account()?;
    let code = minimal_account(owner).map_err(|e| Error::Deployment(e.to_string()))?;
    let mined = chain.create(code).await?;
    let account = mined.created.ok_or_else(|| Error::Deployment("no contract was made".into()))?;
    let text = format!("Deployed account {account}, owned by {owner}.");
    Ok(Report::new(json!({"account": account, "owner": owner, "transaction": mined.json()}), text))
}

/// The chain with the signer if one is named; what only prints needs none.
pub(super) async fn chain(context: &Context) -> Result<Chain, Error> {
    match context.signing().await {
        Err(Error::NoSigner) => context.reader().await,
        other => other,
    }
}

/// What kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Minimal,
    Safe { threshold: U256 },
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Safe { .. } => "safe",
        }
    }
}

/// Something an account is to do.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Whom the account calls.
    pub(super) to: Address,
    /// With what.
    pub(super) data: Bytes,
    /// For people.
    pub(super) what: &'static str,
}

/// What became of the steps.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Done, each in a transaction.
    Done(Vec<Mined>),
    /// To be proposed to the owners.
    Propose(Vec<Step>),
}

/// An account on chain.
pub(super) struct Account<'a> {
    chain: &'a Chain,
    address: Address,
    pub(super) kind: Kind,
}

impl<'a> Account<'a> {
    /// Looks at an address.
    pub(super) async fn find(chain: &'a Chain, address: Address) -> Result<Self, Error> {
        let none = |what: &str| Err(Error::refused("no_module_account", format!("{address} {what}")));
        if chain.code(address).await?.is_empty() {
            return none("has no code: use a Safe, or an account of trigger account deploy");
        }
        if let Some(owner) = answer(chain.call(address, &MinimalAccount::OWNERCall {}).await)? {
            return match chain.account() {
                Ok(signer) if signer != owner => none(&format!("is owned by {owner}, who must sign")),
                _ => Ok(Self { chain, address, kind: Kind::Minimal }),
            };
        }
        match answer(chain.call(address, &Safe::getThresholdCall {}).await)? {
            Some(threshold) if !threshold.is_zero() => Ok(Self { chain, address, kind: Kind::Safe { threshold } }),
            _ => none("is neither a Safe nor a minimal account"),
        }
    }

    /// Whether a module may act for it.
    pub(super) async fn has_module(&self, module: Address) -> Result<bool, Error> {
        match self.kind {
            Kind::Minimal => self.chain.call(self.address, &MinimalAccount::isModuleEnabledCall { module }).await,
            Kind::Safe { .. } => self.chain.call(self.address, &Safe::isModuleEnabledCall { module }).await,
        }
    }

    /// The step that lets a module act.
    pub(super) fn enable(&self, module: Address) -> Step {
        let data = match self.kind {
            Kind::Minimal => MinimalAccount::setModuleCall { module, on: true }.abi_encode(),
            Kind::Safe { .. } => Safe::enableModuleCall { module }.abi_encode(),
        };
        Step { to: self.address, data: data.into(), what: "let the trigger contract act for the account" }
    }

    /// Does the steps in order, or gives them back if more than one owner must agree.
    pub(super) async fn carry_out(&self, steps: Vec<Step>) -> Result<Outcome, Error> {
        if let Kind::Safe { threshold } = self.kind {
            if threshold > U256::ONE {
                return Ok(Outcome::Propose(steps));
            }
            let owner = self.chain.account()?;
            if !self.chain.call(self.address, &Safe::isOwnerCall { owner }).await? {
                return Err(Error::refused("not_owner", format!("{owner} is no owner of the Safe {}", self.address)));
            }
        }
        let mut done = Vec::new();
        for step in steps {
            done.push(self.act(step).await?);
        }
        Ok(Outcome::Done(done))
    }

    async fn act(&self, Step { to, data, .. }: Step) -> Result<Mined, Error> {
        match self.kind {
            Kind::Safe { .. } => {
                let call = call_by_owner(self.chain.account()?, to, data);
                self.chain.send(self.address, &call).await
            }
            // What the owner calls on the account itself is not the account's own call.
            Kind::Minimal if to == self.address => self.chain.send_raw(to, data).await,
            Kind::Minimal => {
                let call = MinimalAccount::executeCall { to, value: U256::ZERO, data };
                self.chain.send(self.address, &call).await
            }
        }
    }
}

/// A contract that refuses or answers something else is of another kind; a chain out of reach is a failure.
fn answer<T>(asked: Result<T, Error>) -> Result<Option<T>, Error> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Reverted { .. } | Error::Deployment(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Outcome {
    /// For a document.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Done(mined) => json!({"transactions": mined.iter().map(Mined::json).collect::<Vec<_>>()}),
            Self::Propose(steps) => {
                let call = |step: &Step| json!({"to": step.to, "value": "0", "data": step.data, "operation": 0});
                json!({"propose": steps.iter().map(call).collect::<Vec<_>>()})
            }
        }
    }

    /// For people.
    pub(super) fn words(&self, done: &str) -> String {
        match self {
            Self::Done(_) => done.to_owned(),
            Self::Propose(steps) => {
                let line = |step: &Step| format!("{}:\nto   {}\ndata {}", step.what, step.to, step.data);
                let lines: Vec<String> = steps.iter().map(line).collect();
                format!("More than one owner must agree. Propose to the Safe, in this order:\n{}", lines.join("\n"))
            }
        }
    }
}
