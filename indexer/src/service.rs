//! Starting and stopping: database, API, synchroniser.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy::providers::DynProvider;
use pars_bindings::deployment::Deployment;
use pars_indexer_core::Contracts;
use pars_wire::ChainId;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::api;
use crate::health::Health;
use crate::recordings::Recordings;
use crate::rooms::Rooms;
use crate::source::{Source, SourceError};
use crate::store::{Store, StoreError};
use crate::sync::Synchroniser;

/// What to index and where to serve it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The contracts, their chain and first block.
    pub deployment: Deployment,
    /// The database file; created if it is not there.
    pub database: PathBuf,
    /// Where the API listens; port 0 takes a free one. None: nothing listens, the rows are for whoever holds the service.
    pub listen: Option<SocketAddr>,
    /// Pause between two looks at the node's head.
    pub poll: Duration,
}

/// Why the service cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The API's address.
    #[error("cannot serve on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The node is of another chain.
    #[error("the chain's node is on chain {found}, the deployment on chain {expected}; give the node of that chain")]
    WrongChain {
        /// Chain of the deployment.
        expected: ChainId,
        /// Chain of the node.
        found: ChainId,
    },
    /// A part of the service ended by itself.
    #[error("a part of the indexer ended unexpectedly; see the log")]
    Ended,
}

/// How far the rows reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of the newest indexed block; 0 before the first.
    pub head: u64,
    /// Indexed blocks up to this one are final.
    pub finalized: u64,
}

/// A running indexer. Dropping it stops it.
#[derive(Debug)]
pub struct Service {
    address: Option<SocketAddr>,
    health: watch::Receiver<Health>,
    seen: watch::Receiver<Option<Instant>>,
    store: Arc<Store>,
    tasks: JoinSet<Result<(), ServeError>>,
}

impl Service {
    /// Opens the database and the API, if there is one, then starts to read the node. Returns as soon as the API answers;
    /// whether the rows are complete is what `/readyz` and [`Service::health`] say.
    pub async fn start(options: Options, provider: DynProvider) -> Result<Self, ServeError> {
        let chain_id = ChainId(options.deployment.chain_id);
        let contracts = contracts(&options.deployment);
        let store = Arc::new(Store::open(&options.database).await?);
        store.check(chain_id, options.deployment.block, &contracts).await?;
        let (sender, health) = watch::channel(Health::default());
        let (sees, seen) = watch::channel(None);

        let mut tasks = JoinSet::new();
        let context = api::Context { store: store.clone(), health: health.clone(), chain_id };
        let address = match options.listen {
            Some(address) => Some(serve(address, context, &mut tasks).await?),
            None => None,
        };
        let (source, store_of) = (Source::new(provider), store.clone());
        let start = Start { source, store: store_of, chain_id, contracts, options, sender, sees };
        tasks.spawn(start.run());
        Ok(Self { address, health, seen, store, tasks })
    }

    /// Where the API listens, if it does.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// How the synchroniser does, now and at every change.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// How far the rows reach now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn progress(&self) -> Result<Progress, StoreError> {
        let checkpoint = self.store.read().await?.checkpoint().await?;
        let head = checkpoint.head.map_or(0, |head| head.number);
        Ok(Progress { head, finalized: checkpoint.finalized.min(head) })
    }

    /// Rooms and what decides about seats, for whoever holds the service.
    pub fn rooms(&self) -> Rooms {
        Rooms::new(self.store.clone())
    }

    /// Consents to recordings and their anchors, for whoever holds the service.
    pub fn recordings(&self) -> Recordings {
        Recordings::new(self.store.clone(), self.seen.clone())
    }

    /// Waits for the failure that ends the service.
    pub async fn failed(&mut self) -> ServeError {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            _ => ServeError::Ended,
        }
    }

    /// Stops; the database is at the end of a batch.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.store.close().await;
    }
}

/// Opens the API; where it listens.
async fn serve(
    address: SocketAddr,
    context: api::Context,
    tasks: &mut JoinSet<Result<(), ServeError>>,
) -> Result<SocketAddr, ServeError> {
    let refuse = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refuse)?;
    let bound = listener.local_addr().map_err(refuse)?;
    let router = api::router(context);
    tasks.spawn(async move {
        axum::serve(listener, router).await.map_err(|source| ServeError::Listen { address: bound, source })
    });
    Ok(bound)
}

/// The addresses that matter here.
fn contracts(deployment: &Deployment) -> Contracts {
    Contracts {
        town_hall: deployment.town_hall,
        eligibility_registry: deployment.eligibility_registry,
        voting_escrow: deployment.voting_escrow,
        recording_consent: deployment.recording_consent,
        session_trigger: deployment.session_trigger,
        service_node_registry: deployment.service_node_registry,
    }
}

struct Start {
    source: Source,
    store: Arc<Store>,
    chain_id: ChainId,
    contracts: Contracts,
    options: Options,
    sender: watch::Sender<Health>,
    sees: watch::Sender<Option<Instant>>,
}

impl Start {
    /// Waits for the node, refuses one of another chain, then follows it for ever.
    async fn run(self) -> Result<(), ServeError> {
        let genesis = loop {
            match self.greet().await {
                Ok((found, _)) if found != self.chain_id => {
                    return Err(ServeError::WrongChain { expected: self.chain_id, found });
                }
                Ok((_, genesis)) => break genesis,
                Err(error) => {
                    tracing::warn!("{error}");
                    self.sender.send_replace(Health::Unreachable(error.to_string()));
                    tokio::time::sleep(self.options.poll).await;
                }
            }
        };
        let start = self.options.deployment.block;
        let config = self.store.identify(self.chain_id, genesis, start, &self.contracts).await?;
        let Self { source, store, sender: health, sees: seen, options, .. } = self;
        Synchroniser { source, store, config, poll: options.poll, health, seen }.run().await;
        Ok(())
    }

    async fn greet(&self) -> Result<(ChainId, alloy::primitives::B256), SourceError> {
        Ok((self.source.chain_id().await?, self.source.genesis().await?))
    }
}
