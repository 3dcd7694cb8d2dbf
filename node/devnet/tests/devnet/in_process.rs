//! `alloy` without a socket.

use std::time::Duration;

use crate::support::*;
use alloy::{eips::BlockNumberOrTag, primitives::U256, providers::Provider, rpc::types::Filter};
use pars_devnet::{Config, Devnet};
use serde_json::json;

#[tokio::test]
async fn alloy_deploys_writes_waits_reads_and_finds_the_log_without_a_socket() {
    let devnet = devnet();
    let provider = provider(devnet.client());
    assert_eq!(provider.get_chain_id().await.unwrap(), 7072);
    let counter = deploy(&provider).await;
    let receipt = counter.add(U256::from(5)).send().await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status());
    assert_eq!(counter.value().call().await.unwrap(), U256::from(5));
    let logs = provider.get_logs(&Filter::new().address(*counter.address()).from_block(0)).await.unwrap();
    assert_eq!(logs.len(), 1);
    let event = logs[0].log_decode::<Counter::Counted>().unwrap();
    assert_eq!(event.inner.value, U256::from(5));
    let block = provider.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap();
    assert_eq!(logs[0].block_timestamp, Some(block.header.timestamp));
    assert_eq!(block.header.inner.hash_slow(), block.header.hash);
}

#[tokio::test]
async fn a_revert_carries_code_3_and_its_raw_data_so_that_alloy_decodes_the_custom_error() {
    let devnet = devnet();
    let counter = deploy(&provider(devnet.client())).await;
    let error = counter.add(U256::from(101)).call().await.err().unwrap();
    let decoded = error.as_decoded_error::<Counter::TooLarge>().unwrap();
    assert_eq!((decoded.asked, decoded.limit), (U256::from(101), U256::from(100)));
    let call = json!([{"to": counter.address(), "data": "0xa9cc4718"}, "latest"]);
    let error = devnet.call("eth_call", call).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (3, "execution reverted: no"));
    assert!(error.data.unwrap().as_str().unwrap().starts_with("0x08c379a0"));
}

#[tokio::test]
async fn empty_blocks_come_by_themselves_until_what_was_written_is_final() {
    let devnet = Devnet::start(&Config { empty_blocks: true, ..Config::in_memory(7072) }).unwrap();
    let provider = provider(devnet.client());
    deploy(&provider).await;
    let number = async |tag| provider.get_block_by_number(tag).await.unwrap().unwrap().header.number;
    while number(BlockNumberOrTag::Finalized).await < 1 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let head = number(BlockNumberOrTag::Latest).await;
    assert_eq!(head, 3);
    for empty in 2..=head {
        assert!(provider.get_block_by_number(empty.into()).await.unwrap().unwrap().transactions.is_empty());
    }
    // Three of the timer's seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(number(BlockNumberOrTag::Latest).await, head, "all is final: no further block comes");
}

#[tokio::test]
async fn time_moves_only_forward_and_by_what_was_asked() {
    let devnet = devnet();
    let provider = provider(devnet.client());
    let counter = deploy(&provider).await;
    let before = counter.time().call().await.unwrap();
    devnet.call("evm_increaseTime", json!([86_400])).await.unwrap();
    devnet.call("evm_mine", json!([])).await.unwrap();
    let after = counter.time().call().await.unwrap();
    assert!(after >= before + U256::from(86_400));
    let target = after.to::<u64>() + 1_000;
    devnet.call("evm_setNextBlockTimestamp", json!([target])).await.unwrap();
    devnet.call("evm_mine", json!([])).await.unwrap();
    assert_eq!(counter.time().call().await.unwrap(), U256::from(target));
    let error = devnet.call("evm_setNextBlockTimestamp", json!([target - 1])).await.unwrap_err();
    assert!(error.message.contains("lower than the head's timestamp"), "{error}");
}

#[tokio::test]
async fn the_estimate_of_a_transaction_already_sees_the_time_set_for_its_block() {
    let devnet = devnet();
    let counter = deploy(&provider(devnet.client())).await;
    devnet.call("evm_setNextBlockTimestamp", json!([4_000_000_000u64])).await.unwrap();
    let call = json!([{"to": counter.address(), "data": "0x16ada547"}, "pending"]);
    assert_eq!(devnet.call("eth_call", call).await.unwrap(), json!(format!("{:#066x}", 4_000_000_000u64)));
}

#[tokio::test]
async fn snapshots_impersonation_and_unsigned_transactions_work() {
    let devnet = devnet();
    let counter = deploy(&provider(devnet.client())).await;
    let id = devnet.call("evm_snapshot", json!([])).await.unwrap();
    let stranger = "0x00000000000000000000000000000000000a11ce";
    let send = json!([{"from": stranger, "to": counter.address(), "data": format!("0x1003e2d2{:064x}", 7)}]);
    let error = devnet.call("eth_sendTransaction", send.clone()).await.unwrap_err();
    assert!(error.message.contains("unknown account"), "{error}");
    devnet.call("anvil_impersonateAccount", json!([stranger])).await.unwrap();
    devnet.call("anvil_setBalance", json!([stranger, "0xde0b6b3a7640000"])).await.unwrap();
    let hash = devnet.call("eth_sendTransaction", send).await.unwrap();
    let receipt = devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
    assert_eq!((&receipt["status"], &receipt["from"]), (&json!("0x1"), &json!(stranger)));
    assert!(receipt["blockTimestamp"].is_string());
    assert_eq!(counter.value().call().await.unwrap(), U256::from(7));
    assert_eq!(devnet.call("evm_revert", json!([id])).await.unwrap(), json!(true));
    assert_eq!(counter.value().call().await.unwrap(), U256::ZERO);
    assert_eq!(devnet.call("evm_revert", json!([id])).await.unwrap(), json!(false));
}

