//! No program that ships lies about who is recorded, however it is set up: what chooses how a seat goes about recordings is a value
//! that no flag, file or environment holds, and the one value besides the honest one is a test's (`tests/liar`).

use cargo_metadata::DependencyKind;
use pars_house::{files, metadata, read, root};

/// Where sources of what ships lie.
const SHIPPED: [&str; 5] = ["node", "sfu", "indexer", "circuits", "contracts/bindings"];

const CONDUCT: &str = "node/engine/src/room/member/recording/conduct.rs";
const RECORDING: &str = "node/engine/src/room/member/recording/mod.rs";
const DAEMON: &str = "node/daemon/src/daemon.rs";

/// Sources of what ships, tests aside, that hold these words outside comments: each as often as it does.
fn holding(words: &str) -> Vec<String> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/examples/");
    let mut found = Vec::new();
    for path in SHIPPED.into_iter().flat_map(|folder| files(folder, &[".rs"])) {
        let path = path.strip_prefix(root()).expect("below the root").display().to_string();
        let text = if is_test(&path) { String::new() } else { read(&path) };
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//") && line.contains(words));
        found.extend(lines.map(|_| path.clone()));
    }
    found
}

#[test]
fn what_ships_has_one_conduct_and_nothing_chooses_another() {
    assert_eq!(holding("Conduct for "), [CONDUCT], "the honest one");
    assert!(read(CONDUCT).contains("impl Conduct for Honest {"));
    assert_eq!(holding("with_conduct("), ["node/daemon/src/room/seat/mod.rs", RECORDING], "who makes a seat");
    assert_eq!(holding("start_as("), [DAEMON, DAEMON], "what tests start, and what `start` is");
    assert!(read(DAEMON).contains("Self::start_as(config, &Honest).await"), "`start` is honest");
    assert_eq!(holding("say_of_recordings("), [RECORDING], "simulations say lies with it");
}

#[test]
fn nothing_that_ships_depends_on_the_liar() {
    for package in metadata().workspace_packages() {
        let mut shipped = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        assert!(shipped.all(|d| d.name.as_str() != "pars-liar"), "{} depends on a liar", package.name);
    }
}
