//! A session network: chain, indexer, six service nodes of which one carries out actions, and the daemons of members.

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::{
    capture::tap::{TcpTap, UdpTap},
    daemon::{Daemon, Site},
    fork::Fork,
    http,
    parsctl::{Parsctl, number, text},
    report::Facts,
    stack::{Places, Stack},
    wait,
};

/// Service nodes: as few as an onion path of its five different places and one dead node leave.
pub const NODES: usize = 6;

/// The development account of the first service node; the accounts before belong to people.
pub const FIRST_ACCOUNT: usize = 4;

/// Service nodes where discovery begins: the first ones.
const BOOTSTRAP: usize = 2;

/// Name of the service node that carries out actions.
pub const EXECUTOR: &str = "node-6";

/// The service nodes of a network, in the order of their names. The first two are where discovery begins.
#[derive(Debug)]
pub struct Nodes {
    /// All of them.
    pub all: Vec<Daemon>,
    /// In a watched network, copies of what they are sent.
    pub taps: Option<Taps>,
}

/// Where an observer stands; each list in the order of the nodes' names.
#[derive(Debug, Default)]
pub struct Taps {
    /// Before the links of every node.
    pub links: Vec<UdpTap>,
    /// Before the discovery of each node where it begins, as seen by all who start later.
    pub discovery: Vec<TcpTap>,
}

impl Nodes {
    /// Starts six; each stakes and registers by itself. The executor may meet the chain at another endpoint.
    pub fn start(site: &Site, executors_chain: Option<&str>) -> Result<Self> {
        let mut nodes = Self { all: Vec::new(), taps: site.watched.then(Taps::default) };
        for index in 0..NODES {
            let account = (FIRST_ACCOUNT + index).to_string();
            let mut more = vec!["--service".into(), "--dev-account".into(), account];
            let name = format!("node-{}", index + 1);
            let mut site = site.clone();
            if name == EXECUTOR {
                more.push("--executor".into());
                site.rpc = executors_chain.unwrap_or(&site.rpc).to_owned();
            }
            let links = nodes.taps.as_ref().map(|_| UdpTap::start()).transpose()?;
            if let Some(links) = &links {
                more.extend(["--advertise".into(), links.address().to_string()]);
            }
            more.extend(nodes.bootstrap()?);
            let node = site.start(&name, more)?;
            if let (Some(taps), Some(links)) = (&mut nodes.taps, links) {
                let at = node.socket_address()?;
                links.aim(at);
                taps.links.push(links);
                if index < BOOTSTRAP {
                    taps.discovery.push(TcpTap::start(at)?);
                }
            }
            nodes.all.push(node);
        }
        Ok(nodes)
    }

    /// The arguments with which another daemon finds the network.
    pub fn bootstrap(&self) -> Result<Vec<String>> {
        let mut words = Vec::new();
        for (index, node) in self.all.iter().take(BOOTSTRAP).enumerate() {
            let listen = node.address("listen")?;
            let own = format!("/{}/", node.socket_address()?.port());
            let through = match self.taps.as_ref().and_then(|taps| taps.discovery.get(index)) {
                Some(tap) => listen.replacen(&own, &format!("/{}/", tap.address().port()), 1),
                None => listen,
            };
            words.extend(["--bootstrap".into(), through]);
        }
        Ok(words)
    }

    /// Waits until an indexer lists all of them.
    pub fn registered(&self, indexer: &str) -> Result<()> {
        wait::until("the service nodes to register", || {
            let nodes = http::get(indexer, "/v1/nodes")?;
            let active = nodes.pointer("/data").and_then(Value::as_array).map_or(0, Vec::len);
            Ok((active >= self.all.len()).then_some(()))
        })
    }

    /// The node of a name.
    pub fn named(&mut self, name: &str) -> Result<&mut Daemon> {
        self.all.iter_mut().find(|node| node.name == name).ok_or_else(|| anyhow!("there is no {name}"))
    }

    /// Makes the identity of the node that carries out actions, so that others can write to it; `person` runs its `parsctl`.
    pub fn executor(&self, person: &Parsctl) -> Result<Account> {
        let node = self.all.iter().find(|node| node.name == EXECUTOR).context("there is no executor")?;
        identity(node, &person.with_daemon(&node.datadir))
    }

    /// The node of an id of 64 digits.
    pub fn of_id(&mut self, id: &str) -> Result<&mut Daemon> {
        let found = self.all.iter_mut().find(|node| node.node().is_ok_and(|own| own == id));
        found.ok_or_else(|| anyhow!("node {id} does not run"))
    }
}

