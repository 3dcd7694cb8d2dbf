//! The program: what it prints, how it ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use alloy::primitives::Address;
use pars_bindings::deployment::{DeployConfig, plan};
use serde_json::Value;
use tempfile::TempDir;

fn start(folder: &Path) -> Child {
    let deployment = plan(&DeployConfig::dev(7072, Address::repeat_byte(1), 0)).unwrap().deployment;
    let file = folder.join("7072.json");
    std::fs::write(&file, serde_json::to_string(&deployment).unwrap()).unwrap();
    // Port 1 answers nobody: the API comes up all the same.
    Command::new(env!("CARGO_BIN_EXE_indexer"))
        .args(["--rpc", "http://127.0.0.1:1", "--deployment"])
        .arg(file)
        .args(["--database", &format!("sqlite:{}", folder.join("index.sqlite").display())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn it_prints_one_ready_line_refuses_a_second_process_and_ends_cleanly_on_sigterm() {
    let folder = TempDir::new().unwrap();
    let mut child = start(folder.path());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ready"], true);
    assert!(ready["api"].as_str().unwrap().starts_with("http://127.0.0.1:"));

    let second = start(folder.path()).wait_with_output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another indexer is using"));

    let killed = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
