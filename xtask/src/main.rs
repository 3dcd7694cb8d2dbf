//! `cargo xtask <verb>`: every chore of the repository is one verb. The verbs start programs and count what they report;
//! the work itself lives in the crates.

mod bench;
mod cache;
mod clone;
mod contracts;
mod count;
mod deep;
mod demo;
mod run;
mod setup;
mod sim;
mod stack;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand, builder::PossibleValuesParser};
use std::{path::PathBuf, process::ExitCode};

/// Chores of the Town Hall repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build everything and start a development network on this machine: chain, contracts, indexer, six service nodes, an SFU,
    /// the daemons of two members. Ctrl-C ends it.
    Up(stack::Up),
    /// Lint, build and run every test of the quick profile; ends with `N passed, N failed`.
    Test {
        /// Synchronise the sources into this folder and build there, so that a fresh clone finds a warm build.
        #[arg(long)]
        cache: Option<PathBuf>,
    },
    /// The long profile: more cases and seeds, three turns of the journeys, `up` in fresh clones, kills, licences. Writes a dated
    /// table into docs/results/.
    Deep {
        /// Only these stages; their rows replace older ones of the day.
        #[arg(value_parser = PossibleValuesParser::new(deep::stages()))]
        stages: Vec<String>,
    },
    /// Walk the user journeys against real processes.
    Demo {
        /// One JSON object per step on standard output.
        #[arg(long)]
        json: bool,
        /// If every step passes, put the pictures that were taken into docs/images, with a page that says which step took which.
        #[arg(long)]
        pictures: bool,
    },
    /// Measure. Without a name: every bench.
    Bench {
        /// Which bench.
        #[arg(value_parser = bench::ALL)]
        name: Option<String>,
        /// One JSON object per row on standard output.
        #[arg(long)]
        json: bool,
    },
    /// The simulator.
    Sim {
        #[command(subcommand)]
        verb: sim::Verb,
    },
    /// Compile the contracts and refresh contracts/artifacts.
    Contracts {
        /// Only say whether the committed artifacts are fresh.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: Verb) -> Result<ExitCode> {
    let repo = run::Repo::here();
    match verb {
        Verb::Up(up) => stack::up(&repo, &up),
        Verb::Test { cache } => Ok(test::test(repo, cache.map(cache::Cache::at).as_ref())),
        Verb::Deep { stages } => deep::deep(&repo, &stages),
        Verb::Demo { json, pictures } => demo::demo(&repo, json, pictures),
        Verb::Bench { name, json } => bench::bench(&repo, name.as_deref(), json),
        Verb::Sim { verb } => sim::sim(&repo, &verb),
        Verb::Contracts { check } => contracts::contracts(&repo, check),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn what_there_is_no_bench_stage_or_scenario_of_is_refused_by_name_with_those_there_are() {
        Cli::command().debug_assert();
        let said = |words: &[&str]| {
            let words = ["cargo xtask"].iter().chain(words).copied();
            Cli::try_parse_from(words).err().map(|error| error.to_string())
        };
        for known in
            [&["bench", "proof"][..], &["deep", "rust", "kills"], &["demo", "--pictures"], &["sim", "run", "0", "5"]]
        {
            assert_eq!(said(known), None);
        }
        for (unknown, there_is) in [
            (&["bench", "nothing"][..], "demo"),
            (&["deep", "rust", "nothing"][..], "licences"),
            (&["sim", "replay", "7", "--scenario", "nothing"][..], "journey3"),
        ] {
            let said = said(unknown).unwrap_or_default();
            assert!(said.contains("'nothing'") && said.contains(there_is), "{said}");
        }
    }
}
