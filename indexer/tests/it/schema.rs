//! The migration and the rows name the same columns, and every kind of row comes back as it went in.

use alloy::primitives::{Address, B256, Bloom, Bytes, FixedBytes, U256};
use pars_indexer::{Store, Tips};
use pars_indexer_core::{
    Action, Batch, Beacon, Change, Consent, Header, Leaf, LeafSet, Lock, Member, MissedChallenge, Moderator, Node, Out,
    Position, Room, Row, Rule, Safe, SafeOwner, SeatDelegate, Signer, Sitting, TABLES,
};
use pars_wire::{BlockRef, Kind, NodeId, RecordingId, RoomId, SignerId, SittingId};
use tempfile::TempDir;

const AT: Position = Position { block: 7, log_index: i64::MAX as u64, block_hash: B256::repeat_byte(0xff) };
const WORD: B256 = B256::repeat_byte(0xfe);
const ACCOUNT: Address = Address::repeat_byte(0xfd);
const LATE: u64 = (1 << 40) - 1;

fn of_rooms() -> Vec<Row> {
    let (room_id, at, account) = (RoomId(WORD), AT, ACCOUNT);
    let room = Room {
        room_id,
        creator: account,
        slot_of: account,
        kind: Kind::OpenForum,
        capacity: u16::MAX,
        min_balance: u128::MAX,
        safe: account,
        committee: account,
        metadata_hash: WORD,
        closed: true,
        created_block: 7,
        created_log_index: 8,
        at,
    };
    let sitting = Sitting {
        room_id,
        sitting_id: SittingId(i64::MAX as u64),
        root: U256::MAX,
        leaf_count: u32::MAX,
        opened_at: 1,
        ends_at: LATE,
        threshold: U256::MAX,
        metadata_hash: WORD,
        closed_at: None,
        at,
    };
    let closed = Sitting { sitting_id: SittingId(1), closed_at: Some(LATE), ..sitting.clone() };
    vec![
        room.into(),
        Moderator { room_id, account, at }.into(),
        Member { room_id, account, at }.into(),
        closed.into(),
        sitting.into(),
        SeatDelegate { account, delegate: account, until: LATE, at }.into(),
    ]
}

fn of_holders() -> Vec<Row> {
    let (account, commitment, weight, end, root, at) = (ACCOUNT, U256::MAX, u128::MAX, LATE, U256::MAX, AT);
    vec![
        Lock { account, amount: U256::MAX, end, at }.into(),
        Leaf { index: u32::MAX, account, commitment, weight, end, root, at }.into(),
        LeafSet { set_block: 7, set_log_index: 9, index: u32::MAX, account, commitment, weight, end, root, at }.into(),
        Safe { safe: account, known: true, at }.into(),
        SafeOwner { safe: account, owner: account, at }.into(),
    ]
}

fn of_services() -> Vec<Row> {
    let (node_id, signer_id, id, at) = (NodeId(WORD), SignerId(WORD), RecordingId(WORD), AT);
    let node = Node {
        node_id,
        owner: ACCOUNT,
        operator: WORD,
        identity_hash: WORD,
        transport_key: WORD,
        directory_hash: WORD,
        stake: u128::MAX,
        unbonding_until: Some(LATE),
        decommissioned: true,
        withdrawn: false,
        at,
    };
    let consent = Consent {
        id,
        total: u16::MAX,
        recording_id: Some(WORD),
        roster: Some(WORD),
        participants: Some(u16::MAX),
        policy: None,
        recorder: Some(WORD),
        valid_until: Some(LATE),
        withdrawn: true,
        cid: Some(Bytes::from(vec![0; 1_000_000])),
        wraps: Some(WORD),
        at,
    };
    let signer = Signer {
        signer_id,
        account: ACCOUNT,
        key_at: ACCOUNT,
        rules: vec![Rule { target: ACCOUNT, selector: FixedBytes::ZERO }; 3],
        value_cap: u128::MAX,
        per_period: u32::MAX,
        period: u32::MAX,
        valid_until: LATE,
        rotates_to: Some(signer_id),
        rotates_at: None,
        rotated_from: Some(signer_id),
        revoked: true,
        at,
    };
    let action =
        Action { signer_id, nonce: U256::MAX, action_hash: WORD, executed: false, reason: Some(Bytes::new()), at };
    vec![
        node.into(),
        MissedChallenge { node_id, epoch: u32::MAX, at }.into(),
        Beacon { epoch: u32::MAX, beacon: WORD, at }.into(),
        consent.into(),
        signer.into(),
        action.into(),
    ]
}

#[tokio::test]
async fn a_row_of_every_table_with_its_largest_values_is_stored_exactly() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("index.sqlite")).await.unwrap();
    let rows = [of_rooms(), of_holders(), of_services()].concat();
    let mut tables: Vec<_> = rows.iter().map(|row| row.key().table().name).collect();
    tables.dedup();
    assert_eq!(tables, TABLES.iter().map(|table| table.name).collect::<Vec<_>>(), "a row of every table");

    let block = BlockRef { number: 7, hash: AT.block_hash };
    let change = |row: &Row| Change { key: row.key(), row: Some(row.clone()) };
    let header = Header { block, parent: B256::ZERO, timestamp: 1, bloom: Bloom::ZERO };
    let batch = Batch { header, changes: rows.iter().map(change).collect(), undo: vec![] };
    store.commit(&[Out::Rows(batch)], Tips::default()).await.unwrap();
    assert_eq!(store.rows().await.unwrap(), rows);

    let gone = rows.iter().map(|row| Change { key: row.key(), row: None }).collect();
    store.commit(&[Out::Reorg { to: None, changes: gone }], Tips::default()).await.unwrap();
    assert_eq!(store.rows().await.unwrap(), vec![]);
}
