//! Blocks, transactions and receipts.

use crate::support::*;
use alloy_consensus::{
    TxEip7702, TxReceipt, TypedTransaction,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::{Address, TxKind, U256};
use pars_chain::{BlockTag, Chain, ChainError, Genesis, Input, Transaction, TxError};

#[test]
fn each_transaction_gets_its_block_at_once_and_the_header_commits_to_everything() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let hash = send(&mut chain, BOB, TxKind::Call(counter), add(7));
    let (block, position, mined) = chain.mined(hash).unwrap();
    assert_eq!((block.number(), position), (2, 0));
    assert!(mined.receipt.envelope.status());
    assert_eq!(mined.receipt.gas_used, block.header.gas_used);
    assert_eq!(block.header.transactions_root, calculate_transaction_root(&[mined.transaction.envelope()]));
    assert_eq!(block.header.receipts_root, calculate_receipt_root(&[&mined.receipt.envelope]));
    assert_eq!(block.header.logs_bloom, mined.receipt.envelope.bloom());
    assert_eq!(block.header.state_root, chain.state(BlockTag::Latest, None).unwrap().root());
    assert_eq!(block.hash, block.header.hash_slow());
    let parent = chain.block(BlockTag::Number(1), None).unwrap();
    assert_eq!(block.header.parent_hash, parent.hash);
    assert_eq!(block.header.timestamp, parent.header.timestamp + 1);
    assert_eq!(value(&chain, counter, BlockTag::Latest), 7);
    assert_eq!(value(&chain, counter, BlockTag::Number(1)), 0);
}

#[test]
fn a_reverting_transaction_is_mined_with_status_0_and_no_logs() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let hash = send(&mut chain, BOB, TxKind::Call(counter), add(101));
    let mined = chain.mined(hash).unwrap().2;
    assert!(!mined.receipt.envelope.status());
    assert!(mined.receipt.envelope.logs().is_empty());
    assert_eq!(chain.state(BlockTag::Latest, None).unwrap().nonce(BOB), 1);
}

