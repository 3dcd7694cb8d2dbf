//! The command line. Every flag may stand in `<datadir>/sessiond.toml` as well; a flag wins.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use serde::Deserialize;

/// The session daemon: messages over onion paths, for one identity; on request a service node or an executor of actions.
#[derive(Clone, Debug, Parser)]
#[command(name = "sessiond", version)]
pub struct Args {
    /// Directory of everything this daemon keeps; made with mode 0700 when absent
    #[arg(long)]
    pub datadir: PathBuf,
    /// What may also stand in the file.
    #[command(flatten)]
    pub settings: Settings,
}

/// Every setting; none is one that was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// mainnet, testnet or dev (chain ids 7070, 7071, 7072)
    #[arg(long)]
    pub network: Option<String>,
    /// Where links and discovery listen; port 0 takes a free one, the UDP port is the same
    #[arg(long, value_name = "MULTIADDR")]
    pub listen: Option<String>,
    /// URL of the chain's node (HTTP JSON-RPC)
    #[arg(long, env = "PARS_RPC")]
    pub rpc: Option<String>,
    /// Deployment file (deployments/<chain id>.json)
    #[arg(long, env = "PARS_DEPLOYMENT")]
    pub deployment: Option<PathBuf>,
    /// A node that discovery begins with; may be repeated
    #[arg(long, value_name = "MULTIADDR")]
    pub bootstrap: Vec<String>,
    /// How long each hop holds a packet on average: fast (not at all), default (100 ms), private (4 s); fast on dev
    #[arg(long)]
    pub delay: Option<String>,
    /// Where others reach a service node's links, if not where it listens; may be repeated
    #[arg(long, value_name = "IP:PORT")]
    pub advertise: Vec<SocketAddr>,
    /// Be a service node: stake, register, relay and store
    #[arg(long)]
    pub service: bool,
    /// Carry out actions that arrive in messages
    #[arg(long)]
    pub executor: bool,
    /// The operator's own list, TOML or JSON: which calls are relayed (target, selector, value-cap), and of which authors
    /// (their 05… ids); whatever the accounts' policies allow if left out
    #[arg(long, value_name = "FILE")]
    pub allow: Option<PathBuf>,
    /// 0600 file with the key of the account that stakes and submits
    #[arg(long)]
    pub account_file: Option<PathBuf>,
    /// Development account 0 to 9 in its place (dev network only)
    #[arg(long)]
    pub dev_account: Option<usize>,
    /// Stake of a service node in the token's least unit; the registry's least stake if left out
    #[arg(long)]
    pub stake: Option<u128>,
    /// Loopback address of the JSON-RPC over HTTP; port 0 takes a free one
    #[arg(long)]
    pub http: Option<SocketAddr>,
    /// An Origin that browsers may call from; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    /// Host rooms: sittings that the account opens; needs --sfu, --sfu-key-file and an account
    #[arg(long)]
    pub host: bool,
    /// URL of the SFU that hosted rooms use: ours, or a LiveKit server
    #[arg(long, value_name = "URL")]
    pub sfu: Option<String>,
    /// 0600 file with the SFU's API key: {"key":"…","secret":"…"}
    #[arg(long, value_name = "FILE")]
    pub sfu_key_file: Option<PathBuf>,
    /// SHA-256 of the SFU's DTLS certificate, 64 digits, from its ready line; left out for a LiveKit cluster
    #[arg(long, value_name = "DIGITS")]
    pub sfu_fingerprint: Option<String>,
    /// Serve the page of this directory (clients/web/dist) on the loopback port
    #[arg(long, value_name = "DIR")]
    pub page: Option<PathBuf>,
    /// Loopback address of the read-only gateway to stored blocks (trustless, IPFS); none unless it is given
    #[arg(long, value_name = "IP:PORT")]
    pub gateway: Option<SocketAddr>,
    /// Bytes of stored blocks at most; 64 GiB if left out
    #[arg(long, value_name = "BYTES")]
    pub blob_quota: Option<u64>,
    /// The executor (its 05… id) that consents, withdrawals and anchors of recordings go to, if a call names none; this
    /// daemon needs a session with it
    #[arg(long, value_name = "ID")]
    pub recordings_through: Option<String>,
    /// A gateway (trustless, IPFS) that blocks of recordings are fetched from after the own store; may be repeated
    #[arg(long, value_name = "URL")]
    pub blocks_from: Vec<String>,
    /// An IPFS node (Kubo's RPC) that recordings are copied to after the own store; may be repeated
    #[arg(long, value_name = "URL")]
    pub blocks_to: Vec<String>,
    /// Kind of the one-time key by which seats of this daemon consent to recordings: secp256k1 (if left out) or ml-dsa
    #[arg(long, value_name = "KIND")]
    pub consent_key: Option<String>,
    /// Home with the secrets of registered commitments and the proving key, for anonymous seats (parsctl's --home)
    #[arg(long, env = "PARS_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Write what links send and receive to this file (dev network only)
    #[arg(long)]
    pub capture: Option<PathBuf>,
    /// Write what tunnels of rooms that are hosted here carry to this file (dev network only)
    #[arg(long, value_name = "FILE")]
    pub capture_tunnels: Option<PathBuf>,
}

