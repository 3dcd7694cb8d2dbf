//! The command line. Secrets are never arguments: keys come from files, identity secrets from the home directory.

mod eligibility;
mod recording;
mod rooms;
mod session;
mod trigger;

pub use eligibility::{CanJoin, Ceremony, Check, Eligibility, Prove};
pub use recording::{AnswerRecording, ForgetRecording, ProposeRecording, RecordingCommand, YesNo};
pub use rooms::{
    CreateRoom, GiveOrder, HostRoom, KindArg, MemberCommand, OrderArg, RoomCommand, SignSlot, SittingCommand, SlotLoan,
};
pub use session::{IdentityCommand, ReadMessages, SendText, SessionCommand, Tail};
pub use trigger::{AccountCommand, Allowed, Enrol, SendTrigger, TriggerCommand};

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::{Args, Parser, Subcommand};

use crate::decimal::Decimal;

/// Locks, rooms, sittings, anonymous eligibility and messages of the Pars town hall.
#[derive(Debug, Parser)]
#[command(name = "parsctl", version, propagate_version = true, max_term_width = 120)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// JSON-RPC endpoint of the chain.
    #[arg(long, global = true, env = "PARS_RPC", value_name = "URL", default_value = "http://127.0.0.1:8545")]
    pub rpc: String,
    /// REST endpoint of the indexer.
    #[arg(long, global = true, env = "PARS_INDEXER", value_name = "URL", default_value = "http://127.0.0.1:8546")]
    pub indexer: String,
    /// Addresses of the contracts [default: deployments/<chain id>.json].
    #[arg(long, global = true, env = "PARS_DEPLOYMENT", value_name = "FILE")]
    pub deployment: Option<PathBuf>,
    /// Directory of secrets and keys, mode 0700 [default: ~/.pars].
    #[arg(long, global = true, env = "PARS_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Directory of the session daemon [default: ~/.pars/session].
    #[arg(long, global = true, env = "PARS_DATADIR", value_name = "DIR")]
    pub datadir: Option<PathBuf>,
    /// File of mode 0600 with the private key that signs, in hex.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "dev_account")]
    pub account_file: Option<PathBuf>,
    /// Sign with a dev account, 0 to 9 (development networks only: everybody knows these keys).
    #[arg(long, global = true, value_name = "N")]
    pub dev_account: Option<usize>,
    /// Print exactly one JSON document (session tail: one a line); a failure is {"error":{"code","message"}}.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deploy the contracts, or look at the chain.
    #[command(subcommand)]
    Chain(ChainCommand),
    /// Lock PARS for voting power.
    Lock(LockCommand),
    /// Register an identity commitment for anonymous seats; the secret is made on this machine and stays here.
    Register(Register),
    /// Create rooms and look at them.
    #[command(subcommand)]
    Room(RoomCommand),
    /// Record a room with everyone's consent, by the session daemon; keep, check and play what was recorded.
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// Prove eligibility and check proofs.
    #[command(subcommand)]
    Eligibility(Eligibility),
    /// Keys of the eligibility circuit.
    #[command(subcommand)]
    Ceremony(Ceremony),
    /// Your identity, and messages with others, by the session daemon.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Actions for the chain, signed by a key of their own and sent in a session (by an executor).
    #[command(subcommand)]
    Trigger(TriggerCommand),
    /// Show how the session daemon does.
    Status,
    /// Show the registered service nodes as the session daemon sees them.
    Peers,
    /// Print the link of the session daemon's page; who has it may speak for you until the daemon ends.
    Page,
}

/// `chain …`
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
    /// Deploy all contracts and write their addresses.
    Deploy {
        /// Where to write the addresses [default: --deployment, else deployments/<chain id>.json].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show chain, head and whether the contracts are there.
    Status,
    /// Draw today's beacon of the service nodes, once a day by whoever comes first.
    RollEpoch,
}

/// `lock …`
#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub struct LockCommand {
    /// Look at a lock instead.
    #[command(subcommand)]
    pub show: Option<LockShow>,
    /// PARS to lock, such as 1000 or 12.5.
    #[arg(long, value_name = "PARS", required = true)]
    pub amount: Option<Decimal>,
    /// Days to lock for, 7 to 1460; the end is rounded down to a week.
    #[arg(long, value_name = "N", required = true, value_parser = clap::value_parser!(u32).range(1..=1460))]
    pub days: Option<u32>,
    /// Register an identity commitment in the same transaction.
    #[arg(long)]
    pub register: bool,
}

