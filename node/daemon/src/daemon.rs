//! Putting the adapters together, and taking them apart again.
//!
//! ```text
//! start  configuration → directory, lock → store → keys, stake → network → engine → index → RPC → announced
//! end    withdrawn → RPC → index → engine → store synced → network
//! ```

mod error;

use std::sync::Arc;
use std::time::Duration;

use alloy::providers::{DynProvider, Provider};
use pars_crypto::secret::StoreKey;
use pars_engine::room::{Conduct, Honest};
use pars_proto::room::recording::ConsentDomain;
use pars_wire::ChainId;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub use self::error::StartError;

use crate::chain::stake::Registration;
use crate::chain::transact::{Sender, reader, said};
use crate::chain::{Chain, ChainError, Roller, Sinks};
use crate::clock::Clock;
use crate::config::Config;
use crate::datadir::{Datadir, DatadirError};
use crate::driver::{DriveError, Driver, Ends, Handle, Parts};
use crate::executor::{self, ExecutorConfig, ExecutorError};
use crate::net::capture::Capture;
use crate::net::{self, NetConfig, ServiceLink};
use crate::page::Page;
use crate::recordings::{self, Library};
use crate::room::facts::Oracle;
use crate::room::home::Home;
use crate::room::host::kept::Folder;
use crate::room::host::sfu::Sfu;
use crate::room::host::{Hosting, HostingParts};
use crate::room::objects::{ObjectClient, Objects};
use crate::room::{self, Rooms};
use crate::rpc::auth::{Guard, Token};
use crate::rpc::listen::serve_gateway;
use crate::rpc::{Context, Server};
use crate::service::{self, ServiceKeys};
use crate::store::Store;

/// How long a look at the chain may keep the daemon from ending.
const CHAIN_ENDS: Duration = Duration::from_secs(5);
/// How long files of recordings may.
const FILES_END: Duration = Duration::from_secs(5);
/// How long a capture of tunnels may.
const CAPTURE_ENDS: Duration = Duration::from_secs(5);
/// How often copies of recordings are looked at.
const LOOK: Duration = Duration::from_secs(86_400);
/// How often descriptors are fetched: `dev`, and elsewhere.
const REFRESH: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What is printed when everything stands.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// Always.
    pub ready: bool,
    /// The RPC's socket.
    pub socket: std::path::PathBuf,
    /// The RPC over HTTP.
    pub http: String,
    /// Where discovery listens, with `/p2p/`: what others give as `--bootstrap`.
    pub listen: String,
    /// The service node's id, 64 digits.
    pub node: Option<String>,
    /// The network.
    pub network: &'static str,
    /// The gateway to stored blocks.
    pub gateway: Option<String>,
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    datadir: Datadir,
    ready: Ready,
    handle: Handle,
    stop_chain: watch::Sender<bool>,
    stop_driver: oneshot::Sender<()>,
    driver: JoinHandle<Result<(), DriveError>>,
    /// What it ended with is told already.
    failed: bool,
    chain: JoinHandle<Result<(), ChainError>>,
    rpc: JoinHandle<()>,
    rooms: Rooms,
    /// Writes down what tunnels carry.
    captured: Option<JoinHandle<()>>,
    executor: Option<Executor>,
    gateway: Option<JoinHandle<()>>,
    library: Library,
    /// Looks after recordings.
    care: JoinHandle<()>,
}

/// A service node's role before anything runs.
struct Role {
    keys: ServiceKeys,
    sender: Arc<Sender>,
}

