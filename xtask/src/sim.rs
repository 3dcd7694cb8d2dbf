//! `sim replay <seed>`: build the simulator as the tests do and step through the event log of one run; `sim run`: many seeds.

use crate::{
    deep::SCENARIOS,
    run::{self, Repo},
    setup,
};
use anyhow::Result;
use std::process::{Command, ExitCode};

/// What the simulator is asked.
#[derive(clap::Subcommand)]
pub enum Verb {
    /// Run one seed again and print its event log: the same lines, the same audit hash.
    Replay {
        /// The seed, as a failed test prints it.
        seed: u64,
        #[command(flatten)]
        which: Which,
        /// Print only the lines around this one, by its number.
        #[arg(long)]
        at: Option<u64>,
        /// Lines before and after it.
        #[arg(long, default_value_t = 40, requires = "at")]
        context: u64,
        /// Without faults.
        #[arg(long)]
        calm: bool,
    },
    /// Run seeds one after the other on every core; a line of figures for each.
    Run {
        /// The first seed.
        first: u64,
        /// How many.
        count: u64,
        #[command(flatten)]
        which: Which,
    },
}

/// Which scenario.
#[derive(clap::Args)]
pub struct Which {
    /// Journey 3; rooms: journeys 1 and 2; actions: journey 6; crossing: two who write to each other at once; settling: the
    /// same, and all faults end; session: a room with 25 seats and a lying host; recording: that room, recorded.
    #[arg(long, value_parser = SCENARIOS, default_value = "journey3")]
    scenario: String,
}

/// Build and run it; it fails as the simulator does.
pub fn sim(repo: &Repo, verb: &Verb) -> Result<ExitCode> {
    setup::compiler()?;
    // The whole workspace: another set of packages would have other features and build everything a second time.
    run::aside(repo.cargo().args(["build", "--workspace", "--bins", "--locked", "--quiet"]))?;
    let status = arguments(repo.command(repo.built("sim")), verb).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn arguments(mut program: Command, verb: &Verb) -> Command {
    match verb {
        Verb::Replay { seed, which, at, context, calm } => {
            program.args(["replay", &seed.to_string(), "--scenario", &which.scenario]);
            if let Some(line) = at {
                program.args(["--at", &line.to_string(), "--context", &context.to_string()]);
            }
            if *calm {
                program.arg("--calm");
            }
        }
        Verb::Run { first, count, which } => {
            program.args(["run", &first.to_string(), &count.to_string(), "--scenario", &which.scenario]);
        }
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_reaches_the_simulator() {
        let which = Which { scenario: "rooms".to_owned() };
        let verb = Verb::Replay { seed: 7, which, at: Some(120), context: 5, calm: false };
        let command = arguments(Command::new("sim"), &verb);
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(words.join(" "), "replay 7 --scenario rooms --at 120 --context 5");
    }
}
