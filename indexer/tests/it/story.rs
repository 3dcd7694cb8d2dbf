//! The chain line from lock to leaf set, through a reorganisation and a restart, against the real contracts.

use crate::support::{Chain, Index};
use alloy::primitives::{Address, B256, U256, keccak256};
use pars_bindings::TownHall;
use pars_circuits::{Commitment, Deadline, Leaf, LeafSet};
use pars_indexer::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Tables of an index of the chain as it is now, made from nothing.
async fn fresh_rows(chain: &Chain) -> Vec<pars_indexer_core::Row> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("fresh.sqlite");
    let index = chain.index(&path).await;
    index.reach(chain).await;
    index.service.stop().await;
    Store::open(&path).await.unwrap().rows().await.unwrap()
}

/// The root of leaves as the API gave them.
fn root_of(leaves: &Value) -> B256 {
    let leaf = |leaf: &Value| Leaf {
        account: serde_json::from_value(leaf["account"].clone()).unwrap(),
        commitment: Commitment::from_word(serde_json::from_value(leaf["commitment"].clone()).unwrap()).unwrap(),
        weight: leaf["weight"].as_str().unwrap().parse().unwrap(),
        end: Deadline::new(leaf["end"].as_u64().unwrap()).unwrap(),
    };
    let leaves = leaves.as_array().unwrap().iter().map(leaf).collect();
    LeafSet::new(leaves).unwrap().root().bytes()
}

/// The moderator opens the sitting and then registers, in one block: its leaf comes too late for it.
async fn opened_and_locked_in_one_block(chain: &Chain, room: B256) {
    chain.fund(4, 5_000_000).await;
    let moderator = TownHall::setModeratorCall { roomId: room, account: chain.accounts[4], on: true };
    chain.call(1, chain.deployment.town_hall, moderator).await;
    let opening = chain.open_call(room).await;
    let late = chain.lock_call(5_000_000, 74);
    chain.rpc("evm_setAutomine", json!([false])).await;
    chain.submit(4, Some(opening.0), opening.1).await;
    chain.submit(4, Some(late.0), late.1).await;
    chain.rpc("evm_mine", json!([])).await;
    chain.rpc("evm_setAutomine", json!([true])).await;
}

/// What the API says of the sitting, the leaves and the room after the opening.
async fn the_opening_shows(index: &Index, chain: &Chain, room: B256, pinned: B256) {
    let leaves_path = format!("/v1/rooms/{room:#x}/sittings/1/leaves");
    let set = index.data(&leaves_path).await;
    let all = index.data("/v1/leaves").await;
    assert_eq!(all.as_array().unwrap().len(), 4);
    let sitting = index.data(&format!("/v1/rooms/{room:#x}/sittings/1")).await;
    assert_eq!(sitting["blockHash"], all[3]["blockHash"]);
    assert_eq!(set["count"], 3);
    assert_eq!(set["root"], json!(pinned));
    assert_eq!(sitting["root"], json!(pinned));
    assert_eq!(json!(root_of(&set["leaves"])), set["root"]);
    assert_eq!(set["leaves"][1]["account"], json!(chain.accounts[2]));
    assert_eq!(set["leaves"][1]["weight"], "2000000");
    assert_eq!(all[3]["root"], json!(chain.registry_root().await));
    let shown = index.data(&format!("/v1/rooms/{room:#x}")).await;
    assert_eq!(shown["kind"], "OpenForum");
    assert_eq!(shown["creator"], json!(chain.accounts[1]));
    assert_eq!(shown["moderators"], json!([chain.accounts[4]]));
    assert_eq!(shown["safe"], json!(Address::ZERO));
    assert_eq!(shown["safeOwners"], Value::Null);
    assert_eq!(shown["sitting"]["sittingId"], 1);
    assert_eq!(shown["finalized"], false);
}

#[tokio::test]
async fn a_sitting_keeps_the_leaves_it_pinned_through_a_reorganisation_and_a_restart() {
    let chain = Chain::deploy(50).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index.sqlite");
    let index = chain.index(&path).await;
    for account in 1..=3 {
        chain.lock(account, 1_000_000 * account as u64, 70 + account as u64).await;
    }
    let room = chain.open_forum(1).await;
    let pinned = chain.registry_root().await;

    opened_and_locked_in_one_block(&chain, room).await;
    index.reach(&chain).await;
    let leaves_path = format!("/v1/rooms/{room:#x}/sittings/1/leaves");
    the_opening_shows(&index, &chain, room, pinned).await;

    // The tail goes: sitting, fourth lock and moderator never happened.
    chain.rpc("anvil_reorg", json!([2, []])).await;
    index.reach(&chain).await;
    assert_eq!(index.data("/v1/leaves").await.as_array().unwrap().len(), 3);
    assert_eq!(index.data(&format!("/v1/rooms/{room:#x}")).await["sitting"], Value::Null);
    assert_eq!(index.data(&format!("/v1/rooms/{room:#x}")).await["moderators"], json!([]));
    assert_eq!(index.get(&leaves_path).await.0, 404);

    // Another holder registers on the new branch before the sitting opens there.
    chain.lock(5, 7_000_000, 75).await;
    let (to, data) = chain.open_call(room).await;
    chain.send(1, Some(to), data).await;
    index.reach(&chain).await;
    let set = index.data(&leaves_path).await;
    assert_eq!(set["count"], 4);
    assert_eq!(set["root"], json!(chain.registry_root().await));
    assert_eq!(json!(root_of(&set["leaves"])), set["root"]);

    index.service.stop().await;
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.rows().await.unwrap(), fresh_rows(&chain).await);
    drop(store);

    // A restart goes on at the checkpoint and still knows how to undo what came before it.
    let index = chain.index(&path).await;
    chain.rpc("anvil_reorg", json!([2, []])).await;
    index.reach(&chain).await;
    assert_eq!(index.get(&leaves_path).await.0, 404);
    index.service.stop().await;
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.rows().await.unwrap(), fresh_rows(&chain).await);
}