impl Daemon {
    /// Start; returns when every part stands and the files that clients look for are written.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_as(config, &Honest).await
    }

    /// The same, and its seats go about recordings in this way: for tests of those who are lied to. No setting chooses it.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_as(config: Config, conduct: &'static dyn Conduct) -> Result<Self, StartError> {
        // Somebody else's library may have installed one already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (datadir, key, store) = open(&config)?;
        let provider = reader(config.rpc.clone());
        let role = role(&config, &store, &key, &provider).await?;
        let service = role.as_ref().map(|role| role.keys.clone());
        let page = config.page.as_deref().map_or_else(Page::none, Page::read)?;
        let objects = Objects::default();
        let network = net::start(net_config(&config, service.as_ref()), objects.clone()).await?;
        let objects = (objects, network.objects.clone());
        let (to_net, listen, addresses) =
            (network.to.downgrade(), network.listen.to_string(), network.addresses.clone());
        let (node, delay, rows) = (service.as_ref().map(|service| service.node), config.delay, store.rows()?);
        let parts = Parts { network: config.network, delay, key: key.clone(), service, addresses, rows };
        let (driver, Ends { handle, chain: registries }) = Driver::new(parts, store.start()?, network, Clock::start())?;
        let mut chain = Chain::start(&config.deployment, datadir.index(), provider.clone()).await?;
        if let Some(Role { keys, sender }) = role {
            chain.roll(Roller { node: keys.node, sender });
        }
        let executor = start_executor(&config, (key.clone(), provider.clone()), &datadir, &handle)?;
        let server = Server::bind(&datadir.socket(), config.http).await?;
        let (capture, captured) = start_capture(&config).await?.unzip();
        let (library, blobs) = open_library(&config, &datadir, key.clone(), &chain)?;
        let stands = (&server, &library);
        let given = Given { handle: &handle, chain: &chain, objects, stands, provider, capture, conduct };
        let rooms = start_rooms(&config, &datadir, key, given)?;
        let (gateway, serving) = start_gateway(&config, blobs).await?.unzip();
        let ready = Ready {
            ready: true,
            socket: datadir.socket(),
            http: format!("http://{}", server.address()),
            listen,
            node: node.map(|node| hex::encode(node.0)),
            network: config.network.name(),
            gateway,
        };
        let context = Context::new(handle.clone(), config.network, chain.progress(), node, executor.is_some());
        let context = context.with_rooms(rooms.clone()).with_library(library.clone());
        let (token, port) = (Token::generate(), server.address().port());
        announce(&datadir, &ready, &token)?;
        let (stop_chain, stopped) = watch::channel(false);
        let (stop_driver, stop) = oneshot::channel();
        Ok(Self {
            driver: tokio::spawn(driver.run(stop)),
            failed: false,
            chain: tokio::spawn(chain.follow(Sinks { registries, net: to_net }, stopped)),
            rpc: tokio::spawn(server.serve(context, Guard::new(token, config.origins, port), page)),
            rooms,
            captured,
            executor,
            gateway: serving,
            care: library.watch(LOOK),
            library,
            datadir,
            ready,
            handle,
            stop_chain,
            stop_driver,
        })
    }

    /// What to print.
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The engine.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Wait for the failure that ends the daemon.
    pub async fn failed(&mut self) -> StartError {
        let error = tokio::select! {
            ended = &mut self.driver => driven(ended),
            ended = &mut self.chain => match ended {
                // It found nobody to tell; why is what the driver ends with.
                Ok(Err(ChainError::Stopped)) => driven((&mut self.driver).await),
                Ok(Err(error)) => error.into(),
                _ => StartError::Ended,
            },
            _ = &mut self.rpc => StartError::Ended,
            ended = ended(&mut self.executor) => match ended {
                Ok(Err(error)) => error.into(),
                _ => StartError::Ended,
            },
        };
        self.failed = true;
        self.datadir.withdraw();
        error
    }

    /// End cleanly: nobody finds the daemon any more, what was given to the store is durable, other ends of its links are told.
    /// After [`Daemon::failed`] as much of it as can still be done.
    ///
    /// # Errors
    /// What the engine or the store ended with.
    pub async fn stop(self) -> Result<(), StartError> {
        self.datadir.withdraw();
        self.rpc.abort();
        // Hosted sittings go on with the next start, before the index says anything else.
        self.rooms.stop();
        // What the executor has promised is in its journal.
        self.executor.iter().for_each(JoinHandle::abort);
        self.gateway.iter().for_each(JoinHandle::abort);
        // What it was importing or copying is done again by the next start.
        self.care.abort();
        // Both may have ended by themselves.
        let _ = self.stop_chain.send(true);
        let mut chain = self.chain;
        let chain_ends = async {
            // A look at a chain that does not answer is not waited for: the index is whole after every transaction.
            if !chain.is_finished() && tokio::time::timeout(CHAIN_ENDS, &mut chain).await.is_err() {
                chain.abort();
            }
        };
        // What is recorded is closed, so that the next start finds it whole; a disk that does not answer is not waited for.
        let (files, ()) = tokio::join!(tokio::time::timeout(FILES_END, self.library.idle()), chain_ends);
        if files.is_err() {
            tracing::warn!("the files of a recording are not closed; the next start seals them as they lie");
        }
        drop(self.rooms);
        if let Some(captured) = self.captured {
            // Ends with the last tunnel; whatever still holds one is not waited for.
            let _ = tokio::time::timeout(CAPTURE_ENDS, captured).await;
        }
        drop(self.stop_driver);
        drop(self.handle);
        if self.failed && self.driver.is_finished() {
            return Ok(());
        }
        self.driver.await.map_err(|_| StartError::Ended)?.map_err(|error| StartError::Drive(Box::new(error)))
    }
}

