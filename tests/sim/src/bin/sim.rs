//! `sim replay <seed>`: the event log of a run under all faults, line by line; `sim run <first> <count>`: many seeds.

use std::process::ExitCode;

use pars_sim::log::Log;
use pars_sim::room_session::recording;
use pars_sim::{Faults, Report, Scenario, room_session, seeds};

const USAGE: &str =
    "usage: sim replay <seed> [--scenario journey3|rooms|actions|crossing|settling|session|recording] [--at LINE] [--context LINES] [--calm]
       sim run <first seed> <count> [--scenario journey3|rooms|actions|crossing|settling|session|recording] [--threads N] [--calm]

replay prints every line of the event log, or with --at those around one line (its number, as a failure prints it);
run tries seeds on every core and prints the figures of each; --calm: without faults";

/// Lines before and after the one asked for.
const CONTEXT: u64 = 40;

/// What is run.
#[derive(Clone, Copy)]
enum What {
    /// A journey, with service nodes and the chain.
    Journey(Scenario),
    /// `session`: a room's host and 25 members, a world of its own.
    Session,
    /// `recording`: consent to recordings in such a room.
    Recording,
}

impl What {
    fn of(name: &str) -> Option<Self> {
        match name {
            "session" => Some(Self::Session),
            "recording" => Some(Self::Recording),
            _ => Scenario::of(name).map(Self::Journey),
        }
    }

    /// Its name on the command line.
    const fn name(self) -> &'static str {
        match self {
            Self::Journey(scenario) => scenario.name(),
            Self::Session => "session",
            Self::Recording => "recording",
        }
    }

    /// The figures, for a reader; and how many texts were sealed, where that is counted.
    fn run(self, seed: u64, faults: Faults, log: Log) -> (String, u64) {
        match self {
            Self::Journey(scenario) => {
                let report = Report::of(&scenario.run_with(seed, faults, log));
                (format!("{report:?}"), report.sealed)
            }
            Self::Session => {
                let report = room_session::Report::of(&room_session::story::run(seed, faults, log));
                (format!("{report:?}"), 0)
            }
            Self::Recording => {
                let report = recording::Report::of(&recording::story::run(seed, faults, log));
                (format!("{report:?}"), 0)
            }
        }
    }
}

/// Says how to look at the run that a panic ends.
struct Replay(u64, What);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("look at it: cargo xtask sim replay {} --scenario {}", self.0, self.1.name());
        }
    }
}

/// What was asked on the command line.
struct Asked {
    numbers: Vec<u64>,
    what: What,
    at: Option<u64>,
    context: u64,
    threads: usize,
    faults: Faults,
}

fn asked(words: &mut impl Iterator<Item = String>) -> Option<Asked> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (what, faults) = (What::Journey(Scenario::Messages), Faults::ALL);
    let mut asked = Asked { numbers: Vec::new(), what, at: None, context: CONTEXT, threads, faults };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--scenario" => asked.what = What::of(&words.next()?)?,
            "--at" => asked.at = Some(words.next()?.parse().ok()?),
            "--context" => asked.context = words.next()?.parse().ok()?,
            "--threads" => asked.threads = words.next()?.parse().ok()?,
            "--calm" => asked.faults = Faults::NONE,
            number => asked.numbers.push(number.parse().ok()?),
        }
    }
    Some(asked)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let verb = words.next().unwrap_or_default();
    let Some(asked) = asked(&mut words) else { return usage() };
    match (verb.as_str(), asked.numbers.as_slice()) {
        ("replay", [seed]) => {
            let log = asked.at.map_or_else(Log::printing, |line| Log::around(line, asked.context));
            println!("{}", asked.what.run(*seed, asked.faults, log).0);
            ExitCode::SUCCESS
        }
        ("run", [first, count]) => {
            let all = *first..first.saturating_add(*count);
            let runs = seeds::run(all, asked.threads, |seed| {
                let _replay = Replay(seed, asked.what);
                let (report, sealed) = asked.what.run(seed, asked.faults, Log::default());
                println!("{seed} {report}");
                sealed
            });
            // THREATS P5 counts them over all scenarios; a room of its own and a release build count none.
            let sealed: u64 = runs.iter().map(|(_, sealed)| sealed).sum();
            if sealed > 0 {
                eprintln!("{sealed} texts sealed, no key and nonce twice");
            }
            ExitCode::SUCCESS
        }
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
