//! Commands whose time is the chain's, against the real contracts: `chain roll-epoch`, and what has an end or a deadline.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    sync::mpsc,
    thread,
};

use pars_devnet::{Config, Devnet, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Noon of a day: the day does not end while the test runs.
const DAY: u64 = 20_000;

/// A chain in memory, and its URL.
fn chain() -> (Devnet, String) {
    let (ready, listening) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let noon = DAY * 86_400 + 43_200;
            let devnet = Devnet::start(&Config { genesis_time: Some(noon), ..Config::in_memory(7072) }).unwrap();
            let server = Server::bind(devnet.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
            ready.send((devnet, format!("http://{}", server.address()))).unwrap();
            server.serve(std::future::pending()).await.unwrap();
        });
    });
    listening.recv().unwrap()
}

/// The document of a command that must succeed, by a development account.
fn run((directory, rpc): (&TempDir, &str), account: &str, words: &[&str]) -> Value {
    let global = ["--json", "--rpc", rpc, "--deployment", "deployment.json", "--dev-account", account];
    let mut parsctl = Command::new(env!("CARGO_BIN_EXE_parsctl"));
    parsctl.env_clear().env("PARS_HOME", directory.path().join("home")).current_dir(directory.path());
    let output = parsctl.args(global).args(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_first_of_a_day_draws_the_beacon_and_the_second_is_told_so() {
    let (directory, (_devnet, rpc)) = (tempfile::tempdir().unwrap(), chain());
    let run = |account: &str, words: &[&str]| run((&directory, &rpc), account, words);
    run("0", &["chain", "deploy"]);
    let first = run("1", &["chain", "roll-epoch"]);
    assert_eq!((&first["rolled"], &first["epoch"]), (&Value::Bool(true), &Value::from(DAY)));
    let second = run("2", &["chain", "roll-epoch"]);
    assert_eq!((&second["rolled"], &second["transaction"]), (&Value::Bool(false), &Value::Null));
    assert_eq!((&second["epoch"], &second["beacon"]), (&first["epoch"], &first["beacon"]));
}

#[tokio::test]
async fn spans_begin_at_the_time_of_the_next_block_where_a_chain_has_stood_still() {
    const HOUR: u64 = 3_600;
    let (directory, (devnet, rpc)) = (tempfile::tempdir().unwrap(), chain());
    let run = |words: &[&str]| run((&directory, &rpc), "1", words);
    self::run((&directory, &rpc), "0", &["chain", "deploy"]);
    run(&["lock", "--amount", "1000", "--days", "365"]);
    let room = run(&["room", "create", "--kind", "open-forum"])["roomId"].as_str().unwrap().to_owned();
    let time = |document: &Value| document["head"]["timestamp"].as_u64().unwrap();
    let before = time(&run(&["chain", "status"]));
    // Nobody sends anything for four hours, which is longer than a sitting lasts by itself.
    devnet.call("evm_increaseTime", json!([4 * HOUR])).await.unwrap();
    assert_eq!(time(&run(&["chain", "status"])), before);
    let creator = format!("0x{}", "11".repeat(20));
    let lent = run(&["room", "slot", "--creator", &creator]);
    assert!(lent["deadline"].as_u64().unwrap() >= before + 5 * HOUR);
    let opened = run(&["room", "sitting", "open", &room]);
    assert!(opened["endsAt"].as_u64().unwrap() >= before + 7 * HOUR);
}
