//! `status`: how the session daemon does.

use pars_rpc::status::{GetStatus, Paused, State, Status};

use super::session::document;
use crate::{context::Context, error::Error, output::Report};

/// `status`
pub async fn run(context: &Context) -> Result<Report, Error> {
    let status = context.daemon()?.call(&GetStatus {}).await?;
    Ok(Report::new(document(&status)?, words(&status)))
}

/// What is wrong and what to do, in one sentence.
fn paused(of: &Paused) -> String {
    format!(
        "Paused   session {id} is read no further: {open} of its messages are open. Read them with: \
         parsctl session read --session {id} --mark",
        id = of.session,
        open = of.open,
    )
}

fn words(status: &Status) -> String {
    let state = match status.state {
        State::NoIdentity => "has no identity yet: parsctl session identity create",
        State::Connecting => "is connecting",
        State::Ready => "is ready",
        State::Degraded => "works, but few relays or operators hide it",
    };
    let step = if status.chain.synced { "in step" } else { "behind" };
    let relay = match &status.first_relay {
        Some(node) => format!("the first is {node}"),
        None => "no link to one stands".into(),
    };
    let mut lines = vec![
        format!("sessiond {} on {} (chain {}) {state}.", status.version, status.network, status.chain_id),
        format!("Chain    block {}, final {}, {step}", status.chain.head, status.chain.finalized),
        format!("Relays   {} described today, {relay}", status.relays),
        format!("Sending  {} objects not stored yet", status.outgoing),
        format!("Events   up to {}, acknowledged up to {}", status.cursor, status.acknowledged),
    ];
    lines.extend(status.paused.iter().map(paused));
    lines.extend(status.service.iter().map(|node| format!("Service  node {node}")));
    if status.executor {
        lines.push("Executor carries out actions".into());
    }
    lines.join("\n")
}
