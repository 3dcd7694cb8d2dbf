//! `bench`: build the measuring program optimised and run it.

use crate::{
    run::{self, Repo},
    setup,
};
use anyhow::Result;
use std::process::ExitCode;

/// Every bench there is.
pub const ALL: [&str; 5] = ["proof", "session", "network", "sfu", DEMO];
/// The one that starts the workspace's programs and a browser.
const DEMO: &str = "demo";

/// Run one bench, or all of them.
pub fn bench(repo: &Repo, name: Option<&str>, json: bool) -> Result<ExitCode> {
    setup::compiler()?;
    run::must(repo.cargo().args(["build", "--release", "--quiet", "--package", "pars-bench"]))?;
    for name in name.map_or(ALL.to_vec(), |name| vec![name]) {
        if name == DEMO {
            setup::packages(repo)?;
            setup::browser(repo)?;
            run::must(repo.cargo().args(["build", "--release", "--quiet", "--workspace", "--bins"]))?;
        }
        let mut program = repo.command(repo.target.join("release/bench"));
        program.arg(name);
        if json {
            program.arg("--json");
        }
        run::must(&mut program)?;
    }
    Ok(ExitCode::SUCCESS)
}