#[tokio::test]
async fn finality_shows_on_every_row_and_rooms_are_paged_in_order_of_creation() {
    let chain = Chain::deploy(2).await;
    let folder = TempDir::new().unwrap();
    let mut rooms = Vec::new();
    for account in 1..=3 {
        chain.lock(account, 1_000_000, 70 + account as u64).await;
        rooms.push(format!("{:#x}", chain.open_forum(account).await));
    }
    let index = chain.index(&folder.path().join("index.sqlite")).await;
    index.reach(&chain).await;
    let ids = |reply: &Value| -> Vec<String> {
        reply["data"].as_array().unwrap().iter().map(|r| r["roomId"].as_str().unwrap().to_owned()).collect()
    };
    let (_, first) = index.get("/v1/rooms?limit=2").await;
    assert_eq!(ids(&first), rooms[..2]);
    let cursor = first["next"].as_str().unwrap();
    let (_, second) = index.get(&format!("/v1/rooms?limit=2&cursor={cursor}")).await;
    assert_eq!(ids(&second), rooms[2..]);
    assert_eq!(second["next"], Value::Null);

    let head = chain.head().await;
    assert_eq!(second["head"]["number"], head);
    assert_eq!(second["finalized"], head - 2);
    assert_eq!(second["data"][0]["finalized"], false, "the newest room stands in the newest block");
    assert_eq!(first["data"][0]["finalized"], true);
    chain.mine(2).await;
    index.reach(&chain).await;
    assert_eq!(index.data("/v1/rooms").await[2]["finalized"], true);

    index.wait(|health| *health == pars_indexer::Health::Synced).await;
    let status = index.data("/status").await;
    let genesis = chain.rpc("eth_getBlockByNumber", json!(["0x0", false])).await["hash"].clone();
    assert_eq!(
        status,
        json!({"chainId": 7072, "genesis": genesis, "head": head + 2, "safe": head, "finalized": head, "rooms": 3,
               "leaves": 3, "synced": true, "state": "synced"})
    );
}

#[tokio::test]
async fn every_list_answers_and_bad_requests_get_typed_errors() {
    let chain = Chain::deploy(2).await;
    let folder = TempDir::new().unwrap();
    chain.lock(1, 1_000_000, 71).await;
    let index = chain.index(&folder.path().join("index.sqlite")).await;
    index.reach(&chain).await;
    for list in ["leaves", "locks", "delegates", "nodes", "beacons", "consents", "actions", "signers"] {
        assert!(index.data(&format!("/v1/{list}")).await.is_array(), "{list}");
    }
    let lock = &index.data("/v1/locks").await[0];
    assert_eq!(lock["amount"], "1000000");
    assert_eq!(lock["account"], json!(chain.accounts[1]));
    let nowhere = format!("/v1/rooms/{:#x}", keccak256(U256::ZERO.to_be_bytes::<32>()));
    for (path, status, code) in [
        ("/v1/rooms/0x12", 400, "bad_request"),
        ("/v1/rooms?limit=0", 400, "bad_request"),
        ("/v1/rooms?limit=x", 400, "bad_request"),
        ("/v1/rooms?cursor=1;2", 400, "bad_request"),
        (&nowhere, 404, "room_unknown"),
        (&format!("{nowhere}/sittings/1"), 404, "room_unknown"),
        ("/v1/nothing", 404, "no_such_path"),
    ] {
        let (found, reply) = index.get(path).await;
        assert_eq!((found, reply["error"]["code"].as_str()), (status, Some(code)), "{path}: {reply}");
    }
}

#[tokio::test]
async fn two_indexes_of_one_chain_have_equal_tables() {
    let chain = Chain::deploy(2).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("live.sqlite");
    let live: Index = chain.index(&path).await;
    for account in 1..=2 {
        chain.lock(account, 1_000_000, 70 + account as u64).await;
        let room = chain.open_forum(account).await;
        let (to, data) = chain.open_call(room).await;
        chain.send(account, Some(to), data).await;
        live.reach(&chain).await;
    }
    live.service.stop().await;
    let rows = Store::open(&path).await.unwrap().rows().await.unwrap();
    assert_eq!(rows, fresh_rows(&chain).await);
}
