//! `session.create`, `session.list`, `session.close`.

use std::time::Duration;

use pars_engine::io::{Conversation, Event};
use pars_engine::{Command, CommandId};
use pars_identity::IdentityId;
use pars_identity::link::Link;
use pars_proto::onion::packet::HOPS;
use pars_rpc::session::{CloseSession, CreateSession, ListSessions, Session};
use pars_rpc::{Code, RpcError, SessionId};
use pars_wire::codec::Day;

use super::Context;
use super::answer::{Answers, stopped};
use super::render;
use crate::{clock, random};

/// How long the network is waited for before a lookup.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a command's outcome is waited for.
pub(super) const OUTCOME: Duration = Duration::from_secs(45);

/// Give a command and wait for its outcome; late, the command goes on.
///
/// # Errors
/// The command's, or [`Code::Timeout`].
pub(super) async fn outcome<T: Send + 'static>(
    context: &Context,
    id: CommandId,
    command: Command,
    mut pick: impl FnMut(&Event) -> Option<Result<T, RpcError>> + Send + 'static,
) -> Result<T, RpcError> {
    let pick = move |event: &Event| match event {
        Event::Refused { command, error } if *command == id => Some(Err(render::refused(error))),
        event => pick(event),
    };
    let outcome = tokio::time::timeout(OUTCOME, context.handle.outcome(id, command, pick)).await;
    outcome.map_err(|_| RpcError::from(Code::Timeout))?.map_err(stopped)?
}

/// Give a command whose effect is durable when it is done.
///
/// # Errors
/// As [`outcome`].
pub(super) async fn done(context: &Context, command: Command) -> Result<(), RpcError> {
    let id = CommandId(random::bytes());
    outcome(context, id, command, move |event| match event {
        Event::Done { command } if *command == id => Some(Ok(())),
        _ => None,
    })
    .await
}

/// One conversation; none if there is none with this account.
///
/// # Errors
/// There is no identity.
pub(super) async fn find(context: &Context, peer: IdentityId) -> Result<Option<Conversation>, RpcError> {
    let all = context.handle.read(|node| node.member().map(|member| member.conversations())).await.map_err(stopped)?;
    Ok(all.ok_or(Code::NoIdentity)?.into_iter().find(|conversation| conversation.peer == peer))
}

async fn shown(context: &Context, peer: IdentityId) -> Result<Session, RpcError> {
    find(context, peer).await?.as_ref().map(render::conversation).ok_or_else(|| Code::UnknownSession.into())
}

/// A session's id as the engine's.
pub(super) const fn peer(session: SessionId) -> IdentityId {
    IdentityId(session.0)
}

fn link(text: &str) -> Result<Link, RpcError> {
    let refuse = |sentence: String| RpcError::new(Code::InvalidParams, sentence);
    if text.starts_with("05") {
        return text
            .parse()
            .map(|id| Link { id, check: None })
            .map_err(|e: pars_identity::id::IdError| refuse(e.to_string()));
    }
    text.parse().map_err(|e: pars_identity::link::LinkError| refuse(e.to_string()))
}

/// Until enough nodes are known for a path.
async fn connected(context: &Context) -> Result<(), RpcError> {
    let today = Day::at(clock::wall());
    let known = context.handle.known(|view| view.relays(today).len() >= HOPS);
    match tokio::time::timeout(CONNECT, known).await {
        Ok(known) => known.map_err(stopped),
        Err(_) => {
            let sentence = "too few nodes are known to look anybody up; status.get says what is missing";
            Err(RpcError::new(Code::NotConnected, sentence))
        }
    }
}

impl Answers for CreateSession {
    async fn answer(self, context: &Context) -> Result<Session, RpcError> {
        let link = link(&self.recipient)?;
        let known = find(context, link.id).await?;
        if known.is_some_and(|known| known.ratchet.is_some() && (known.verified || link.check.is_none())) {
            return shown(context, link.id).await;
        }
        connected(context).await?;
        let pick = move |event: &Event| match event {
            Event::Opened { contact, .. } if *contact == link.id => Some(Ok(())),
            Event::NotOpened { contact, error } if *contact == link.id => Some(Err(render::not_opened(error))),
            _ => None,
        };
        outcome(context, CommandId(random::bytes()), Command::Open(link), pick).await?;
        shown(context, link.id).await
    }
}

impl Answers for ListSessions {
    async fn answer(self, context: &Context) -> Result<Vec<Session>, RpcError> {
        let read = context
            .handle
            .read(|node| node.member().map(|member| member.conversations().iter().map(render::conversation).collect()));
        read.await.map_err(stopped)?.ok_or_else(|| Code::NoIdentity.into())
    }
}

impl Answers for CloseSession {
    async fn answer(self, context: &Context) -> Result<Session, RpcError> {
        done(context, Command::Close(peer(self.session))).await?;
        shown(context, peer(self.session)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_a_bare_id_or_a_link_and_nothing_else() {
        let id = format!("05{}", "ab".repeat(32));
        assert_eq!(link(&id).unwrap().check, None);
        let with = format!("pars://session/{id}?b={}", "0".repeat(32));
        assert_eq!(link(&with).unwrap().check, Some([0; 16]));
        for other in ["", "05", "http://example/05", "07"] {
            assert_eq!(link(other).unwrap_err().known(), Some(Code::InvalidParams), "{other}");
        }
    }
}
