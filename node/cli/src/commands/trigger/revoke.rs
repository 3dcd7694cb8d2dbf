//! `trigger revoke`

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use pars_bindings::SessionTrigger;
use serde_json::json;

use super::account::{self, Account, Step};
use super::enrol::merge;
use crate::{context::Context, error::Error, files::trigger, output::Report};

/// `trigger revoke`
pub(super) async fn run(context: &Context, of: Address, key: Option<B256>) -> Result<Report, Error> {
    let chain = account::chain(context).await?;
    let contract = context.deployment(chain.id())?.session_trigger;
    let known = || trigger::enrolment(&context.home, chain.id(), of).map(|kept| kept.signer_id);
    let signer = key.map_or_else(known, Ok)?;
    let account = Account::find(&chain, of).await?;
    let data = SessionTrigger::revokeCall { signerId: signer }.abi_encode().into();
    let step = Step { to: contract, data, what: "revoke the trigger key" };
    let outcome = account.carry_out(vec![step]).await?;
    let mut document = json!({"account": of, "signerId": signer});
    merge(&mut document, outcome.json());
    Ok(Report::new(document, outcome.words(&format!("Trigger key {signer} is revoked for ever."))))
}