impl Settings {
    /// These, and what they leave open from `file`. Lists are not joined: a flag given replaces the file's list.
    #[must_use]
    pub fn over(self, file: Self) -> Self {
        // Two ways to name one account: the flag's way puts the file's away.
        let account = self.account_file.is_some() || self.dev_account.is_some();
        let of_file = if account { (None, None) } else { (file.account_file, file.dev_account) };
        Self {
            network: self.network.or(file.network),
            listen: self.listen.or(file.listen),
            rpc: self.rpc.or(file.rpc),
            deployment: self.deployment.or(file.deployment),
            bootstrap: list(self.bootstrap, file.bootstrap),
            delay: self.delay.or(file.delay),
            advertise: list(self.advertise, file.advertise),
            service: self.service || file.service,
            executor: self.executor || file.executor,
            allow: self.allow.or(file.allow),
            account_file: self.account_file.or(of_file.0),
            dev_account: self.dev_account.or(of_file.1),
            stake: self.stake.or(file.stake),
            http: self.http.or(file.http),
            allow_origin: list(self.allow_origin, file.allow_origin),
            host: self.host || file.host,
            sfu: self.sfu.or(file.sfu),
            sfu_key_file: self.sfu_key_file.or(file.sfu_key_file),
            sfu_fingerprint: self.sfu_fingerprint.or(file.sfu_fingerprint),
            page: self.page.or(file.page),
            gateway: self.gateway.or(file.gateway),
            blob_quota: self.blob_quota.or(file.blob_quota),
            recordings_through: self.recordings_through.or(file.recordings_through),
            blocks_from: list(self.blocks_from, file.blocks_from),
            blocks_to: list(self.blocks_to, file.blocks_to),
            consent_key: self.consent_key.or(file.consent_key),
            home: self.home.or(file.home),
            capture: self.capture.or(file.capture),
            capture_tunnels: self.capture_tunnels.or(file.capture_tunnels),
        }
    }
}

fn list<T>(own: Vec<T>, other: Vec<T>) -> Vec<T> {
    if own.is_empty() { other } else { own }
}

#[cfg(test)]
mod tests {
    use pars_fuzz::Outcome;
    use pars_fuzz::mutate::replay_and_damage;

    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_fills_the_rest() {
        let file: Settings = toml::from_str(
            "network = 'testnet'\nlisten = '/ip4/127.0.0.1/tcp/1'\nbootstrap = ['/ip4/127.0.0.1/tcp/2']\ndev-account = 3\nservice = true",
        )
        .unwrap();
        let args = ["sessiond", "--datadir", "d", "--network", "dev", "--account-file", "key"];
        let flags = Args::try_parse_from(args).unwrap().settings;
        let settings = flags.over(file);
        assert_eq!(settings.network.as_deref(), Some("dev"));
        assert_eq!(settings.listen.as_deref(), Some("/ip4/127.0.0.1/tcp/1"));
        assert_eq!(settings.bootstrap, ["/ip4/127.0.0.1/tcp/2"]);
        assert_eq!((settings.account_file, settings.dev_account), (Some("key".into()), None));
        assert!(settings.service);
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_refused_by_name() {
        let error = toml::from_str::<Settings>("netwrok = 'dev'").unwrap_err().to_string();
        assert!(error.contains("netwrok"), "{error}");
    }

    #[test]
    fn damaged_settings_are_read_or_refused_and_nothing_else() {
        let texts = [
            "network = 'dev'\nlisten = '/ip4/127.0.0.1/tcp/1'\nservice = true\nstake = 1000000000000",
            "blocks-from = ['http://127.0.0.1:8080']\nrecordings-through = '05'\nhttp = '127.0.0.1:0'\nadvertise = ['[::1]:9', '1.2.3.4:5']\nbootstrap = []\ndev-account = 3",
            "allow-origin = [\n'http://localhost:1' # ours\n]\nhost = false\n[[calls]]",
        ];
        let [first, second, third] = texts.map(|text| text.as_bytes().to_vec());
        let refused = [third, b"stake = -1".to_vec(), b"http = 'localhost'".to_vec(), vec![b'['; 20_000]];
        let refused = refused.into_iter().map(|text| (text, Outcome::Refused));
        let corpus: Vec<_> = [first, second].map(|text| (text, Outcome::Accepted)).into_iter().chain(refused).collect();
        replay_and_damage("sessiond-toml", &corpus, |bytes| {
            let Ok(settings) = toml::from_str::<Settings>(&String::from_utf8_lossy(bytes)) else {
                return Outcome::Refused;
            };
            assert_eq!(settings.clone().over(Settings::default()), settings);
            Outcome::Accepted
        });
    }
}
