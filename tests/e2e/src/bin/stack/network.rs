//! The processes of the network: chain, indexer, six service nodes of which one carries out actions, an SFU, and the daemons of
//! two members; A's hosts a room of each kind and keeps blocks (DECISIONS O-34).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use pars_e2e::{
    actions,
    daemon::{Daemon, Site},
    network::{self, Account, EXECUTOR, Nodes},
    parsctl::{Parsctl, text},
    process::Process,
    sfu::Sfu,
    wait,
};

use crate::rooms;

/// The members, by the letter of their environment's file; the first hosts rooms.
pub(crate) const MEMBERS: [&str; 2] = ["a", "b"];

/// The members' development accounts, in the same order.
const ACCOUNTS: [usize; 2] = [1, 2];

/// How often a child that ended by itself is noticed.
const LOOK: Duration = Duration::from_millis(500);

/// Where nobody listens: what the administrator does asks no indexer.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Everything that runs.
pub(crate) struct Network {
    directory: PathBuf,
    bin: PathBuf,
    members: Vec<Daemon>,
    sfu: Option<Sfu>,
    nodes: Option<Nodes>,
    indexer: Option<Process>,
    chain: Option<Process>,
}

/// What its users are told.
pub(crate) struct Facts {
    /// The chain's JSON-RPC.
    pub(crate) rpc: String,
    /// The indexer's REST.
    pub(crate) api: String,
    /// The gateway to the blocks that A's daemon keeps.
    pub(crate) gateway: String,
    /// Addresses of the contracts.
    pub(crate) deployment: PathBuf,
    /// Demonstration rooms by kind.
    pub(crate) rooms: BTreeMap<String, String>,
    /// In the order of [`MEMBERS`].
    pub(crate) members: Vec<Member>,
}

/// A member with a daemon.
pub(crate) struct Member {
    /// The page with its token.
    pub(crate) page: String,
    /// Under whose identity the daemon speaks.
    pub(crate) identity: Account,
    /// The identity's link as a QR code.
    pub(crate) code: String,
}

impl Network {
    /// Nothing runs yet.
    pub(crate) fn new(directory: &Path, bin: &Path) -> Self {
        let (directory, bin) = (directory.to_owned(), bin.to_owned());
        Self { directory, bin, members: Vec::new(), sfu: None, nodes: None, indexer: None, chain: None }
    }

    /// Starts what does not run yet, on the state of the last run. What runs when something fails is for [`Network::stop`].
    pub(crate) fn start(&mut self, (rpc_port, api_port): (u16, u16)) -> Result<Facts> {
        let chain = self.chain.insert(chain(&self.directory, &self.bin, rpc_port).context("the chain does not start")?);
        let rpc = chain.address("rpc")?;
        let admin = self.admin(&rpc);
        if !admin.deployment.exists() {
            println!("deploying the contracts");
            admin.run(&["chain", "deploy"]).context("the contracts were not deployed")?;
        }
        let indexer = index(&self.directory, &self.bin, (&rpc, api_port)).context("the indexer does not start")?;
        let api = self.indexer.insert(indexer).address("api")?;
        println!("starting six service nodes, an SFU and two members");
        let site = Site {
            bin: self.bin.clone(),
            directory: self.directory.clone(),
            rpc: rpc.clone(),
            deployment: admin.deployment.clone(),
            watched: false,
            level: None,
        };
        let nodes = self.nodes.insert(Nodes::start(&site, None)?);
        nodes.registered(&api)?;
        network::roll_epoch(&admin)?;
        let executor = nodes.executor(&admin.at_home(&self.directory.join(format!("home-{EXECUTOR}"))))?;
        let all = [nodes.bootstrap()?, vec!["--recordings-through".into(), executor.id.clone()]].concat();
        let sfu = Sfu::start(&self.bin, &self.directory).context("the SFU does not start")?;
        let hosting = self.sfu.insert(sfu).arguments()?;
        for name in MEMBERS {
            let blocks = self.members.first().map(|first| first.address("gateway")).transpose()?;
            self.members.push(member(&site, name, (&all, &hosting, blocks))?);
        }
        let people = people(&admin, &api, &self.directory);
        let members = self.identities(&people, &executor)?;
        let rooms = rooms::ensure(&people, &self.directory)?;
        let gateway = self.members.first().map_or(Ok(String::new()), |host| host.address("gateway"))?;
        Ok(Facts { rpc, api, gateway, deployment: admin.deployment, rooms, members })
    }

    /// Until the user asks to end, or a program ends by itself: that is an error that names its log.
    pub(crate) fn watch(&mut self) -> Result<()> {
        while wait::asked_to_end() == 0 {
            self.alive()?;
            wait::moment(LOOK);
        }
        Ok(())
    }

    /// Asks everything to end, first what needs the rest, and waits.
    pub(crate) fn stop(&mut self) {
        let nodes = self.nodes.iter_mut().flat_map(|nodes| &mut nodes.all);
        self.members.iter_mut().chain(nodes).for_each(Daemon::stop);
        self.sfu.iter_mut().for_each(Sfu::stop);
        self.indexer.iter_mut().chain(&mut self.chain).for_each(Process::stop);
    }