#[test]
fn transactions_that_cannot_be_paid_or_placed_are_refused_by_name_and_change_nothing() {
    let mut chain = chain();
    let head = chain.head().hash;
    let base = transaction(&chain, ALICE, TxKind::Call(BOB), vec![]);
    let refused = |chain: &mut Chain, change: &dyn Fn(&mut alloy_consensus::TxEip1559)| {
        let mut transaction = base.clone();
        change(&mut transaction);
        match submit(chain, ALICE, transaction) {
            Err(ChainError::Transaction(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(refused(&mut chain, &|t| t.chain_id = 1), TxError::ChainId { got: 1, chain: 31337 }));
    assert!(matches!(refused(&mut chain, &|t| t.gas_limit = 20_999), TxError::IntrinsicGas { want: 21_000, .. }));
    assert!(matches!(refused(&mut chain, &|t| t.gas_limit = 30_000_001), TxError::BlockGas { .. }));
    assert!(matches!(refused(&mut chain, &|t| t.value = U256::MAX), TxError::Funds { .. }));
    assert!(matches!(refused(&mut chain, &|t| t.max_fee_per_gas = 1), TxError::Tip { .. }));
    let cheap = |t: &mut alloy_consensus::TxEip1559| (t.max_fee_per_gas, t.max_priority_fee_per_gas) = (1, 1);
    assert!(matches!(refused(&mut chain, &cheap), TxError::FeeCap { .. }));
    let large = |t: &mut alloy_consensus::TxEip1559| {
        (t.to, t.input, t.gas_limit) = (TxKind::Create, vec![0; 49_153].into(), 29_000_000);
    };
    assert_eq!(refused(&mut chain, &large), TxError::InitCode(49_153));
    assert_eq!(chain.head().hash, head);
    send(&mut chain, ALICE, TxKind::Call(BOB), vec![]);
    assert!(matches!(refused(&mut chain, &|_| {}), TxError::NonceTooLow { got: 0, state: 1, .. }));
    let stranger = Address::with_last_byte(9);
    let error = submit(&mut chain, stranger, base.clone()).unwrap_err();
    assert_eq!(error, ChainError::Transaction(TxError::NotImpersonated(stranger)));
}

#[test]
fn a_transaction_behind_a_nonce_gap_waits_until_the_gap_is_filled() {
    let mut chain = chain();
    let mut second = transaction(&chain, ALICE, TxKind::Call(BOB), vec![]);
    second.nonce = 1;
    submit(&mut chain, ALICE, second.clone()).unwrap();
    assert_eq!(chain.head().number(), 0);
    assert_eq!(submit(&mut chain, ALICE, second).unwrap_err(), TxError::Known.into());
    send(&mut chain, ALICE, TxKind::Call(BOB), vec![]);
    assert_eq!(chain.head().mined.len(), 2);
}

#[test]
fn under_manual_mining_transactions_wait_and_pending_shows_them() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    chain.apply(Input::SetAutomine(false)).unwrap();
    let hash = send(&mut chain, ALICE, TxKind::Call(counter), add(3));
    send(&mut chain, ALICE, TxKind::Call(counter), add(4));
    assert!(chain.waiting(hash).is_some() && chain.mined(hash).is_none());
    assert_eq!((value(&chain, counter, BlockTag::Latest), value(&chain, counter, BlockTag::Pending)), (0, 7));
    let mut underpriced = transaction(&chain, ALICE, TxKind::Call(counter), add(5));
    underpriced.nonce = 1;
    assert_eq!(submit(&mut chain, ALICE, underpriced.clone()).unwrap_err(), TxError::Underpriced.into());
    underpriced.max_fee_per_gas *= 2;
    underpriced.max_priority_fee_per_gas *= 2;
    submit(&mut chain, ALICE, underpriced).unwrap();
    mine(&mut chain, 1);
    assert_eq!((chain.head().mined.len(), value(&chain, counter, BlockTag::Latest)), (2, 9));
}

#[test]
fn a_submission_that_is_refused_while_its_block_is_made_leaves_the_pool_as_it_was() {
    let mut chain = chain();
    chain.apply(Input::SetAutomine(false)).unwrap();
    let waits = send(&mut chain, ALICE, TxKind::Call(BOB), vec![]);
    chain.apply(Input::SetAutomine(true)).unwrap();
    let first = transaction(&chain, ALICE, TxKind::Call(BOB), vec![]);
    // Dear enough to take the place of the one that waits, but without the authorisations its type must carry: this shows
    // only when it runs.
    let empty = TxEip7702 {
        chain_id: first.chain_id,
        nonce: 0,
        gas_limit: first.gas_limit,
        max_fee_per_gas: first.max_fee_per_gas * 2,
        max_priority_fee_per_gas: first.max_priority_fee_per_gas * 2,
        to: BOB,
        ..TxEip7702::default()
    };
    let raw = Transaction::impersonated(TypedTransaction::Eip7702(empty), ALICE).raw();
    let before = chain.head().hash;
    let refused = chain.apply(Input::Submit { raw, impersonated: Some(ALICE), now: None });
    assert!(matches!(refused, Err(ChainError::Transaction(_))), "{refused:?}");
    assert_eq!(chain.head().hash, before);
    assert!(chain.waiting(waits).is_some());
    mine(&mut chain, 1);
    assert!(chain.mined(waits).is_some());
}

#[test]
fn a_block_never_exceeds_its_gas_limit_and_the_rest_goes_into_the_next() {
    let mut chain = chain_of(Genesis { gas_limit: 1_500_000, ..genesis() });
    chain.apply(Input::SetAutomine(false)).unwrap();
    send(&mut chain, ALICE, TxKind::Create, counter_code());
    send(&mut chain, BOB, TxKind::Create, counter_code());
    let mut third = transaction(&chain, BOB, TxKind::Call(ALICE), vec![]);
    third.gas_limit = 1_400_000;
    submit(&mut chain, BOB, third).unwrap();
    mine(&mut chain, 2);
    let sizes: Vec<_> = (1..=2).map(|n| chain.block(BlockTag::Number(n), None).unwrap().mined.len()).collect();
    assert_eq!(sizes, [2, 1]);
}

#[test]
fn equal_inputs_give_equal_block_hashes_and_another_seed_gives_others() {
    let story = |genesis: Genesis| {
        let mut chain = chain_of(genesis);
        let counter = deploy(&mut chain);
        chain.apply(Input::SetAutomine(false)).unwrap();
        for n in 0..20 {
            send(&mut chain, if n % 2 == 0 { ALICE } else { BOB }, TxKind::Call(counter), add(n));
            mine(&mut chain, n % 3);
        }
        chain.apply(Input::IncreaseTime(86_400)).unwrap();
        mine(&mut chain, 3);
        chain.apply(Input::Reorg { depth: 2, transactions: vec![] }).unwrap();
        (0..=chain.head().number()).map(|n| chain.block(BlockTag::Number(n), None).unwrap().hash).collect::<Vec<_>>()
    };
    let first = story(genesis());
    for _ in 0..20 {
        assert_eq!(story(genesis()), first);
    }
    let other = story(Genesis { seed: alloy_primitives::B256::with_last_byte(1), ..genesis() });
    assert!(first.iter().zip(&other).all(|(a, b)| a != b));
}

#[test]
fn inputs_survive_their_serialisation() {
    let mut chain = chain();
    let raw = raw(ALICE, transaction(&chain, ALICE, TxKind::Create, counter_code()));
    let inputs = [
        Input::Submit { raw, impersonated: Some(ALICE), now: Some(5) },
        Input::Mine { blocks: 2, interval: Some(3), timestamp: None, now: None },
        Input::SetBalance(BOB, U256::MAX),
        Input::SetStorage(BOB, U256::from(1), U256::from(2)),
        Input::Snapshot,
        Input::Reorg { depth: 1, transactions: vec![] },
        Input::Revert(1),
    ];
    for input in inputs {
        let text = serde_json::to_string(&input).unwrap();
        assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input, "{text}");
        chain.apply(input).unwrap();
    }
}

#[test]
fn a_genesis_no_chain_can_run_with_is_refused() {
    assert!(Chain::new(Genesis { chain_id: 0, ..genesis() }).is_err());
    assert!(Chain::new(Genesis { gas_limit: 1, ..genesis() }).is_err());
    let mut equal = genesis();
    let precompiles = equal.precompiles.as_mut().unwrap();
    precompiles.ml_dsa_44 = precompiles.ml_dsa_87;
    assert!(Chain::new(equal).is_err());
}
