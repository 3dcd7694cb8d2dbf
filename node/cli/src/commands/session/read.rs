//! `session read`: a session's messages, page by page.

use pars_rpc::{
    SessionId,
    event::Ack,
    message::{Delivery, Direction, GAP, ListMessages, MAX_PAGE, MarkRead, Message},
    session::ListSessions,
    status::GetStatus,
};
use serde_json::json;

use super::{document, own, words};
use crate::{
    args::ReadMessages,
    context::Context,
    daemon::Daemon,
    error::Error,
    output::{self, Report},
};

/// `session read`
pub(super) async fn run(context: &Context, what: &ReadMessages) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    let (messages, next) = pages(&daemon, what).await?;
    let own = if messages.iter().any(|message| message.kind == GAP) { own(&daemon).await } else { None };
    let lines: Vec<String> = messages.iter().map(|message| words::message(message, own.as_deref())).collect();
    let text = if lines.is_empty() { "There is no message.".to_owned() } else { lines.join("\n") };
    let report = Report::new(json!({"messages": document(&messages)?, "next": next}), text);
    let received = messages.iter().rev().find(|message| message.direction == Direction::Received);
    let (true, Some(last)) = (what.mark, received) else { return Ok(report) };
    // Only what could be printed is marked.
    if output::emit(&report, context.json()).is_ok() {
        daemon.call(&MarkRead { session: what.session, cursor: last.cursor }).await?;
        acknowledge(&daemon, what.session, last.cursor).await?;
    }
    Ok(Report::silent())
}

/// All messages, or as many as were wanted, and where to go on if there are more.
async fn pages(daemon: &Daemon, what: &ReadMessages) -> Result<(Vec<Message>, Option<u64>), Error> {
    let wanted = what.limit.unwrap_or(u32::MAX);
    let (mut messages, mut after) = (Vec::new(), what.after);
    loop {
        let left = wanted.saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
        let page = page(daemon, (what.session, after), left.min(MAX_PAGE)).await?;
        messages.extend(page.0);
        match page.1 {
            None => return Ok((messages, None)),
            Some(next) if messages.len() as u64 >= u64::from(wanted) => return Ok((messages, Some(next))),
            Some(next) => after = next,
        }
    }
}

async fn page(
    daemon: &Daemon,
    (session, after): (SessionId, u64),
    limit: u32,
) -> Result<(Vec<Message>, Option<u64>), Error> {
    let page = daemon.call(&ListMessages { session, after, since: 0, limit: Some(limit) }).await?;
    match page.next {
        Some(next) if next <= after => Err(Error::DaemonWrong("its pages do not go on".into())),
        next => Ok((page.messages, next)),
    }
}

/// Acknowledge what was printed. One cursor stands for all sessions, so it stops before what nobody has read in another one.
async fn acknowledge(daemon: &Daemon, printed: SessionId, last: u64) -> Result<(), Error> {
    let acknowledged = daemon.call(&GetStatus {}).await?.acknowledged;
    let mut upto = last;
    for other in daemon.call(&ListSessions {}).await? {
        if other.id != printed && other.unread > 0 {
            upto = upto.min(before_unread(daemon, other.id, (acknowledged, upto)).await?);
        }
    }
    if upto > acknowledged { daemon.call(&Ack { cursor: upto }).await } else { Ok(()) }
}

/// The last cursor up to `upto` with nothing unread of a session between it and `after`.
async fn before_unread(daemon: &Daemon, session: SessionId, (after, upto): (u64, u64)) -> Result<u64, Error> {
    let mut from = after;
    loop {
        let (messages, next) = page(daemon, (session, from), MAX_PAGE).await?;
        if let Some(unread) = messages.iter().find(|message| message.delivery == Delivery::Unread) {
            return Ok(upto.min(unread.cursor.saturating_sub(1)));
        }
        match next {
            Some(next) if next < upto => from = next,
            _ => return Ok(upto),
        }
    }
}
