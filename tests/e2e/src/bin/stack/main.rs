//! `stack --dir DIR [--fresh]`: the development network that stays, for people. Behind `cargo xtask up`.
//!
//! Starts the chain, deploys the contracts when the chain has none, starts the indexer, six service nodes of which one
//! carries out actions, an SFU, and the daemons of two members, of which A's hosts a room of each kind; rolls the first epoch when all nodes stand; says what to try next,
//! and ends all of it on Ctrl-C. The state lies in DIR and is taken up again by the next run.

mod hints;
mod rooms;

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use pars_e2e::{
    daemon::{Daemon, Site},
    network::{self, Nodes},
    parsctl::Parsctl,
    process::Process,
    sfu::Sfu,
};

/// The members, by the letter of their environment's file.
const MEMBERS: [&str; 2] = ["a", "b"];

/// The members' development accounts, in the same order.
const ACCOUNTS: [usize; 2] = [1, 2];

/// How often a child that ended by itself is noticed.
const LOOK: Duration = Duration::from_millis(500);

/// Written into a state directory, so that `--fresh` never deletes a directory that is not one.
const MARK: &str = ".pars-stack";

/// Starts the development network.
#[derive(Debug, Parser)]
#[command(name = "stack", version)]
struct Arguments {
    /// Directory of the state.
    #[arg(long)]
    dir: PathBuf,
    /// Throw the state of the last run away.
    #[arg(long)]
    fresh: bool,
    /// Port of the chain's JSON-RPC.
    #[arg(long, default_value_t = 8545)]
    rpc_port: u16,
    /// Port of the indexer's REST.
    #[arg(long, default_value_t = 8546)]
    api_port: u16,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let (stop, stopped) = mpsc::sync_channel(1);
    ctrlc::set_handler(move || {
        let _ = stop.try_send(());
    })
    .context("the signals cannot be caught")?;
    let directory = prepare(&arguments.dir, arguments.fresh)?;
    let bin = std::env::current_exe()?.parent().context("this program lies nowhere")?.to_path_buf();
    let mut network = Network::start(arguments, &directory, &bin)?;
    hints::introduce(&network, &directory, &bin)?;
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
        network.alive(&directory)?;
    }
    println!("\nstopping");
    network.stop();
    Ok(())
}

/// Everything that runs.
struct Network {
    members: Vec<Daemon>,
    rooms: BTreeMap<String, String>,
    sfu: Sfu,
    nodes: Nodes,
    indexer: Process,
    devnet: Process,
    rpc: String,
    api: String,
    deployment: PathBuf,
}

impl Network {
    fn start(arguments: &Arguments, directory: &Path, bin: &Path) -> Result<Self> {
        free(arguments.rpc_port, "--rpc-port")?;
        free(arguments.api_port, "--api-port")?;
        let anew = "(`--fresh` begins anew)";
        let devnet = chain(arguments, directory, bin).with_context(|| format!("the chain does not start {anew}"))?;
        let rpc = devnet.address("rpc")?;
        let deployment = directory.join("deployment.json");
        let admin = Parsctl {
            program: bin.join("parsctl"),
            rpc: rpc.clone(),
            indexer: "http://127.0.0.1:9".into(),
            deployment: deployment.clone(),
            home: directory.join("home"),
            signer: vec!["--dev-account".into(), "0".into()],
            datadir: None,
        };
        if !deployment.exists() {
            println!("deploying the contracts");
            admin.run(&["chain", "deploy"]).context("the contracts were not deployed")?;
        }
        let indexer =
            index(arguments, directory, bin, &rpc).with_context(|| format!("the indexer does not start {anew}"))?;
        let api = indexer.address("api")?;
        println!("starting six service nodes and two members");
        let site = Site {
            bin: bin.to_owned(),
            directory: directory.to_owned(),
            rpc: rpc.clone(),
            deployment: deployment.clone(),
            watched: false,
            level: None,
        };
        let nodes = Nodes::start(&site, None).with_context(|| format!("a service node does not start {anew}"))?;
        nodes.registered(&api)?;
        network::roll_epoch(&admin)?;
        let sfu = Sfu::start(bin, directory).with_context(|| format!("the SFU does not start {anew}"))?;
        let mut members = Vec::new();
        for (member, account) in MEMBERS.into_iter().zip(ACCOUNTS) {
            let mut more = nodes.bootstrap()?;
            more.extend(["--home".into(), directory.join(format!("home-{member}")).display().to_string()]);
            more.extend(page());
            if member == MEMBERS[0] {
                more.extend(["--dev-account".into(), account.to_string()]);
                more.extend(sfu.arguments()?);
            }
            members.push(site.start(&format!("member-{member}"), more)?);
        }
        for member in &members {
            network::connected(member)?;
        }
        let people = people(&admin, &api, directory);
        let rooms = rooms::ensure(&people, directory)?;
        Ok(Self { members, rooms, sfu, nodes, indexer, devnet, rpc, api, deployment })
    }

