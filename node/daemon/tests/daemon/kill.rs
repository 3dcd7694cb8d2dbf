//! The real program: its ready line, SIGTERM, SIGKILL and a start after it, and a refusal.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{World, call};

struct Process {
    child: Child,
    ready: Value,
}

fn command(world: &World, datadir: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessiond"));
    let settings = world.settings();
    command.arg("--datadir").arg(datadir).args(["--network", "dev", "--listen", listen]);
    command.args(["--rpc", &world.rpc, "--bootstrap", &settings.bootstrap[0], "--deployment"]).arg(&world.deployment);
    command.stdout(Stdio::piped());
    command
}

impl Process {
    fn start(world: &World, datadir: &Path) -> Self {
        Self::of(command(world, datadir, "/ip4/127.0.0.1/tcp/0"))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).expect("the ready line is JSON") }
    }

    fn socket(&self) -> &Path {
        Path::new(self.ready["socket"].as_str().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_was_answered_survives_sigkill_and_sigterm_ends_with_success() {
    let world = World::start().await;
    let datadir = world.datadir("a");
    let mut process = Process::start(&world, &datadir);
    assert_eq!((&process.ready["ready"], &process.ready["network"]), (&json!(true), &json!("dev")));
    assert!(process.ready["listen"].as_str().unwrap().contains("/p2p/"), "{}", process.ready);
    assert_eq!(process.ready["node"], Value::Null);
    let created = call(process.socket(), "identity.create", json!({})).await["result"]["id"].clone();
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    assert!(datadir.join("rpc.json").exists(), "a crash leaves the address; the next start replaces it");

    let mut process = Process::start(&world, &datadir);
    assert_eq!(call(process.socket(), "identity.get", json!({})).await["result"]["id"], created);
    let id = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(process.child.wait().unwrap().success());
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
async fn the_most_talkative_log_names_no_contact_text_or_token() {
    let world = World::start().await;
    let datadir = world.datadir("c");
    let log = world.dir.path().join("log");
    let mut command = command(&world, &datadir, "/ip4/127.0.0.1/tcp/0");
    command.env("RUST_LOG", "trace").stderr(std::fs::File::create(&log).unwrap());
    let mut process = Process::of(command);
    let created = call(process.socket(), "identity.create", json!({})).await["result"].clone();
    let (contact, text) = ("5a".repeat(32), "a text that is nobody's business");
    call(process.socket(), "message.send", json!({"session": contact, "content": text})).await;
    call(process.socket(), "session.close", json!({"session": contact})).await;
    let file: Value = serde_json::from_slice(&std::fs::read(datadir.join("rpc.json")).unwrap()).unwrap();
    let token = file["token"].as_str().unwrap();
    let http = reqwest::Client::new().post(process.ready["http"].as_str().unwrap()).bearer_auth(token);
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "message.list", "params": {"session": contact}});
    assert!(http.body(request.to_string()).send().await.unwrap().status().is_success());
    let id = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(process.child.wait().unwrap().success());
    let log = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    assert!(log.lines().count() > 10, "there is a log");
    let revocation = created["revocation"].as_str().unwrap();
    let own = &created["id"].as_str().unwrap()[2..];
    for (what, secret) in
        [("contact", contact.as_str()), ("text", text), ("token", token), ("revocation", revocation), ("identity", own)]
    {
        assert!(!log.contains(secret), "the log holds a {what}");
    }
}