/// Rolls the first epoch, unless this day's was rolled already.
pub fn roll_epoch(person: &Parsctl) -> Result<Option<u64>> {
    match person.attempt(&["chain", "roll-epoch"])? {
        Ok(rolled) => number(&rolled, "/epoch").map(Some),
        Err(refusal) if refusal.code == "epoch_already_rolled" => Ok(None),
        Err(refusal) => Err(anyhow!("the epoch was not rolled: {} {}", refusal.code, refusal.message)),
    }
}

/// A network of one journey. Dropping it ends all of it.
#[derive(Debug)]
pub struct Network {
    /// The service nodes.
    pub nodes: Nodes,
    /// Where daemons run.
    pub site: Site,
    /// What the executor takes for the chain.
    pub fork: Fork,
    /// Chain and indexer, which outlive the daemons.
    pub stack: Stack,
}

impl Network {
    /// Starts it and rolls the first epoch when all nodes stand. Watched: what links carry is written down.
    pub fn start(places: &Places, watched: bool, facts: &mut Facts) -> Result<Self> {
        let stack = Stack::start(places, 7072)?;
        let adapter = text(&stack.deployed, "/deployment/mldsa")?;
        let fork = Fork::start(&stack.rpc, &adapter)?;
        let site = Site {
            bin: places.bin.clone(),
            directory: stack.path(""),
            rpc: stack.rpc.clone(),
            deployment: stack.path("deployment.json"),
            watched,
            level: None,
        };
        let nodes = Nodes::start(&site, Some(fork.url()))?;
        nodes.registered(stack.proxy.url())?;
        facts.add("nodes", nodes.all.len());
        facts.add("epoch", roll_epoch(&stack.person(0))?);
        Ok(Self { nodes, site, fork, stack })
    }

    /// Starts the daemon of a member.
    pub fn member(&self, name: &str) -> Result<Daemon> {
        self.site.start(name, self.nodes.bootstrap()?)
    }

    /// `parsctl` of a daemon's owner, who signs as a development account.
    pub fn person(&self, account: usize, daemon: &Daemon) -> Parsctl {
        self.stack
            .person(account)
            .at_home(&self.stack.path(&format!("home-{}", daemon.name)))
            .with_daemon(&daemon.datadir)
    }

    /// Makes an identity and gives its link once strangers can write to it.
    pub fn identity(&self, daemon: &Daemon) -> Result<Account> {
        identity(daemon, &self.person(0, daemon))
    }
}

/// Makes a daemon's identity, if it has none, and gives its link once strangers can write to it.
pub fn identity(daemon: &Daemon, person: &Parsctl) -> Result<Account> {
    connected(daemon)?;
    if person.attempt(&["session", "identity", "show"])?.is_err() {
        person.run(&["session", "identity", "create"])?;
    }
    published(&daemon.name, person)
}

/// Waits until strangers can write to whom a daemon speaks for.
pub fn published(name: &str, person: &Parsctl) -> Result<Account> {
    let shown = wait::until(&format!("the records of {name}"), || {
        let shown = person.run(&["session", "identity", "show"])?;
        Ok((shown.get("published") == Some(&Value::Bool(true))).then_some(shown))
    })?;
    Ok(Account { id: text(&shown, "/id")?, link: text(&shown, "/link")? })
}

/// Who a daemon speaks for.
#[derive(Debug, Clone)]
pub struct Account {
    /// `05` and 64 digits.
    pub id: String,
    /// `pars://session/…?b=…`.
    pub link: String,
}

impl Account {
    /// The id of others' sessions with this account.
    pub fn session(&self) -> &str {
        self.id.get(2..).unwrap_or_default()
    }
}

/// Waits until a daemon knows every node of today and has a first relay, and gives its status.
pub fn connected(daemon: &Daemon) -> Result<Value> {
    let rpc = daemon.rpc().context("the daemon does not say where it answers")?;
    wait::until(&format!("{} to reach the network", daemon.name), || {
        let status = rpc.call("status.get", &Value::Object(Default::default()))?;
        let relays = number(&status, "/relays")?;
        let linked = status.get("firstRelay").is_some_and(Value::is_string);
        let without_identity = status.get("state").and_then(Value::as_str) == Some("noIdentity");
        Ok((relays >= NODES as u64 && (linked || without_identity)).then_some(status))
    })
}