/// Why a driver ended that nobody stopped.
fn driven(ended: Result<Result<(), DriveError>, tokio::task::JoinError>) -> StartError {
    match ended {
        Ok(Err(error)) => StartError::Drive(Box::new(error)),
        _ => StartError::Ended,
    }
}

/// The end of a task that may not run.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, tokio::task::JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// Directory, key and store, closed to others.
fn open(config: &Config) -> Result<(Datadir, StoreKey, Store), StartError> {
    let datadir = Datadir::open(&config.datadir)?;
    // Before the store's file is there: a store is never given a new key.
    let key = datadir.store_key()?;
    Datadir::close_file(&datadir.store())?;
    Datadir::close_file(&datadir.index())?;
    let store = Store::open(&datadir.store(), config.network.chain_id())?;
    Ok((datadir, key, store))
}

/// What rooms get from parts that stand already.
struct Given<'a> {
    handle: &'a Handle,
    chain: &'a Chain,
    objects: (Objects, ObjectClient),
    stands: (&'a Server, &'a Library),
    provider: DynProvider,
    capture: Option<Capture>,
    conduct: &'static dyn Conduct,
}

/// Rooms, and the host's role if it is asked for.
fn start_rooms(config: &Config, datadir: &Datadir, key: StoreKey, given: Given<'_>) -> Result<Rooms, StartError> {
    let Given { handle, chain, objects, stands: (server, library), provider, capture, conduct } = given;
    let (address, library) = (server.address(), library.clone());
    let home = Home::new(config.home.clone(), &config.deployment);
    let oracle = Oracle::new(chain.rooms(), provider, config.deployment.clone(), &home);
    let signer = config.account.as_ref().map(crate::account::AccountSource::load).transpose()?;
    let accounts = signer.iter().map(alloy::signers::local::PrivateKeySigner::address).collect();
    let hosting = match (&config.host, signer) {
        (Some(of), Some(signer)) => Some(Hosting::start(HostingParts {
            sender: Arc::new(Sender::new(config.rpc.clone(), signer)),
            sfu: Sfu::new(&of.url, &of.key_file, of.fingerprint)?,
            oracle: oracle.clone(),
            progress: chain.progress(),
            objects: objects.clone(),
            folder: Folder::open(datadir.hosted(), key)?,
            capture,
        })),
        (Some(_), None) => return Err(StartError::NoAccount),
        (None, _) => None,
    };
    let (handle, progress) = (handle.clone(), chain.progress());
    let (consents, through, consent_key) = (chain.recordings(), config.recordings_through, config.consent_key);
    let parts = room::Parts {
        handle,
        oracle,
        progress,
        home,
        objects,
        address,
        accounts,
        hosting,
        library,
        consents,
        through,
        consent_key,
        conduct,
    };
    Rooms::new(parts).map_err(StartError::Tunnel)
}

