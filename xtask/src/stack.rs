//! `up`: the development network of tests/e2e, which starts the built programs.

use crate::{
    run::{self, Repo},
    setup,
};
use anyhow::{Context, Result};
use clap::Args;
use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// How the network is started.
#[derive(Args)]
pub struct Up {
    /// Throw the state of the last run away and start anew.
    #[arg(long)]
    fresh: bool,
    /// Where the network keeps its state [default: .stack in the repository].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Port of the chain's JSON-RPC.
    #[arg(long, default_value_t = 8545)]
    rpc_port: u16,
    /// Port of the indexer's REST.
    #[arg(long, default_value_t = 8546)]
    api_port: u16,
}

/// Build the programs and start the development network; ends with Ctrl-C.
pub fn up(repo: &Repo, up: &Up) -> Result<ExitCode> {
    build(repo)?;
    // The program takes this one's place, so that Ctrl-C reaches it alone.
    Err(network(repo, up)?.exec()).context("the network's program does not start")
}

/// The network's program. It runs in the repository; the folder that was typed is the one where it was typed.
fn network(repo: &Repo, up: &Up) -> Result<Command> {
    let dir = up.dir.as_ref().map_or_else(|| Ok(repo.root.join(".stack")), std::path::absolute)?;
    let mut program = repo.command(repo.built("stack"));
    program.arg("--dir").arg(dir).args(up.fresh.then_some("--fresh"));
    program.args(["--rpc-port", &up.rpc_port.to_string(), "--api-port", &up.api_port.to_string()]);
    Ok(program)
}

/// Everything that the network and the journeys start.
pub fn build(repo: &Repo) -> Result<()> {
    setup::packages(repo)?;
    eprintln!("building (the first time takes about a quarter of an hour)");
    run::aside(repo.cargo().args(["build", "--workspace", "--bins", "--locked"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_where_it_was_typed_and_without_one_in_the_repository() -> Result<()> {
        let repo = Repo { root: "/repository".into(), target: "/target".into() };
        let words = |dir: Option<&str>| -> Result<Vec<String>> {
            let up = Up { fresh: true, dir: dir.map(PathBuf::from), rpc_port: 1, api_port: 2 };
            Ok(network(&repo, &up)?.get_args().map(|word| word.to_string_lossy().into_owned()).collect())
        };
        assert_eq!(words(None)?, ["--dir", "/repository/.stack", "--fresh", "--rpc-port", "1", "--api-port", "2"]);
        let here = std::env::current_dir()?.join("state");
        assert_eq!(words(Some("state"))?[1], here.to_string_lossy());
        Ok(())
    }
}
