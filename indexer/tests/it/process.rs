//! The program: what it prints, how it ends.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use alloy::primitives::Address;
use pars_bindings::deployment::{DeployConfig, plan};
use serde_json::Value;
use tempfile::TempDir;

/// The program for a node at a URL.
fn program(folder: &Path, rpc: &str) -> Command {
    program_of(7072, folder, rpc)
}

/// The same for a deployment on some chain.
fn program_of(chain_id: u64, folder: &Path, rpc: &str) -> Command {
    let mut deployment = plan(&DeployConfig::dev(7072, Address::repeat_byte(1), 0)).unwrap().deployment;
    deployment.chain_id = chain_id;
    let file = folder.join("deployment.json");
    std::fs::write(&file, serde_json::to_string(&deployment).unwrap()).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_indexer"));
    program.args(["--rpc", rpc, "--deployment"]).arg(file);
    program.args(["--database", &format!("sqlite:{}", folder.join("index.sqlite").display())]);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

fn start(folder: &Path) -> Child {
    // Port 1 answers nobody: the API comes up all the same.
    program(folder, "http://127.0.0.1:1").spawn().unwrap()
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

/// THREATS E3.
#[test]
fn a_development_chain_is_served_on_loopback_only() {
    for chain_id in [7072, 31337] {
        for address in ["0.0.0.0:0", "[::]:0", "10.0.0.1:0"] {
            let folder = TempDir::new().unwrap();
            let mut program = program_of(chain_id, folder.path(), "http://127.0.0.1:1");
            let mut child = program.args(["--listen", address]).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            // It has ended, or has said that it is ready and would serve on.
            child.kill().unwrap();
            let told = child.wait_with_output().unwrap().stderr;
            let told = String::from_utf8_lossy(&told);
            let refused =
                format!("--listen {address} is not a loopback address: what is on development chain {chain_id}");
            assert!(line.is_empty() && told.contains(&refused), "{line}{told}");
            assert!(!folder.path().join("index.sqlite").exists(), "nothing was begun");
        }
    }
}

#[test]
fn a_public_chain_may_be_served_to_others() {
    let folder = TempDir::new().unwrap();
    let mut program = program_of(7070, folder.path(), "http://127.0.0.1:1");
    let mut child = program.args(["--listen", "0.0.0.0:0"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("http://0.0.0.0:"), "{line}");
}

/// Who lives behind a censor's line often has a proxy in the environment: what is asked of the own node is not its business.
#[test]
fn a_node_on_this_machine_is_asked_without_the_proxy_of_the_environment() {
    let folder = TempDir::new().unwrap();
    let listeners = ["node", "proxy"].map(|name| (name, TcpListener::bind("127.0.0.1:0").unwrap()));
    let [node, proxy] = listeners.each_ref().map(|(_, at)| format!("http://{}", at.local_addr().unwrap()));
    let mut program = program(folder.path(), &node);
    let mut child = program.env("ALL_PROXY", proxy).env_remove("NO_PROXY").env_remove("no_proxy").spawn().unwrap();
    let (tell, told) = mpsc::sync_channel(2);
    for (name, listener) in listeners {
        let tell = tell.clone();
        thread::spawn(move || {
            let _ = listener.accept();
            let _ = tell.send(name);
        });
    }
    let reached = told.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(reached, "node");
}
