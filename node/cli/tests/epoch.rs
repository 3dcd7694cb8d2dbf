//! `chain roll-epoch` against the real contracts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    sync::mpsc,
    thread,
};

use pars_devnet::{Config, Devnet, Server};
use serde_json::Value;

/// Noon of a day: the day does not end while the test runs.
const DAY: u64 = 20_000;

/// A chain in memory; gives its URL.
fn chain() -> String {
    let (ready, listening) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let noon = DAY * 86_400 + 43_200;
            let devnet = Devnet::start(&Config { genesis_time: Some(noon), ..Config::in_memory(7072) }).unwrap();
            let server = Server::bind(devnet, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
            ready.send(format!("http://{}", server.address())).unwrap();
            server.serve(std::future::pending()).await.unwrap();
        });
    });
    listening.recv().unwrap()
}

#[test]
fn the_first_of_a_day_draws_the_beacon_and_the_second_is_told_so() {
    let (directory, rpc) = (tempfile::tempdir().unwrap(), chain());
    let run = |account: &str, words: &[&str]| {
        let global = ["--json", "--rpc", &rpc, "--deployment", "deployment.json", "--dev-account", account];
        let mut parsctl = Command::new(env!("CARGO_BIN_EXE_parsctl"));
        parsctl.env_clear().env("PARS_HOME", directory.path().join("home")).current_dir(directory.path());
        let output = parsctl.args(global).args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    run("0", &["chain", "deploy"]);
    let first = run("1", &["chain", "roll-epoch"]);
    assert_eq!((&first["rolled"], &first["epoch"]), (&Value::Bool(true), &Value::from(DAY)));
    let second = run("2", &["chain", "roll-epoch"]);
    assert_eq!((&second["rolled"], &second["transaction"]), (&Value::Bool(false), &Value::Null));
    assert_eq!((&second["epoch"], &second["beacon"]), (&first["epoch"], &first["beacon"]));
}
