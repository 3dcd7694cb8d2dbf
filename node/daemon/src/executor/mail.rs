//! Messages in and receipts out: what an executor needs of the daemon, and nothing else.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pars_crypto::hash::sha3;
use pars_crypto::secret::Zeroizing;
use pars_engine::io::{Direction, Entry, Event};
use pars_engine::{Command, CommandId};
use pars_identity::IdentityId;
use pars_identity::core::IdentityCore;
use pars_proto::session::PqAuth;
use pars_wire::content::ContentType;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::driver::{Handle, Stopped};

/// What a new author is told.
const GREETING: &str = "This is an executor: it carries out signed actions. Send them now.";

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its place in the history.
    pub cursor: u64,
    /// Who wrote it.
    pub from: IdentityId,
    /// Its id.
    pub id: [u8; 16],
    /// What it is.
    pub kind: ContentType,
    /// The content.
    pub content: Zeroizing<Vec<u8>>,
}

/// A piece of the history.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What arrived, by rising cursor.
    pub letters: Vec<Letter>,
    /// Cursor of the last entry looked at, whoever wrote it; none: there is nothing further.
    pub upto: Option<u64>,
}

/// The daemon as an executor sees it.
pub trait Mail: Send + Sync + 'static {
    /// The next entries of the history.
    fn after(&self, cursor: u64, limit: usize) -> impl Future<Output = Result<Page, Stopped>> + Send;
    /// The identity core of somebody who wrote to us.
    fn core(&self, of: IdentityId) -> impl Future<Output = Result<Option<IdentityCore>, Stopped>> + Send;
    /// Send a receipt; whether it is durable. The same id again is the same message.
    fn send(
        &self,
        id: CommandId,
        to: IdentityId,
        receipt: Vec<u8>,
    ) -> impl Future<Output = Result<bool, Stopped>> + Send;
    /// Answer somebody who wrote text while the session still waits for our first answer: actions need one before them. Once a
    /// handshake, and nothing to anybody else; whether nothing is left to be said.
    fn greet(&self, to: IdentityId) -> impl Future<Output = Result<bool, Stopped>> + Send;
    /// Messages up to here are dealt with.
    fn acknowledge(&self, cursor: u64) -> impl Future<Output = Result<(), Stopped>> + Send;
    /// Milliseconds since 1970.
    fn now(&self) -> u64;
    /// Until a message arrives, or so long.
    fn wait(&mut self, at_most: Duration) -> impl Future<Output = Result<(), Stopped>> + Send;
}

/// The daemon's own.
#[derive(Debug)]
pub struct HandleMail {
    handle: Handle,
    events: broadcast::Receiver<Arc<Event>>,
}

impl HandleMail {
    /// From now on.
    pub fn new(handle: Handle) -> Self {
        let events = handle.events();
        Self { handle, events }
    }

    /// Give a message to the engine; whether it is durable.
    async fn queued(
        &self,
        id: CommandId,
        to: IdentityId,
        content_type: ContentType,
        content: Zeroizing<Vec<u8>>,
    ) -> Result<bool, Stopped> {
        let outcome = move |event: &Event| match event {
            Event::Queued { command, .. } if *command == id => Some(true),
            Event::Refused { command, error } if *command == id => {
                tracing::debug!(%error, "answer not sent; tried again");
                Some(false)
            }
            _ => None,
        };
        self.handle.outcome(id, Command::Send { to, content_type, content }, outcome).await
    }
}

impl Mail for HandleMail {
    async fn after(&self, cursor: u64, limit: usize) -> Result<Page, Stopped> {
        let page = move |node: &pars_engine::Node| {
            let entries = node.member().map(|member| member.history(cursor, None, limit)).unwrap_or_default();
            let upto = entries.last().map(|entry| entry.cursor);
            let received = entries.into_iter().filter(|entry| entry.direction == Direction::Received);
            // A gap is nothing that could be acted upon.
            let letters = received.filter_map(|entry| {
                let Entry { cursor, peer: from, id, content_type, content, .. } = entry;
                Some(Letter { cursor, from, id: id.0, kind: content_type?, content })
            });
            Page { letters: letters.collect(), upto }
        };
        self.handle.read(page).await
    }

    async fn core(&self, of: IdentityId) -> Result<Option<IdentityCore>, Stopped> {
        self.handle.read(move |node| node.member().and_then(|member| member.core(of))).await
    }

    async fn send(&self, id: CommandId, to: IdentityId, receipt: Vec<u8>) -> Result<bool, Stopped> {
        self.queued(id, to, ContentType::ActionReceipt, Zeroizing::new(receipt)).await
    }

    async fn greet(&self, to: IdentityId) -> Result<bool, Stopped> {
        let waiting = move |node: &pars_engine::Node| {
            let conversations = node.member().map(pars_engine::member::Member::conversations).unwrap_or_default();
            let with =
                conversations.into_iter().find(|conversation| conversation.peer == to && !conversation.closed)?;
            with.ratchet.filter(|_| with.pq_auth == Some(PqAuth::Pending))
        };
        let Some(ratchet) = self.handle.read(waiting).await? else { return Ok(true) };
        // The same handshake gives the same command, so a restart says nothing twice.
        let mut id = [0; 16];
        id.copy_from_slice(&sha3(&[b"executor greeting", &ratchet.0])[..16]);
        let content = Zeroizing::new(GREETING.as_bytes().to_vec());
        self.queued(CommandId(id), to, ContentType::Text, content).await
    }

    async fn acknowledge(&self, cursor: u64) -> Result<(), Stopped> {
        let id = CommandId(crate::random::bytes());
        self.handle.command(id, Command::Acknowledge(cursor)).await
    }

    fn now(&self) -> u64 {
        crate::clock::milliseconds()
    }

    async fn wait(&mut self, at_most: Duration) -> Result<(), Stopped> {
        let arrived = async {
            loop {
                match self.events.recv().await {
                    Ok(event) if matches!(*event, Event::Received(_)) => return Ok(()),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Ok(()),
                    Err(RecvError::Closed) => return Err(Stopped),
                }
            }
        };
        tokio::time::timeout(at_most, arrived).await.unwrap_or(Ok(()))
    }
}
