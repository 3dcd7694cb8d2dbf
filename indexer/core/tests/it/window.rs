//! What the block window accepts, asks for and refuses.

use crate::support::mirror::{Driver, headers_only};
use crate::support::{START, anchor, block, chain};
use alloy_primitives::B256;
use pars_indexer_core::{In, Out, Question, Refusal};

#[test]
fn a_block_delivered_twice_changes_nothing() {
    let chain = chain(vec![vec![]; 4]);
    let mut driver = Driver::default();
    driver.sync(&chain).unwrap();
    for number in START..START + 4 {
        assert_eq!(driver.give(headers_only(&chain, number)), vec![]);
    }
    driver.give(In::Finalized(chain[2].header.block));
    assert_eq!(driver.give(headers_only(&chain, START)), vec![], "older than finality");
}

#[test]
fn a_gap_is_asked_for_and_never_written_across() {
    let chain = chain(vec![vec![]; 4]);
    let mut driver = Driver::default();
    assert_eq!(driver.give(headers_only(&chain, START + 3)), vec![Out::Ask(Question::Block(START))]);
    driver.give(headers_only(&chain, START));
    assert_eq!(driver.give(headers_only(&chain, START + 2)), vec![Out::Ask(Question::Block(START + 1))]);
    assert_eq!(driver.indexer.head(), Some(chain[0].header.block));
}

#[test]
fn an_unknown_parent_is_asked_for_one_block_down() {
    let old = chain(vec![vec![]; 4]);
    let mut driver = Driver::default();
    driver.sync(&old).unwrap();
    let fork = block(old[1].header.block, 9, vec![]);
    let next = block(fork.header.block, 9, vec![]);
    assert_eq!(driver.give(In::Block { header: next.header, logs: None }), vec![Out::Ask(Question::Block(START + 2))]);
    let outs = driver.give(In::Block { header: fork.header, logs: None });
    assert!(matches!(&outs[..], [Out::Reorg { to: Some(to), .. }, Out::Rows(_)] if *to == old[1].header.block));
}

#[test]
fn even_the_first_block_may_be_reorganised_while_it_is_not_final() {
    let mut driver = Driver::default();
    driver.sync(&chain(vec![vec![]; 2])).unwrap();
    let other = block(anchor(), 9, vec![]);
    let outs = driver.give(In::Block { header: other.header, logs: None });
    assert!(matches!(&outs[..], [Out::Reorg { to: None, .. }, Out::Rows(_)]));
}

#[test]
fn a_branch_below_finality_is_refused_and_overwrites_nothing() {
    let old = chain(vec![vec![]; 4]);
    let mut driver = Driver::default();
    driver.sync(&old).unwrap();
    let finalized = old[2].header.block;
    assert_eq!(driver.give(In::Finalized(finalized)), vec![Out::Finalized(finalized)]);
    let at_finality = block(old[1].header.block, 9, vec![]);
    let above = block(at_finality.header.block, 9, vec![]);
    for other in [at_finality, above] {
        let offered = other.header.block;
        let outs = driver.give(In::Block { header: other.header, logs: None });
        assert_eq!(outs, vec![Out::Refuse(Refusal::DeeperThanFinality { finalized, offered })]);
        assert_eq!(driver.indexer.head(), Some(old[3].header.block));
    }
}

#[test]
fn finality_only_rises_and_names_our_blocks() {
    let chain = chain(vec![vec![]; 4]);
    let mut driver = Driver::default();
    driver.sync(&chain).unwrap();
    let block = chain[2].header.block;
    let lie = pars_wire::BlockRef { hash: B256::ZERO, ..block };
    let refusal = Refusal::FinalizedMismatch { ours: block.hash, offered: lie };
    assert_eq!(driver.give(In::Finalized(lie)), vec![Out::Refuse(refusal)]);
    assert_eq!(driver.give(In::Finalized(block)), vec![Out::Finalized(block)]);
    assert_eq!(driver.give(In::Finalized(chain[0].header.block)), vec![]);
    let ahead = pars_wire::BlockRef { number: 1_000, hash: B256::ZERO };
    assert_eq!(driver.give(In::Finalized(ahead)), vec![], "a final block that we have not seen yet");
    assert_eq!(driver.indexer.finalized(), Some(block));
}

#[test]
fn another_genesis_is_named_a_reset_chain() {
    let mut driver = Driver::default();
    assert_eq!(driver.give(In::Genesis(crate::support::config().genesis)), vec![]);
    let refusal = Refusal::ChainReset { expected: crate::support::config().genesis, found: B256::ZERO };
    assert_eq!(driver.give(In::Genesis(B256::ZERO)), vec![Out::Refuse(refusal)]);
}

#[test]
fn a_block_time_beyond_63_bits_is_refused() {
    let mut block = block(anchor(), 0, vec![]);
    block.header.timestamp = 1 << 63;
    let outs = Driver::default().give(In::Block { header: block.header, logs: None });
    assert_eq!(outs, vec![Out::Refuse(Refusal::HeaderOutOfRange(block.header.block))]);
}
