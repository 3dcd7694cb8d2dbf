//! The one task that owns the engine: it takes what adapters say, hands it in, and carries out what comes back.
//!
//! ```text
//! net ─────Recv, Connected, Disconnected, Descriptor──┐            ┌──Send, Connect, Disconnect, Publish──► net
//! store ───Committed──────────────────────────────────┤            ├──Persist─────────────────────────────► store
//! work ────Solved─────────────────────────────────────┼─► engine ──┼──Work────────────────────────────────► work
//! chain ───Chain──────────────────────────────────────┤            └──Event───────────────────────────────► RPC, executor
//! RPC, executor ──Command, read, create───────────────┤
//! deadline ──Wake─────────────────────────────────────┘
//! ```
//!
//! Nothing here decides anything: that is the engine's. An identity that is made later means a new engine over the same rows;
//! it is told again what is known of the network.

mod create;
mod handle;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;
use std::time::Duration;

use pars_crypto::suite::Libcrux;
use pars_engine::io::{Event, Input, Output};
use pars_engine::registry::Registry;
use pars_engine::{CommandId, Node};
use pars_wire::codec::Day;
use pars_wire::machine::{Cx, Machine, Now};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub use create::Parts;
pub use handle::{CreateError, Created, Handle, Stopped};
pub use view::{Described, View};

use crate::clock::Clock;
use crate::daemon::StartError;
use crate::net::{Net, NetIn, NetOut};
use crate::random;
use crate::store::{Running, StoreError};
use crate::work::{Solved, Worker};
use handle::{Ask, Waiter};

/// Questions to the driver that may wait.
const ASKS: usize = 256;
/// Events that a subscriber may be behind.
const EVENTS: usize = 4_096;
/// Registries that may wait: more than one telling of the chain.
const REGISTRIES: usize = 64;

/// Why the driver ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The links are gone.
    #[error("the network adapter has stopped; see the log")]
    Net,
    /// What is stored does not open again.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What the driver is made of.
pub struct Driver {
    node: Node,
    parts: Parts,
    clock: Clock,
    store: Running,
    net: Net,
    work: Worker,
    solved: mpsc::Receiver<Solved>,
    asks: mpsc::Receiver<Ask>,
    chain: mpsc::Receiver<Registry>,
    events: broadcast::Sender<Arc<Event>>,
    view: watch::Sender<Arc<View>>,
    waiters: Vec<Waiter>,
    /// The command that makes an identity, until its rows are durable: nobody is answered before.
    creating: Option<CommandId>,
}

/// The two ways to a driver that is not running yet.
pub struct Ends {
    /// For everybody.
    pub handle: Handle,
    /// For the chain's adapter: registries, by rising day.
    pub chain: mpsc::Sender<Registry>,
}

impl Driver {
    /// A driver for the node that the rows describe.
    ///
    /// # Errors
    /// [`StartError`] if the rows do not open.
    pub fn new(parts: Parts, store: Running, net: Net, clock: Clock) -> Result<(Self, Ends), StartError> {
        let node = parts.open(clock.now())?;
        let (asks, receiver) = mpsc::channel(ASKS);
        let (chain, registries) = mpsc::channel(REGISTRIES);
        let (events, _) = broadcast::channel(EVENTS);
        let (view, watched) = watch::channel(Arc::default());
        let (work, solved) = Worker::new();
        let handle = Handle { asks, events: events.clone(), view: watched };
        let driver = Self {
            node,
            parts: parts.without_rows(),
            clock,
            store,
            net,
            work,
            solved,
            asks: receiver,
            chain: registries,
            events,
            view,
            waiters: Vec::new(),
            creating: None,
        };
        Ok((driver, Ends { handle, chain }))
    }

    /// Drive until `stop` is dropped or closed, then let what waits for the disk reach it. However it ends, the links are closed:
    /// other ends would send into the void until a silence tells them.
    ///
    /// # Errors
    /// [`DriveError`].
    pub async fn run(mut self, stop: oneshot::Receiver<()>) -> Result<(), DriveError> {
        let driven = match self.drive(stop).await {
            // Who finds the store gone does not know why; the store does.
            Err(DriveError::Store(StoreError::Stopped)) => Err(self.store_error().await),
            other => other,
        };
        let Self { store, net, .. } = self;
        let ended = match driven {
            Ok(()) => written(store).await,
            Err(error) => Err(error),
        };
        let Net { to, from, ended: closed, .. } = net;
        drop((to, from));
        // A task of the network that failed has said so itself.
        let _ = match ended {
            Ok(()) => closed.await.map_err(drop),
            Err(_) => tokio::time::timeout(CLOSES, closed).await.map(drop).map_err(drop),
        };
        ended
    }

    /// Until `stop` is dropped or closed, or nobody is left to ask.
    async fn drive(&mut self, mut stop: oneshot::Receiver<()>) -> Result<(), DriveError> {
        // What a restart has to tell again, and timers.
        self.input(Input::Wake).await?;
        loop {
            let wake = self.node.deadline().map(|tick| self.clock.instant(tick));
            tokio::select! {
                _ = &mut stop => return Ok(()),
                () = sleep(wake) => self.input(Input::Wake).await?,
                changed = self.store.committed.changed() => match changed {
                    Ok(()) => self.committed().await?,
                    Err(_) => return Err(StoreError::Stopped.into()),
                },
                Some(Solved { id, nonce }) = self.solved.recv() => self.input(Input::Solved { id, nonce }).await?,
                Some(registry) = self.chain.recv() => self.learn(registry).await?,
                ask = self.asks.recv(), if self.creating.is_none() => match ask {
                    Some(ask) => self.ask(ask).await?,
                    None => return Ok(()),
                },
                out = self.net.from.recv() => match out {
                    Some(out) => self.hear(out).await?,
                    None => return Err(DriveError::Net),
                },
            }
        }
    }

