//! `journeys [--json] [--journey N]… [--except N]… [--title WORD] [--pictures DIR] [--bin-dir DIR] [--keep]`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use pars_e2e::{journeys, pictures, report::Report, stack::Places};

/// Runs the journeys of the town hall through separate processes on this machine.
#[derive(Debug, Parser)]
#[command(name = "journeys", version)]
struct Arguments {
    /// Print one JSON object a step; the closing line goes to standard error.
    #[arg(long)]
    json: bool,
    /// Run only these journeys.
    #[arg(long, value_name = "N")]
    journey: Vec<u32>,
    /// Run all but these.
    #[arg(long, value_name = "N", conflicts_with = "journey")]
    except: Vec<u32>,
    /// Of these, run only those whose title has this word.
    #[arg(long, value_name = "WORD")]
    title: Option<String>,
    /// If every step of all journeys passes, copy the pictures that were taken into this directory.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["journey", "except", "title"])]
    pictures: Option<PathBuf>,
    /// Directory of the binaries [default: where this program lies].
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Directory of npm's packages [default: that of the repository this was built from].
    #[arg(long, value_name = "DIR")]
    node_modules: Option<PathBuf>,
    /// Leave the working directories with logs and databases behind.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("journeys: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let places = Places::here(arguments.bin_dir.clone(), arguments.node_modules.clone(), arguments.keep)?;
    let mut report = Report::new(arguments.json);
    for journey in journeys::ALL {
        let titled = arguments.title.as_ref().is_none_or(|word| journey.title.contains(word.as_str()));
        let wanted = arguments.journey.is_empty() || arguments.journey.contains(&journey.number);
        if titled && wanted && !arguments.except.contains(&journey.number) {
            report.begin(journey.number, journey.title);
            report.part(|report| (journey.run)(report, &places));
        }
    }
    let taken = report.pictures().to_vec();
    let passed = report.finish();
    if passed && let Some(directory) = &arguments.pictures {
        pictures::publish(&taken, directory)?;
    }
    Ok(passed)
}
