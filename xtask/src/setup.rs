//! What a fresh machine needs: Rust, Node and a C compiler are asked for by name; the npm packages, a browser for the journeys,
//! and ffmpeg for what they record are installed. Nothing is downloaded twice.

use crate::run::{self, Repo};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

/// Oldest Node that runs the tools (DECISIONS O-35).
const NODE: (u32, u32) = (20, 19);

/// The folder of LiveKit's native client, for journey 2 and the stage `livekit` of `deep`.
pub const LIVEKIT: &str = "sfu/tests/livekit";

/// Where Debian puts the browser.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Check Node and install exactly what package-lock.json names.
pub fn npm(repo: &Repo) -> Result<()> {
    npm_in(repo, ".")
}

/// The same for a folder with a package-lock.json of its own.
pub fn npm_in(repo: &Repo, folder: &str) -> Result<()> {
    judge_node(run::output(Command::new("node").arg("--version")).ok().as_deref())?;
    need("npm", "npm is missing: it comes with Node (https://nodejs.org, or Debian: apt-get install npm)")?;
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

/// A C compiler, before cargo has spent minutes on what comes before the first crate that needs one.
pub fn compiler() -> Result<()> {
    let named = env::var("CC").unwrap_or_else(|_| "cc".into());
    let program = named.split_whitespace().next().unwrap_or("cc");
    need(program, "a C compiler is missing: install one (Debian: apt-get install gcc libc6-dev), or name it by CC")
}

/// Install and build the workspace's own npm packages: the journeys and the daemons use what lies in their `dist`.
pub fn packages(repo: &Repo) -> Result<()> {
    compiler()?;
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
    from_debian(repo, ("Chromium", "chromium"), by_hand)?;
    if Path::new(CHROMIUM).exists() { Ok(()) } else { bail!("{by_hand}") }
}

/// ffmpeg and ffprobe, which read what was recorded and are not ours: Debian's, installed when this is root.
pub fn media(repo: &Repo) -> Result<()> {
    let by_hand = "ffmpeg is missing: install it with its ffprobe (Debian: apt-get install ffmpeg)";
    let there = || ["ffmpeg", "ffprobe"].into_iter().all(answers_version);
    if there() {
        return Ok(());
    }
    from_debian(repo, ("ffmpeg", "ffmpeg"), by_hand)?;
    if there() { Ok(()) } else { bail!("{by_hand}") }
}

/// Installs a package of Debian when this is root; else the sentence says what to do.
fn from_debian(repo: &Repo, (name, package): (&str, &str), by_hand: &'static str) -> Result<()> {
    let root = run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !present("apt-get") {
        bail!("{by_hand}");
    }
    eprintln!("installing {name} from Debian");
    let apt = |arguments: &[&str]| {
        run::aside(repo.command("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments))
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    apt(&install).or_else(|_| apt(&["update"]).and_then(|()| apt(&install))).context(by_hand)
}

/// Whether a program of ffmpeg's runs: they take one dash.
fn answers_version(program: &str) -> bool {
    runs(program, "-version")
}

fn present(program: &str) -> bool {
    runs(program, "--version")
}

fn runs(program: &str, argument: &str) -> bool {
    let status = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Ends with a sentence if a program does not run.
fn need(program: &str, sentence: &'static str) -> Result<()> {
    if present(program) { Ok(()) } else { bail!("{sentence}") }
}

/// Whether Node, by what it says of its version, can run the tools; nothing: it does not run.
fn judge_node(version: Option<&str>) -> Result<()> {
    let install =
        format!("install Node {}.{} or newer (https://nodejs.org; Debian 13 has it as nodejs)", NODE.0, NODE.1);
    let Some(text) = version.map(str::trim) else { bail!("Node is missing: {install}") };
    let mut parts = text.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < NODE {
        bail!("Node {text} is too old: {install}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_that_is_missing_or_too_old_is_told_with_what_to_do() {
        for good in ["v20.19.0\n", "v20.20.1", "v24.0.0"] {
            assert!(judge_node(Some(good)).is_ok(), "{good}");
        }
        let told = |version: Option<&str>| judge_node(version).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told(None).starts_with("Node is missing: install Node 20.19 or newer"));
        // What Debian 12 has.
        assert!(told(Some("v18.20.4\n")).starts_with("Node v18.20.4 is too old: install Node 20.19 or newer"));
        assert!(told(Some("v20.18.3")).contains("too old") && told(Some("rubbish")).contains("too old"));
    }

    #[test]
    fn a_program_that_does_not_run_is_told_in_one_sentence() {
        let told = need("no-such-program", "npm is missing").map_err(|error| error.to_string());
        assert_eq!(told, Err("npm is missing".to_owned()));
        assert!(compiler().is_ok(), "this test was linked by one");
    }
}
