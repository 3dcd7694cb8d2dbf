//! What every command shares: the options, resolved.

use std::path::PathBuf;

use alloy::primitives::Address;
use pars_bindings::deployment::Deployment;

use crate::{
    args::Global,
    chain::Chain,
    daemon::Daemon,
    error::Error,
    files::{home::Home, public},
    indexer::Indexer,
    signer::SignerSource,
};

/// The resolved global options.
#[derive(Debug, Clone)]
pub struct Context {
    global: Global,
    /// Secrets and keys.
    pub home: Home,
}

impl Context {
    /// Resolves the options; nothing is opened or created yet.
    pub fn new(global: &Global) -> Result<Self, Error> {
        let missing = || Error::Usage("there is no home directory in the environment: give --home DIR".into());
        let home = global.home.clone().or_else(Home::default_path).ok_or_else(missing)?;
        Ok(Self { global: global.clone(), home: Home::new(home) })
    }

    fn source(&self) -> Option<SignerSource> {
        let file = self.global.account_file.clone().map(SignerSource::File);
        file.or_else(|| self.global.dev_account.map(SignerSource::Dev))
    }

    /// The chain, for reading.
    pub async fn reader(&self) -> Result<Chain, Error> {
        Chain::connect(&self.global.rpc, None).await
    }

    /// The chain with the signer.
    pub async fn signing(&self) -> Result<Chain, Error> {
        let source = self.source().ok_or(Error::NoSigner)?;
        Chain::connect(&self.global.rpc, Some(&source)).await
    }

    /// The indexer.
    pub fn indexer(&self) -> Result<Indexer, Error> {
        Indexer::new(&self.global.indexer)
    }

    /// The session daemon; nothing is sent yet.
    pub fn daemon(&self) -> Result<Daemon, Error> {
        let default = || Home::default_path().map(|home| home.join("session"));
        let missing = || Error::Usage("there is no home directory in the environment: give --datadir DIR".into());
        Daemon::new(self.global.datadir.clone().or_else(default).ok_or_else(missing)?)
    }

    /// Whether every line of output is to be a JSON document.
    pub const fn json(&self) -> bool {
        self.global.json
    }

    /// The account named, else the signer's.
    pub fn account(&self, named: Option<Address>, chain_id: u64) -> Result<Address, Error> {
        match named {
            Some(account) => Ok(account),
            None => Ok(self.source().ok_or(Error::NoSigner)?.load(chain_id)?.address()),
        }
    }

    /// Where the addresses of a chain's contracts are written.
    pub fn deployment_path(&self, chain_id: u64) -> PathBuf {
        let default = || PathBuf::from("deployments").join(format!("{chain_id}.json"));
        self.global.deployment.clone().unwrap_or_else(default)
    }

    /// The addresses of a chain's contracts; a file for another chain is refused.
    pub fn deployment(&self, chain_id: u64) -> Result<Deployment, Error> {
        let path = self.deployment_path(chain_id);
        let deployment: Deployment = public::read_json(&path, "a deployment file; give --deployment FILE")?;
        if deployment.chain_id == chain_id {
            return Ok(deployment);
        }
        let (path, other) = (path.display(), deployment.chain_id);
        Err(Error::Deployment(format!("{path} is for chain {other}, the chain reached is {chain_id}")))
    }
}
