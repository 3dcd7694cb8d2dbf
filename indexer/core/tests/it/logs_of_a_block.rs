//! THREATS X3: a node that leaves out, repeats, invents or moves logs is caught.

use crate::support::mirror::{Driver, headers_only};
use crate::support::model::{Model, Rng};
use crate::support::{Block, anchor, block};
use pars_indexer_core::{ChainLog, In, Out, Question, Refusal};

fn registration() -> Block {
    let (mut model, mut rng) = (Model::default(), Rng(3));
    let logs = [model.register_new(&mut rng), model.register_new(&mut rng)].concat();
    block(anchor(), 0, logs)
}

fn give(block: &Block, logs: Vec<ChainLog>) -> Vec<Out> {
    Driver::default().give(In::Block { header: block.header, logs: Some(logs) })
}

#[test]
fn logs_are_asked_for_when_the_bloom_concerns_a_watched_contract() {
    let block = registration();
    let outs = Driver::default().give(headers_only(std::slice::from_ref(&block), crate::support::START));
    assert_eq!(outs, vec![Out::Ask(Question::Logs(block.header.block))]);
}

#[test]
fn an_omitted_log_is_caught_by_the_bloom() {
    let block = registration();
    for omitted in 0..block.logs.len() {
        let mut logs = block.logs.clone();
        logs.remove(omitted);
        assert_eq!(give(&block, logs), vec![Out::Refuse(Refusal::LogsIncomplete(block.header.block))]);
    }
    assert_eq!(give(&block, vec![]), vec![Out::Refuse(Refusal::LogsIncomplete(block.header.block))]);
}

#[test]
fn an_omitted_log_whose_twin_sets_the_same_bits_is_caught_by_the_numbers() {
    let (mut model, mut rng) = (Model::default(), Rng(3));
    let logs = [model.register_new(&mut rng), vec![model.set_leaf(0, 1)], model.register_new(&mut rng)].concat();
    let block = block(anchor(), 0, logs);
    for omitted in [0, 1] {
        let mut logs = block.logs.clone();
        logs.remove(omitted);
        assert_eq!(give(&block, logs), vec![Out::Refuse(Refusal::LogsIncomplete(block.header.block))]);
    }
}

#[test]
fn an_invented_log_is_caught_by_the_bloom() {
    let block = registration();
    let mut logs = block.logs.clone();
    let mut invented = logs[0].clone();
    invented.index = 9;
    invented.log.address = crate::support::address(0x33);
    logs.push(invented);
    assert_eq!(give(&block, logs), vec![Out::Refuse(Refusal::LogsIncomplete(block.header.block))]);
}

#[test]
fn a_log_sent_twice_counts_once() {
    let block = registration();
    let doubled = [block.logs.clone(), block.logs.clone()].concat();
    assert_eq!(give(&block, doubled), give(&block, block.logs.clone()));
}

#[test]
fn two_logs_of_one_index_are_refused() {
    let block = registration();
    let mut logs = block.logs.clone();
    logs[1].index = logs[0].index;
    let refusal = Refusal::LogMisplaced { block: block.header.block, index: logs[0].index };
    assert_eq!(give(&block, logs), vec![Out::Refuse(refusal)]);
}

#[test]
fn a_log_of_another_block_is_refused() {
    let block = registration();
    let mut logs = block.logs.clone();
    logs[1].block.hash = Default::default();
    let refusal = Refusal::LogMisplaced { block: block.header.block, index: 1 };
    assert_eq!(give(&block, logs), vec![Out::Refuse(refusal)]);
}
