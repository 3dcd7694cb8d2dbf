//! `test`: the quick profile, stage by stage. Every stage runs even when an earlier one failed, so that one run tells all.

use crate::{
    cache, contracts,
    count::{self, Count},
    run::{self, Repo},
    setup, stack,
};
use anyhow::{Context, Result};
use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
};

/// What a stage does: it returns what its runner counted (lints count no tests, only their failure).
type Stage = fn(&Repo) -> Result<Count>;

/// The stages with the minutes each may take warm (DECISIONS O-31); more is said, never a failure.
const STAGES: [(&str, f64, Stage); 6] = [
    ("format, lint, build", 5.0, lint),
    ("artifacts are fresh", 1.0, artifacts),
    ("rust", 3.0, rust),
    ("forge", 1.5, forge),
    ("typescript and third-party clients", 1.0, typescript),
    ("journeys", 5.0, journeys),
];

/// Test `here`, or its copy in the folder `cache`; whatever fails, the last line is `N passed, N failed`.
pub fn test(here: Repo, cache: Option<&Path>) -> ExitCode {
    let tally = run_stages(here, cache, &STAGES);
    println!("\n{}{}", tally.table, tally.closing_line());
    if tally.total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prepare, then run every stage, also when the npm packages could not be had; without a copy there is nothing to test.
fn run_stages(here: Repo, cache: Option<&Path>, stages: &[(&str, f64, Stage)]) -> Tally {
    let mut tally = Tally::default();
    let mut tested = None;
    // Preparing has no budget of its own: on a fresh machine npm downloads.
    tally.add("preparation", f64::INFINITY, || {
        let repo = tested.insert(match cache {
            Some(folder) => cache::synchronise(&here, folder)?,
            None => here,
        });
        setup::packages(repo)?;
        Ok(Count::default())
    });
    if let Some(repo) = &tested {
        for (name, minutes, stage) in stages {
            tally.add(name, *minutes, || stage(repo));
        }
    }
    tally
}

/// What the stages counted, and a line for each.
#[derive(Default)]
struct Tally {
    total: Count,
    table: String,
}

impl Tally {
    /// Run a stage; one that cannot finish is told and counts as one failure.
    fn add(&mut self, name: &str, minutes: f64, stage: impl FnOnce() -> Result<Count>) {
        eprintln!("\n=== {name}");
        let begun = run::clock();
        let count = stage().unwrap_or_else(|error| {
            eprintln!("error: {name}: {error:#}");
            Count { passed: 0, failed: 1 }
        });
        let took = begun.elapsed().as_secs_f64() / 60.0;
        let over = if took > minutes { format!(", budget {minutes} min warm") } else { String::new() };
        self.table += &format!("{name}: {} passed, {} failed ({took:.1} min{over})\n", count.passed, count.failed);
        self.total += count;
    }

    fn closing_line(&self) -> String {
        format!("{} passed, {} failed", self.total.passed, self.total.failed)
    }
}

/// Count a stage from its runner's words; a runner that fails without counting a failure counts as one.
pub fn counted(command: &mut Command, count: fn(&str) -> Count) -> Result<Count> {
    let (status, text) = run::tee(command, true)?;
    let mut counted = count(&text);
    if !status.success() && counted.failed == 0 {
        counted.failed = 1;
    }
    if status.success() && counted.passed == 0 {
        anyhow::bail!("the runner succeeded without running a test");
    }
    Ok(counted)
}

/// Format, clippy, build; of this program too, which is a workspace of its own.
pub fn lint(repo: &Repo) -> Result<Count> {
    run::must(repo.cargo().args(["fmt", "--all", "--check"]))?;
    run::must(repo.cargo().args(["fmt", "--check", "--manifest-path", "xtask/Cargo.toml"]))?;
    run::must(repo.cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    run::must(
        repo.cargo()
            .args([
                "clippy",
                "--manifest-path",
                "xtask/Cargo.toml",
                "--all-targets",
                "--locked",
                "--quiet",
                "--target-dir",
            ])
            .arg(repo.target.join("xtask"))
            .args(["--", "-D", "warnings"]),
    )?;
    run::must(repo.cargo().args(["build", "--workspace", "--bins", "--locked", "--quiet"]))?;
    Ok(Count::default())
}

fn artifacts(repo: &Repo) -> Result<Count> {
    contracts::contracts(repo, true)?;
    Ok(Count::default())
}

fn rust(repo: &Repo) -> Result<Count> {
    rust_with(repo, &[])
}

/// The Rust tests with more in the environment (the number of cases of property tests, for example).
pub fn rust_with(repo: &Repo, environment: &[(&str, &str)]) -> Result<Count> {
    let mut all = counted(
        repo.cargo()
            .args(["test", "--quiet", "--manifest-path", "xtask/Cargo.toml", "--target-dir"])
            .arg(repo.target.join("xtask")),
        count::cargo_test,
    )?;
    let nextest = repo.cargo().args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if nextest.is_ok_and(|status| status.success()) {
        // nextest reports on standard error; the shell joins the two streams so that both are shown and kept.
        let mut command = repo.cargo();
        command.envs(environment.iter().copied()).args([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            "--color=never",
            "--test-threads",
            &threads(std::thread::available_parallelism().map_or(1, usize::from)).to_string(),
        ]);
        all += counted(&mut joined(repo, &command)?, count::nextest)?;
    } else {
        eprintln!("cargo-nextest is not installed: using cargo test, one test binary after the other");
        all += counted(
            repo.cargo().envs(environment.iter().copied()).args(["test", "--workspace", "--locked", "--no-fail-fast"]),
            count::cargo_test,
        )?;
    }
    Ok(all)
}

/// Tests at once: one for each processor, and one that waits (.config/nextest.toml).
const fn threads(processors: usize) -> usize {
    processors + 1
}

/// The same command with standard error joined to standard output.
fn joined(repo: &Repo, command: &Command) -> Result<Command> {
    let mut shell = repo.command("sh");
    shell.args(["-c", "exec \"$@\" 2>&1", "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Ok(shell)
}

fn forge(repo: &Repo) -> Result<Count> {
    counted(repo.npm_bin("forge").args(["test", "--color", "never"]), count::forge)
}

/// The npm packages' tests, and clients that we did not write against our chain.
pub fn typescript(repo: &Repo) -> Result<Count> {
    let mut all = counted(repo.command("npm").args(["test", "--silent", "--workspaces", "--if-present"]), count::node)?;
    let mut clients: Vec<_> = std::fs::read_dir(repo.root.join("tests/e2e/clients"))
        .context("reading tests/e2e/clients")?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    clients.sort();
    let mut node = repo.command("node");
    node.arg("--test").args(clients).env("DEVNET_BIN", repo.built("devnet"));
    all += counted(&mut node, count::node)?;
    Ok(all)
}

fn journeys(repo: &Repo) -> Result<Count> {
    counted(&mut stack::journeys(repo, true)?, count::journeys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const TWO_PASS: [(&str, f64, Stage); 1] = [("two pass", 1.0, |_| Ok(Count { passed: 2, failed: 0 }))];

    /// A checkout without any file: npm finds no package-lock.json in it.
    fn nowhere() -> Repo {
        let root = PathBuf::from("/dev/null/nowhere");
        Repo { target: root.join("target"), root }
    }

    #[test]
    fn packages_that_cannot_be_had_are_one_failure_and_the_stages_still_run() {
        let tally = run_stages(nowhere(), None, &TWO_PASS);
        assert_eq!(tally.closing_line(), "2 passed, 1 failed");
        assert!(tally.table.starts_with("preparation: 0 passed, 1 failed"), "{}", tally.table);
    }

    #[test]
    fn a_copy_that_cannot_be_made_is_one_failure_and_nothing_else_is_tested() {
        let tally = run_stages(nowhere(), Some(Path::new("/dev/null/cache")), &TWO_PASS);
        assert_eq!(tally.closing_line(), "0 passed, 1 failed");
    }
}