/// What writes down what tunnels carry, if it is asked for.
async fn start_capture(config: &Config) -> Result<Option<(Capture, JoinHandle<()>)>, StartError> {
    match &config.capture_tunnels {
        Some(path) => Ok(Some(Capture::start(path).await?)),
        None => Ok(None),
    }
}

/// Recordings; their blocks lie in the store that the gateway serves.
fn open_library(
    config: &Config,
    datadir: &Datadir,
    key: StoreKey,
    chain: &Chain,
) -> Result<(Library, pars_blobs::Folder), StartError> {
    let blobs = pars_blobs::Folder::open(&datadir.blobs(), config.blob_quota)?;
    let (folder, index) = (datadir.recordings(), chain.recordings());
    let (from, to) = (config.blocks_from.clone(), config.blocks_to.clone());
    let deployment = &config.deployment;
    let domain = ConsentDomain { chain: ChainId(deployment.chain_id), contract: deployment.recording_consent };
    let parts = recordings::Parts { folder, key, blobs: blobs.clone(), index, from, to, domain };
    Ok((Library::open(parts)?, blobs))
}

/// The gateway to stored blocks, if it is asked for: its URL and its task.
async fn start_gateway(
    config: &Config,
    store: pars_blobs::Folder,
) -> Result<Option<(String, JoinHandle<()>)>, StartError> {
    let Some(address) = config.gateway else { return Ok(None) };
    let failed = |error| StartError::Gateway(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    Ok(Some((url, tokio::spawn(serve_gateway(listener, pars_blobs::gateway::routes(Arc::new(store)))))))
}

type Executor = JoinHandle<Result<(), ExecutorError>>;

fn start_executor(
    config: &Config,
    (key, provider): (StoreKey, DynProvider),
    datadir: &Datadir,
    handle: &Handle,
) -> Result<Option<Executor>, StartError> {
    let Some(allow) = config.executor.clone() else { return Ok(None) };
    let account = config.account.as_ref().ok_or(StartError::NoAccount)?;
    let journal = datadir.journal();
    Datadir::close_file(&journal)?;
    let (deployment, signer) = (config.deployment.clone(), account.load()?);
    let config = ExecutorConfig { provider, deployment, signer, allow, journal, key };
    Ok(Some(executor::start(config, handle.clone())?))
}

/// The service role, registered: now, or seen to be.
async fn role(
    config: &Config,
    store: &Store,
    key: &StoreKey,
    provider: &DynProvider,
) -> Result<Option<Role>, StartError> {
    let Some(stake) = config.service else { return Ok(None) };
    let account = config.account.as_ref().ok_or(StartError::NoAccount)?;
    let keys = service::keys(store, key)?;
    let found = provider.get_chain_id().await.map_err(|e| ChainError::Rpc(said(&e)))?;
    let expected = config.deployment.chain_id;
    if found != expected {
        return Err(StartError::OtherChain { expected, found });
    }
    let sender = Arc::new(Sender::new(config.rpc.clone(), account.load()?));
    let (deployment, shared) = (&config.deployment, account.is_shared());
    let registration = Registration { sender: &sender, deployment, keys: keys.public(), stake, shared };
    let node = registration.ensure().await?;
    Ok(Some(Role { keys: ServiceKeys { node, keys }, sender }))
}

fn net_config(config: &Config, service: Option<&ServiceKeys>) -> NetConfig {
    let dev = config.network == crate::config::Network::Dev;
    NetConfig {
        network: config.network.rules(),
        listen: config.listen.clone(),
        service: service.map(|of| ServiceLink { node: of.node, seed: of.keys.ed25519_seed().clone() }),
        bootstrap: config.bootstrap.clone(),
        advertise: config.advertise.clone(),
        capture: config.capture.clone(),
        refresh: if dev { REFRESH.0 } else { REFRESH.1 },
    }
}

fn announce(datadir: &Datadir, ready: &Ready, token: &Token) -> Result<(), DatadirError> {
    let content = serde_json::json!({
        "network": ready.network,
        "http": ready.http,
        "token": token.reveal(),
        "socket": ready.socket,
    });
    let line = pars_crypto::secret::Zeroizing::new(content.to_string());
    datadir.announce(line.as_bytes())
}
