//! What a fresh machine needs beyond Rust, Node and a C compiler: the npm packages. Nothing is downloaded twice.

use crate::run::{self, Repo};
use anyhow::{Context, Result, bail};
use std::{fs, process::Command};

/// Oldest Node that runs the tools (DECISIONS O-35).
const NODE: (u32, u32) = (20, 19);

/// Check Node and install exactly what package-lock.json names.
pub fn npm(repo: &Repo) -> Result<()> {
    node()?;
    let lock = fs::read(repo.root.join("package-lock.json")).context("reading package-lock.json")?;
    let stamp = repo.root.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("installing npm packages (package-lock.json)");
    run::must(repo.command("npm").args(["ci", "--no-progress", "--loglevel=error"]))?;
    fs::write(stamp, lock).context("remembering what npm installed")
}

/// Install and build the workspace's own npm packages: the journeys and the daemons use what lies in their `dist`.
pub fn packages(repo: &Repo) -> Result<()> {
    npm(repo)?;
    run::must(repo.command("npm").args(["run", "build", "--silent", "--workspaces", "--if-present"]))
}

fn node() -> Result<()> {
    let text = run::output(Command::new("node").arg("--version"))
        .context("Node is missing: install Node 20.19 or newer (Debian: apt-get install nodejs npm)")?;
    let mut parts = text.trim().trim_start_matches('v').split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < NODE {
        bail!("Node {} is too old: install Node {}.{} or newer", text.trim(), NODE.0, NODE.1);
    }
    Ok(())
}
