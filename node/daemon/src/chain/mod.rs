//! The chain's adapter: the embedded index says which blocks are final; the registry's logs of these blocks give nodes and
//! beacons of each day, told to the engine by rising day and again when they change; the nodes of now go to the network.
//!
//! | Module | Holds |
//! |---|---|
//! | [`history`] | nodes and beacons over time, a value |
//! | `scan` | the logs that they follow from |
//! | [`transact`] | sending a transaction and waiting until it is final |
//! | [`stake`] | registering a service node |
//!
//! The index's tables hold nodes as they are now; a day needs them as they were at a block, so their logs are read from the
//! chain's node once, up to the final block that the index knows.

pub mod history;
mod scan;
pub mod stake;
pub mod transact;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Address;
use alloy::providers::DynProvider;
use pars_bindings::ServiceNodeRegistry::rollEpochCall;
use pars_bindings::deployment::Deployment;
use pars_engine::registry::Registry;
use pars_indexer::{Health, Options, Service};
use pars_proto::onion::descriptor::Registration;
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::machine::UnixMinute;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock;
use crate::net::NetIn;
use history::History;
use scan::Scan;
use transact::Sender;

/// Days whose registries matter: mailboxes of 15 days back, the first day of their week, today and tomorrow.
pub const DAYS: usize = 24;
/// Pause between two looks at the index.
const PAUSE: Duration = Duration::from_millis(250);
/// Turns to roll an epoch: a minute each, by a node's place among all.
const TURNS: u32 = 10;

/// How far the index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Newest block.
    pub head: u64,
    /// Newest final block.
    pub finalized: u64,
    /// The chain's node answers and the index is at its head.
    pub synced: bool,
}