#[tokio::test]
async fn polled_filters_give_new_blocks_and_logs_and_removed_ones_after_a_reorganisation() {
    let devnet = devnet();
    let counter = deploy(&provider(devnet.client())).await;
    let blocks = devnet.call("eth_newBlockFilter", json!([])).await.unwrap();
    let logs = devnet.call("eth_newFilter", json!([{"address": counter.address()}])).await.unwrap();
    counter.add(U256::from(1)).send().await.unwrap().get_receipt().await.unwrap();
    let poll = async |id: &serde_json::Value| devnet.call("eth_getFilterChanges", json!([id])).await.unwrap();
    assert_eq!(poll(&blocks).await.as_array().unwrap().len(), 1);
    assert_eq!(poll(&logs).await[0]["removed"], false);
    devnet.call("anvil_reorg", json!([1, []])).await.unwrap();
    let removed = poll(&logs).await;
    assert_eq!((removed.as_array().unwrap().len(), &removed[0]["removed"]), (1, &json!(true)));
    assert_eq!(poll(&logs).await, json!([]));
    assert_eq!(devnet.call("eth_uninstallFilter", json!([logs])).await.unwrap(), json!(true));
    assert!(devnet.call("eth_getFilterChanges", json!([logs])).await.is_err());
}

#[tokio::test]
async fn unknown_things_are_null_and_unknown_methods_are_32601() {
    let devnet = devnet();
    let nothing = format!("{:#066x}", 1);
    for (method, params) in [
        ("eth_getTransactionByHash", json!([nothing])),
        ("eth_getTransactionReceipt", json!([nothing])),
        ("eth_getBlockByHash", json!([nothing, false])),
        ("eth_getBlockByNumber", json!(["0x64", false])),
        ("eth_getBlockReceipts", json!(["0x64"])),
    ] {
        assert_eq!(devnet.call(method, params).await, Ok(json!(null)), "{method}");
    }
    assert_eq!(devnet.call("eth_mystery", json!([])).await.unwrap_err().code, -32601);
    assert_eq!(devnet.call("eth_getBalance", json!(["0x12"])).await.unwrap_err().code, -32602);
    assert_eq!(devnet.call("eth_getBalance", json!({"a": 1})).await.unwrap_err().code, -32602);
    let overrides =
        json!([{"to": nothing[..42]}, "latest", {"0x00000000000000000000000000000000000a11ce": {"balance": "0x1"}}]);
    assert_eq!(devnet.call("eth_call", overrides).await.unwrap_err().code, -32602);
}

#[tokio::test]
async fn a_reorganisation_takes_signed_and_unsigned_replacements() {
    let devnet = devnet();
    let counter = deploy(&provider(devnet.client())).await;
    counter.add(U256::from(1)).send().await.unwrap().get_receipt().await.unwrap();
    let unsigned = json!({
        "from": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8", "to": counter.address(), "gas": "0x186a0",
        "data": format!("0x1003e2d2{:064x}", 9),
    });
    devnet.call("anvil_reorg", json!([1, [[unsigned, 0]]])).await.unwrap();
    assert_eq!(counter.value().call().await.unwrap(), U256::from(9));
    let error = devnet.call("anvil_reorg", json!([99, []])).await.unwrap_err();
    assert!(error.message.contains("depth 99 is not possible"), "{error}");
}

#[tokio::test]
async fn fee_history_lets_alloy_estimate_eip_1559_fees() {
    let devnet = devnet();
    let provider = provider(devnet.client());
    deploy(&provider).await;
    let fees = provider.estimate_eip1559_fees().await.unwrap();
    assert!(fees.max_fee_per_gas > fees.max_priority_fee_per_gas);
    let history = provider.get_fee_history(4, BlockNumberOrTag::Latest, &[10.0, 90.0]).await.unwrap();
    assert_eq!((history.oldest_block, history.base_fee_per_gas.len(), history.gas_used_ratio.len()), (0, 3, 2));
    assert_eq!(history.reward.unwrap().len(), 2);
}

#[tokio::test]
async fn other_chain_ids_are_refused() {
    for chain_id in [1, 7070, 7071, 1337] {
        let error = pars_devnet::Devnet::start(&pars_devnet::Config::in_memory(chain_id)).unwrap_err();
        assert!(matches!(error, pars_devnet::DevnetError::ChainId(id) if id == chain_id));
    }
    assert_eq!(pars_devnet::Devnet::start(&pars_devnet::Config::in_memory(31337)).unwrap().chain_id(), 31337);
}
