//! Everything that can go wrong, each with a stable code and an exit status.

use std::{borrow::Cow, io, path::PathBuf};

use alloy::{primitives::Address, transports::TransportError};
use pars_keyfile::FileError;
use pars_rpc::RpcError;
use serde_json::Value;

use crate::decimal::DecimalError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments do not fit together.
    #[error("{0}")]
    Usage(String),
    /// An amount cannot be read or does not fit.
    #[error(transparent)]
    Amount(#[from] DecimalError),
    /// The asynchronous runtime did not start.
    #[error("the runtime could not start: {0}")]
    Runtime(#[source] io::Error),
    /// A file could not be used.
    #[error("{path} cannot be {action}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried, as a participle.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file that holds a secret could not be used.
    #[error(transparent)]
    Secret(#[from] FileError),
    /// The directory for secrets is open to others or a link.
    #[error("{path} is not a directory of yours alone (mode 700, no link); secrets are not kept there", path = path.display())]
    HomeNotPrivate {
        /// The directory.
        path: PathBuf,
    },
    /// A file is there already and would be overwritten.
    #[error("{path} exists already; it is not overwritten", path = path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// A file does not hold what it should. What it holds is not repeated.
    #[error("{path} is not {expected}", path = path.display())]
    FileContent {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness: {0}")]
    Randomness(getrandom::Error),
    /// A dev account was named on a network that is none for development.
    #[error(
        "chain {chain_id} is no development network; everybody knows the keys of the dev accounts, use --account-file"
    )]
    DevAccountRefused {
        /// The chain that was reached.
        chain_id: u64,
    },
    /// No signer was named.
    #[error("this command signs: give --account-file FILE, or --dev-account N on a development network")]
    NoSigner,
    /// The URL of an endpoint cannot be read.
    #[error("{option} is not a URL of the form http://HOST:PORT")]
    BadUrl {
        /// The option it came from.
        option: &'static str,
    },
    /// The chain cannot be reached or does not answer as one.
    #[error("the chain did not answer: {}; check --rpc", innermost(.0))]
    Chain(Box<TransportError>),
    /// The chain's node answered with an error of its own: too little to pay with, a method it does not have.
    #[error("the chain's node refused: {0}")]
    ChainRefused(String),
    /// The chain's node failed when a transaction was sent, or since.
    #[error(
        "{sent} was sent, and the chain's node does not say what became of it ({reason}); look it up before sending again"
    )]
    Lost {
        /// What was sent.
        sent: String,
        /// What went wrong.
        reason: String,
    },
    /// A transaction was not mined in time.
    #[error("transaction {hash} was not mined within {seconds} s; it may still be, look it up before sending again")]
    NotMined {
        /// Its hash.
        hash: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A contract refused, with its custom error.
    #[error("{message}")]
    Reverted {
        /// The custom error's name in `snake_case`.
        code: String,
        /// The error with its values.
        message: String,
    },
    /// The indexer cannot be reached.
    #[error("the indexer did not answer: {}; check --indexer", innermost(.0))]
    Indexer(Box<reqwest::Error>),
    /// The indexer answered with an error.
    #[error("the indexer refused: {message}")]
    IndexerRefused {
        /// The indexer's own code.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// The indexer's answer contradicts itself, the chain or its description.
    #[error("the indexer's answer is not to be trusted: {0}")]
    IndexerWrong(String),
    /// No session daemon listens.
    #[error(
        "no session daemon listens at {socket} ({reason}); start one with: \
         sessiond --datadir {datadir} --network NETWORK --listen /ip4/0.0.0.0/tcp/9000",
        socket = socket.display(), datadir = datadir.display()
    )]
    NoDaemon {
        /// Its directory.
        datadir: PathBuf,
        /// Where it would listen.
        socket: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The daemon went away in the middle of a request or a subscription.
    #[error("the session daemon ended the connection ({reason}){hint}")]
    DaemonGone {
        /// What the system or the daemon said.
        reason: String,
        /// What that means for what was asked; may be empty.
        hint: String,
        /// The same for programs.
        details: Option<Value>,
    },
    /// The daemon refused.
    #[error("the session daemon refused: {0}")]
    Daemon(RpcError),
    /// The daemon's answer is none.
    #[error("what answers at the session daemon's socket is none of this version: {0}")]
    DaemonWrong(String),
    /// The deployment file belongs to another chain or does not match the code on it.
    #[error("{0}")]
    Deployment(String),
    /// A contract has another address or no code where the plan expects it.
    #[error("{name} should stand at {expected} but {found}; start from a fresh account")]
    DeployedElsewhere {
        /// The contract.
        name: String,
        /// Planned address.
        expected: Address,
        /// What was found.
        found: String,
    },
    /// Eligibility or a proof was refused; the code names the reason.
    #[error("{message}")]
    Refused {
        /// Stable name of the reason.
        code: &'static str,
        /// One sentence.
        message: String,
        /// Both verdicts, where there are two.
        details: Option<Value>,
    },
    /// The prover, a key or an encoding failed.
    #[error("{message}")]
    Proof {
        /// Stable name of the failure.
        code: &'static str,
        /// One sentence.
        message: String,
    },
}

