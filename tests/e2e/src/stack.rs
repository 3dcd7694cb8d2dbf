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
    rpc: String,
    places: Places,
    // Processes end before their directory is removed: fields are dropped in this order.
    indexer: Process,
    _devnet: Process,
    directory: Directory,
}

impl Stack {
    /// Starts a chain, deploys the contracts with development account 0, starts an indexer.
    pub fn start(places: &Places, chain_id: u64) -> Result<Self> {
        let directory = Directory::new(places.keep)?;
        let path = |name: &str| directory.path().join(name);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (data, id) = (path("chain").display().to_string(), chain_id.to_string());
        let arguments = words(&["--datadir", &data, "--port", "0", "--chain-id", &id]);
        let devnet = Process::start(&places.bin.join("devnet"), &arguments, path("devnet.log"))?;
        let rpc = devnet.address("rpc")?;
        let deployment = path("deployment.json");
        let admin = Parsctl {
            program: places.bin.join("parsctl"),
            rpc: rpc.clone(),
            indexer: "http://127.0.0.1:9".into(),
            deployment: deployment.clone(),
            home: path("admin"),
            signer: words(&["--dev-account", "0"]),
        };
        let deployed = admin.run(&["chain", "deploy"]).context("the contracts were not deployed")?;
        let town_hall = crate::parsctl::text(&deployed, "/deployment/townHall")?;
        let (file, database) = (deployment.display().to_string(), format!("sqlite:{}", path("index.db").display()));
        let arguments =
            words(&["--rpc", &rpc, "--deployment", &file, "--database", &database, "--listen", "127.0.0.1:0"]);
        let indexer = Process::start(&places.bin.join("indexer"), &arguments, path("indexer.log"))?;
        let proxy = Proxy::start(&indexer.address("api")?)?;
        let cast = Cast::new(places.node_modules.clone(), &rpc);
        let places = places.clone();
        Ok(Self { chain_id, cast, town_hall, deployed, proxy, rpc, places, indexer, _devnet: devnet, directory })
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
        }
    }

    /// A path in the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
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
