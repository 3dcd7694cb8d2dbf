//! Reorganisations, snapshots, finality.

use crate::support::*;
use alloy_primitives::TxKind;
use pars_chain::{Answer, BlockTag, ChainError, Input, LogFilter, Replacement};

#[test]
fn a_reorganisation_removes_blocks_and_their_logs_and_adds_as_many() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let hash = send(&mut chain, ALICE, TxKind::Call(counter), add(5));
    send(&mut chain, BOB, TxKind::Call(counter), add(6));
    let old: Vec<_> = (2..=3).map(|n| chain.block(BlockTag::Number(n), None).unwrap()).collect();
    let output = chain.apply(Input::Reorg { depth: 2, transactions: vec![] }).unwrap();
    assert_eq!(output.change.removed, old);
    assert_eq!(output.change.added.iter().map(|b| b.number()).collect::<Vec<_>>(), [2, 3]);
    assert!(output.change.added.iter().zip(&old).all(|(new, old)| new.hash != old.hash
        && new.header.timestamp == old.header.timestamp
        && new.mined.is_empty()));
    let removed: usize = old.iter().map(|block| LogFilter::default().of_block(block).count()).sum();
    assert_eq!(removed, 2);
    assert!(chain.mined(hash).is_none());
    assert_eq!(chain.number_of(BlockTag::Hash(old[0].hash)), None);
    assert_eq!(value(&chain, counter, BlockTag::Latest), 0);
    assert!(chain.logs(&LogFilter::default(), BlockTag::Earliest, BlockTag::Latest).unwrap().is_empty());
}

#[test]
fn replacement_transactions_stand_in_the_named_blocks() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    send(&mut chain, ALICE, TxKind::Call(counter), add(5));
    mine(&mut chain, 1);
    let mut replacing = transaction(&chain, BOB, TxKind::Call(counter), add(9));
    replacing.nonce = 0;
    let transactions = vec![Replacement { block: 1, raw: raw(BOB, replacing), impersonated: Some(BOB) }];
    let output = chain.apply(Input::Reorg { depth: 2, transactions }).unwrap();
    assert_eq!(output.change.added.iter().map(|b| b.mined.len()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(value(&chain, counter, BlockTag::Latest), 9);
}

#[test]
fn an_empty_block_replaced_by_an_empty_block_is_another_block() {
    let mut chain = chain();
    mine(&mut chain, 3);
    let before = chain.head().hash;
    let output = chain.apply(Input::Reorg { depth: 3, transactions: vec![] }).unwrap();
    assert_ne!(chain.head().hash, before);
    assert_eq!((output.change.removed.len(), output.change.added.len()), (3, 3));
}

#[test]
fn a_refused_reorganisation_leaves_the_chain_as_it_was() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    send(&mut chain, ALICE, TxKind::Call(counter), add(5));
    let head = chain.head().hash;
    for depth in [0, 3, u64::MAX] {
        let error = chain.apply(Input::Reorg { depth, transactions: vec![] }).unwrap_err();
        assert_eq!(error, ChainError::ReorgDepth { depth, possible: 2 });
    }
    let unplaceable = transaction(&chain, BOB, TxKind::Call(counter), add(1));
    let outside = Replacement { block: 1, raw: raw(BOB, unplaceable.clone()), impersonated: Some(BOB) };
    assert!(chain.apply(Input::Reorg { depth: 1, transactions: vec![outside] }).is_err());
    let mut gap = unplaceable;
    gap.nonce = 7;
    let gap = Replacement { block: 0, raw: raw(BOB, gap), impersonated: Some(BOB) };
    assert!(chain.apply(Input::Reorg { depth: 1, transactions: vec![gap] }).is_err());
    assert_eq!(chain.head().hash, head);
    assert_eq!(value(&chain, counter, BlockTag::Latest), 5);
}

#[test]
fn every_depth_from_1_to_64_can_be_reorganised() {
    for depth in 1..=64 {
        let mut chain = chain();
        mine(&mut chain, 70);
        let kept = chain.block(BlockTag::Number(70 - depth), None).unwrap().hash;
        let output = chain.apply(Input::Reorg { depth, transactions: vec![] }).unwrap();
        assert_eq!(output.change.removed.len() as u64, depth);
        assert_eq!(output.change.added[0].header.parent_hash, kept);
    }
}

#[test]
fn safe_and_finalized_follow_the_head_by_the_lag() {
    let mut chain = chain();
    for (mined, finalized) in [(0, 0), (1, 0), (1, 0), (1, 1), (5, 6)] {
        mine(&mut chain, mined);
        assert_eq!(chain.number_of(BlockTag::Finalized), Some(finalized));
        assert_eq!(chain.number_of(BlockTag::Safe), Some(finalized));
    }
}

#[test]
fn activity_is_unfinal_until_the_lag_has_passed_and_empty_blocks_alone_are_not() {
    let mut chain = chain();
    mine(&mut chain, 1);
    assert!(!chain.has_unfinal_activity());
    deploy(&mut chain);
    assert!(chain.has_unfinal_activity());
    mine(&mut chain, 1);
    assert!(chain.has_unfinal_activity());
    mine(&mut chain, 1);
    assert!(!chain.has_unfinal_activity());
    chain.apply(Input::Reorg { depth: 1, transactions: vec![] }).unwrap();
    assert!(chain.has_unfinal_activity());
}

#[test]
fn a_snapshot_brings_back_blocks_state_and_pool_and_is_then_gone() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let Answer::Snapshot(id) = chain.apply(Input::Snapshot).unwrap().answer else { panic!() };
    let head = chain.head().hash;
    let hash = send(&mut chain, ALICE, TxKind::Call(counter), add(5));
    let output = chain.apply(Input::Revert(id)).unwrap();
    assert_eq!(output.answer, Answer::Reverted(true));
    assert_eq!((output.change.removed.len(), output.change.added.len()), (1, 0));
    assert_eq!(chain.head().hash, head);
    assert!(chain.mined(hash).is_none());
    assert_eq!(value(&chain, counter, BlockTag::Latest), 0);
    assert_eq!(chain.apply(Input::Revert(id)).unwrap().answer, Answer::Reverted(false));
}

#[test]
fn reverting_to_a_snapshot_after_a_reorganisation_restores_the_old_blocks() {
    let mut chain = chain();
    mine(&mut chain, 4);
    let head = chain.head().hash;
    let Answer::Snapshot(id) = chain.apply(Input::Snapshot).unwrap().answer else { panic!() };
    chain.apply(Input::Reorg { depth: 2, transactions: vec![] }).unwrap();
    mine(&mut chain, 1);
    let output = chain.apply(Input::Revert(id)).unwrap();
    assert_eq!((output.change.removed.len(), output.change.added.len()), (3, 2));
    assert_eq!((chain.head().hash, chain.number_of(BlockTag::Hash(head))), (head, Some(4)));
}
