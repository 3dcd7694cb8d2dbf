//! The README's first command as somebody types it who has nothing of this yet: in a fresh clone, until the network is ready. What
//! cargo and npm have downloaded before on this machine is not downloaded again: for the figure of empty caches this machine's are
//! to be empty (`CARGO_HOME`, `npm_config_cache`).

use crate::{
    count::Count,
    run::{self, Repo},
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

/// What `up` says last.
const READY: &str = "Ctrl-C ends the network";

/// What lies in the folder that a clone builds into: the second one finds others' crates built by the first, and builds ours anew,
/// because they lie elsewhere.
const TURNS: [&str; 2] = ["nothing is built", "crates of others are built"];

/// Both turns, with the seconds that each took. The ports of `up` must be free.
pub fn clone(repo: &Repo) -> Result<Count> {
    let folder = std::env::temp_dir().join(format!("xtask-clone-{}", std::process::id()));
    let done = TURNS.into_iter().enumerate().try_for_each(|(turn, what)| -> Result<()> {
        let seconds = ready(repo, &folder, turn)?;
        println!("`cargo xtask up` in a fresh clone, {what}: ready after {seconds} s");
        Ok(())
    });
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    done.map(|()| Count { passed: TURNS.len() as u64, failed: 0 })
}

/// One turn: clone what is committed, start, end, and find the clone as it was. Gives the seconds from nothing to ready.
fn ready(repo: &Repo, folder: &Path, turn: usize) -> Result<u64> {
    let clone = Repo { root: folder.join(turn.to_string()), target: folder.join("target") };
    let begun = run::clock();
    run::must(repo.command("git").args(["clone", "--quiet", "."]).arg(&clone.root))?;
    let seconds = until_ready(clone.cargo().args(["xtask", "up"]), begun)?;
    let changed = run::output(clone.command("git").args(["status", "--porcelain"]))?;
    ensure!(changed.trim().is_empty(), "`cargo xtask up` changed the clone: {changed}");
    Ok(seconds)
}

/// Run what stays until it is ready, then ask it to end. Gives the seconds since `begun` when it was ready.
fn until_ready(command: &mut Command, begun: Instant) -> Result<u64> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {command:?}"))?;
    let mut said = BufReader::new(child.stdout.take().context("no standard output")?).lines().map_while(Result::ok);
    let is_ready = said.any(|line| line.contains(READY));
    let seconds = begun.elapsed().as_secs();
    if is_ready {
        // The shell's own: a minimal Debian has no program of that name.
        let told = run::must(Command::new("sh").args(["-c", "kill \"$1\"", "sh", &child.id().to_string()]));
        told.or_else(|error| child.kill().map_err(|_| error))?;
    }
    // Read to its end: what is said while it ends has a reader.
    said.for_each(drop);
    let status = child.wait()?;
    ensure!(is_ready && status.success(), "{command:?} got ready: {is_ready}, and ended with {status}");
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_ready_is_ended_and_what_does_not_is_a_failure() {
        let tried = |script: &str| until_ready(Command::new("sh").args(["-c", script]), run::clock());
        let stays = "while true; do sleep 0.05; done";
        tried(&format!("trap 'exit 0' TERM; echo building; echo '{READY}; its state stays'; {stays}")).unwrap();
        let torn = tried(&format!("echo '{READY}'; {stays}")).unwrap_err().to_string();
        assert!(torn.contains("got ready: true"), "{torn}");
        let never = tried("echo building").unwrap_err().to_string();
        assert!(never.contains("got ready: false"), "{never}");
    }
}
