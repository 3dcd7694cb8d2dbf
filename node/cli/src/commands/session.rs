//! `session …`: identity, sessions and messages, as the daemon has them.

mod identity;
mod read;
pub(super) mod send;
mod tail;
mod words;

use pars_rpc::{
    SessionId,
    identity::GetIdentity,
    session::{CloseSession, CreateSession, ListSessions, Session},
};
use serde_json::{Value, json};

use crate::{args::SessionCommand, context::Context, daemon::Daemon, error::Error, output::Report};

/// `session …`
pub async fn run(context: &Context, command: &SessionCommand) -> Result<Report, Error> {
    match command {
        SessionCommand::Identity(command) => identity::run(context, *command).await,
        SessionCommand::Create { recipient } => create(context, recipient).await,
        SessionCommand::Send(text) => send::run(context, text).await,
        SessionCommand::List => list(context).await,
        SessionCommand::Read(what) => read::run(context, what).await,
        SessionCommand::Tail(tail) => tail::run(context, tail).await,
        SessionCommand::Close { session } => close(context, *session).await,
    }
}

async fn create(context: &Context, recipient: &str) -> Result<Report, Error> {
    let session = context.daemon()?.call(&CreateSession { recipient: recipient.to_owned() }).await?;
    let trust = if session.verified {
        "The link checked the whole identity."
    } else {
        "Only the id was checked: compare safety numbers, or ask for the other's link."
    };
    let text = format!("Session {} with {}.\n{trust}", session.id, session.peer);
    Ok(Report::new(document(&session)?, text))
}

async fn list(context: &Context) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    let sessions = daemon.call(&ListSessions {}).await?;
    let own = if sessions.iter().any(words::may_be_inbox) { own(&daemon).await } else { None };
    let lines: Vec<String> = sessions.iter().map(|session| words::session(session, own.as_deref())).collect();
    let text = if lines.is_empty() { "There is no session yet.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(json!({"sessions": document(&sessions)?}), text))
}

async fn close(context: &Context, session: SessionId) -> Result<Report, Error> {
    let closed: Session = context.daemon()?.call(&CloseSession { session }).await?;
    let text = format!("Closed session {} with {}; it still receives.", closed.id, closed.peer);
    Ok(Report::new(document(&closed)?, text))
}

/// Who the daemon speaks for: what it says of its inbox carries that name. Unknown, it is shown as it came.
async fn own(daemon: &Daemon) -> Option<String> {
    daemon.call(&GetIdentity {}).await.ok().map(|identity| identity.id)
}

/// An answer as the document it came as.
pub(in crate::commands) fn document(answer: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(|error| Error::DaemonWrong(error.to_string()))
}
