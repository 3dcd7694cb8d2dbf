//! `deep`: the long profile, whole or by stage. What it measured is written into docs/results/ and committed.

use crate::{
    clone,
    count::{self, Count},
    demo,
    run::{self, Repo},
    setup, test,
};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// What makes the random tests run longer, and journeys demand times: property cases, damaged inputs per fuzz target, the trials
/// of THREATS.
const MORE: [(&str, &str); 3] = [("PROPTEST_CASES", "5120"), ("PARS_FUZZ_ROUNDS", "50000"), ("PARS_DEEP", "1")];

/// Seeds of each scenario of the simulator, and of those for which THREATS (I5, K1) asks more.
const SEEDS: &str = "500";
const MORE_SEEDS: (&[&str], &str) = (&["crossing", "settling", "recording"], "1000");

/// The simulator's scenarios.
pub const SCENARIOS: [&str; 7] = ["journey3", "rooms", "actions", "crossing", "settling", "session", "recording"];

/// Tried once more where nothing goes wrong, as their own limit of time (I5) is for that.
const CALM: [(&str, Option<&str>); 1] = [("crossing", Some("--calm"))];

/// How `kills` is told the number of SIGKILLs of each kind of process while two members write.
const KILLS: &str = "PARS_KILL_ROUNDS";

/// What is killed how often, on networks side by side: a round is mostly waiting, and those of service nodes take the longest. Of
/// the author THREATS (T5) asks 200.
const LANES: [(&str, &[&str]); 3] =
    [("50", &["node"]), ("50", &["reader", "chain", "indexer", "executor"]), ("200", &["author"])];

/// Journeys in a row.
const JOURNEY_RUNS: usize = 3;

/// One stage: what the command line and the table call it, and what it does.
type Stage = (&'static str, fn(&Repo) -> Result<Count>);

const STAGES: [Stage; 13] = [
    ("lint", test::lint),
    ("rust", |repo| test::rust_with(repo, &MORE)),
    ("simulator", simulator),
    ("forge", forge),
    ("typescript", |repo| test::typescript_with(repo, &MORE)),
    ("browser", browser),
    ("livekit", livekit),
    ("journeys", journeys),
    ("up", up),
    ("clone", clone::clone),
    ("kills", kills),
    ("ipfs", ipfs),
    ("licences", deny),
];

/// What the stages are called.
pub fn stages() -> [&'static str; STAGES.len()] {
    STAGES.map(|(stage, _)| stage)
}

/// Run the long profile, or only `wanted` stages of it, and write each stage's row into the table of the day.
pub fn deep(repo: &Repo, wanted: &[String]) -> Result<ExitCode> {
    setup::packages(repo)?;
    setup::media(repo)?;
    run::must(repo.cargo().args(["build", "--workspace", "--bins", "--locked", "--quiet"]))?;
    let mut total = Count::default();
    for (name, stage) in STAGES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|one| one == name)) {
        eprintln!("\n=== {name}");
        let commit = commit(repo).context("a row names the commit that was measured")?;
        let begun = run::clock();
        let count = stage(repo).unwrap_or_else(|error| {
            eprintln!("error: {name}: {error:#}");
            Count { passed: 0, failed: 1 }
        });
        write_row(repo, (name, &commit), count, begun.elapsed().as_secs())?;
        total += count;
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One passed run a line; the first seed that breaks a rule ends the program, which says how to replay it. Its profile has every
/// check of the dev profile: without them nobody counts keys and nonces (THREATS P5).
fn simulator(repo: &Repo) -> Result<Count> {
    let sim = ["build", "--profile", "sim", "--package", "pars-sim", "--bin", "sim", "--locked", "--quiet"];
    run::must(repo.cargo().args(sim))?;
    let mut total = Count::default();
    let faulty = SCENARIOS.map(|scenario| (scenario, None));
    for (scenario, calm) in faulty.into_iter().chain(CALM) {
        let seeds = if MORE_SEEDS.0.contains(&scenario) { MORE_SEEDS.1 } else { SEEDS };
        let mut program = repo.command(repo.target.join("sim/sim"));
        total += test::counted(program.args(["run", "0", seeds, "--scenario", scenario]).args(calm), count::seeds)?;
    }
    Ok(total)
}

fn forge(repo: &Repo) -> Result<Count> {
    let mut program = repo.npm_bin("forge");
    test::counted(program.args(["test", "--color", "never"]).env("FOUNDRY_PROFILE", "deep"), count::forge)
}

/// The page's own tests in Chromium, those over the real media server among them.
fn browser(repo: &Repo) -> Result<Count> {
    setup::browser(repo)?;
    let mut npm = repo.command("npm");
    npm.args(["run", "--silent", "test:browser", "--workspace", "@pars/web"]).env("SFU", repo.built("sfu"));
    test::counted(&mut npm, count::node)
}

/// LiveKit's native clients against the media server, beyond the call of journey 2: at nearly the same moment, from far away, and
/// without a right.
fn livekit(repo: &Repo) -> Result<Count> {
    setup::npm_in(repo, setup::LIVEKIT)?;
    let mut npm = repo.command("npm");
    npm.args(["test", "--silent", "--prefix", setup::LIVEKIT]).env("SFU", repo.built("sfu"));
    test::counted(&mut npm, count::node)
}

/// As `demo` walks them, one after the other: within how much time something is shown (THREATS K5) is demanded of a machine that
/// does nothing else.
fn journeys(repo: &Repo) -> Result<Count> {
    in_a_row(|| demo::journeys(repo, true))
}

fn in_a_row(journeys: impl Fn() -> Result<Command>) -> Result<Count> {
    let mut total = Count::default();
    for _ in 0..JOURNEY_RUNS {
        total += test::counted(journeys()?.envs(MORE), count::journeys)?;
    }
    Ok(total)
}

/// The network that people start: typed at, killed, taken up again, called over, thrown away.
fn up(repo: &Repo) -> Result<Count> {
    setup::browser(repo)?;
    let arguments = ["test", "--locked", "-p", "pars-e2e", "--test", "up", "--", "--ignored"];
    test::counted(repo.cargo().args(arguments), count::cargo_test)
}

fn kills(repo: &Repo) -> Result<Count> {
    let lanes = LANES.map(|(rounds, victims)| {
        let mut program = repo.command(repo.built("kills"));
        program.arg("--json").args(victims.iter().flat_map(|victim| ["--only", victim])).env(KILLS, rounds);
        program
    });
    test::side_by_side(lanes, count::journeys)
}

/// The clients of an IPFS node against js-ipfs, a thousand packages that no other stage needs.
fn ipfs(repo: &Repo) -> Result<Count> {
    setup::npm_in(repo, "tests/ipfs")?;
    let arguments = ["test", "--locked", "-p", "pars-blobs", "--test", "blobs", "--", "--ignored"];
    test::counted(repo.cargo().args(arguments), count::cargo_test)
}

fn deny(repo: &Repo) -> Result<Count> {
    let tools = repo.target.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        run::must(repo.cargo().args(["install", "--locked", "--quiet", "cargo-deny", "--root"]).arg(&tools))?;
    }
    // The check reads the packages of every platform; a build here has fetched only this one's.
    run::must(repo.cargo().args(["fetch", "--locked", "--quiet"]))?;
    run::must(repo.command(program).args(["--offline", "check", "licenses", "bans", "sources"]))?;
    Ok(Count { passed: 1, failed: 0 })
}

