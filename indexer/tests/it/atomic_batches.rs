//! A batch is stored whole or not at all, and tables fit the rows they are for.

use alloy::primitives::{Address, B256, Bloom, U256};
use pars_indexer::{Store, StoreError, Tips};
use pars_indexer_core::{Batch, Change, Config, Contracts, Header, Key, Lock, Out, Position, Row, Undo};
use pars_wire::{BlockRef, ChainId};
use tempfile::TempDir;

const TIPS: Tips = Tips { safe: 0, finalized: 0 };

fn contracts() -> Contracts {
    Contracts {
        town_hall: Address::repeat_byte(1),
        eligibility_registry: Address::repeat_byte(2),
        voting_escrow: Address::repeat_byte(3),
        recording_consent: Address::repeat_byte(4),
        session_trigger: Address::repeat_byte(5),
        service_node_registry: Address::repeat_byte(6),
    }
}

fn config() -> Config {
    Config { genesis: B256::ZERO, start: 1, contracts: contracts() }
}

/// A block with one lock, whose amount and account need all their bytes.
fn rows(number: u64) -> Out {
    let block = BlockRef { number, hash: B256::repeat_byte(number as u8) };
    let at = Position { block: number, log_index: 0, block_hash: block.hash };
    let account = Address::repeat_byte(number as u8);
    let row = Row::from(Lock { account, amount: U256::MAX, end: i64::MAX as u64, at });
    Out::Rows(Batch {
        header: Header { block, parent: B256::ZERO, timestamp: number, bloom: Bloom::ZERO },
        changes: vec![Change { key: row.key(), row: Some(row) }],
        undo: vec![Undo { key: Key::Lock(account), before: None }],
    })
}

#[tokio::test]
async fn a_batch_that_fails_in_the_middle_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("index.sqlite")).await.unwrap();
    store.commit(&[rows(1), rows(2)], TIPS).await.unwrap();
    let before = store.rows().await.unwrap();
    // Block 3 would fit, block 2 is there already: the database refuses the whole batch.
    let failed = store.commit(&[rows(3), rows(2)], TIPS).await;
    assert!(matches!(failed, Err(StoreError::Sql(_))));
    assert_eq!(store.rows().await.unwrap(), before);
    assert_eq!(store.restore(config()).await.unwrap().head().unwrap().number, 2);
    store.commit(&[rows(3)], TIPS).await.unwrap();
    assert_eq!(store.restore(config()).await.unwrap().head().unwrap().number, 3);
}

#[tokio::test]
async fn a_batch_that_is_cut_off_before_its_end_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index.sqlite");
    let store = Store::open(&path).await.unwrap();
    store.commit(&[rows(1)], TIPS).await.unwrap();
    let outs: Vec<_> = (2..200).map(rows).collect();
    // Polled a few times and dropped: what a kill in the middle leaves to the next process.
    for polls in [1, 5, 50, 200] {
        let mut commit = Box::pin(store.commit(&outs, TIPS));
        for _ in 0..polls {
            if futures::poll!(&mut commit).is_ready() {
                panic!("{polls} polls were enough for the whole batch");
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
        assert_eq!(store.rows().await.unwrap().len(), 1, "after {polls} polls");
    }
    store.close().await;
    drop(store);
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.rows().await.unwrap().len(), 1);
    assert_eq!(store.restore(config()).await.unwrap().head().unwrap().number, 1);
}

#[tokio::test]
async fn a_restart_finds_rows_undo_and_finality_as_they_were() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index.sqlite");
    let store = Store::open(&path).await.unwrap();
    store.identify(ChainId(7072), B256::ZERO, 1, &contracts()).await.unwrap();
    let finalized = BlockRef { number: 2, hash: B256::repeat_byte(2) };
    let outs = [rows(1), rows(2), rows(3), Out::Finalized(finalized)];
    store.commit(&outs, Tips { safe: 3, finalized: 2 }).await.unwrap();
    let before = store.rows().await.unwrap();
    store.close().await;
    drop(store);

    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.rows().await.unwrap(), before);
    let indexer = store.restore(config()).await.unwrap();
    assert_eq!(indexer.finalized(), Some(finalized));
    assert_eq!(indexer.head().unwrap().number, 3);
    assert!(indexer.rows().eq(&before));
}
