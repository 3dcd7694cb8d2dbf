//! `deep`: the long profile. What it measured is written into docs/results/ and committed.

use crate::{
    count::{self, Count},
    run::{self, Repo},
    setup, stack, test,
};
use anyhow::{Context, Result};
use std::{fmt::Write as _, fs, process::ExitCode, time::Instant};

/// What makes the random tests run longer: property cases, seeds of the simulator, damaged inputs per fuzz target.
const MORE: [(&str, &str); 3] = [("PROPTEST_CASES", "5120"), ("PARS_SIM_SEEDS", "500"), ("PARS_FUZZ_ROUNDS", "50000")];

/// SIGKILLs of each kind of process while two members write.
const KILLS: (&str, &str) = ("PARS_KILL_ROUNDS", "50");

/// Journeys in a row.
const JOURNEY_RUNS: usize = 3;

/// Run the long profile and write the dated table.
pub fn deep(repo: &Repo) -> Result<ExitCode> {
    setup::packages(repo)?;
    let mut rows = Vec::new();
    let mut row = |name: &str, run: &mut dyn FnMut() -> Result<Count>| {
        eprintln!("\n=== {name}");
        let begun = Instant::now();
        let count = run().unwrap_or_else(|error| {
            eprintln!("error: {name}: {error:#}");
            Count { passed: 0, failed: 1 }
        });
        rows.push((name.to_owned(), count, begun.elapsed().as_secs()));
    };
    row("lint and build", &mut || test::lint(repo));
    row("rust, many more cases and seeds", &mut || test::rust_with(repo, &MORE));
    row("forge, deep profile", &mut || {
        test::counted(
            repo.npm_bin("forge").args(["test", "--color", "never"]).env("FOUNDRY_PROFILE", "deep"),
            count::forge,
        )
    });
    row("typescript and third-party clients", &mut || test::typescript(repo));
    for turn in 1..=JOURNEY_RUNS {
        row(&format!("journeys, turn {turn}"), &mut || {
            test::counted(&mut stack::journeys(repo, true), count::journeys)
        });
    }
    row("kill -9 of each kind of process, 50 times", &mut || {
        let mut program = repo.command(repo.built("kills"));
        test::counted(program.arg("--json").env(KILLS.0, KILLS.1), count::journeys)
    });
    row("licences, bans, sources (cargo-deny)", &mut || deny(repo));
    let failed: u64 = rows.iter().map(|(_, count, _)| count.failed).sum();
    write_table(repo, &rows)?;
    println!("{} passed, {failed} failed", rows.iter().map(|(_, count, _)| count.passed).sum::<u64>());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn deny(repo: &Repo) -> Result<Count> {
    let tools = repo.target.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        run::must(repo.cargo().args(["install", "--locked", "--quiet", "cargo-deny", "--root"]).arg(&tools))?;
    }
    run::must(repo.command(program).args(["--offline", "check", "licenses", "bans", "sources"]))?;
    Ok(Count { passed: 1, failed: 0 })
}

fn write_table(repo: &Repo, rows: &[(String, Count, u64)]) -> Result<()> {
    let date = run::output(repo.command("date").args(["-u", "+%Y-%m-%d"]))?;
    let commit = run::output(repo.command("git").args(["rev-parse", "--short", "HEAD"]))?;
    let mut text = format!(
        "# Deep profile, {}\n\nAt commit {}.\n\n| Stage | Passed | Failed | Seconds |\n|---|---|---|---|\n",
        date.trim(),
        commit.trim()
    );
    for (name, count, seconds) in rows {
        writeln!(text, "| {name} | {} | {} | {seconds} |", count.passed, count.failed)?;
    }
    let folder = repo.root.join("docs/results");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{}.md", date.trim())), text).context("writing the result table")
}