/// What a row calls what was measured: the commit, with a plus where the folder holds something else. Tables of results do not
/// count.
fn commit(repo: &Repo) -> Result<String> {
    let head = run::output(repo.command("git").args(["rev-parse", "--short", "HEAD"]))?;
    let changed = run::output(repo.command("git").args(["status", "--porcelain", "--", ".", ":!docs/results"]))?;
    Ok(format!("{}{}", head.trim(), if changed.trim().is_empty() { "" } else { "+" }))
}

/// The table of the day with this stage's row put in place of an older one; what is written around it stays.
fn write_row(repo: &Repo, (stage, commit): (&str, &str), count: Count, seconds: u64) -> Result<()> {
    let date = run::output(repo.command("date").args(["-u", "+%Y-%m-%d"]))?;
    let folder = repo.root.join("docs/results");
    fs::create_dir_all(&folder)?;
    let path: PathBuf = folder.join(format!("{}.md", date.trim()));
    let before = fs::read_to_string(&path).unwrap_or_default();
    let row = format!("| {stage} | {commit} | {} | {} | {seconds} |", count.passed, count.failed);
    fs::write(path, table(date.trim(), &before, stage, row)).context("writing the result table")
}

/// How the table begins.
const HEAD: &str = "| Stage | Commit | Passed | Failed | Seconds |\n|---|---|---|---|---|";

