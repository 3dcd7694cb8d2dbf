//! `eligibility …` and `ceremony …`

use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use clap::{Args, Subcommand};

/// `eligibility …`
#[derive(Debug, Subcommand)]
pub enum Eligibility {
    /// Prove anonymously that a registered lock suffices for a room's running sitting.
    Prove(Prove),
    /// Check a proof twice, here and by the contract; the verdicts must agree.
    Check(Check),
    /// Ask whether an account may join by name, and why not.
    CanJoin(CanJoin),
}

/// `eligibility prove`
#[derive(Debug, Args)]
pub struct Prove {
    /// The room.
    #[arg(long, value_name = "ID")]
    pub room: B256,
    /// 32 bytes that the proof signs: the hash of the seat's keys.
    #[arg(long, value_name = "HEX32", default_value_t = B256::ZERO, hide_default_value = true)]
    pub payload: B256,
    /// Whose lock is proven [default: the signer's]. No signature is made.
    #[arg(long, value_name = "ADDRESS")]
    pub account: Option<Address>,
    /// Where to write the proof.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Proving key [default: eligibility.key in the home; made there on development networks].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Fewest holders to hide among (not asked for on development networks); below 10 is close to no anonymity.
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub least_anonymity: usize,
}

/// `eligibility check`
#[derive(Debug, Args)]
pub struct Check {
    /// The room.
    #[arg(long, value_name = "ID")]
    pub room: B256,
    /// The proof file.
    #[arg(long, value_name = "FILE")]
    pub proof: PathBuf,
    /// The payload presented with the proof; the check is of the proof sent with it.
    #[arg(long, value_name = "HEX32")]
    pub payload: Option<B256>,
    /// Verifying key [default: the built-in development key on development networks].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// `eligibility can-join`
#[derive(Debug, Args)]
pub struct CanJoin {
    /// The room.
    #[arg(long, value_name = "ID")]
    pub room: B256,
    /// The account [default: the signer's].
    #[arg(long, value_name = "ADDRESS")]
    pub account: Option<Address>,
}

/// `ceremony …`
#[derive(Debug, Subcommand)]
pub enum Ceremony {
    /// Write the deterministic development key; its secrets are public, so it proves nothing off development networks.
    DevKey {
        /// Where to write the proving key.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write the Solidity verifier of a key.
    Verifier {
        /// A proving or verifying key file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where to write the source.
        #[arg(long, value_name = "FILE.sol")]
        out: PathBuf,
    },
}
