//! Settings, checked: what the daemon runs with (DECISIONS O-26, O-33). Nothing is made or opened before this passed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use alloy::transports::http::reqwest::Url;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use pars_bindings::deployment::Deployment;
use pars_engine::registry::Network as Rules;
use pars_identity::IdentityId;
use pars_proto::onion::delay::Delay;

use crate::account::AccountSource;
use crate::args::{Args, Settings};

/// Name of the settings' file in the data directory.
pub const SETTINGS_FILE: &str = "sessiond.toml";
/// Bytes of stored blocks at most, unless said otherwise.
const BLOB_QUOTA: u64 = 64 << 30;

/// The three networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Chain 7070.
    Mainnet,
    /// Chain 7071.
    Testnet,
    /// Chain 7072: loopback, one person runs all of it.
    Dev,
}

impl Network {
    /// Every network.
    pub const ALL: [Self; 3] = [Self::Mainnet, Self::Testnet, Self::Dev];

    /// Its name in flags and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Dev => "dev",
        }
    }

    /// Its chain.
    pub const fn chain_id(self) -> u64 {
        match self {
            Self::Mainnet => 7070,
            Self::Testnet => 7071,
            Self::Dev => 7072,
        }
    }

    /// The engine's word for its rules.
    pub const fn rules(self) -> Rules {
        match self {
            Self::Dev => Rules::Dev,
            Self::Mainnet | Self::Testnet => Rules::Public,
        }
    }
}

/// What a seat consents to recordings with: a key that is drawn anew for every seat (ELIGIBILITY 4.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsentKeyKind {
    /// ECDSA over secp256k1.
    #[default]
    Secp256k1,
    /// ML-DSA-87 (FIPS 204).
    MlDsa,
}

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings' file.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Something that has no default.
    #[error("network {network} needs {what}; give it as {flag} or in {SETTINGS_FILE}")]
    Missing {
        /// The network.
        network: &'static str,
        /// What is missing.
        what: &'static str,
        /// The flag.
        flag: &'static str,
    },
    /// No network, or none of this name.
    #[error("give --network mainnet, testnet or dev")]
    Network,
    /// Not a multiaddress of a TCP port.
    #[error("{flag} {value} is no address of the form /ip4/127.0.0.1/tcp/9000")]
    Address {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
    },
    /// `dev` is for one machine.
    #[error("network dev runs on loopback only; listen on /ip4/127.0.0.1/tcp/0 instead of {0}")]
    NotLoopback(String),
    /// The RPC over HTTP is for this machine.
    #[error("--http {0} is no loopback address; use 127.0.0.1")]
    HttpNotLoopback(SocketAddr),
    /// So is the gateway.
    #[error("--gateway {0} is no loopback address; use 127.0.0.1")]
    GatewayNotLoopback(SocketAddr),
    /// Not an HTTP URL.
    #[error("--rpc is no http:// or https:// URL of a chain's node")]
    Rpc,
    /// The deployment belongs to another network.
    #[error("the deployment file is of chain {found}, network {network} is chain {expected}")]
    OtherChain {
        /// The network.
        network: &'static str,
        /// Its chain.
        expected: u64,
        /// The file's.
        found: u64,
    },
    /// Keys may not lie in plain files there.
    #[error(
        "network {0} is not supported yet: secrets may lie in plain files on dev only, and the vault that keeps them elsewhere is a later part"
    )]
    NoVault(&'static str),
    /// Only on `dev`.
    #[error("{flag} is for network dev only")]
    DevOnly {
        /// The flag.
        flag: &'static str,
    },
    /// Not one of the three.
    #[error("give --delay fast, default or private")]
    Delay,
    /// A host without its SFU.
    #[error("--host needs {0}; the SFU's ready line and its key file say it")]
    NoSfu(&'static str),
    /// No SFU.
    #[error("--sfu is no http:// or https:// URL")]
    Sfu,
    /// No fingerprint.
    #[error("--sfu-fingerprint has 64 hexadecimal digits")]
    Fingerprint,
    /// No account's id.
    #[error("--recordings-through {id} is no 05… id of an executor: {reason}")]
    RecordingsThrough {
        /// What was given.
        id: String,
        /// What is wrong with it.
        reason: pars_identity::id::IdError,
    },
    /// No service for blocks.
    #[error("{flag} {url} is no http:// URL of {what}")]
    Blocks {
        /// The flag.
        flag: &'static str,
        /// What was given.
        url: String,
        /// What it would be of.
        what: &'static str,
    },
    /// No kind of key.
    #[error("give --consent-key secp256k1 or ml-dsa")]
    ConsentKey,
    /// Two accounts.
    #[error("give either --account-file or --dev-account, not both")]
    TwoAccounts,
}

/// The SFU of a host.
#[derive(Clone, Debug)]
pub struct SfuConfig {
    /// Where it is.
    pub url: Url,
    /// Its API key.
    pub key_file: PathBuf,
    /// SHA-256 of its DTLS certificate; zero for a cluster.
    pub fingerprint: [u8; 32],
}

/// What the daemon runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything it keeps.
    pub datadir: PathBuf,
    /// Which network.
    pub network: Network,
    /// Where links and discovery listen.
    pub listen: Multiaddr,
    /// The chain's node.
    pub rpc: Url,
    /// The contracts.
    pub deployment: Deployment,
    /// Where discovery begins.
    pub bootstrap: Vec<Multiaddr>,
    /// How long each hop holds a packet.
    pub delay: Delay,
    /// Where others reach a service node's links, if not where it listens.
    pub advertise: Vec<SocketAddr>,
    /// Be a service node with this stake (none: the least).
    pub service: Option<Option<u128>>,
    /// Carry out actions; the file says whose.
    pub executor: Option<Option<PathBuf>>,
    /// Who stakes and submits.
    pub account: Option<AccountSource>,
    /// Where the RPC over HTTP listens.
    pub http: SocketAddr,
    /// Origins that browsers may call from.
    pub origins: Vec<String>,
    /// Host rooms with this SFU.
    pub host: Option<SfuConfig>,
    /// Serve this page.
    pub page: Option<PathBuf>,
    /// Where the gateway to stored blocks listens.
    pub gateway: Option<SocketAddr>,
    /// Bytes of stored blocks at most.
    pub blob_quota: u64,
    /// The executor that calls of recordings' contract go to, if an RPC call names none.
    pub recordings_through: Option<IdentityId>,
    /// Trustless gateways that blocks of recordings are fetched from, in this order, after the own store.
    pub blocks_from: Vec<Url>,
    /// RPC of IPFS nodes that recordings are copied to.
    pub blocks_to: Vec<Url>,
    /// The consent key of every seat.
    pub consent_key: ConsentKeyKind,
    /// Secrets of registered commitments.
    pub home: Option<PathBuf>,
    /// Where links write what they carry.
    pub capture: Option<PathBuf>,
    /// Where tunnels of hosted rooms write what they carry.
    pub capture_tunnels: Option<PathBuf>,
}

