//! `stack --dir DIR [--fresh]`: the development network that stays, for people. Behind `cargo xtask up`.
//!
//! Starts the chain, deploys the contracts when the chain has none, starts the indexer, says what to try next, and ends
//! all of it on Ctrl-C. The state lies in DIR and is taken up again by the next run.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use pars_e2e::{parsctl::Parsctl, process::Process};

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
    network.introduce(&directory, &bin)?;
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
        network.alive(&directory)?;
    }
    println!("\nstopping");
    network.indexer.stop();
    network.devnet.stop();
    Ok(())
}

struct Network {
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
        let path = |name: &str| directory.join(name).display().to_string();
        let port = arguments.rpc_port.to_string();
        let words = ["--datadir", &path("chain"), "--port", &port].map(str::to_owned);
        let devnet = Process::start(&bin.join("devnet"), &words, directory.join("chain.log"))
            .context("the chain does not start (`--fresh` begins anew)")?;
        let rpc = devnet.address("rpc")?;
        let deployment = directory.join("deployment.json");
        if !deployment.exists() {
            println!("deploying the contracts");
            let admin = Parsctl {
                program: bin.join("parsctl"),
                rpc: rpc.clone(),
                indexer: "http://127.0.0.1:9".into(),
                deployment: deployment.clone(),
                home: directory.join("home"),
                signer: vec!["--dev-account".into(), "0".into()],
            };
            admin.run(&["chain", "deploy"]).context("the contracts were not deployed")?;
        }
        let database = format!("sqlite:{}", path("index.db"));
        let listen = format!("127.0.0.1:{}", arguments.api_port);
        let words =
            ["--rpc", &rpc, "--deployment", &path("deployment.json"), "--database", &database, "--listen", &listen];
        let indexer = Process::start(&bin.join("indexer"), &words.map(str::to_owned), directory.join("indexer.log"))
            .context("the indexer does not start (`--fresh` begins anew)")?;
        let api = indexer.address("api")?;
        Ok(Self { indexer, devnet, rpc, api, deployment })
    }

    /// Say where everything is, and what to try.
    fn introduce(&self, directory: &Path, bin: &Path) -> Result<()> {
        let environment = directory.join("env");
        let mut file = fs::File::create(&environment)?;
        writeln!(file, "export PATH='{}':\"$PATH\"", bin.display())?;
        writeln!(file, "export PARS_RPC='{}' PARS_INDEXER='{}'", self.rpc, self.api)?;
        writeln!(file, "export PARS_DEPLOYMENT='{}'", self.deployment.display())?;
        writeln!(file, "export PARS_HOME='{}'", directory.join("home").display())?;
        println!(
            "\nThe development network runs. State and logs: {}\n\n  chain    {}  (chain id 7072, ten funded accounts)\n  indexer  {}/v1/rooms\n\nIn another terminal:\n",
            directory.display(),
            self.rpc,
            self.api
        );
        println!("  source {}", environment.display());
        println!(
            "  parsctl --dev-account 1 lock --amount 1000 --days 365 --register   # lock PARS and register for anonymous entry"
        );
        println!(
            "  parsctl --dev-account 1 room create --kind open-forum              # a room, in the hourly slot of that lock"
        );
        println!("  parsctl room list");
        println!(
            "  parsctl --dev-account 1 room sitting open <room id>                # pins the tree of registered holders"
        );
        println!("  parsctl --dev-account 1 eligibility prove --room <room id> --out proof.json");
        println!(
            "  parsctl eligibility check --room <room id> --proof proof.json      # our verifier and the contract must agree\n"
        );
        println!("Ctrl-C ends it; the state stays (`cargo xtask up --fresh` begins anew).");
        Ok(())
    }

    fn alive(&mut self, directory: &Path) -> Result<()> {
        for (process, name) in [(&mut self.devnet, "chain"), (&mut self.indexer, "indexer")] {
            if let Some(status) = process.ended()? {
                bail!("the {name} ended ({status}); its log is {}", directory.join(format!("{name}.log")).display());
            }
        }
        Ok(())
    }
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
