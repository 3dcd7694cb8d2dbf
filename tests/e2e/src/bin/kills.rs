//! `kills [--json]`: SIGKILL of each kind of process at random points (`PARS_KILL_ROUNDS` each, 50 if not given; where they
//! hit follows from `PARS_KILL_SEED`). Part of `cargo xtask deep`.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use pars_e2e::{
    dice::Dice,
    kills::{self, Talk, Tally, Victim, executor::Errand},
    network::Network,
    report::{Facts, Report},
    stack::Places,
};

/// Kills of each kind of process.
const ROUNDS: u64 = 50;

/// Kills each kind of process again and again while two members write.
#[derive(Debug, Parser)]
#[command(name = "kills", version)]
struct Arguments {
    /// Print one JSON object a kind of process; the closing line goes to standard error.
    #[arg(long)]
    json: bool,
    /// Directory of the binaries [default: where this program lies].
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Leave the working directory with logs and databases behind.
    #[arg(long)]
    keep: bool,
    /// Write down what links carry.
    #[arg(long)]
    watch: bool,
    /// Kill only this kind: author, reader, node, chain, indexer or executor.
    #[arg(long, value_name = "KIND", value_parser = victim)]
    only: Vec<Victim>,
}

fn victim(text: &str) -> Result<Victim, String> {
    let found = Victim::ALL.into_iter().find(|victim| format!("{victim:?}").eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("{text} is none of author, reader, node, chain, indexer and executor"))
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kills: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let places = Places::here(arguments.bin_dir.clone(), None, arguments.keep)?;
    let (rounds, dice) = (kills::rounds(ROUNDS)?, Dice::from_environment()?);
    let mut report = Report::new(arguments.json);
    report.begin(0, &format!("SIGKILL of each kind of process, {rounds} times, seed {}", dice.seed));
    report.part(|report| walk(report, arguments, &places, rounds, dice));
    Ok(report.finish())
}

fn walk(report: &mut Report, arguments: &Arguments, places: &Places, rounds: u64, dice: Dice) -> Result<()> {
    let watch = arguments.watch;
    let mut network = report.step("six service nodes stand", |facts| Network::start(places, watch, facts))?;
    let (mut author, mut reader, session, back) = report.step("two members have a session", |facts| {
        let (author, reader) = (network.member("author")?, network.member("reader")?);
        let (from, to) = (network.identity(&author)?, network.identity(&reader)?);
        network.person(1, &author).run(&["session", "create", "--recipient", &to.link])?;
        facts.add("seed", dice.seed);
        Ok((author, reader, to.session().to_owned(), from.session().to_owned()))
    })?;
    let wanted = |victim: &Victim| arguments.only.is_empty() || arguments.only.contains(victim);
    for victim in Victim::ALL.into_iter().filter(wanted) {
        let _ = report.step(
            &format!("{} is killed: nothing acknowledged is lost, nothing comes twice", victim.name()),
            |facts| {
                let dice = dice.of_stage(victim as u64);
                let tally = match victim {
                    Victim::Executor => Errand::prepare(&mut network, &author, dice)?.run(rounds),
                    _ => Talk {
                        network: &mut network,
                        author: &mut author,
                        reader: &mut reader,
                        session: session.clone(),
                        back: back.clone(),
                        dice,
                        word: format!("{victim:?}"),
                    }
                    .run(victim, rounds),
                };
                told(facts, tally.context("PARS_KILL_SEED repeats where the kills hit")?);
                Ok(())
            },
        );
    }
    Ok(())
}

fn told(facts: &mut Facts, tally: Tally) {
    facts.add("kills", tally.kills);
    facts.add("killsDuringWork", tally.during);
    facts.add("sent", tally.sent);
    facts.add("acknowledgedBeforeTheKill", tally.acknowledged);
    facts.add("acknowledgedLost", 0);
    let each = |all: Duration, times: u64| u64::try_from(all.as_millis()).unwrap_or(u64::MAX) / times.max(1);
    facts.add("msUntilBack", each(tally.back, tally.kills));
    facts.add("msUntilArrivalThen", each(tally.arrival, tally.verdicts));
}