impl Error {
    /// The stable name of this failure, `snake_case`.
    pub fn code(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Usage(_) => "usage",
            Self::Amount(_) => "bad_amount",
            Self::Runtime(_) => "runtime_failed",
            Self::File { .. } => "file_unusable",
            Self::Secret(error) => secret_code(error),
            Self::HomeNotPrivate { .. } => "home_not_private",
            Self::FileExists { .. } => "file_exists",
            Self::FileContent { .. } => "file_content",
            Self::Randomness(_) => "no_randomness",
            Self::DevAccountRefused { .. } => "dev_account_refused",
            Self::NoSigner => "no_signer",
            Self::BadUrl { .. } => "bad_url",
            Self::Chain(_) => "chain_unreachable",
            Self::ChainRefused(_) => "chain_refused",
            Self::Lost { .. } => "transaction_lost",
            Self::NotMined { .. } => "not_mined",
            Self::Indexer(_) => "indexer_unreachable",
            Self::IndexerWrong(_) => "indexer_wrong",
            Self::Deployment(_) => "deployment_mismatch",
            Self::DeployedElsewhere { .. } => "deployed_elsewhere",
            Self::NoDaemon { .. } => "no_daemon",
            Self::DaemonGone { .. } => "daemon_gone",
            Self::DaemonWrong(_) => "daemon_wrong",
            Self::Daemon(error) => {
                return error.known().map_or(Cow::Borrowed("daemon_refused"), |code| snake_case(code.name()).into());
            }
            Self::Reverted { code, .. } | Self::IndexerRefused { code, .. } => return Cow::Borrowed(code),
            Self::Refused { code, .. } | Self::Proof { code, .. } => code,
        })
    }

    /// Further machine-readable facts, where there are any.
    pub const fn details(&self) -> Option<&Value> {
        match self {
            Self::Refused { details, .. } | Self::DaemonGone { details, .. } => details.as_ref(),
            _ => None,
        }
    }

    /// 2 for wrong usage, 3 for an endpoint out of reach, 1 for everything else.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Amount(_) | Self::NoSigner | Self::BadUrl { .. } => 2,
            Self::Chain(_) | Self::Lost { .. } | Self::Indexer(_) | Self::NoDaemon { .. } | Self::DaemonGone { .. } => {
                3
            }
            _ => 1,
        }
    }

    /// A refusal without further facts.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into(), details: None }
    }

    /// A file error; use as `.map_err(Error::file(path, "read"))`.
    pub fn file(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, action, source }
    }
}

impl From<TransportError> for Error {
    fn from(source: TransportError) -> Self {
        match source.as_error_resp() {
            Some(refusal) => Self::ChainRefused(format!("{} (code {})", refusal.message, refusal.code)),
            None => Self::Chain(Box::new(source)),
        }
    }
}

/// The innermost cause: the system's own words. What is around it repeats the URL, which may hold a key of whoever asks.
pub(crate) fn innermost(error: &(impl std::error::Error + 'static)) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The stable name of what is wrong with a file that holds a secret.
const fn secret_code(error: &FileError) -> &'static str {
    match error {
        FileError::Io { .. } => "file_unusable",
        FileError::NotPlain(_) => "not_a_plain_file",
        FileError::Owner { .. } => "file_of_another",
        FileError::Mode { .. } => "file_too_open",
        FileError::TooLong { .. } => "file_content",
        FileError::Exists(_) => "file_exists",
    }
}

/// The `snake_case` form of a contract error's name: `SlotTaken` becomes `slot_taken`.
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_errors_name_becomes_a_code() {
        for (name, code) in [
            ("SlotTaken", "slot_taken"),
            ("ERC20InsufficientBalance", "erc20_insufficient_balance"),
            ("Panic", "panic"),
        ] {
            assert_eq!(snake_case(name), code);
        }
    }

    #[test]
    fn a_refusal_of_the_daemon_has_its_codes_name_and_an_unknown_number_one_of_its_own() {
        let refused = |error| Error::Daemon(error).code().into_owned();
        assert_eq!(refused(RpcError::from(pars_rpc::Code::WrongNetwork)), "wrong_network");
        assert_eq!(refused(RpcError { code: -32_099, message: String::new() }), "daemon_refused");
    }

    #[test]
    fn usage_and_reachability_have_exit_statuses_of_their_own() {
        assert_eq!(Error::Usage(String::new()).exit_status(), 2);
        assert_eq!(Error::NoSigner.exit_status(), 2);
        assert_eq!(Error::refused("stranger", "").exit_status(), 1);
    }
}
