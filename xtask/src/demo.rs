//! `demo`: the journeys, by the end-to-end driver of tests/e2e.

use crate::{run::Repo, setup, stack};
use anyhow::Result;
use std::process::{Command, ExitCode};

/// Where the papers' pictures lie.
const PICTURES: &str = "docs/images";

/// Walk the journeys; with `pictures`, those of the papers are taken anew.
pub fn demo(repo: &Repo, json: bool, pictures: bool) -> Result<ExitCode> {
    stack::build(repo)?;
    let mut program = journeys(repo, json)?;
    if pictures {
        program.arg("--pictures").arg(repo.root.join(PICTURES));
    }
    let status = program.status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The driver, ready to run, with the browser that it opens pages in, LiveKit's native client, and the programs that read what was
/// recorded.
pub fn journeys(repo: &Repo, json: bool) -> Result<Command> {
    setup::browser(repo)?;
    setup::npm_in(repo, setup::LIVEKIT)?;
    setup::media(repo)?;
    let mut program = repo.command(repo.built("journeys"));
    if json {
        program.arg("--json");
    }
    Ok(program)
}
