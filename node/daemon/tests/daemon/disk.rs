//! A service node whose disk takes nothing any more while it stores (THREATS S1, with R3 and R4).
//!
//! The disk is full for one process: a limit on the size of its files, set from outside while it runs, and the signal that
//! comes with it ignored, so that writes fail as they do on a full or read-only disk. No right of an administrator is needed.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::kill::bootstrapped;
use crate::network::{Person, roll, stake, unrolled};
use crate::support::{Program, World};

/// Service nodes of the network; one of them is the process whose disk fails.
const NODES: usize = 5;

/// The node's process, and what it says until it ends; not to a file, which would be full as well.
fn node(world: &World, bootstrap: &str) -> (Program, JoinHandle<String>) {
    let plain = bootstrapped(world, &world.datadir("full"), ("/ip4/127.0.0.1/tcp/0", bootstrap));
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.args(["--service", "--dev-account", &NODES.to_string()]);
    command.stderr(Stdio::piped());
    let mut process = Program::start(&mut command);
    let mut words = process.child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        words.read_to_string(&mut text).unwrap();
        text
    });
    (process, said)
}

/// Wait until a message lies at so many nodes.
async fn stored(writer: &mut Person, message: &Value, copies: u64) {
    loop {
        let updated = writer.told.event("messageUpdated").await;
        if updated["id"] == message["id"] && updated["state"] == "stored" && updated["copies"].as_u64() >= Some(copies)
        {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_node_whose_disk_is_full_gives_no_receipt_says_so_and_goes_on_when_there_is_room() {
    let world = World::start().await;
    let (others, bootstrap) = unrolled(&world, NODES - 1).await;
    stake(&world, NODES).await;
    let (mut full, said) = node(&world, &bootstrap);
    roll(&world).await;
    let (mut a, mut b) = Person::pair(&world, &bootstrap).await;
    let session = a.call("session.create", json!({"recipient": b.identity["link"]})).await["id"].clone();
    let send = |content: &str| json!({"session": session, "content": content});
    let first = a.call("message.send", send("before")).await;
    stored(&mut a, &first, NODES as u64).await;

    let process = full.child.id().to_string();
    assert!(Command::new("prlimit").args(["--pid", &process, "--fsize=0:0"]).status().unwrap().success());
    let second = a.call("message.send", send("while it is full")).await;
    assert!(!full.child.wait().unwrap().success());
    let said = said.join().unwrap();
    let last = said.lines().last().unwrap();
    // The index of the chain writes as well, and may be the first that cannot.
    let known = last.contains("session.redb cannot be written: ") || last.contains("the database failed: ");
    assert!(last.starts_with("sessiond: ") && known, "{said}");
    assert!(!world.datadir("full").join("rpc.json").exists(), "nobody is sent to a node that has ended");
    let listed = a.call("message.list", json!({"session": session})).await["messages"].clone();
    assert!(listed[1]["copies"].as_u64() < Some(NODES as u64), "a receipt of a node that cannot write: {listed}");

    // There is room again: what waited is stored by all of them, and what comes after.
    let node_id = full.ready["node"].clone();
    let (full, _said) = node(&world, &bootstrap);
    assert_eq!(full.ready["node"], node_id);
    stored(&mut a, &second, NODES as u64).await;
    let third = a.call("message.send", send("after")).await;
    stored(&mut a, &third, NODES as u64).await;
    b.heard(["before", "while it is full", "after"]).await;
    full.end();
    for daemon in others.into_iter().chain([a.daemon, b.daemon]) {
        daemon.stop().await.unwrap();
    }
}
