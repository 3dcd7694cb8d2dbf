//! `bench <name> [--json] [--runs N]`: figures against their goals, medians of at least five runs, in a release build;
//! p95 and p99 are quantiles over all that was measured, and the way of messages is one run of many.
//!
//! Each row is `{"bench","metric","value","unit","peer","peer_value","ratio","goal","run"}`; rows of one start share
//! `run`. A peer that was not measured in the same run has a null `peer_value` and `ratio`: no figure is carried over. `value` is
//! always a number: what cannot be measured ends the bench with its reason.

mod clock;
mod demo;
mod network;
mod proof;
mod row;
mod session;
mod sfu;

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Parser, Subcommand};

/// Benchmarks of Pars.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Proving, verifying and key loading of the eligibility circuit.
    Proof {
        /// One JSON object per row instead of a table.
        #[arg(long)]
        json: bool,
        /// Repetitions of each measurement; the median counts.
        #[arg(long, default_value_t = 7)]
        runs: usize,
    },
    /// Handshake, ratchet step, messages and refusals of a session, each beside the sum of its primitives or another refusal.
    Session {
        /// One JSON object per row instead of a table.
        #[arg(long)]
        json: bool,
        /// Repetitions of each measurement; the median counts.
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
    /// A relay, a storing node and the way of a message, each beside the sum of its primitives.
    Network {
        /// One JSON object per row instead of a table.
        #[arg(long)]
        json: bool,
        /// Repetitions of each measurement but the way of messages, which is measured once over many; the median counts.
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
    /// The forwarding server under 100 real peers, beside raw AEAD and send.
    Sfu {
        /// One JSON object per row instead of a table.
        #[arg(long)]
        json: bool,
        /// Repetitions of each measurement; the median counts.
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
    /// What a user waits for in a room, in Chromium; needs the programs of the workspace beside this one.
    Demo {
        /// One JSON object per row instead of a table.
        #[arg(long)]
        json: bool,
        /// Presses; p95 and median are of all of them.
        #[arg(long, default_value_t = 20)]
        runs: usize,
    },
    /// The server that `sfu` loads, in a process of its own.
    #[command(name = sfu::server::SUBCOMMAND, hide = true)]
    SfuServer,
    /// One proof for `proof`, in a process of its own.
    #[command(name = proof::first::SUBCOMMAND, hide = true)]
    FirstProof {
        /// File of the proving key.
        key: PathBuf,
    },
}

/// One benchmark, with so many repetitions.
type Measure = fn(usize) -> anyhow::Result<Vec<row::Row>>;

/// Fewest repetitions a median is taken of.
const LEAST_RUNS: usize = 5;

fn main() -> anyhow::Result<()> {
    run(Arguments::parse().bench)
}

fn run(bench: Bench) -> anyhow::Result<()> {
    let (json, runs, measure): (_, _, Measure) = match bench {
        Bench::SfuServer => return sfu::server::serve(),
        Bench::FirstProof { key } => return proof::first::prove(&key),
        Bench::Proof { json, runs } => (json, runs, proof::measure),
        Bench::Session { json, runs } => (json, runs, session::measure),
        Bench::Network { json, runs } => (json, runs, network::measure),
        Bench::Sfu { json, runs } => (json, runs, sfu::measure),
        Bench::Demo { json, runs } => (json, runs, demo::measure),
    };
    enough(runs)?;
    if cfg!(debug_assertions) {
        eprintln!("note: this is a debug build; the goals are for `--release`");
    }
    let rows = measure(runs)?;
    row::all_numbers(&rows)?;
    if json {
        row::print_json(&rows)?
    } else {
        row::print_table(&rows)
    }
    Ok(())
}

fn enough(runs: usize) -> anyhow::Result<()> {
    ensure!(runs >= LEAST_RUNS, "--runs {runs} is too few for a median; use at least {LEAST_RUNS}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_five_runs_are_refused_before_anything_is_measured() {
        for name in ["proof", "session", "network", "sfu", "demo"] {
            let bench = Arguments::try_parse_from(["bench", name, "--runs", "4"]).unwrap().bench;
            let refused = run(bench).unwrap_err().to_string();
            assert_eq!(refused, "--runs 4 is too few for a median; use at least 5", "{name}");
        }
        assert!(enough(5).is_ok());
    }
}
