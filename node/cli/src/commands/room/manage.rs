//! `room sitting …`, `room member …`, `room moderator …`

use alloy::{primitives::B256, sol_types::SolCall};
use pars_bindings::TownHall;
use serde_json::json;

use super::create;
use crate::{
    args::{MemberCommand, SittingCommand},
    chain::Mined,
    context::Context,
    error::Error,
    output::Report,
};

const HOUR: u64 = 3_600;
/// Length of a sitting where none is given.
const DEFAULT_HOURS: u64 = 3;

/// `room sitting …`
pub(super) async fn sitting(context: &Context, command: &SittingCommand) -> Result<Report, Error> {
    let chain = context.signing().await?;
    let town_hall = context.deployment(chain.id())?.town_hall;
    match *command {
        SittingCommand::Open { room, hours, ends_at } => {
            let span = hours.unwrap_or(DEFAULT_HOURS) * HOUR;
            let ends_at = match ends_at {
                Some(ends_at) => ends_at,
                None => chain.next_time().await?.saturating_add(span),
            };
            let call = TownHall::openSittingCall { roomId: room, endsAt: create::deadline(ends_at)? };
            let mined = chain.send(town_hall, &call).await?;
            Ok(opened(&mined, &mined.event(town_hall)?))
        }
        SittingCommand::Close { room } => {
            let mined = chain.send(town_hall, &TownHall::closeSittingCall { roomId: room }).await?;
            let closed: TownHall::SittingClosed = mined.event(town_hall)?;
            let document = json!({"roomId": room, "sittingId": closed.sittingId, "transaction": mined.json()});
            Ok(Report::new(document, format!("Closed sitting {} of room {room}.", closed.sittingId)))
        }
    }
}

fn opened(mined: &Mined, opened: &TownHall::SittingOpened) -> Report {
    let ends_at: u64 = opened.endsAt.to();
    let document = json!({
        "roomId": opened.roomId, "sittingId": opened.sittingId, "root": B256::from(opened.root),
        "threshold": opened.threshold.to_string(), "endsAt": ends_at, "metadataHash": opened.metadataHash,
        "transaction": mined.json(),
    });
    let text = format!("Opened sitting {} of room {} until {ends_at}.", opened.sittingId, opened.roomId);
    Report::new(document, text)
}

/// `room member …`
pub(super) async fn member(context: &Context, command: MemberCommand) -> Result<Report, Error> {
    change(context, command, "member", |room, account, on| TownHall::setMemberCall { roomId: room, account, on }).await
}

/// `room moderator …`
pub(super) async fn moderator(context: &Context, command: MemberCommand) -> Result<Report, Error> {
    change(context, command, "moderator", |room, account, on| TownHall::setModeratorCall { roomId: room, account, on })
        .await
}

async fn change<C: SolCall>(
    context: &Context,
    command: MemberCommand,
    role: &'static str,
    call: impl FnOnce(B256, alloy::primitives::Address, bool) -> C,
) -> Result<Report, Error> {
    let (room, account, on) = match command {
        MemberCommand::Add { room, account } => (room, account, true),
        MemberCommand::Remove { room, account } => (room, account, false),
    };
    let chain = context.signing().await?;
    let town_hall = context.deployment(chain.id())?.town_hall;
    let mined = chain.send(town_hall, &call(room, account, on)).await?;
    let document = json!({"roomId": room, "account": account, "role": role, "on": on, "transaction": mined.json()});
    let now = if on { "is now" } else { "is no longer" };
    Ok(Report::new(document, format!("{account} {now} a {role} of room {room}.")))
}
