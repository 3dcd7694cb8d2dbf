//! `up` and `demo`: both are the end-to-end driver of tests/e2e, which starts the built programs.

use crate::{
    run::{self, Repo},
    setup,
};
use anyhow::{Context, Result};
use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode},
};

/// Build the programs and start the development network; ends with Ctrl-C.
pub fn up(repo: &Repo, dir: &Path, fresh: bool) -> Result<ExitCode> {
    build(repo)?;
    let mut program = repo.command(repo.built("stack"));
    program.arg("--dir").arg(dir);
    if fresh {
        program.arg("--fresh");
    }
    // The program takes this one's place, so that Ctrl-C reaches it alone.
    Err(program.exec()).context("the network's program does not start")
}

/// Walk the journeys.
pub fn demo(repo: &Repo, json: bool) -> Result<ExitCode> {
    build(repo)?;
    let status = journeys(repo, json)?.status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The driver, ready to run, with the browser that it opens pages in.
pub fn journeys(repo: &Repo, json: bool) -> Result<Command> {
    setup::browser(repo)?;
    let mut program = repo.command(repo.built("journeys"));
    if json {
        program.arg("--json");
    }
    Ok(program)
}

fn build(repo: &Repo) -> Result<()> {
    setup::packages(repo)?;
    eprintln!("building (the first time takes some minutes)");
    run::must(repo.cargo().args(["build", "--workspace", "--bins"]))
}
