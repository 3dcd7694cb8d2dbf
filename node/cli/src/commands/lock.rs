//! `lock`, `lock show`

use alloy::primitives::{Address, U256};
use pars_bindings::{EligibilityRegistry, ParsToken, VotingEscrow, deployment::Deployment};
use serde_json::{Value, json};

use super::identity;
use crate::{
    args::{LockCommand, LockShow},
    chain::{Chain, Mined},
    context::Context,
    decimal::Decimal,
    error::Error,
    output::Report,
};

const DAY: u64 = 86_400;

/// `lock …`
pub async fn run(context: &Context, command: &LockCommand) -> Result<Report, Error> {
    match (&command.show, &command.amount, command.days) {
        (Some(LockShow::Show { account }), _, _) => show(context, *account).await,
        (None, Some(amount), Some(days)) => create(context, amount, days, command.register).await,
        _ => Err(Error::Usage("give --amount and --days".into())),
    }
}

async fn create(context: &Context, amount: &Decimal, days: u32, register: bool) -> Result<Report, Error> {
    let chain = context.signing().await?;
    let deployment = context.deployment(chain.id())?;
    let account = chain.account()?;
    let raw = U256::from(amount.raw(decimals(&chain, &deployment).await?)?);
    approve(&chain, &deployment, raw).await?;
    let duration = U256::from(u64::from(days) * DAY);
    let (mined, leaf) = if register {
        let commitment = match identity::leaf_of(&chain, &deployment, account).await? {
            Some(leaf) if context.home.secret(chain.id(), account, leaf.commitment)?.is_some() => leaf.commitment,
            _ => identity::first_or_new(&context.home, chain.id(), account)?,
        };
        let call = VotingEscrow::createLock_1Call { amount: raw, duration, commitment: commitment.word() };
        let mined = chain.send(deployment.voting_escrow, &call).await?;
        let set: EligibilityRegistry::LeafSet = mined.event(deployment.eligibility_registry)?;
        (mined, json!({"index": set.index, "commitment": commitment.bytes()}))
    } else {
        let call = VotingEscrow::createLock_0Call { amount: raw, duration };
        (chain.send(deployment.voting_escrow, &call).await?, Value::Null)
    };
    let created: VotingEscrow::LockCreated = mined.event(deployment.voting_escrow)?;
    Ok(created_report(&created, amount, leaf, &mined))
}

fn created_report(created: &VotingEscrow::LockCreated, amount: &Decimal, leaf: Value, mined: &Mined) -> Report {
    let end: u64 = created.end.saturating_to();
    let anonymous = match leaf.get("index") {
        Some(index) => format!("\nRegistered as leaf {index}: it may sit anonymously in sittings opened from now on."),
        None => String::new(),
    };
    let text = format!("Locked {amount} PARS of {} until {end}.{anonymous}", created.account);
    let document = json!({
        "account": created.account, "amount": created.amount.to_string(), "end": end, "leaf": leaf,
        "transaction": mined.json(),
    });
    Report::new(document, text)
}

/// Allows the escrow to take exactly this amount, where it may not yet.
async fn approve(chain: &Chain, deployment: &Deployment, amount: U256) -> Result<(), Error> {
    let (owner, spender) = (chain.account()?, deployment.voting_escrow);
    let allowed = chain.call(deployment.pars, &ParsToken::allowanceCall { owner, spender }).await?;
    if allowed < amount {
        chain.send(deployment.pars, &ParsToken::approveCall { spender, value: amount }).await?;
    }
    Ok(())
}

/// The token's decimals.
pub async fn decimals(chain: &Chain, deployment: &Deployment) -> Result<u8, Error> {
    chain.call(deployment.pars, &ParsToken::decimalsCall {}).await
}

async fn show(context: &Context, account: Option<Address>) -> Result<Report, Error> {
    let chain = context.reader().await?;
    let deployment = context.deployment(chain.id())?;
    let account = context.account(account, chain.id())?;
    let lock = chain.call(deployment.voting_escrow, &VotingEscrow::lockInfoCall { account }).await?;
    let power = chain.call(deployment.voting_escrow, &VotingEscrow::votingPowerCall { account }).await?;
    let leaf = identity::leaf_of(&chain, &deployment, account).await?;
    let (decimals, end): (u8, u64) = (decimals(&chain, &deployment).await?, lock.end.saturating_to());
    let written = |raw: U256| Decimal::from_raw(raw.saturating_to(), decimals);
    let registered = leaf.map(
        |l| json!({"index": l.index, "commitment": l.commitment.bytes(), "weight": l.weight.to_string(), "end": l.end}),
    );
    let document = json!({
        "account": account, "amount": lock.amount.to_string(), "end": end, "power": power.to_string(), "leaf": registered,
    });
    let text = match lock.amount.is_zero() {
        true => format!("{account} has no lock."),
        false => format!("{account} locked {} PARS until {end}, power now {}.", written(lock.amount), written(power)),
    };
    Ok(Report::new(document, text))
}
