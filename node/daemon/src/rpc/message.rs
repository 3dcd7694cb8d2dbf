//! `message.send`, `message.list`, `message.markRead`, `event.ack`.

use pars_crypto::secret::Zeroizing;
use pars_engine::io::Event;
use pars_engine::{Command, CommandId};
use pars_rpc::event::Ack;
use pars_rpc::id::ClientId;
use pars_rpc::message::{ListMessages, MAX_PAGE, MarkRead, Messages, SendMessage, Sent};
use pars_rpc::{Code, HexBytes, RpcError, SessionId};
use pars_wire::content::ContentType;

use super::Context;
use super::answer::{Answers, stopped};
use super::render;
use super::session::{done, find, outcome, peer};
use crate::random;

/// What to send.
pub(super) struct Content {
    pub(super) kind: ContentType,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Send; answered once the message is durable here.
pub(super) async fn send(
    context: &Context,
    session: SessionId,
    client_id: Option<ClientId>,
    content: Content,
) -> Result<Sent, RpcError> {
    let client_id = client_id.unwrap_or_else(|| HexBytes(random::bytes()));
    let id = CommandId(client_id.0);
    let command = Command::Send { to: peer(session), content_type: content.kind, content: content.bytes };
    let message = outcome(context, id, command, move |event| match event {
        Event::Queued { command, id: message, .. } if *command == id => Some(Ok(HexBytes(message.0))),
        _ => None,
    });
    Ok(Sent { id: message.await?, client_id })
}

impl Answers for SendMessage {
    async fn answer(self, context: &Context) -> Result<Sent, RpcError> {
        let bytes = Zeroizing::new(self.content.into_bytes());
        send(context, self.session, self.client_id, Content { kind: ContentType::Text, bytes }).await
    }
}

impl Answers for ListMessages {
    async fn answer(self, context: &Context) -> Result<Messages, RpcError> {
        let limit = self.limit.unwrap_or(MAX_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(RpcError::new(Code::InvalidParams, "a page has 1 to 256 messages"));
        }
        let limit = limit as usize;
        let with = peer(self.session);
        find(context, with).await?.ok_or(Code::UnknownSession)?;
        let (after, since) = (self.after, self.since);
        let read = context.handle.read(move |node| {
            let member = node.member()?;
            let own = member.identity().id();
            let page = member.history(after, Some(with), limit);
            let next = (page.len() == limit).then(|| page.last().map(|entry| entry.cursor)).flatten();
            let shown = page.iter().filter(|entry| entry.timestamp >= since);
            Some(Messages { messages: shown.map(|entry| render::message(own, entry)).collect(), next })
        });
        read.await.map_err(stopped)?.ok_or_else(|| Code::NoIdentity.into())
    }
}

impl Answers for MarkRead {
    async fn answer(self, context: &Context) -> Result<(), RpcError> {
        done(context, Command::MarkRead { with: peer(self.session), cursor: self.cursor }).await
    }
}

impl Answers for Ack {
    async fn answer(self, context: &Context) -> Result<(), RpcError> {
        done(context, Command::Acknowledge(self.cursor)).await
    }
}
