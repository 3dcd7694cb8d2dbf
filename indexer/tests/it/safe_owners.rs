//! Owners of a Safe that a room names, from a node: its history before the room, its logs after.

use crate::support::{Chain, Index};
use alloy::primitives::{Address, B256, Bytes, U256, hex};
use alloy::sol_types::SolValue;
use pars_bindings::{TownHall, safe_owners};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A contract that logs what it is called with: the first 32 bytes as the only topic, the rest as data.
pub(crate) const LOGGER: [u8; 30] = hex!("6012600c60003960126000f360203603806020600037600035906000a100");

async fn emit(chain: &Chain, safe: Address, topic: B256, data: Vec<u8>) {
    let call = [topic.to_vec(), data].concat();
    chain.send(0, Some(safe), call.into()).await;
}

async fn owners(index: &Index, room: B256) -> Value {
    index.data(&format!("/v1/rooms/{room:#x}")).await["safeOwners"].take()
}

#[tokio::test]
async fn owners_are_known_from_before_the_room_and_followed_after_it() {
    let chain = Chain::deploy(50).await;
    let folder = TempDir::new().unwrap();
    let receipt = chain.send(0, None, Bytes::from(LOGGER)).await;
    let safe: Address = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
    let owner = |byte: u8| Address::repeat_byte(byte);
    let setup = (vec![owner(1), owner(2)], U256::from(1), Address::ZERO, Address::ZERO).abi_encode_params();
    emit(&chain, safe, safe_owners::SAFE_SETUP, setup).await;
    emit(&chain, safe, safe_owners::ADDED_OWNER, owner(3).abi_encode()).await;
    emit(&chain, safe, safe_owners::REMOVED_OWNER, owner(1).abi_encode()).await;

    let index = chain.index(&folder.path().join("index.sqlite")).await;
    index.reach(&chain).await;
    chain.lock(1, 1_000_000, 71).await;
    let config = TownHall::RoomConfig {
        kind: 1,
        capacity: 25,
        minBalance: 0,
        safe,
        committee: Address::ZERO,
        metadataHash: B256::ZERO,
    };
    let room = chain.create_room(1, config).await;
    index.reach(&chain).await;
    assert_eq!(owners(&index, room).await, json!([owner(2), owner(3)]));

    emit(&chain, safe, safe_owners::ADDED_OWNER, owner(4).abi_encode()).await;
    index.reach(&chain).await;
    assert_eq!(owners(&index, room).await, json!([owner(2), owner(3), owner(4)]));
    chain.rpc("anvil_reorg", json!([1, []])).await;
    index.reach(&chain).await;
    assert_eq!(owners(&index, room).await, json!([owner(2), owner(3)]));
}