    fn alive(&mut self, directory: &Path) -> Result<()> {
        for (process, name) in [(&mut self.devnet, "chain"), (&mut self.indexer, "indexer")] {
            if let Some(status) = process.ended()? {
                bail!("the {name} ended ({status}); its log is {}", directory.join(format!("{name}.log")).display());
            }
        }
        if let Some(status) = self.sfu.ended()? {
            bail!("the SFU ended ({status}); its log is {}", directory.join("sfu.log").display());
        }
        for daemon in self.nodes.all.iter_mut().chain(&mut self.members) {
            if let Some(status) = daemon.ended()? {
                bail!("{} ended ({status}); its log is {}", daemon.name, daemon.log().display());
            }
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.members.iter_mut().chain(&mut self.nodes.all).for_each(Daemon::stop);
        self.sfu.stop();
        self.indexer.stop();
        self.devnet.stop();
    }
}

/// `parsctl` of each holder: members at their homes and daemons, the third at a home of its own.
fn people(admin: &Parsctl, api: &str, directory: &Path) -> BTreeMap<usize, Parsctl> {
    let signed = |account: usize| Parsctl {
        indexer: api.to_owned(),
        signer: vec!["--dev-account".into(), account.to_string()],
        ..admin.clone()
    };
    let mut people = BTreeMap::from([(3, signed(3).at_home(&directory.join("home-c")))]);
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

fn chain(arguments: &Arguments, directory: &Path, bin: &Path) -> Result<Process> {
    let (data, port) = (directory.join("chain").display().to_string(), arguments.rpc_port.to_string());
    let words = ["--datadir", &data, "--port", &port].map(str::to_owned);
    Process::start(&bin.join("devnet"), &words, directory.join("chain.log"))
}

fn index(arguments: &Arguments, directory: &Path, bin: &Path, rpc: &str) -> Result<Process> {
    let file = directory.join("deployment.json").display().to_string();
    let database = format!("sqlite:{}", directory.join("index.db").display());
    let listen = format!("127.0.0.1:{}", arguments.api_port);
    let words = ["--rpc", rpc, "--deployment", &file, "--database", &database, "--listen", &listen];
    Process::start(&bin.join("indexer"), &words.map(str::to_owned), directory.join("indexer.log"))
}

fn prepare(directory: &Path, fresh: bool) -> Result<PathBuf> {
    let used = directory.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if used && !directory.join(MARK).exists() {
        bail!("{} is not a directory of this program: choose another with --dir", directory.display());
    }
    if used && fresh {
        fs::remove_dir_all(directory).with_context(|| format!("{} cannot be removed", directory.display()))?;
    }
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be created", directory.display()))?;
    fs::write(directory.join(MARK), "state of a development network\n")?;
    Ok(fs::canonicalize(directory)?)
}

fn free(port: u16, option: &str) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) => {
            bail!("port {port} cannot be used ({error}): another network may be running; choose one with {option}")
        }
    }
}
