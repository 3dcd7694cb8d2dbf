//! Nodes and members, started with the daemon's parts; registry and beacon are told by hand instead of by a chain.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use pars_crypto::secret::StoreKey;
use pars_daemon::clock::{self, Clock};
use pars_daemon::config::Network;
use pars_daemon::driver::{DriveError, Driver, Ends, Handle, Parts};
use pars_daemon::net::{self, NetConfig, NetIn, ServiceLink};
use pars_daemon::random;
use pars_daemon::room::objects::Objects;
use pars_daemon::service::ServiceKeys;
use pars_daemon::store::Store;
use pars_engine::Command;
use pars_engine::io::{CommandId, Event};
use pars_identity::IdentityId;
use pars_identity::link::Link;
use pars_proto::onion::delay::Delay;
use pars_wire::codec::Day;
use pars_wire::limits::REPLICAS;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::journal::Journal;
use crate::network::host::{Operator, registry};

/// How often descriptors are fetched, as on the development network.
const REFRESH: Duration = Duration::from_secs(1);
/// Days back whose registry is known: as many as mailboxes are read.
const DAYS: u32 = 20;

/// Seven service nodes, so that each mailbox lies at all of them, and two members.
pub(super) struct Town {
    services: Vec<Running>,
    pub(super) members: [Member; 2],
    pub(super) journal: Journal,
}

/// One engine loop with its store and its network.
struct Running {
    handle: Handle,
    stop: oneshot::Sender<()>,
    driver: JoinHandle<Result<(), DriveError>>,
    home: Home,
}

/// What a host keeps over restarts.
struct Home {
    folder: TempDir,
    key: StoreKey,
}

impl Home {
    fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, key: StoreKey::generate(&mut random::system()) })
    }
}

impl Running {
    /// End the loop, its store and its network.
    async fn stop(self) -> Result<Home> {
        let Self { handle, stop, driver, home } = self;
        drop((handle, stop));
        driver.await??;
        Ok(home)
    }
}

/// A member whose records are published.
pub(super) struct Member {
    running: Running,
    pub(super) handle: Handle,
    pub(super) id: IdentityId,
    link: Link,
}

/// What every start needs.
struct Place<'a> {
    operators: &'a [Operator],
    journal: Journal,
    /// Where the first node's discovery listens.
    bootstrap: Option<String>,
}

impl Town {
    /// Members whose packets are held for this delay.
    pub(super) async fn start(delay: Delay) -> Result<Self> {
        let operators = Operator::some(REPLICAS);
        let journal = Journal::default();
        let mut place = Place { operators: &operators, journal: journal.clone(), bootstrap: None };
        let mut services = Vec::new();
        for operator in &operators {
            let (running, listen) = place.start(Home::new()?, Some(operator), delay).await?;
            place.bootstrap.get_or_insert(listen);
            services.push(running);
        }
        for service in &services {
            place.acquainted(&service.handle).await?;
        }
        let (first, second) = tokio::try_join!(Member::join(&place, delay), Member::join(&place, delay))?;
        Ok(Self { services, members: [first, second], journal })
    }

    /// Everybody's loops end, and with them their threads and folders.
    pub(super) async fn stop(self) -> Result<()> {
        for running in self.members.map(|member| member.running).into_iter().chain(self.services) {
            running.stop().await?;
        }
        Ok(())
    }
}

impl Place<'_> {
    /// A host that was told the registry, and where its discovery listens.
    async fn start(&self, home: Home, operator: Option<&Operator>, delay: Delay) -> Result<(Running, String)> {
        let store = Store::open(&home.folder.path().join("session.redb"), Network::Dev.chain_id())?;
        let net = net::start(self.net(operator)?, Objects::default()).await?;
        let (listen, addresses) = (net.listen.to_string(), net.addresses.clone());
        let nodes = self.operators.iter().map(|operator| operator.registration).collect();
        net.to.send(NetIn::Registry(nodes)).await?;
        let service = operator.map(|of| ServiceKeys { node: of.registration.node, keys: of.keys.clone() });
        let (network, key, rows) = (Network::Dev, home.key.clone(), store.rows()?);
        let parts = Parts { network, delay, key, service, addresses, rows };
        let (driver, Ends { handle, chain }) =
            Driver::new(parts, store.start()?, self.journal.tap(net), Clock::start())?;
        let (stop, stopped) = oneshot::channel();
        let running = Running { handle, stop, driver: tokio::spawn(driver.run(stopped)), home };
        let first = Day::at(clock::wall()).minus(DAYS);
        for day in (0..=DAYS + 1).map(|number| first.plus(number)) {
            chain.send(registry(self.operators, day)).await?;
        }
        Ok((running, listen))
    }

    /// Wait until a host has the descriptor of every node.
    async fn acquainted(&self, host: &Handle) -> Result<()> {
        let today = Day::at(clock::wall());
        Ok(host.known(|view| view.relays(today).len() == self.operators.len()).await?)
    }

    fn net(&self, operator: Option<&Operator>) -> Result<NetConfig> {
        let service = |of: &Operator| ServiceLink { node: of.registration.node, seed: of.keys.ed25519_seed().clone() };
        Ok(NetConfig {
            network: Network::Dev.rules(),
            listen: "/ip4/127.0.0.1/tcp/0".parse()?,
            service: operator.map(service),
            bootstrap: self.bootstrap.iter().map(|at| at.parse()).collect::<Result<_, _>>()?,
            advertise: Vec::new(),
            capture: None,
            refresh: REFRESH,
        })
    }
}

impl Member {
    /// A new identity, published without delays; then started again with them.
    async fn join(place: &Place<'_>, delay: Delay) -> Result<Self> {
        let (running, _) = place.start(Home::new()?, None, Delay::FAST).await?;
        place.acquainted(&running.handle).await?;
        let mut events = running.handle.events();
        running.handle.create().await?;
        while !matches!(&*events.recv().await?, Event::Published) {}
        let (running, _) = place.start(running.stop().await?, None, delay).await?;
        let handle = running.handle.clone();
        place.acquainted(&handle).await?;
        let link = handle.read(|node| node.member().map(|member| member.identity().link())).await?;
        let link = link.context("a member has an identity")?;
        Ok(Self { running, handle, id: link.id, link })
    }

    /// Fetch and check another one's records.
    pub(super) async fn open(&self, other: &Self) -> Result<()> {
        let id = other.id;
        let opened =
            self.handle.outcome(CommandId(random::bytes()), Command::Open(other.link), move |event| match event {
                Event::Opened { contact, .. } if *contact == id => Some(Ok(())),
                Event::NotOpened { contact, error } if *contact == id => Some(Err(error.to_string())),
                _ => None,
            });
        opened.await?.map_err(|error| anyhow!("a contact was not opened: {error}"))
    }
}