impl Config {
    /// The command line and the settings' file, checked.
    ///
    /// # Errors
    /// [`ConfigError`]: the first thing that is wrong, by name.
    pub fn load(args: Args) -> Result<Self, ConfigError> {
        let path = args.datadir.join(SETTINGS_FILE);
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|e| ConfigError::File { path, reason: e.to_string() })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Settings::default(),
            Err(e) => return Err(ConfigError::File { path, reason: e.to_string() }),
        };
        Self::check(args.datadir, args.settings.over(file))
    }

    /// Settings, checked.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn check(datadir: PathBuf, settings: Settings) -> Result<Self, ConfigError> {
        let network = network(settings.network.as_deref())?;
        let host = sfu(&settings)?;
        let missing = |what, flag| ConfigError::Missing { network: network.name(), what, flag };
        let deployment = settings.deployment.ok_or_else(|| missing("a deployment file", "--deployment"))?;
        let rpc = settings.rpc.ok_or_else(|| missing("the URL of a chain's node", "--rpc"))?;
        let first = settings.service && network == Network::Dev;
        if settings.bootstrap.is_empty() && !first {
            return Err(missing("the address of a bootstrap node", "--bootstrap"));
        }
        let listen = settings.listen.ok_or_else(|| missing("an address to listen on", "--listen"))?;
        let listen = address("--listen", &listen)?;
        let account = account(settings.account_file, settings.dev_account)?;
        if account.is_none() && (settings.service || settings.executor || settings.host) {
            return Err(missing("the account that pays for a service node, an executor or a host", "--account-file"));
        }
        let http = settings.http.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let config = Self {
            datadir,
            network,
            listen,
            rpc: url(&rpc)?,
            deployment: read_deployment(&deployment)?,
            bootstrap: settings.bootstrap.iter().map(|text| address("--bootstrap", text)).collect::<Result<_, _>>()?,
            delay: delay(network, settings.delay.as_deref())?,
            advertise: settings.advertise,
            service: settings.service.then_some(settings.stake),
            executor: settings.executor.then_some(settings.allow),
            account,
            http,
            origins: settings.allow_origin,
            host,
            page: settings.page,
            gateway: settings.gateway,
            blob_quota: settings.blob_quota.unwrap_or(BLOB_QUOTA),
            recordings_through: settings.recordings_through.as_deref().map(executor).transpose()?,
            blocks_from: services(&settings.blocks_from, ("--blocks-from", "a trustless gateway"))?,
            blocks_to: services(&settings.blocks_to, ("--blocks-to", "the RPC of an IPFS node"))?,
            consent_key: consent_key(settings.consent_key.as_deref())?,
            home: settings.home,
            capture: settings.capture,
            capture_tunnels: settings.capture_tunnels,
        };
        config.obey(network).map(|()| config)
    }

    /// The rules of the networks.
    fn obey(&self, network: Network) -> Result<(), ConfigError> {
        let (expected, found) = (network.chain_id(), self.deployment.chain_id);
        if expected != found {
            return Err(ConfigError::OtherChain { network: network.name(), expected, found });
        }
        if !self.http.ip().is_loopback() {
            return Err(ConfigError::HttpNotLoopback(self.http));
        }
        if let Some(address) = self.gateway.filter(|address| !address.ip().is_loopback()) {
            return Err(ConfigError::GatewayNotLoopback(address));
        }
        if network == Network::Dev {
            return if loopback(&self.listen) {
                Ok(())
            } else {
                Err(ConfigError::NotLoopback(self.listen.to_string()))
            };
        }
        if self.capture.is_some() {
            return Err(ConfigError::DevOnly { flag: "--capture" });
        }
        if self.capture_tunnels.is_some() {
            return Err(ConfigError::DevOnly { flag: "--capture-tunnels" });
        }
        if matches!(self.account, Some(AccountSource::Dev(_))) {
            return Err(ConfigError::DevOnly { flag: "--dev-account" });
        }
        Err(ConfigError::NoVault(network.name()))
    }
}

