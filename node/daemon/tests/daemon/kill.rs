//! The real program: its ready line, SIGTERM, SIGKILL and a start after it, and a refusal.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use pars_e2e::process::signal;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::support::{Program, World, ask, call};

fn command(world: &World, datadir: &Path, listen: &str) -> Command {
    bootstrapped(world, datadir, (listen, &world.settings().bootstrap[0]))
}

/// A member's daemon that begins with a bootstrap node.
pub(crate) fn bootstrapped(world: &World, datadir: &Path, (listen, bootstrap): (&str, &str)) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessiond"));
    command.arg("--datadir").arg(datadir).args(["--network", "dev", "--listen", listen]);
    command.args(["--rpc", &world.rpc, "--bootstrap", bootstrap, "--deployment"]).arg(&world.deployment);
    command
}

/// A call whose client goes away without reading the answer: when the stream is dropped.
pub(crate) async fn lost(socket: &Path, method: &str, params: Value) -> UnixStream {
    ask(socket, "", &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()).await
}

impl Program {
    /// SIGTERM, and success.
    pub(crate) fn end(mut self) {
        assert!(signal("TERM", &self.child.id().to_string()));
        assert!(self.child.wait().unwrap().success());
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn start(world: &World, datadir: &Path) -> Program {
    Program::start(&mut command(world, datadir, "/ip4/127.0.0.1/tcp/0"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_was_answered_survives_sigkill_and_sigterm_ends_with_success() {
    let world = World::start().await;
    let datadir = world.datadir("a");
    let process = start(&world, &datadir);
    assert_eq!((&process.ready["ready"], &process.ready["network"]), (&json!(true), &json!("dev")));
    assert!(process.ready["listen"].as_str().unwrap().contains("/p2p/"), "{}", process.ready);
    assert_eq!(process.ready["node"], Value::Null);
    let created = call(process.socket(), "identity.create", json!({})).await["result"]["id"].clone();
    process.kill();
    assert!(datadir.join("rpc.json").exists(), "a crash leaves the address; the next start replaces it");

    let process = start(&world, &datadir);
    assert_eq!(call(process.socket(), "identity.get", json!({})).await["result"]["id"], created);
    process.end();
    assert!(!datadir.join("rpc.json").exists() && !datadir.join("sessiond.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_refused_says_why_in_one_sentence_and_fails() {
    let world = World::start().await;
    let mut command = command(&world, &world.datadir("b"), "/ip4/0.0.0.0/tcp/0");
    let Output { status, stdout, stderr } = command.stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(!status.success() && stdout.is_empty());
    assert!(text.starts_with("sessiond: network dev runs on loopback only") && text.lines().count() == 1, "{text}");
    assert!(!world.datadir("b").exists(), "nothing is made before the configuration has passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_secret_whose_answer_was_lost_is_told_again_over_the_socket_and_never_over_the_port() {
    let world = World::start().await;
    let datadir = world.datadir("l");
    let process = start(&world, &datadir);
    // The client is gone before it can read the answer.
    let lost = lost(process.socket(), "identity.create", json!({})).await;
    while call(process.socket(), "identity.get", json!({})).await["result"].is_null() {}
    drop(lost);
    process.kill();

    let process = start(&world, &datadir);
    let again = call(process.socket(), "identity.create", json!({})).await;
    assert_eq!(again["error"]["code"], pars_rpc::Code::IdentityExists as i32);
    let told = call(process.socket(), "identity.revocation", json!({})).await["result"]["revocation"].clone();
    assert_eq!(told.as_str().unwrap().len(), 64);
    assert_eq!(call(process.socket(), "identity.revocation", json!({})).await["result"]["revocation"], told);
    let file: Value = serde_json::from_slice(&std::fs::read(datadir.join("rpc.json")).unwrap()).unwrap();
    let token = file["token"].as_str().unwrap();
    let http = reqwest::Client::new().post(process.ready["http"].as_str().unwrap()).bearer_auth(token);
    let http = http.header("content-type", "application/json");
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "identity.revocation", "params": {}});
    let answer = http.body(request.to_string()).send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("over the Unix socket only") && !answer.contains(told.as_str().unwrap()), "{answer}");
    process.end();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_process_may_leave_no_core_file() {
    let world = World::start().await;
    let process = start(&world, &world.datadir("d"));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    process.end();
}
