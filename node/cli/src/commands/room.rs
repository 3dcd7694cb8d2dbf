//! `room …`

mod create;
mod host;
mod list;
mod manage;
mod order;
mod slot;

use crate::{args::RoomCommand, context::Context, error::Error, output::Report};

/// `room …`
pub async fn run(context: &Context, command: &RoomCommand) -> Result<Report, Error> {
    match command {
        RoomCommand::Create(arguments) => create::run(context, arguments).await,
        RoomCommand::Slot(arguments) => slot::run(context, arguments).await,
        RoomCommand::List => list::all(context).await,
        RoomCommand::Show { room } => list::one(context, *room).await,
        RoomCommand::Sitting(command) => manage::sitting(context, command).await,
        RoomCommand::Host(arguments) => host::run(context, arguments).await,
        RoomCommand::Order(arguments) => order::run(context, arguments).await,
        RoomCommand::Member(command) => manage::member(context, *command).await,
        RoomCommand::Moderator(command) => manage::moderator(context, *command).await,
    }
}
