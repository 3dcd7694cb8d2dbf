//! Group commit: everything that was told to be durable is, in order, over any end of the process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use pars_daemon::store::{Store, StoreError};
use pars_engine::store::{Change, Table, Value};
use pars_engine::{Batch, BatchId, Rows};

const CHAIN: u64 = 7072;
/// Batches of the writing process.
const MANY: u64 = 100_000;

/// Batch n writes row n, and overwrites one row with n.
fn batch(n: u64) -> Batch {
    let value = || Some(Value::Plain(n.to_be_bytes().to_vec()));
    let key = n.to_be_bytes().to_vec();
    let changes = vec![
        Change { table: Table::Store, key, value: value() },
        Change { table: Table::Counter, key: b"newest".to_vec(), value: value() },
    ];
    Batch { id: BatchId(n), changes }
}

/// The newest batch in the rows; they must hold exactly the batches up to it.
fn newest(rows: &Rows) -> u64 {
    let Some(Value::Plain(bytes)) = rows.get(Table::Counter, b"newest") else { return 0 };
    let newest = u64::from_be_bytes(bytes.as_slice().try_into().unwrap());
    let keys: Vec<u64> = rows.of(Table::Store).map(|(key, _)| u64::from_be_bytes(key.try_into().unwrap())).collect();
    assert_eq!(keys, (1..=newest).collect::<Vec<_>>(), "whole batches, in their order, none left out");
    newest
}

#[tokio::test]
async fn batches_become_durable_in_order_and_survive_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.redb");
    let mut running = Store::open(&path, CHAIN).unwrap().start().unwrap();
    for n in 1..=1_000 {
        running.handle.persist(batch(n)).await.unwrap();
    }
    let mut last = BatchId(0);
    while last < BatchId(1_000) {
        running.committed.changed().await.unwrap();
        let now = *running.committed.borrow_and_update();
        assert!(now > last, "the newest durable batch only rises");
        last = now;
    }
    let delete = Change { table: Table::Store, key: 1_000_u64.to_be_bytes().to_vec(), value: None };
    running.handle.persist(Batch { id: BatchId(1_001), changes: vec![delete] }).await.unwrap();
    assert_eq!(running.handle.load().await.unwrap().of(Table::Store).count(), 999, "a load sees what was given before");
    drop(running.handle);
    running.ended.await.unwrap().unwrap();
    assert_eq!(Store::open(&path, CHAIN).unwrap().rows().unwrap().of(Table::Store).count(), 999);
}

/// The other half of the next test: does nothing unless it is told where to write.
#[tokio::test]
async fn writer_process() {
    let Some(path) = std::env::var_os("STORE_OF_WRITER_PROCESS") else { return };
    let store = Store::open(Path::new(&path), CHAIN).unwrap();
    let first = newest(&store.rows().unwrap()) + 1;
    let running = store.start().unwrap();
    let mut committed = running.committed;
    let told = tokio::spawn(async move {
        while committed.changed().await.is_ok() {
            println!("durable {}", committed.borrow_and_update().0);
        }
    });
    for n in first..first + MANY {
        running.handle.persist(batch(n)).await.unwrap();
    }
    told.await.unwrap();
}

#[test]
fn a_killed_process_leaves_whole_batches_and_everything_it_called_durable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.redb");
    let mut before = 0;
    for round in 1..=8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::writer_process", "--nocapture"])
            .env("STORE_OF_WRITER_PROCESS", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut durable = lines.by_ref().filter_map(|line| line.split_once("durable ")?.1.parse::<u64>().ok());
        let mut told = 0;
        for _ in 0..round {
            told = durable.next().expect("the writer tells what is durable");
        }
        child.kill().unwrap();
        told = durable.last().unwrap_or(told);
        child.wait().unwrap();
        let store = Store::open(&path, CHAIN).unwrap();
        let found = newest(&store.rows().unwrap());
        println!("round {round}: told {told}, found {found}");
        assert!(found >= told && found > before);
        before = found;
    }
}

#[test]
fn a_store_of_another_chain_or_kind_or_a_damaged_one_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.redb");
    let store = Store::open(&path, CHAIN).unwrap();
    assert!(matches!(Store::open(&path, CHAIN), Err(StoreError::InUse(_))));
    drop(store);
    let other = Store::open(&path, 7071).unwrap_err();
    assert!(matches!(other, StoreError::OtherChain { expected: 7071, found: CHAIN, .. }), "{other}");
    let text = dir.path().join("text");
    std::fs::write(&text, b"something else altogether").unwrap();
    let foreign = Store::open(&text, CHAIN).unwrap_err();
    assert!(matches!(foreign, StoreError::Foreign(_) | StoreError::Damaged { .. }), "{foreign}");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(4_096);
    std::fs::write(&path, bytes).unwrap();
    let damaged = Store::open(&path, CHAIN).and_then(|store| store.rows()).unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged { .. } | StoreError::Foreign(_)), "{damaged}");
}
