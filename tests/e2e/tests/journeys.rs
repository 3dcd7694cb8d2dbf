//! What `journeys` gives to whoever called it: one object a line, and an exit status that says whether every step passed.

use std::process::Command;

use serde_json::Value;

/// Where no program of the project lies, the first step of every journey fails.
#[test]
fn a_run_with_a_failed_step_exits_with_failure_and_prints_objects_only() {
    let nothing = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_journeys"));
    program.args(["--json", "--journey", "1", "--bin-dir"]).arg(nothing.path());
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert!(!lines.is_empty(), "a failed step is told");
    for line in &lines {
        assert!(
            line["journey"] == 1 && line["step"].is_string() && line["ok"] == false && line["ms"].is_u64(),
            "{line}"
        );
    }
    assert!(String::from_utf8(output.stderr).unwrap().ends_with(&format!("0 passed, {} failed\n", lines.len())));
}

#[test]
fn a_run_without_a_step_is_no_success() {
    let output = Command::new(env!("CARGO_BIN_EXE_journeys")).args(["--json", "--journey", "999"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
}

/// Pictures of two runs do not belong together.
#[test]
fn pictures_for_the_papers_are_of_a_whole_run() {
    for part in [["--journey", "2"], ["--except", "3"], ["--title", "rooms"]] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_journeys"));
        let output = program.args(["--pictures", "/nowhere"]).args(part).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("cannot be used with"), "{said}");
    }
}
