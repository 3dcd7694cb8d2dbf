//! The processes of one journey: a chain with our contracts and an indexer, on ports of the system, in a directory that
//! goes with them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tempfile::TempDir;

use crate::{cast::Cast, http, parsctl::Parsctl, process::Process, proxy::Proxy, report::Facts, wait};

/// Where binaries and other people's tools lie.
#[derive(Debug, Clone)]
pub struct Places {
    /// Directory of `devnet`, `indexer` and `parsctl`.
    pub bin: PathBuf,
    /// Directory of `cast` and Safe's contracts.
    pub node_modules: PathBuf,
    /// Leave the working directories behind.
    pub keep: bool,
}

impl Places {
    /// Where things lie if nothing else is said: binaries beside this program, npm's packages in the repository that it
    /// was built from.
    pub fn here(bin: Option<PathBuf>, node_modules: Option<PathBuf>, keep: bool) -> Result<Self> {
        let beside = || -> Result<PathBuf> {
            let program = std::env::current_exe().context("where this program lies is unknown; give --bin-dir")?;
            program.parent().map(PathBuf::from).context("this program lies nowhere; give --bin-dir")
        };
        let repository = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../node_modules");
        Ok(Self { bin: bin.map_or_else(beside, Ok)?, node_modules: node_modules.unwrap_or_else(repository), keep })
    }

    /// The repository that npm's packages belong to.
    pub fn repository(&self) -> Result<PathBuf> {
        let parent = self.node_modules.parent().context("npm's packages lie nowhere; give --node-modules")?;
        Ok(fs::canonicalize(parent)?)
    }
}

/// A running chain and indexer. Dropping it ends both.
#[derive(Debug)]
pub struct Stack {
    /// Chain id.
    pub chain_id: u64,
    /// Foundry's client for this chain.
    pub cast: Cast,
    /// Address of the TownHall contract.
    pub town_hall: String,
    /// The document of `chain deploy`.
    pub deployed: Value,
    /// What the indexer is asked.
    pub proxy: Proxy,
    /// The chain's JSON-RPC.
    pub rpc: String,
    /// Where binaries lie.
    pub places: Places,
    // Processes end before their directory is removed: fields are dropped in this order.
    indexer: Process,
    devnet: Process,
    directory: Directory,
}

impl Stack {
    /// Starts a chain, deploys the contracts with development account 0, starts an indexer.
    pub fn start(places: &Places, chain_id: u64) -> Result<Self> {
        let directory = Directory::new(places.keep)?;
        let path = |name: &str| directory.path().join(name);
        let devnet = chain(places, directory.path(), chain_id, "0")?;
        let rpc = devnet.address("rpc")?;
        let deployment = path("deployment.json");
        let admin = Parsctl {
            program: places.bin.join("parsctl"),
            rpc: rpc.clone(),
            indexer: "http://127.0.0.1:9".into(),
            deployment: deployment.clone(),
            home: path("admin"),
            signer: ["--dev-account", "0"].map(str::to_owned).to_vec(),
            datadir: None,
        };
        let deployed = admin.run(&["chain", "deploy"]).context("the contracts were not deployed")?;
        let town_hall = crate::parsctl::text(&deployed, "/deployment/townHall")?;
        let indexer = index(places, directory.path(), &rpc, "127.0.0.1:0")?;
        let proxy = Proxy::start(&indexer.address("api")?)?;
        let cast = Cast::new(places.node_modules.clone(), &rpc);
        let places = places.clone();
        Ok(Self { chain_id, cast, town_hall, deployed, proxy, rpc, places, indexer, devnet, directory })
    }

