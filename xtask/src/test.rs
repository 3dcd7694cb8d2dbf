//! `test`: the quick profile, stage by stage. Every stage runs even when an earlier one failed, so that one run tells all.

use crate::{
    cache::{self, Cache},
    contracts,
    count::{self, Count},
    demo,
    run::{self, Repo},
    setup,
};
use anyhow::{Context, Result};
use std::process::{Command, ExitCode, Stdio};

/// What a stage does: it returns what its runner counted (lints count no tests, only their failure).
type Stage = fn(&Repo) -> Result<Count>;

/// The minutes that all of it may take warm (DECISIONS O-31); more is said, never a failure.
const MINUTES: f64 = 15.0;
/// The stages with those each may take.
const STAGES: [(&str, f64, Stage); 6] = [
    ("format, lint, build", 1.0, lint),
    ("artifacts are fresh", 0.5, artifacts),
    ("rust", 7.5, rust),
    ("forge", 0.5, forge),
    ("typescript and third-party clients", 1.0, typescript),
    ("journeys", 6.5, journeys),
];

/// Test `here`, or its copy in `cache`; whatever fails, the last line is `N passed, N failed`.
pub fn test(here: Repo, cache: Option<&Cache>) -> ExitCode {
    let tally = run_stages(here, cache, &STAGES);
    println!("\n{}in all: {}\n{}", tally.table, minutes(tally.minutes, MINUTES), tally.closing_line());
    if tally.total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prepare, then run every stage, also when the npm packages could not be had; without a copy there is nothing to test.
fn run_stages(here: Repo, cache: Option<&Cache>, stages: &[(&str, f64, Stage)]) -> Tally {
    let mut tally = Tally::default();
    let mut tested = None;
    // Preparing has no budget of its own: on a fresh machine npm downloads.
    tally.add("preparation", f64::INFINITY, || {
        let repo = tested.insert(match cache {
            Some(cache) => cache::synchronise(&here, cache)?,
            None => here,
        });
        setup::packages(repo)?;
        // Tests of recordings let ffprobe read them.
        setup::media(repo)?;
        Ok(Count::default())
    });
    if let Some(repo) = &tested {
        for (name, minutes, stage) in stages {
            tally.add(name, *minutes, || stage(repo));
        }
        if let Some(cache) = cache {
            tally.add("cache", f64::INFINITY, || cache.trim().map(|()| Count::default()));
        }
    }
    tally
}

/// What the stages counted, and a line for each.
#[derive(Default)]
struct Tally {
    total: Count,
    table: String,
    minutes: f64,
}

/// How long something took, and how long it may take warm if that is less.
fn minutes(took: f64, most: f64) -> String {
    let over = if took > most { format!(", budget {most} min warm") } else { String::new() };
    format!("{took:.1} min{over}")
}

impl Tally {
    /// Run a stage; one that cannot finish is told and counts as one failure.
    fn add(&mut self, name: &str, most: f64, stage: impl FnOnce() -> Result<Count>) {
        eprintln!("\n=== {name}");
        let begun = run::clock();
        let count = stage().unwrap_or_else(|error| {
            eprintln!("error: {name}: {error:#}");
            Count { passed: 0, failed: 1 }
        });
        let took = begun.elapsed().as_secs_f64() / 60.0;
        self.table += &format!("{name}: {} passed, {} failed ({})\n", count.passed, count.failed, minutes(took, most));
        self.minutes += took;
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
            "--profile",
            if environment.is_empty() { "default" } else { "deep" },
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

/// Tests at once: one for each processor, and two that wait (.config/nextest.toml).
const fn threads(processors: usize) -> usize {
    processors + 2
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

fn typescript(repo: &Repo) -> Result<Count> {
    typescript_with(repo, &[])
}

/// The npm packages' tests, clients that we did not write against our chain, and the check of the artifacts, with more in the
/// environment.
pub fn typescript_with(repo: &Repo, environment: &[(&str, &str)]) -> Result<Count> {
    let mut packages = repo.command("npm");
    packages.envs(environment.iter().copied()).args(["test", "--silent", "--workspaces", "--if-present"]);
    let mut all = counted(&mut packages, count::node)?;
    let mut clients = Vec::new();
    for folder in ["tests/e2e/clients", "contracts/script"] {
        let entries = std::fs::read_dir(repo.root.join(folder)).with_context(|| format!("reading {folder}"))?;
        let files = entries.flatten().map(|entry| entry.path());
        clients.extend(files.filter(|path| path.to_string_lossy().ends_with(".test.mjs")));
    }
    clients.sort();
    let mut node = repo.command("node");
    node.envs(environment.iter().copied()).arg("--test").args(clients).env("DEVNET_BIN", repo.built("devnet"));
    all += counted(&mut node, count::node)?;
    Ok(all)
}

/// Journeys that have lanes of their own, because they mostly wait: for a dead relay; for a minute of recording, and for actions
/// that are refused late. The others run on networks of their own beside them, and take as long.
const LANES: [&[&str]; 2] = [&["3"], &["5", "6"]];

/// Every journey once, in three lanes.
pub fn journeys(repo: &Repo) -> Result<Count> {
    let lane = |option: &str, numbers: &[&str]| -> Result<Command> {
        let mut program = demo::journeys(repo, true)?;
        program.args(numbers.iter().flat_map(|number| [option, *number]));
        Ok(program)
    };
    let [first, second] = LANES;
    let lanes = [lane("--journey", first)?, lane("--journey", second)?, lane("--except", &LANES.concat())?];
    side_by_side(lanes, count::journeys)
}

/// Count stages that run at the same time.
pub fn side_by_side<const N: usize>(lanes: [Command; N], count: fn(&str) -> Count) -> Result<Count> {
    std::thread::scope(|scope| {
        let lanes = lanes.map(|mut lane| scope.spawn(move || counted(&mut lane, count)));
        let mut total = Count::default();
        for lane in lanes {
            total += lane.join().map_err(|_| anyhow::anyhow!("a lane panicked"))??;
        }
        Ok(total)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const TWO_PASS: [(&str, f64, Stage); 1] = [("two pass", 1.0, |_| Ok(Count { passed: 2, failed: 0 }))];

    /// How DECISIONS O-31 calls the stages.
    const NAMES: [&str; 6] =
        ["lint and build", "artifacts", "Rust", "forge", "TypeScript and third-party clients", "journeys"];

    #[test]
    fn the_budgets_are_those_of_the_decision() {
        let page = include_str!("../../docs/design/DECISIONS.md");
        let row = page.lines().find(|line| line.starts_with("| O-31 |")).unwrap();
        assert!(row.contains(&format!(": {MINUTES} min in all")));
        for (name, (stage, minutes, _)) in NAMES.into_iter().zip(STAGES) {
            assert!(row.contains(&format!("{name} {minutes}")), "{stage}: {minutes} min");
        }
    }

    /// A checkout without any file: npm finds no package-lock.json in it.
    fn nowhere() -> Repo {
        let root = PathBuf::from("/dev/null/nowhere");
        Repo { target: root.join("target"), root }
    }

    #[test]
    fn what_took_longer_than_its_budget_says_so() {
        assert_eq!(minutes(0.5, 1.0), "0.5 min");
        assert_eq!(minutes(1.26, 1.0), "1.3 min, budget 1 min warm");
        assert_eq!(minutes(20.0, f64::INFINITY), "20.0 min");
    }

    #[test]
    fn packages_that_cannot_be_had_are_one_failure_and_the_stages_still_run() {
        let tally = run_stages(nowhere(), None, &TWO_PASS);
        assert_eq!(tally.closing_line(), "2 passed, 1 failed");
        assert!(tally.table.starts_with("preparation: 0 passed, 1 failed"), "{}", tally.table);
    }

    #[test]
    fn what_a_run_leaves_beyond_the_cap_is_emptied_after_it() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("xtask-after-{}", std::process::id()));
        let root = folder.join("clone");
        std::fs::create_dir_all(&root)?;
        run::must(Command::new("git").args(["init", "--quiet"]).current_dir(&root))?;
        let cache = |cap| Cache { folder: folder.join("cache"), cap };
        let stages: [(&str, f64, Stage); 1] = [("build", 1.0, |repo| {
            std::fs::write(repo.target.join("program"), [0; 50_000])?;
            Ok(Count { passed: 1, failed: 0 })
        })];
        for (cap, stays) in [(1 << 20, true), (40_000, false)] {
            run_stages(Repo { target: root.join("target"), root: root.clone() }, Some(&cache(cap)), &stages);
            assert_eq!(folder.join("cache/target/program").exists(), stays, "cap {cap}");
        }
        std::fs::remove_dir_all(folder)?;
        Ok(())
    }

    #[test]
    fn a_copy_that_cannot_be_made_is_one_failure_and_nothing_else_is_tested() {
        let tally = run_stages(nowhere(), Some(&Cache::at("/dev/null/cache".into())), &TWO_PASS);
        assert_eq!(tally.closing_line(), "0 passed, 1 failed");
    }
}