fn table(date: &str, before: &str, stage: &str, row: String) -> String {
    let name_of = |line: &str| line.strip_prefix("| ")?.split_once(" | ").map(|(name, _)| name.to_owned());
    let mut rows: BTreeMap<usize, String> = BTreeMap::new();
    let place = |name: &str| STAGES.iter().position(|(stage, _)| *stage == name);
    for line in before.lines() {
        if let Some(place) = name_of(line).and_then(|name| place(&name)) {
            rows.insert(place, line.to_owned());
        }
    }
    rows.extend(place(stage).map(|place| (place, row)));
    let rows = rows.into_values().collect::<Vec<_>>().join("\n");
    let title = format!("# Deep profile, {date}\n");
    let Some(at) = before.find(HEAD) else {
        let text = before.strip_prefix(&title).unwrap_or(before);
        return format!("{title}\n{HEAD}\n{rows}\n{text}");
    };
    let (above, rest) = before.split_at(at);
    let below: String = rest.split_inclusive('\n').skip_while(|line| line.starts_with('|')).collect();
    format!("{above}{HEAD}\n{rows}\n{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_is_run_again_replaces_its_row_and_the_others_stay() {
        let first = table("2026-01-02", "", "kills", "| kills | a | 1 | 0 | 9 |".to_owned());
        let second = table("2026-01-02", &first, "lint", "| lint | b | 0 | 0 | 3 |".to_owned());
        let third = table("2026-01-02", &second, "kills", "| kills | c | 2 | 0 | 8 |".to_owned());
        assert!(
            third.ends_with("|---|---|---|---|---|\n| lint | b | 0 | 0 | 3 |\n| kills | c | 2 | 0 | 8 |\n"),
            "{third}"
        );
    }

    #[test]
    fn the_packages_of_npm_and_the_clients_of_others_are_told_to_try_more() {
        let root = std::env::temp_dir().join(format!("xtask-deep-{}", std::process::id()));
        let (package, clients, script) =
            (root.join("one"), root.join("tests/e2e/clients"), root.join("contracts/script"));
        let told = "import test from 'node:test';\nimport assert from 'node:assert';\n\
                    test('deep', () => assert.equal(process.env.PARS_DEEP, '1'));\n";
        for (folder, name, text) in [
            (&root, "package.json", r#"{"name": "all", "workspaces": ["one"]}"#),
            (
                &package,
                "package.json",
                r#"{"name": "one", "version": "1.0.0", "scripts": {"test": "node --test *.mjs"}}"#,
            ),
            (&package, "own.test.mjs", told),
            (&clients, "other.test.mjs", told),
            (&script, "check.test.mjs", told),
        ] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(name), text).unwrap();
        }
        let repo = Repo { target: root.join("target"), root: root.clone() };
        let (_, stage) = STAGES.iter().find(|(name, _)| *name == "typescript").unwrap();
        let count = stage(&repo).unwrap();
        fs::remove_dir_all(root).unwrap();
        assert_eq!(count, Count { passed: 3, failed: 0 });
    }

    #[test]
    fn the_journeys_are_walked_three_times_and_told_to_demand_more() {
        let told = r#"[ "$PARS_DEEP" = 1 ] && echo '{"ok": true}' || echo '{"ok": false}'"#;
        let shell = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", told]);
            Ok(shell)
        };
        assert_eq!(in_a_row(shell).unwrap(), Count { passed: 3, failed: 0 });
    }

    #[test]
    fn what_is_not_the_commit_has_a_plus_and_tables_of_results_are_no_change() {
        let root = std::env::temp_dir().join(format!("xtask-commit-{}", std::process::id()));
        let repo = Repo { target: root.join("target"), root: root.clone() };
        fs::create_dir_all(root.join("docs/results")).unwrap();
        fs::write(root.join("source"), "1").unwrap();
        let git = |words: &[&str]| run::output(repo.command("git").args(words)).unwrap();
        git(&["init", "--quiet"]);
        git(&["add", "source"]);
        git(&["-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "--no-gpg-sign", "-m", "one"]);
        let clean = commit(&repo).unwrap();
        fs::write(root.join("docs/results/today.md"), "a row").unwrap();
        let with_results = commit(&repo).unwrap();
        fs::write(root.join("source"), "2").unwrap();
        let changed = commit(&repo).unwrap();
        fs::remove_dir_all(root).unwrap();
        assert!(!clean.is_empty() && !clean.ends_with('+'), "{clean}");
        assert_eq!((with_results, changed), (clean.clone(), format!("{clean}+")));
    }

    #[test]
    fn a_page_that_was_begun_by_hand_keeps_one_title() {
        let page = table(
            "2026-01-02",
            "# Deep profile, 2026-01-02\n\nBy hand.\n",
            "lint",
            "| lint | a | 0 | 0 | 3 |".to_owned(),
        );
        assert_eq!(page.matches("# Deep profile").count(), 1);
        assert!(page.ends_with("| lint | a | 0 | 0 | 3 |\n\nBy hand.\n"), "{page}");
    }

    #[test]
    fn what_stands_above_and_below_the_table_stays() {
        let bare = table("2026-01-02", "", "lint", "| lint | a | 0 | 0 | 3 |".to_owned());
        let written = format!("Of two cores.\n\n{bare}\nA word on kills.\n\n| another | table |\n");
        let added = table("2026-01-02", &written, "kills", "| kills | c | 2 | 0 | 8 |".to_owned());
        let expected = written.replace("| 0 | 3 |\n", "| 0 | 3 |\n| kills | c | 2 | 0 | 8 |\n");
        assert_eq!(added, expected);
    }
}