    fn alive(&mut self) -> Result<()> {
        let mut ended = Vec::new();
        for (name, process) in [("chain", &mut self.chain), ("indexer", &mut self.indexer)] {
            ended.push((name.to_owned(), process.as_mut().map_or(Ok(None), Process::ended)?));
        }
        ended.push(("sfu".into(), self.sfu.as_mut().map_or(Ok(None), Sfu::ended)?));
        for daemon in self.nodes.iter_mut().flat_map(|nodes| &mut nodes.all).chain(&mut self.members) {
            ended.push((daemon.name.clone(), daemon.ended()?));
        }
        match ended.into_iter().find_map(|(name, status)| Some((name, status?))) {
            Some((name, status)) => bail!(self.ended(&name, status)),
            None => Ok(()),
        }
    }

    fn ended(&self, name: &str, status: ExitStatus) -> String {
        let log = self.directory.join(format!("{name}.log"));
        let log = log.display();
        format!(
            "{name} ended by itself ({status}), so all was ended: its log is {log}, and the next run goes on from here"
        )
    }

    /// Who deploys and draws beacons: account 0.
    fn admin(&self, rpc: &str) -> Parsctl {
        Parsctl {
            program: self.bin.join("parsctl"),
            rpc: rpc.to_owned(),
            indexer: NOWHERE.into(),
            deployment: self.directory.join("deployment.json"),
            home: self.directory.join("home"),
            signer: vec!["--dev-account".into(), "0".into()],
            datadir: None,
        }
    }

    /// Each member's identity, made if there is none, and a session with the executor, so that what is printed can be typed at
    /// once.
    fn identities(&self, people: &BTreeMap<usize, Parsctl>, executor: &Account) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        for (daemon, account) in self.members.iter().zip(ACCOUNTS) {
            let person = people.get(&account).context("a member is missing")?;
            let identity = network::identity(daemon, person).context("a member's identity was not made")?;
            actions::acquainted(person, executor).context("a member has no session with the executor")?;
            let shown = person.shown(&["session", "identity", "show"])?;
            // After id, link and whether it is published.
            let code = shown.lines().skip(3).collect::<Vec<_>>().join("\n");
            members.push(Member { page: text(&person.run(&["page"])?, "/link")?, identity, code });
        }
        Ok(members)
    }
}

/// The first hosts, and serves its blocks; the others fetch them there.
fn member(site: &Site, name: &str, (all, hosting, blocks): (&[String], &[String], Option<String>)) -> Result<Daemon> {
    let mut more = all.to_vec();
    more.extend(["--home".into(), site.directory.join(format!("home-{name}")).display().to_string()]);
    more.extend(page());
    match blocks {
        None => {
            let [account, ..] = ACCOUNTS;
            more.extend(["--dev-account".into(), account.to_string(), "--gateway".into(), "127.0.0.1:0".into()]);
            more.extend(hosting.iter().cloned());
        }
        Some(gateway) => more.extend(["--blocks-from".into(), gateway]),
    }
    site.start(&format!("member-{name}"), more)
}

/// `parsctl` of each holder: members at their homes and daemons, others at homes of their own.
fn people(admin: &Parsctl, api: &str, directory: &Path) -> BTreeMap<usize, Parsctl> {
    let signed = |account: usize| Parsctl {
        indexer: api.to_owned(),
        signer: vec!["--dev-account".into(), account.to_string()],
        home: directory.join(format!("home-{account}")),
        ..admin.clone()
    };
    let mut people: BTreeMap<_, _> = rooms::HOLDERS.map(|holder| (holder, signed(holder))).into();
    for (member, account) in MEMBERS.into_iter().zip(ACCOUNTS) {
        let person = signed(account).at_home(&directory.join(format!("home-{member}")));
        people.insert(account, person.with_daemon(&directory.join(format!("member-{member}"))));
    }
    people
}

/// The built page, if it is there.
fn page() -> Vec<String> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/web/dist");
    match fs::canonicalize(dist) {
        Ok(dist) if dist.join("index.html").exists() => vec!["--page".into(), dist.display().to_string()],
        _ => {
            println!("the page is not built (npm run build -w clients/web): daemons serve none");
            Vec::new()
        }
    }
}

fn chain(directory: &Path, bin: &Path, port: u16) -> Result<Process> {
    let (data, port) = (directory.join("chain").display().to_string(), port.to_string());
    let words = ["--datadir", &data, "--port", &port].map(str::to_owned);
    Process::start(&bin.join("devnet"), &words, directory.join("chain.log"))
}

fn index(directory: &Path, bin: &Path, (rpc, port): (&str, u16)) -> Result<Process> {
    let file = directory.join("deployment.json").display().to_string();
    let database = format!("sqlite:{}", directory.join("index.db").display());
    let listen = format!("127.0.0.1:{port}");
    let words = ["--rpc", rpc, "--deployment", &file, "--database", &database, "--listen", &listen];
    Process::start(&bin.join("indexer"), &words.map(str::to_owned), directory.join("indexer.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_by_itself_is_named_with_its_log_and_what_the_next_run_does() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("indexer.log");
        let words = ["-c", "echo '{\"ready\":true}'; exit 3"].map(str::to_owned);
        let mut network = Network::new(directory.path(), Path::new("/nowhere"));
        network.indexer = Some(Process::start(Path::new("/bin/sh"), &words, log.clone()).unwrap());
        let told = network.watch().unwrap_err().to_string();
        let expected =
            format!("indexer ended by itself (exit status: 3), so all was ended: its log is {}", log.display());
        assert!(told.starts_with(&expected) && told.ends_with("the next run goes on from here"), "{told}");
    }
}
