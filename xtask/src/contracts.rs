//! `contracts`: compile with forge over npm's solc and keep what Rust and the clients read in contracts/artifacts.

use crate::{
    run::{self, Repo},
    setup,
};
use anyhow::Result;
use std::process::ExitCode;

/// Compile, then refresh the artifacts or, with `check`, say which of them are stale.
pub fn contracts(repo: &Repo, check: bool) -> Result<ExitCode> {
    setup::npm(repo)?;
    run::must(repo.npm_bin("forge").args(["build", "--quiet"]))?;
    let mut script = repo.command("node");
    script.arg("contracts/script/artifacts.mjs");
    if check {
        script.arg("--check");
    }
    run::must(&mut script)?;
    Ok(ExitCode::SUCCESS)
}