    /// What the deployment cost, for the log.
    pub fn facts(&self, facts: &mut Facts) -> Result<()> {
        let contracts =
            self.deployed.get("contracts").and_then(Value::as_array).ok_or_else(|| anyhow!("no contracts"))?;
        let gas = contracts.iter().filter_map(|contract| contract.get("gasUsed")?.as_u64());
        facts.add("chainId", self.chain_id);
        facts.add("contracts", contracts.len());
        facts.add("largestDeploymentGas", gas.max());
        facts.add("townHall", self.town_hall.clone());
        Ok(())
    }

    /// `parsctl` as a development account, with a home of its own.
    pub fn person(&self, account: usize) -> Parsctl {
        Parsctl {
            program: self.places.bin.join("parsctl"),
            rpc: self.rpc.clone(),
            indexer: self.proxy.url().to_owned(),
            deployment: self.path("deployment.json"),
            home: self.path(&format!("home-{account}")),
            signer: vec!["--dev-account".into(), account.to_string()],
            datadir: None,
        }
    }

    /// A path in the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A bare chain beside this one, with further options; it ends when dropped.
    pub fn chain_beside(&self, name: &str, chain_id: u64, more: &[&str]) -> Result<Process> {
        let (data, id) = (self.path(name).display().to_string(), chain_id.to_string());
        let words = [&["--datadir", &data, "--chain-id", &id], more].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        Process::start(&self.places.bin.join("devnet"), &words, self.path(&format!("{name}.log")))
    }

    /// Kills the chain (SIGKILL).
    pub fn kill_chain(&mut self) {
        self.devnet.kill();
    }

    /// Starts the chain again, at the same place.
    pub fn start_chain(&mut self) -> Result<()> {
        let port = self.rpc.rsplit(':').next().unwrap_or_default().to_owned();
        self.devnet = chain(&self.places, self.directory.path(), self.chain_id, &port)?;
        Ok(())
    }

    /// Kills the indexer (SIGKILL).
    pub fn kill_indexer(&mut self) {
        self.indexer.kill();
    }

    /// Starts the indexer again, at the same place.
    pub fn start_indexer(&mut self) -> Result<()> {
        let listen = self.indexer.address("api")?.trim_start_matches("http://").to_owned();
        self.indexer = index(&self.places, self.directory.path(), &self.rpc, &listen)?;
        Ok(())
    }

    /// Waits until the indexer has seen the chain's newest block.
    pub fn synced(&self) -> Result<()> {
        let (api, head) = (self.indexer.address("api")?, self.cast.block_number()?);
        wait::until(&format!("the indexer to reach block {head}"), || {
            let status = http::get(&api, "/status")?;
            let reached = status.pointer("/head/number").and_then(Value::as_u64);
            Ok(reached.filter(|reached| *reached >= head).map(|_| ()))
        })
    }
}

fn chain(places: &Places, directory: &Path, chain_id: u64, port: &str) -> Result<Process> {
    let (data, id) = (directory.join("chain").display().to_string(), chain_id.to_string());
    let arguments = ["--datadir", &data, "--port", port, "--chain-id", &id].map(str::to_owned);
    Process::start(&places.bin.join("devnet"), &arguments, directory.join("devnet.log"))
}

fn index(places: &Places, directory: &Path, rpc: &str, listen: &str) -> Result<Process> {
    let file = directory.join("deployment.json").display().to_string();
    let database = format!("sqlite:{}", directory.join("index.db").display());
    let arguments = ["--rpc", rpc, "--deployment", &file, "--database", &database, "--listen", listen];
    Process::start(&places.bin.join("indexer"), &arguments.map(str::to_owned), directory.join("indexer.log"))
}

/// A temporary directory, removed at the end unless it is to be kept.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// Removes the directory when dropped.
    _owned: Option<TempDir>,
}

impl Directory {
    fn new(keep: bool) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("pars-journey-").tempdir()?;
        let path = fs::canonicalize(directory.path())?;
        if !keep {
            return Ok(Self { path, _owned: Some(directory) });
        }
        eprintln!("kept: {}", directory.keep().display());
        Ok(Self { path, _owned: None })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
