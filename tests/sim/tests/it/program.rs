//! The program `sim` as it is called: a replay prints the run that a test saw.

use std::process::Command;

use pars_crypto::hash::sha3;
use pars_sim::{Faults, Scenario};

/// What `sim replay 3 --calm` prints: the lines with their numbers, and the figures.
fn replay(more: &[&str]) -> (Vec<(u64, String)>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sim")).args(["replay", "3", "--calm"]).args(more).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let report = lines.pop().unwrap().to_owned();
    let line = |line: &str| {
        let (number, words) = line.split_at(7);
        (number.trim().parse().unwrap(), words[1..].to_owned())
    };
    (lines.into_iter().map(line).collect(), report)
}

#[test]
fn a_replay_prints_every_line_of_the_run_and_around_a_line_only_those() {
    let (lines, report) = replay(&[]);
    let run = Scenario::Messages.run(3, Faults::NONE);
    assert_eq!(report, format!("{run:?}"), "the same run as a test's");
    assert!(lines.iter().map(|(number, _)| *number).eq(0..run.lines), "every line, in order");
    let hash = lines.iter().fold([0; 32], |hash, (_, line)| sha3(&[&hash, line.as_bytes()]));
    assert_eq!(hash.map(|byte| format!("{byte:02x}")).concat(), run.audit, "these lines are what the audit hash is of");
    let (around, same) = replay(&["--at", "500", "--context", "2"]);
    assert_eq!((around, same), (lines[498..=502].to_vec(), report));
}

#[test]
fn what_nobody_asked_of_it_is_a_usage_error() {
    for words in [&[][..], &["replay"], &["replay", "x"], &["run", "1"], &["replay", "1", "--scenario", "nothing"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_sim")).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("usage: sim replay"), "{words:?}");
    }
}