/// Why the chain cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The index ended.
    #[error(transparent)]
    Index(#[from] pars_indexer::ServeError),
    /// Its database.
    #[error(transparent)]
    Store(#[from] pars_indexer::StoreError),
    /// The chain's node.
    #[error("the chain's node failed: {0}")]
    Rpc(String),
    /// The daemon is ending.
    #[error("the daemon is stopping")]
    Stopped,
}

/// Where the chain's news go.
pub struct Sinks {
    /// Registries, by rising day.
    pub registries: mpsc::Sender<Registry>,
    /// The nodes of now. The driver decides when the network ends: this way does not keep it.
    pub net: mpsc::WeakSender<NetIn>,
}

/// The chain, followed.
pub struct Chain {
    index: Service,
    registry: Address,
    scan: Scan,
    told: BTreeMap<Day, Registry>,
    nodes: Vec<Registration>,
    progress: watch::Sender<Progress>,
    roller: Option<Rolls>,
}

/// Rolls epochs that nobody rolled.
pub struct Roller {
    /// Which node; its place among all decides its turn.
    pub node: NodeId,
    /// Who pays.
    pub sender: Arc<Sender>,
}

/// Whose turn it is, and what is under way: nothing waits for it, a transaction may take minutes.
struct Rolls {
    roller: Roller,
    turns: Turns,
    /// At most one; it ends with this.
    sending: JoinSet<()>,
}

/// When a node rolls a day's epoch, without clock or chain: places take turns a minute apart, so that few pay for the same.
#[derive(Debug, Default)]
struct Turns {
    /// The day that was seen without its epoch last, and since when.
    open: Option<(Day, UnixMinute)>,
    tried: Option<UnixMinute>,
}

impl Turns {
    /// Whether the node at this place among all tries now: today's epoch is not rolled (`newest` is the newest that is), and the
    /// place's turn has come. True once a minute at most.
    fn is_due(&mut self, newest: u32, place: u32, now: UnixMinute) -> bool {
        let today = Day::at(now);
        if newest >= today.0 {
            return false;
        }
        let since = match self.open {
            Some((day, since)) if day == today => since,
            _ => now,
        };
        self.open = Some((today, since));
        now.0.saturating_sub(since.0) >= place % TURNS && self.tried.replace(now) != Some(now)
    }
}

impl Rolls {
    /// Roll the day's epoch when it is this node's turn and nobody did. The first epoch of a chain is not rolled here: it waits
    /// until all its first nodes stand.
    fn take_turn(&mut self, registry: Address, history: &History, now: UnixMinute) {
        while self.sending.try_join_next().is_some() {}
        let Some(newest) = history.newest() else { return };
        let place = history.active().iter().position(|node| node.node == self.roller.node);
        let Some(place) = place.and_then(|place| u32::try_from(place).ok()) else { return };
        if !self.sending.is_empty() || !self.turns.is_due(newest, place, now) {
            return;
        }
        let sender = self.roller.sender.clone();
        self.sending.spawn(async move {
            match sender.send(registry, &rollEpochCall {}).await {
                Ok(_) => tracing::info!("epoch rolled"),
                // Another node was quicker, or the chain's day is not over yet.
                Err(error) => tracing::debug!(%error, "epoch not rolled"),
            }
        });
    }
}

impl Chain {
    /// Start the index.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn start(
        deployment: &Deployment,
        index: std::path::PathBuf,
        provider: DynProvider,
    ) -> Result<Self, ChainError> {
        // No listener: whoever asks this daemon does so by its own RPC.
        let options = Options { deployment: deployment.clone(), database: index, listen: None, poll: PAUSE };
        let index = Service::start(options, provider.clone()).await?;
        let registry = deployment.service_node_registry;
        Ok(Self {
            index,
            registry,
            scan: Scan::new(provider, registry, deployment.block),
            told: BTreeMap::new(),
            nodes: Vec::new(),
            progress: watch::Sender::default(),
            roller: None,
        })
    }

    /// How far the index is, now and at every change.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Rooms of the index.
    pub fn rooms(&self) -> pars_indexer::Rooms {
        self.index.rooms()
    }

    /// Consents to recordings of the index.
    pub fn recordings(&self) -> pars_indexer::Recordings {
        self.index.recordings()
    }

    /// Roll epochs from now on.
    pub fn roll(&mut self, roller: Roller) {
        self.roller = Some(Rolls { roller, turns: Turns::default(), sending: JoinSet::new() });
    }

    /// Follow the chain until the daemon ends.
    ///
    /// # Errors
    /// [`ChainError`] when the index ends by itself: another chain, a damaged database.
    pub async fn follow(mut self, sinks: Sinks, mut stop: watch::Receiver<bool>) -> Result<(), ChainError> {
        let result = loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break Ok(()),
                error = self.index.failed() => break Err(error.into()),
                () = tokio::time::sleep(PAUSE) => {}
            }
            match self.look(&sinks).await {
                Ok(()) => {}
                Err(ChainError::Rpc(reason)) => tracing::warn!(reason, "registry not read; tried again"),
                Err(error) => break Err(error),
            }
        };
        self.index.stop().await;
        result
    }

    /// One look: what is final, what changed, who has to hear of it.
    async fn look(&mut self, sinks: &Sinks) -> Result<(), ChainError> {
        let tips = self.index.progress().await?;
        let synced = *self.index.health().borrow() == Health::Synced;
        let progress = Progress { head: tips.head, finalized: tips.finalized, synced };
        self.progress.send_if_modified(|old| std::mem::replace(old, progress) != progress);
        self.scan.upto(tips.finalized).await?;
        self.tell(sinks).await?;
        if let Some(rolls) = &mut self.roller {
            rolls.take_turn(self.registry, self.scan.history(), clock::wall());
        }
        Ok(())
    }

    async fn tell(&mut self, sinks: &Sinks) -> Result<(), ChainError> {
        let today = Day::at(clock::wall()).0;
        let oldest = (today + 2).saturating_sub(DAYS as u32);
        for day in oldest..=today + 1 {
            let Some(registry) = self.scan.history().registry(Day(day)) else { break };
            if self.told.get(&registry.day) != Some(&registry) {
                self.told.insert(registry.day, registry.clone());
                sinks.registries.send(registry).await.map_err(|_| ChainError::Stopped)?;
            }
        }
        self.told = self.told.split_off(&Day(oldest));
        let nodes = self.reachable();
        if nodes != self.nodes {
            self.nodes.clone_from(&nodes);
            let net = sinks.net.upgrade().ok_or(ChainError::Stopped)?;
            net.send(NetIn::Registry(nodes)).await.map_err(|_| ChainError::Stopped)?;
        }
        Ok(())
    }

    /// Nodes of now, and those that a day's registry still names.
    fn reachable(&self) -> Vec<Registration> {
        let of_days = self.told.values().flat_map(|registry| &registry.nodes).copied();
        let all = of_days.chain(self.scan.history().active()).map(|registration| (registration.node, registration));
        all.collect::<BTreeMap<_, _>>().into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at a minute.
    const LOOKS: usize = 3;

    /// Of the first minutes of a day, those in which a place tries while the newest epoch is this one, with all its tries.
    fn tries(turns: &mut Turns, newest: u32, place: u32, (day, minutes): (u32, u32)) -> Vec<u32> {
        let looks = (0..minutes).flat_map(|minute| [minute; LOOKS]);
        looks.filter(|minute| turns.is_due(newest, place, UnixMinute(day * 1_440 + minute))).collect()
    }

    #[test]
    fn places_take_turns_a_minute_apart_and_each_tries_once_a_minute_until_somebody_has_rolled() {
        for (place, expected) in [(0, vec![0, 1, 2, 3, 4]), (3, vec![3, 4]), (10, vec![0, 1, 2, 3, 4])] {
            let mut turns = Turns::default();
            assert_eq!(tries(&mut turns, 19, place, (20, 5)), expected, "place {place}");
            assert!(tries(&mut turns, 20, place, (20, 10)).is_empty(), "place {place}: it was rolled");
        }
    }

    #[test]
    fn turns_begin_anew_on_the_second_day_of_a_life_whether_the_first_was_rolled_or_not() {
        for newest in [19, 20] {
            let mut turns = Turns::default();
            assert_eq!(tries(&mut turns, 19, 3, (20, 5)), [3, 4]);
            if newest == 20 {
                assert!(tries(&mut turns, 20, 3, (20, 7)).is_empty());
            }
            assert_eq!(tries(&mut turns, newest, 3, (21, 5)), [3, 4], "the newest epoch is {newest}");
        }
    }
}
