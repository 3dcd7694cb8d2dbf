//! `session read`: a session's messages, page by page.

use pars_rpc::message::{Direction, ListMessages, MAX_PAGE, MarkRead, Message};
use serde_json::json;

use super::{document, words};
use crate::{args::ReadMessages, context::Context, daemon::Daemon, error::Error, output::Report};

/// `session read`
pub(super) async fn run(context: &Context, what: &ReadMessages) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    let (messages, next) = pages(&daemon, what).await?;
    let received = messages.iter().rev().find(|message| message.direction == Direction::Received);
    if let (true, Some(last)) = (what.mark, received) {
        daemon.call(&MarkRead { session: what.session, cursor: last.cursor }).await?;
    }
    let lines: Vec<String> = messages.iter().map(words::message).collect();
    let text = if lines.is_empty() { "There is no message.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(json!({"messages": document(&messages)?, "next": next}), text))
}

/// All messages, or as many as were wanted, and where to go on if there are more.
async fn pages(daemon: &Daemon, what: &ReadMessages) -> Result<(Vec<Message>, Option<u64>), Error> {
    let wanted = what.limit.unwrap_or(u32::MAX);
    let (mut messages, mut after) = (Vec::new(), what.after);
    loop {
        let left = wanted.saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
        let limit = Some(left.min(MAX_PAGE));
        let page = daemon.call(&ListMessages { session: what.session, after, since: 0, limit }).await?;
        messages.extend(page.messages);
        match page.next {
            None => return Ok((messages, None)),
            Some(next) if messages.len() as u64 >= u64::from(wanted) => return Ok((messages, Some(next))),
            Some(next) if next <= after => return Err(Error::DaemonWrong("its pages do not go on".into())),
            Some(next) => after = next,
        }
    }
}
