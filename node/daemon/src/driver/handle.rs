//! How the rest of the process talks with the engine's owner.

use std::sync::Arc;

use pars_engine::io::Event;
use pars_engine::{Command, CommandId, Node};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::view::View;
use crate::daemon::StartError;

/// The daemon is ending: nobody answers any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the daemon is stopping")]
pub struct Stopped;

/// A command's name and content.
pub(super) type Named = (CommandId, Command);
/// Looks at one event: true when it waits no longer.
pub(super) type Waiter = Box<dyn FnMut(Option<&Event>) -> bool + Send>;

/// Waits for the event that `pick` takes, as long as somebody wants it.
pub(super) fn waiter<T: Send + 'static>(
    reply: oneshot::Sender<T>,
    mut pick: impl FnMut(&Event) -> Option<T> + Send + 'static,
) -> Waiter {
    let mut reply = Some(reply);
    Box::new(move |event| {
        if reply.as_ref().is_none_or(oneshot::Sender::is_closed) {
            return true;
        }
        let Some(found) = event.and_then(&mut pick) else { return false };
        // Closed meanwhile: nobody waits.
        reply.take().map(|reply| reply.send(found));
        true
    })
}

/// What the driver is asked.
pub(super) enum Ask {
    /// A user's command; whoever waits for its outcome looks at every event from then on.
    Command(Named, Option<Waiter>),
    /// Look at the node.
    Read(Box<dyn FnOnce(&Node) + Send>),
    /// Make the identity and begin to publish it; answered once its keys are durable.
    Create(oneshot::Sender<Result<Created, CreateError>>),
}

/// Why no identity was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// It is never replaced.
    #[error("there is an identity already; it is never replaced")]
    Exists,
    /// The store or the engine.
    #[error(transparent)]
    Failed(#[from] StartError),
    /// See [`Stopped`].
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// A new identity, whose keys are durable.
pub struct Created {
    /// Publishing it revokes the identity for ever.
    pub revocation: pars_crypto::secret::RevocationSecret,
}

/// Talks to the driver; clones talk to the same one.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) events: broadcast::Sender<Arc<Event>>,
    pub(super) view: watch::Receiver<Arc<View>>,
}

impl Handle {
    /// Give a command. Its outcome is an event.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn command(&self, id: CommandId, command: Command) -> Result<(), Stopped> {
        self.asks.send(Ask::Command((id, command), None)).await.map_err(|_| Stopped)
    }

    /// Give a command and wait for the event that `pick` takes. Dropping the future waits no longer; the command goes on.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn outcome<T: Send + 'static>(
        &self,
        id: CommandId,
        command: Command,
        pick: impl FnMut(&Event) -> Option<T> + Send + 'static,
    ) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::Command((id, command), Some(waiter(reply, pick)));
        self.asks.send(ask).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Look at the node, on the driver's task.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn read<T: Send + 'static>(&self, f: impl FnOnce(&Node) -> T + Send + 'static) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        let look = move |node: &Node| {
            // Who asked may have gone.
            let _ = reply.send(f(node));
        };
        self.asks.send(Ask::Read(Box::new(look))).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Make the identity.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn create(&self) -> Result<Created, CreateError> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Create(reply)).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)?
    }

    /// What happens from now on. A receiver that falls too far behind misses events and is told so.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// What is known of the network now.
    pub fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// Wait until what is known of the network is as wanted.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn known(&self, wanted: impl FnMut(&Arc<View>) -> bool) -> Result<(), Stopped> {
        self.view.clone().wait_for(wanted).await.map(drop).map_err(|_| Stopped)
    }
}
