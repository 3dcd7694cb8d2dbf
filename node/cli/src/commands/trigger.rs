//! `trigger …`: keys that act for an account on chain by messages in a session (ELIGIBILITY section 5).

mod account;
mod enrol;
mod revoke;
mod send;
mod status;

use serde_json::json;

use crate::{args::TriggerCommand, context::Context, error::Error, files::trigger, output::Report};

/// `trigger …`
pub async fn run(context: &Context, command: &TriggerCommand) -> Result<Report, Error> {
    match command {
        TriggerCommand::Key => key(context),
        TriggerCommand::Account(command) => account::run(context, *command).await,
        TriggerCommand::Enrol(arguments) => enrol::run(context, arguments).await,
        TriggerCommand::Send(arguments) => send::run(context, arguments).await,
        TriggerCommand::Status { session } => status::run(context, *session).await,
        TriggerCommand::Revoke { account, key } => revoke::run(context, *account, *key).await,
    }
}

fn key(context: &Context) -> Result<Report, Error> {
    let (key, path) = trigger::create(&context.home)?;
    let text =
        format!("Trigger key {}\nin {}; it can do nothing before an account enrols it.", key.signer, path.display());
    Ok(Report::new(json!({"signerId": key.signer, "file": path}), text))
}