/// `lock show`
#[derive(Debug, Subcommand)]
pub enum LockShow {
    /// Show a lock.
    Show {
        /// Whose lock [default: the signer's].
        #[arg(long, value_name = "ADDRESS")]
        account: Option<Address>,
    },
}

/// `register`
#[derive(Debug, Args)]
pub struct Register {
    /// Replace the registered commitment by that of a fresh secret; counts from the next sitting.
    #[arg(long)]
    pub rotate: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("parsctl").chain(line.split_whitespace()))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_tour_is_one() {
        let tour = include_str!("../../../docs/tour.md");
        let (id, hash) = (format!("05{}", "ab".repeat(32)), format!("0x{}", "ab".repeat(32)));
        let commands: Vec<&str> = tour.lines().filter(|line| line.starts_with("parsctl ")).collect();
        assert!(commands.len() >= 10, "{commands:?}");
        for command in commands {
            let (command, _) = command.split_once(" #").unwrap_or((command, ""));
            let whole = command.replace("05…", &id).replace("0x…", &hash);
            // Every other piece stands between quotation marks.
            let pieces = whole.split('\'').enumerate();
            let words = pieces.flat_map(|(place, piece)| match place % 2 {
                0 => piece.split_whitespace().collect(),
                _ => vec![piece],
            });
            assert!(Cli::try_parse_from(words).is_ok(), "{command}");
        }
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in ["--json --rpc http://a chain status", "chain status --json --rpc http://a"] {
            let cli = parse(line).unwrap();
            assert!(cli.global.json);
            assert_eq!(cli.global.rpc, "http://a");
        }
    }

    #[test]
    fn a_lock_needs_amount_and_days_and_lock_show_needs_neither() {
        assert!(parse("lock --amount 5 --days 30 --register").is_ok());
        assert!(parse("lock show").is_ok());
        for line in
            ["lock", "lock --amount 5", "lock --days 30", "lock --amount -5 --days 30", "lock --amount 5 --days 0"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_key_file_and_a_dev_account_exclude_each_other() {
        assert!(parse("register --account-file k --dev-account 1").is_err());
    }

    #[test]
    fn a_lent_slot_needs_holder_signature_and_deadline_together() {
        let room = "room create --kind open-forum";
        let holder = "--slot-of 0x1111111111111111111111111111111111111111";
        assert!(parse(room).is_ok());
        assert!(parse(&format!("{room} {holder}")).is_err());
        assert!(parse(&format!("{room} {holder} --slot-signature 0x00 --deadline 5")).is_ok());
    }

    #[test]
    fn what_is_forgotten_is_a_span_or_a_recording_and_an_answer_is_yes_or_no() {
        let id = format!("0x{}", "11".repeat(32));
        for (line, good) in [
            (format!("forget {id}"), true),
            (format!("forget --recording {id}"), true),
            ("forget".to_owned(), false),
            (format!("forget {id} --recording {id}"), false),
            (format!("answer --room {id} yes"), true),
            (format!("answer --room {id} --recording {id} no"), true),
            (format!("answer --room {id}"), false),
            (format!("answer --room {id} maybe"), false),
            (format!("propose --room {id} --retention-days 30"), true),
            (format!("propose --room {id}"), false),
            (format!("propose --room {id} --retention-days 30 --valid-hours 25"), false),
            (format!("play {id}"), false),
        ] {
            assert_eq!(parse(&format!("recording {line}")).is_ok(), good, "{line}");
        }
    }

    #[test]
    fn the_end_of_a_sitting_is_a_span_or_a_time() {
        let open = format!("room sitting open 0x{}", "11".repeat(32));
        for (end, good) in [
            ("", true),
            ("--hours 3", true),
            ("--ends-at 99", true),
            ("--hours 25", false),
            ("--hours 3 --ends-at 99", false),
        ] {
            assert_eq!(parse(&format!("{open} {end}")).is_ok(), good, "{end}");
        }
    }
}
