//! What a fresh machine needs beyond Rust, Node and a C compiler: the npm packages, and a browser for the journeys. Nothing
//! is downloaded twice.

use crate::run::{self, Repo};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

/// Oldest Node that runs the tools (DECISIONS O-35).
const NODE: (u32, u32) = (20, 19);

/// Where Debian puts the browser.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Check Node and install exactly what package-lock.json names.
pub fn npm(repo: &Repo) -> Result<()> {
    npm_in(repo, ".")
}

/// The same for a folder with a package-lock.json of its own.
pub fn npm_in(repo: &Repo, folder: &str) -> Result<()> {
    node()?;
    let folder = repo.root.join(folder);
    let lock = fs::read(folder.join("package-lock.json")).context("reading package-lock.json")?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("installing npm packages (package-lock.json)");
    run::aside(repo.command("npm").current_dir(folder).args(["ci", "--no-progress", "--loglevel=error"]))?;
    fs::write(stamp, lock).context("remembering what npm installed")
}

/// Install and build the workspace's own npm packages: the journeys and the daemons use what lies in their `dist`.
pub fn packages(repo: &Repo) -> Result<()> {
    npm(repo)?;
    run::aside(repo.command("npm").args(["run", "build", "--silent", "--workspaces", "--if-present"]))
}

/// The browser that opens the page in the journeys: what `CHROMIUM` names, else Debian's, which is installed when this is
/// root. On another system the sentence says what to do.
pub fn browser(repo: &Repo) -> Result<()> {
    if let Some(named) = env::var_os("CHROMIUM") {
        if Path::new(&named).exists() {
            return Ok(());
        }
        bail!("CHROMIUM names {}, and there is no such file", Path::new(&named).display());
    }
    if Path::new(CHROMIUM).exists() {
        return Ok(());
    }
    let by_hand = "Chromium is missing: install it (Debian: apt-get install chromium), or name it by CHROMIUM";
    let root = run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !present("apt-get") {
        bail!("{by_hand}");
    }
    eprintln!("installing Chromium from Debian");
    let apt = |arguments: &[&str]| {
        run::aside(repo.command("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments))
    };
    let install = ["install", "--yes", "--no-install-recommends", "chromium"];
    apt(&install).or_else(|_| apt(&["update"]).and_then(|()| apt(&install))).context(by_hand)?;
    if Path::new(CHROMIUM).exists() { Ok(()) } else { bail!("{by_hand}") }
}

fn present(program: &str) -> bool {
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
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