fn network(name: Option<&str>) -> Result<Network, ConfigError> {
    let found = name.and_then(|name| Network::ALL.into_iter().find(|network| network.name() == name));
    found.ok_or(ConfigError::Network)
}

fn delay(network: Network, name: Option<&str>) -> Result<Delay, ConfigError> {
    match name {
        Some("fast") => Ok(Delay::FAST),
        Some("default") => Ok(Delay::DEFAULT),
        Some("private") => Ok(Delay::PRIVATE),
        Some(_) => Err(ConfigError::Delay),
        None if network == Network::Dev => Ok(Delay::FAST),
        None => Ok(Delay::DEFAULT),
    }
}

fn account(file: Option<PathBuf>, dev: Option<usize>) -> Result<Option<AccountSource>, ConfigError> {
    match (file, dev) {
        (Some(_), Some(_)) => Err(ConfigError::TwoAccounts),
        (file, dev) => Ok(file.map(AccountSource::File).or(dev.map(AccountSource::Dev))),
    }
}

fn address(flag: &'static str, text: &str) -> Result<Multiaddr, ConfigError> {
    let refuse = || ConfigError::Address { flag, value: text.to_owned() };
    let address: Multiaddr = text.parse().map_err(|_| refuse())?;
    let mut parts = address.iter();
    let ip = matches!(parts.next(), Some(Protocol::Ip4(_) | Protocol::Ip6(_)));
    if ip && matches!(parts.next(), Some(Protocol::Tcp(_))) { Ok(address) } else { Err(refuse()) }
}

fn loopback(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_loopback(),
        Some(Protocol::Ip6(ip)) => ip.is_loopback(),
        _ => false,
    }
}

/// The SFU, if rooms are hosted.
fn sfu(settings: &Settings) -> Result<Option<SfuConfig>, ConfigError> {
    if !settings.host {
        return Ok(None);
    }
    let url = settings.sfu.as_deref().ok_or(ConfigError::NoSfu("--sfu"))?;
    let url = self::url(url).map_err(|_| ConfigError::Sfu)?;
    let key_file = settings.sfu_key_file.clone().ok_or(ConfigError::NoSfu("--sfu-key-file"))?;
    let mut fingerprint = [0; 32];
    if let Some(digits) = &settings.sfu_fingerprint {
        hex::decode_to_slice(digits, &mut fingerprint).map_err(|_| ConfigError::Fingerprint)?;
    }
    Ok(Some(SfuConfig { url, key_file, fingerprint }))
}

fn executor(id: &str) -> Result<IdentityId, ConfigError> {
    id.parse().map_err(|reason| ConfigError::RecordingsThrough { id: id.to_owned(), reason })
}

/// URLs of services that speak plain HTTP, on this machine or behind a tunnel: what comes from them is checked, what goes to
/// them is sealed.
fn services(texts: &[String], (flag, what): (&'static str, &'static str)) -> Result<Vec<Url>, ConfigError> {
    let url = |text: &String| {
        let url = text.parse().ok().filter(|url: &Url| url.scheme() == "http" && url.has_host());
        url.ok_or_else(|| ConfigError::Blocks { flag, url: text.clone(), what })
    };
    texts.iter().map(url).collect()
}

fn consent_key(word: Option<&str>) -> Result<ConsentKeyKind, ConfigError> {
    match word {
        None | Some("secp256k1") => Ok(ConsentKeyKind::Secp256k1),
        Some("ml-dsa") => Ok(ConsentKeyKind::MlDsa),
        Some(_) => Err(ConfigError::ConsentKey),
    }
}

fn url(text: &str) -> Result<Url, ConfigError> {
    let url: Url = text.parse().map_err(|_| ConfigError::Rpc)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(ConfigError::Rpc) }
}

fn read_deployment(path: &Path) -> Result<Deployment, ConfigError> {
    let refuse = |reason| ConfigError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| refuse(format!("no deployment file: {e}")))
}
