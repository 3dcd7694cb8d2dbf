//! `trigger enrol`: the daemon certifies whose key it is, the account lets the contract act and enrols the key.

use alloy::{
    primitives::{B256, Bytes},
    sol_types::SolCall,
};
use pars_bindings::{
    SessionTrigger,
    typed::{enrol_hash, seconds40, trigger_domain},
};
use pars_crypto::trigger::Statement;
use pars_rpc::{HexBytes, trigger::Certify};
use serde_json::json;

use super::account::{self, Account, Step};
use crate::{
    args::Enrol,
    chain::Chain,
    context::Context,
    error::Error,
    files::{
        home::Home,
        trigger::{self, Enrolment, TriggerKey},
    },
    output::Report,
};

const DAY: u64 = 86_400;

/// `trigger enrol`
pub(super) async fn run(context: &Context, arguments: &Enrol) -> Result<Report, Error> {
    let chain = account::chain(context).await?;
    let contract = context.deployment(chain.id())?.session_trigger;
    let account = Account::find(&chain, arguments.account).await?;
    let key = chosen(&context.home, arguments.key)?;
    let policy = policy(&chain, arguments).await?;
    // First of all: without a certificate no executor takes the key's actions, and this costs nothing.
    let certificate = certify(context, &chain, arguments, key.signer).await?;
    let mut steps = Vec::new();
    if !account.has_module(contract).await? {
        steps.push(account.enable(contract));
    }
    let signer = SessionTrigger::signerOfCall { signerId: key.signer };
    let there = chain.call(contract, &signer).await?.account;
    let data = match there {
        there if there == arguments.account => {
            SessionTrigger::setPolicyCall { signerId: key.signer, policy: policy.clone() }.abi_encode()
        }
        there if there.is_zero() => {
            let domain = trigger_domain(chain.id(), contract);
            let hash = enrol_hash(arguments.account, key.signer);
            let possession = key.sign(&Statement::enrol(&domain.hash_struct().0, &hash.0))?;
            let call = SessionTrigger::enrolCall { publicKey: key.public(), policy: policy.clone(), possession };
            call.abi_encode()
        }
        there => {
            let message = format!("the key is enrolled for {there} already; make another one with trigger key");
            return Err(Error::refused("already_enrolled", message));
        }
    };
    steps.push(Step { to: contract, data: data.into(), what: "enrol the trigger key under this policy" });
    let outcome = account.carry_out(steps).await?;
    let (chain_id, signer_id) = (chain.id(), key.signer);
    let kept = Enrolment { chain_id, trigger: contract, account: arguments.account, signer_id, certificate };
    trigger::keep(&context.home, &kept)?;
    let mut document = json!({
        "account": arguments.account, "kind": account.kind.name(), "signerId": signer_id, "trigger": contract,
        "validUntil": policy.validUntil.to::<u64>(),
    });
    merge(&mut document, outcome.json());
    let done = format!("Trigger key {signer_id}\nacts for {} within its policy.", arguments.account);
    Ok(Report::new(document, outcome.words(&done)))
}

/// Puts the members of one object into another.
pub(super) fn merge(into: &mut serde_json::Value, from: serde_json::Value) {
    if let (Some(into), serde_json::Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

fn chosen(home: &Home, named: Option<B256>) -> Result<TriggerKey, Error> {
    match (named, trigger::list(home)?.as_slice()) {
        (Some(signer), _) => trigger::load(home, signer),
        (None, [only]) => trigger::load(home, *only),
        (None, []) => Err(Error::refused("no_trigger_key", "this home has no trigger key; make one with trigger key")),
        (None, several) => {
            Err(Error::Usage(format!("this home has {} trigger keys; name one by --key", several.len())))
        }
    }
}

async fn policy(chain: &Chain, arguments: &Enrol) -> Result<SessionTrigger::Policy, Error> {
    let until = chain.next_time().await?.saturating_add(u64::from(arguments.days) * DAY);
    let rule = |call: &crate::args::Allowed| SessionTrigger::Rule { target: call.target, selector: call.selector };
    Ok(SessionTrigger::Policy {
        rules: arguments.allow.iter().map(rule).collect(),
        valueCap: arguments.value_cap,
        perPeriod: arguments.per_period,
        period: arguments.period,
        validUntil: seconds40(until).ok_or_else(|| Error::Usage("--days is too far ahead".into()))?,
    })
}

async fn certify(context: &Context, chain: &Chain, arguments: &Enrol, signer: B256) -> Result<Bytes, Error> {
    let trigger = context.deployment(chain.id())?.session_trigger;
    let call = Certify {
        chain_id: chain.id(),
        trigger: HexBytes(trigger.into_array()),
        account: HexBytes(arguments.account.into_array()),
        signer_id: HexBytes(signer.0),
    };
    let answer = context.daemon()?.call(&call).await?;
    let wrong = |_| Error::DaemonWrong("its certificate is no hexadecimal".into());
    alloy::hex::decode(&answer.certificate).map(Bytes::from).map_err(wrong)
}
