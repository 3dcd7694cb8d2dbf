//! What one subscriber is told: messages received and gaps behind its cursor out of the durable history, then what happens.
//!
//! The live events are taken before the history is read, so nothing falls between them; a message that came both ways is told
//! once. A subscriber that is too far behind is cut off: whatever is durable is told again when it comes back.

use std::sync::Arc;

use pars_engine::Node;
use pars_engine::io::{Direction, Entry, Event as Happened};
use pars_identity::IdentityId;
use pars_rpc::Code;
use pars_rpc::RpcError;
use pars_rpc::event::{Event, Subscribe};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::answer::stopped;
use super::render;
use crate::driver::{Handle, Stopped};

/// Messages read at once.
const PAGE: usize = 64;

/// Why a subscription ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// It reads too slowly.
    #[error("the subscriber is too slow; connect again, nothing durable is lost")]
    Slow,
    /// See [`Stopped`].
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// A page of the history; empty at its end.
    Page(Vec<Entry>),
    /// Something that happened.
    Live(Arc<Happened>),
}

/// One subscription.
#[derive(Debug)]
pub struct Subscription {
    handle: Handle,
    live: Receiver<Arc<Happened>>,
    last: u64,
    replaying: bool,
}

impl Subscription {
    /// Begin.
    ///
    /// # Errors
    /// There is no identity yet.
    pub async fn begin(handle: Handle, subscribe: Subscribe) -> Result<Self, RpcError> {
        let live = handle.events();
        let acknowledged = handle.read(|node| node.member().map(|member| member.acknowledged()));
        let acknowledged = acknowledged.await.map_err(stopped)?.ok_or(Code::NoIdentity)?;
        let last = subscribe.after.unwrap_or(acknowledged);
        Ok(Self { handle, live, last, replaying: true })
    }

    /// Wait for what comes next. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn next(&mut self) -> Result<Step, Ended> {
        if self.replaying {
            let after = self.last;
            let page = self.handle.read(move |node| page(node, after)).await?;
            return Ok(Step::Page(page));
        }
        match self.live.recv().await {
            Ok(event) => Ok(Step::Live(event)),
            Err(RecvError::Lagged(_)) => Err(Ended::Slow),
            Err(RecvError::Closed) => Err(Stopped.into()),
        }
    }

    /// What the subscriber is told of it.
    ///
    /// # Errors
    /// [`Ended::Stopped`].
    pub async fn tell(&mut self, step: Step) -> Result<Vec<Event>, Ended> {
        match step {
            Step::Page(page) => {
                self.replaying = !page.is_empty();
                self.last = page.last().map_or(self.last, |entry| entry.cursor);
                let received = page.iter().filter(|entry| entry.direction == Direction::Received);
                // Of a received message the sender is the peer.
                let event = |entry: &Entry| match entry.content_type {
                    Some(_) => Event::MessageReceived(render::message(entry.peer, entry)),
                    None => Event::Gap(render::message(entry.peer, entry)),
                };
                Ok(received.map(event).collect())
            }
            Step::Live(event) => self.live(&event).await,
        }
    }

    async fn live(&mut self, event: &Happened) -> Result<Vec<Event>, Ended> {
        Ok(match event {
            Happened::Received(message) if message.cursor > self.last => {
                self.last = message.cursor;
                let mut events = vec![Event::MessageReceived(render::received(message))];
                events.extend(self.session(message.from).await?);
                events
            }
            Happened::Gap(gap) if gap.cursor > self.last => {
                self.last = gap.cursor;
                let mut events = vec![Event::Gap(render::gap(gap))];
                events.extend(self.session(gap.from).await?);
                events
            }
            Happened::Queued { to, cursor, .. } => {
                let mut events: Vec<_> = self.updated(*to, *cursor).await?.into_iter().collect();
                events.extend(self.session(*to).await?);
                events
            }
            Happened::Stored { to, cursor, .. } | Happened::InsufficientStorage { to, cursor, .. } => {
                self.updated(*to, *cursor).await?.into_iter().collect()
            }
            Happened::Opened { contact, .. } | Happened::Confirmed { contact, .. } => {
                self.session(*contact).await?.into_iter().collect()
            }
            Happened::Published => vec![Event::Published {}],
            _ => Vec::new(),
        })
    }

    async fn updated(&self, peer: IdentityId, cursor: u64) -> Result<Option<Event>, Ended> {
        let read = self.handle.read(move |node| {
            let member = node.member()?;
            let page = member.history(cursor.saturating_sub(1), Some(peer), 1);
            let entry = page.first().filter(|entry| entry.cursor == cursor)?;
            Some(Event::MessageUpdated(render::message(member.identity().id(), entry)))
        });
        Ok(read.await?)
    }

    async fn session(&self, peer: IdentityId) -> Result<Option<Event>, Ended> {
        let read = self.handle.read(move |node| {
            let all = node.member()?.conversations();
            let found = all.iter().find(|conversation| conversation.peer == peer)?;
            Some(Event::SessionChanged(render::conversation(found)))
        });
        Ok(read.await?)
    }
}

fn page(node: &Node, after: u64) -> Vec<Entry> {
    node.member().map(|member| member.history(after, None, PAGE)).unwrap_or_default()
}