    async fn store_error(&mut self) -> DriveError {
        match (&mut self.store.ended).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(())) | Err(_) => StoreError::Stopped.into(),
        }
    }

    async fn ask(&mut self, ask: Ask) -> Result<(), DriveError> {
        match ask {
            Ask::Command((id, command), waiter) => {
                self.waiters.retain_mut(|waiter| !waiter(None));
                self.waiters.extend(waiter);
                self.input(Input::Command { id, command }).await
            }
            Ask::Read(look) => {
                look(&self.node);
                Ok(())
            }
            Ask::Create(reply) => self.create(reply).await,
        }
    }

    async fn hear(&mut self, out: NetOut) -> Result<(), DriveError> {
        match out {
            NetOut::Recv { from, bytes } => self.input(Input::Recv { from, bytes }).await,
            NetOut::Connected { node, token } => self.input(Input::Connected { node, token }).await,
            NetOut::Disconnected(node) => self.input(Input::Disconnected(node)).await,
            NetOut::Descriptor { bytes, dsa } => {
                self.keep(&bytes, &dsa);
                self.input(Input::Descriptor { bytes, dsa }).await
            }
        }
    }

    fn keep(&self, bytes: &[u8], dsa: &[u8; pars_crypto::suite::DSA87_PUBLIC]) {
        let today = Day::at(self.clock.now().wall);
        self.view.send_if_modified(|view| Arc::make_mut(view).keep(bytes, dsa, today));
    }

    /// A registry, and with it the descriptors that were of no use before.
    async fn learn(&mut self, registry: Registry) -> Result<(), DriveError> {
        let day = registry.day;
        self.view.send_modify(|view| {
            let registries = &mut Arc::make_mut(view).registries;
            registries.insert(day, registry.clone());
            while registries.len() > crate::chain::DAYS {
                registries.pop_first();
            }
        });
        self.input(Input::Chain(registry)).await?;
        if day >= Day::at(self.clock.now().wall) { self.describe().await } else { Ok(()) }
    }

    /// Every descriptor that is known.
    async fn describe(&mut self) -> Result<(), DriveError> {
        let view = self.view.borrow().clone();
        for Described { bytes, dsa, .. } in view.described.values() {
            self.input(Input::Descriptor { bytes: bytes.clone(), dsa: dsa.clone() }).await?;
        }
        Ok(())
    }

    async fn committed(&mut self) -> Result<(), DriveError> {
        let upto = *self.store.committed.borrow_and_update();
        self.input(Input::Committed(upto)).await
    }

    /// Hand one input in and carry out what comes back, in order.
    async fn input(&mut self, input: Input) -> Result<(), DriveError> {
        let mut out = Vec::new();
        let now: Now = self.clock.now();
        self.node.handle(&mut Cx { now, rng: &mut random::system(), out: &mut out }, input);
        for output in out {
            self.output(output).await?;
        }
        Ok(())
    }

    async fn output(&mut self, output: Output) -> Result<(), DriveError> {
        match output {
            Output::Send { to, bytes } => self.hand_on(NetIn::Send { to, bytes }).await,
            Output::Connect(node) => self.hand_on(NetIn::Connect(node)).await,
            Output::Disconnect(node) => self.hand_on(NetIn::Disconnect(node)).await,
            Output::Publish { bytes, dsa } => {
                self.keep(&bytes, &dsa);
                self.hand_on(NetIn::Publish { bytes, dsa }).await
            }
            Output::Persist(batch) => Ok(self.store.handle.persist(batch).await?),
            Output::Work { id, work, bits } => {
                self.work.search(id, work, bits);
                Ok(())
            }
            Output::Event(event) => {
                self.tell(event);
                Ok(())
            }
        }
    }

    async fn hand_on(&mut self, input: NetIn) -> Result<(), DriveError> {
        self.net.to.send(input).await.map_err(|_| DriveError::Net)
    }

    fn tell(&mut self, event: Event) {
        match &event {
            Event::Published => tracing::info!("our records stand in the directory"),
            Event::NotPublished => tracing::info!("our records do not stand in the directory yet; tried again"),
            Event::Descriptor(error) => tracing::debug!(%error, "a descriptor is not used"),
            _ => {}
        }
        if let Event::Done { command } | Event::Refused { command, .. } = &event {
            self.creating.take_if(|made| made == command);
        }
        // Counters only; no subscriber shows them.
        if matches!(event, Event::Dropped(_) | Event::Malformed | Event::Read { .. }) {
            return;
        }
        self.waiters.retain_mut(|waiter| !waiter(Some(&event)));
        // Nobody may be subscribed.
        let _ = self.events.send(Arc::new(event));
    }
}

/// Other ends are told for so long when something has failed: that is what must be heard of soon.
const CLOSES: Duration = Duration::from_secs(2);

async fn sleep(until: Option<tokio::time::Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// The post-quantum back end of every part of the daemon.
pub const SUITE: &Libcrux = &Libcrux;

/// The store has written what it was given.
async fn written(store: Running) -> Result<(), DriveError> {
    let Running { handle, ended, .. } = store;
    drop(handle);
    Ok(ended.await.map_err(|_| StoreError::Stopped)??)
}
