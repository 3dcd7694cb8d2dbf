//! The commands, one module each. They return reports; nothing here prints.

pub mod ceremony;
pub mod chain;
pub mod eligibility;
pub mod identity;
pub mod lock;
pub mod room;

use crate::{
    args::{Cli, Command},
    context::Context,
    error::Error,
    output::Report,
};

/// Runs one command.
pub async fn run(cli: &Cli) -> Result<Report, Error> {
    let context = Context::new(&cli.global)?;
    match &cli.command {
        Command::Chain(command) => chain::run(&context, command).await,
        Command::Lock(command) => lock::run(&context, command).await,
        Command::Register(command) => identity::register(&context, command).await,
        Command::Room(command) => room::run(&context, command).await,
        Command::Eligibility(command) => eligibility::run(&context, command).await,
        Command::Ceremony(command) => ceremony::run(command),
    }
}
