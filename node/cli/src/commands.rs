//! The commands, one module each. They return reports; nothing here prints.

pub mod ceremony;
pub mod chain;
pub mod eligibility;
pub mod identity;
pub mod lock;
pub mod page;
pub mod peers;
pub mod recording;
pub mod room;
pub mod session;
pub mod status;
pub mod trigger;

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
        Command::Recording(command) => recording::run(&context, command).await,
        Command::Eligibility(command) => eligibility::run(&context, command).await,
        Command::Ceremony(command) => ceremony::run(command),
        Command::Session(command) => session::run(&context, command).await,
        Command::Trigger(command) => trigger::run(&context, command).await,
        Command::Status => status::run(&context).await,
        Command::Peers => peers::run(&context).await,
        Command::Page => page::run(&context),
    }
}
