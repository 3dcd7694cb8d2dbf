//! The data directory: kill -9 loses nothing that was announced; damage and misuse are named.

use std::{fs, io::Read};

use crate::support::*;
use alloy::{primitives::B256, rpc::client::RpcClient};
use pars_devnet::{Config, Devnet, DevnetError, JOURNAL_FILE};
use serde_json::{Value, json};
use tokio::sync::watch;

fn client(rpc: &str) -> RpcClient {
    RpcClient::new_http(rpc.parse().unwrap())
}

async fn head(client: &RpcClient) -> (String, B256) {
    let block: Value = client.request("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
    (block["number"].as_str().unwrap().to_owned(), serde_json::from_value(block["hash"].clone()).unwrap())
}

/// Sends transfers and notes each announced block, until the connection breaks.
async fn announce(rpc: String, announced: watch::Sender<Vec<(String, B256)>>) {
    let client = client(&rpc);
    loop {
        let transfer = json!([{"from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
            "to": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8", "value": "0x1", "gas": "0x5208"}]);
        let Ok(hash) = client.request::<_, B256>("eth_sendTransaction", transfer).await else { return };
        let Ok(receipt) = client.request::<_, Value>("eth_getTransactionReceipt", json!([hash])).await else { return };
        let block =
            serde_json::from_value(receipt["blockHash"].clone()).expect("an announced transaction has its block");
        let number = receipt["blockNumber"].as_str().unwrap().to_owned();
        announced.send_modify(|list| list.push((number, block)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_at_any_moment_lose_no_announced_block() {
    let directory = tempfile::tempdir().unwrap();
    let (announced, mut seen) = watch::channel(Vec::new());
    for round in 1..=10usize {
        let process = Process::start(directory.path(), &["--no-empty-blocks"]);
        let rpc = client(&process.rpc);
        for (number, hash) in announced.borrow().clone() {
            let block: Value = rpc.request("eth_getBlockByNumber", json!([number, false])).await.unwrap();
            assert_eq!(block["hash"], json!(hash), "round {round}, block {number}");
        }
        let wanted = announced.borrow().len() + 5 * round;
        let sender = tokio::spawn(announce(process.rpc.clone(), announced.clone()));
        seen.wait_for(|list| list.len() >= wanted).await.unwrap();
        process.kill();
        sender.await.unwrap();
    }
    assert!(announced.borrow().len() >= 275);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_changes_the_chain_is_replayed() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { datadir: Some(directory.path().to_owned()), ..Config::in_memory(7072) };
    let devnet = Devnet::start(&config).unwrap();
    let counter = deploy(&provider(devnet.client())).await;
    let stranger = "0x00000000000000000000000000000000000a11ce";
    for (method, params) in [
        ("anvil_setBalance", json!([stranger, "0x64"])),
        ("anvil_impersonateAccount", json!([stranger])),
        ("evm_increaseTime", json!([1_000])),
        ("evm_mine", json!([])),
        ("evm_snapshot", json!([])),
        ("anvil_mine", json!(["0x3", "0xa"])),
        ("anvil_reorg", json!([2, []])),
        ("evm_setAutomine", json!([false])),
    ] {
        devnet.call(method, params).await.unwrap();
    }
    let before = head(&devnet.client()).await;
    devnet.stop().await.unwrap();
    assert!(devnet.call("eth_chainId", json!([])).await.is_err());
    let again = Devnet::start(&config).unwrap();
    assert_eq!(head(&again.client()).await, before);
    assert_eq!(again.call("eth_getBalance", json!([stranger])).await.unwrap(), json!("0x64"));
    assert_ne!(again.call("eth_getCode", json!([counter.address()])).await.unwrap(), json!("0x"));
    assert_eq!(again.call("evm_revert", json!(["0x1"])).await.unwrap(), json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_calls_under_manual_mining_give_equal_hashes_in_two_directories() {
    let story = async || {
        let directory = tempfile::tempdir().unwrap();
        let flags = ["--manual-mining", "--genesis-time", "1700000000", "--chain-id", "31337"];
        let process = Process::start(directory.path(), &flags);
        let rpc = client(&process.rpc);
        for (method, params) in [
            (
                "eth_sendTransaction",
                json!([{"from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "data": counter_code()}]),
            ),
            ("evm_mine", json!([])),
            ("evm_increaseTime", json!([50])),
            ("anvil_mine", json!(["0x2"])),
        ] {
            let _: Value = rpc.request(method, params).await.unwrap();
        }
        let head = head(&rpc).await;
        process.kill();
        head
    };
    let first = story().await;
    assert_eq!(first.0, "0x3");
    assert_eq!(story().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_directory_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let first = Process::start(directory.path(), &[]);
    let mut second = Process::spawn(directory.path(), &[]);
    assert!(!second.wait().unwrap().success());
    let mut said = String::new();
    second.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("in use by another process"), "{said}");
    first.kill();
}

#[tokio::test]
async fn other_constants_than_the_directorys_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { datadir: Some(directory.path().to_owned()), ..Config::in_memory(7072) };
    Devnet::start(&config).unwrap().stop().await.unwrap();
    for (other, named) in [
        (Config { chain_id: 31337, ..config.clone() }, "chain id"),
        (Config { finality_lag: 5, ..config.clone() }, "finality lag"),
        (Config { gas_limit: 15_000_000, ..config.clone() }, "block gas limit"),
        (Config { manual_mining: true, ..config.clone() }, "manual mining"),
        (Config { genesis_time: Some(5), ..config.clone() }, "genesis time"),
    ] {
        let error = Devnet::start(&other).unwrap_err();
        assert!(matches!(error, DevnetError::Constants { what, .. } if what == named), "{error}");
    }
}

#[tokio::test]
async fn foreign_and_damaged_directories_are_named() {
    let start = |directory: &std::path::Path| {
        Devnet::start(&Config { datadir: Some(directory.to_owned()), ..Config::in_memory(7072) })
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(matches!(start(file.path()).unwrap_err(), DevnetError::Directory { .. }));
    let foreign = tempfile::tempdir().unwrap();
    fs::write(
        foreign.path().join(JOURNAL_FILE),
        b"something else, longer than a header of sixty-four bytes, surely it is",
    )
    .unwrap();
    assert!(matches!(start(foreign.path()).unwrap_err(), DevnetError::Foreign(_)));

    let damaged = tempfile::tempdir().unwrap();
    let devnet = start(damaged.path()).unwrap();
    deploy(&provider(devnet.client())).await;
    devnet.stop().await.unwrap();
    let path = damaged.path().join(JOURNAL_FILE);
    let whole = fs::read(&path).unwrap();
    let at = whole.windows(6).position(|w| w == b"Submit").expect("the journal names its inputs");
    let mut bytes = whole.clone();
    bytes[at] ^= 0x20;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(start(damaged.path()).unwrap_err(), DevnetError::Damaged { .. }));
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = start(damaged.path()).unwrap_err();
    assert!(matches!(error, DevnetError::Damaged { .. } | DevnetError::Directory { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_a_kill_left_half_laid_out_is_begun_anew_and_a_longer_story_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { datadir: Some(directory.path().to_owned()), ..Config::in_memory(7072) };
    let path = directory.path().join(JOURNAL_FILE);
    let laid_out = vec![0; 1 << 20];
    let mut with_header = laid_out.clone();
    // redb's header without the magic number that it writes last.
    with_header[9..24].fill(1);
    for left in [laid_out, with_header.clone()] {
        fs::write(&path, left).unwrap();
        let devnet = Devnet::start(&config).unwrap();
        deploy(&provider(devnet.client())).await;
        let before = head(&devnet.client()).await;
        devnet.stop().await.unwrap();
        let again = Devnet::start(&config).unwrap();
        assert_eq!(head(&again.client()).await, before);
        again.stop().await.unwrap();
    }
    with_header[9_000] = 1;
    fs::write(&path, &with_header).unwrap();
    assert!(matches!(Devnet::start(&config).unwrap_err(), DevnetError::Foreign(_)));
    assert_eq!(fs::read(&path).unwrap(), with_header);
}
