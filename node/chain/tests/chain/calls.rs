//! Calls, estimates, logs, cheats, and the precompile from inside a contract call.

use crate::support::*;
use alloy_primitives::{Address, Bytes, TxKind, U256, address, hex};
use ml_dsa::{Keypair, MlDsa87, SigningKey};
use pars_chain::{BlockTag, CallOutcome, CallRequest, Chain, Input, LogFilter, MAX_LOGS, QueryError};

const VERIFY_87: Address = address!("0000000000000000000000000000000000000014");

fn signed_input(message: &[u8]) -> Vec<u8> {
    let key = SigningKey::<MlDsa87>::from_seed(&[42; 32].into());
    let signature = key.expanded_key().sign_deterministic(message, &[]).unwrap();
    [key.verifying_key().encode().as_slice(), signature.encode().as_slice(), message].concat()
}

fn call(chain: &Chain, to: Address, input: impl Into<Bytes>) -> CallOutcome {
    let request = CallRequest { to: Some(to), input: input.into(), ..CallRequest::default() };
    chain.call(&request, BlockTag::Latest, None).unwrap()
}

#[test]
fn the_precompile_says_1_for_a_signature_0_for_a_flipped_bit_and_charges_its_gas() {
    let chain = chain();
    let input = signed_input(b"town hall");
    let word = |n: u8| Bytes::from(U256::from(n).to_be_bytes::<32>());
    let CallOutcome::Success { output, gas_used } = call(&chain, VERIFY_87, input.clone()) else { panic!() };
    assert_eq!(output, word(1));
    // 10 gas per zero byte and 40 per other byte is the floor of EIP-7623, above what calldata and precompile cost together.
    let zeros = input.iter().filter(|b| **b == 0).count() as u64;
    assert_eq!(gas_used, 21_000 + 10 * zeros + 40 * (input.len() as u64 - zeros));
    let mut flipped = input.clone();
    flipped[3_000] ^= 1;
    assert!(matches!(call(&chain, VERIFY_87, flipped), CallOutcome::Success { output, .. } if output == word(0)));
    assert!(
        matches!(call(&chain, VERIFY_87, input[..100].to_vec()), CallOutcome::Success { output, .. } if output == word(0))
    );
}

#[test]
fn a_contract_pays_13506_gas_for_a_verification_with_a_short_message_and_too_little_gas_fails_the_call() {
    let mut chain = chain();
    let proxy = Address::with_last_byte(0xee);
    chain.apply(Input::SetCode(proxy, forwarder())).unwrap();
    let input = signed_input(b"m");
    let run = |gas: u64| {
        let data = [U256::from(gas).to_be_bytes::<32>().as_slice(), &input].concat();
        let CallOutcome::Success { output, .. } = call(&chain, proxy, data) else { panic!() };
        (U256::from_be_slice(&output[..32]).to::<u64>(), U256::from_be_slice(&output[32..64]).to::<u64>())
    };
    let (spent, success) = run(13_506);
    assert_eq!(success, 1);
    assert!((13_506..13_506 + 200).contains(&spent), "{spent}");
    let (_, success) = run(13_505);
    assert_eq!(success, 0);
}

/// Calls 0x14 with calldata[32..], forwarding calldata[0..32] gas; returns the gas spent around the call and its success flag.
fn forwarder() -> Bytes {
    [
        &hex!("6020360360205f37")[..],     // calldatacopy(0, 32, calldatasize - 32)
        &hex!("5a"),                       // gas before
        &hex!("5f5f602036035f60145f35fa"), // staticcall(calldataload(0), 0x14, 0, calldatasize - 32, 0, 0)
        &hex!("602052"),                   // mstore(32, success)
        &hex!("5a90035f52"),               // mstore(0, before - after)
        &hex!("60405ff3"),                 // return(0, 64)
    ]
    .concat()
    .into()
}

#[test]
fn a_call_that_reverts_gives_its_raw_data() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let CallOutcome::Revert { output } = call(&chain, counter, add(101)) else { panic!() };
    assert_eq!(output[..4], hex!("677fd0e3"));
    assert_eq!(output.len(), 68);
}

#[test]
fn a_call_writes_nothing_and_may_come_from_a_contract_without_funds() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let root = chain.head().header.state_root;
    let request = CallRequest { from: counter, to: Some(counter), input: add(5).into(), ..CallRequest::default() };
    assert!(matches!(chain.call(&request, BlockTag::Latest, None), Ok(CallOutcome::Success { .. })));
    assert_eq!(chain.state(BlockTag::Latest, None).unwrap().root(), root);
}

#[test]
fn the_estimated_gas_suffices_and_one_less_does_not() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let request = CallRequest { from: ALICE, to: Some(counter), input: add(5).into(), ..CallRequest::default() };
    let estimate = chain.estimate(&request, BlockTag::Latest, None).unwrap().unwrap();
    let mut transaction = transaction(&chain, ALICE, TxKind::Call(counter), add(5));
    transaction.gas_limit = estimate - 1;
    submit(&mut chain, ALICE, transaction.clone()).unwrap();
    assert!(!chain.head().mined[0].receipt.envelope.status());
    (transaction.nonce, transaction.gas_limit) = (2, estimate);
    submit(&mut chain, ALICE, transaction).unwrap();
    assert!(chain.head().mined[0].receipt.envelope.status());
}

#[test]
fn an_estimate_of_a_transfer_is_21000_and_of_a_reverting_call_its_data() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let transfer = CallRequest { from: ALICE, to: Some(BOB), value: U256::from(1), ..CallRequest::default() };
    assert_eq!(chain.estimate(&transfer, BlockTag::Latest, None), Ok(Ok(21_000)));
    let failing = CallRequest { to: Some(counter), input: add(101).into(), ..CallRequest::default() };
    assert!(matches!(chain.estimate(&failing, BlockTag::Latest, None), Ok(Err(CallOutcome::Revert { .. }))));
    let starving = CallRequest { gas: Some(22_000), ..CallRequest { input: add(5).into(), ..failing } };
    assert_eq!(chain.estimate(&starving, BlockTag::Latest, None), Err(QueryError::Allowance(22_000)));
}

#[test]
fn logs_are_found_by_range_address_and_topic() {
    let mut chain = chain();
    let (one, two) = (deploy(&mut chain), deploy(&mut chain));
    for (from, counter) in [(ALICE, one), (BOB, one), (BOB, two)] {
        send(&mut chain, from, TxKind::Call(counter), add(1));
    }
    let find = |filter: LogFilter, from, to| chain.logs(&filter, from, to).unwrap().len();
    let all = || LogFilter::default();
    let by = |account: Address| LogFilter { topics: [vec![], vec![account.into_word()], vec![], vec![]], ..all() };
    let at = |counter| LogFilter { addresses: vec![counter], ..all() };
    assert_eq!(find(all(), BlockTag::Earliest, BlockTag::Latest), 3);
    assert_eq!(find(all(), BlockTag::Number(4), BlockTag::Number(1_000)), 2);
    assert_eq!(find(at(one), BlockTag::Earliest, BlockTag::Latest), 2);
    assert_eq!(find(by(BOB), BlockTag::Earliest, BlockTag::Latest), 2);
    assert_eq!(find(LogFilter { topics: by(BOB).topics, ..at(one) }, BlockTag::Earliest, BlockTag::Latest), 1);
    assert_eq!(
        find(
            LogFilter { topics: [vec![], vec![], vec![BOB.into_word()], vec![]], ..all() },
            BlockTag::Earliest,
            BlockTag::Latest
        ),
        0
    );
    let backwards = chain.logs(&all(), BlockTag::Number(3), BlockTag::Number(2));
    assert_eq!(backwards, Err(QueryError::Range { from: 3, to: 2 }));
}

#[test]
fn more_logs_than_the_limit_are_refused_and_half_the_range_works() {
    // log0(0, 0) 128 times.
    let code: Vec<u8> = [0x5f, 0x5f, 0xa0].repeat(128);
    let mut chain = chain();
    let noisy = Address::with_last_byte(0xee);
    chain.apply(Input::SetCode(noisy, code.into())).unwrap();
    let blocks = MAX_LOGS as u64 / 128 + 1;
    for _ in 0..blocks {
        send(&mut chain, ALICE, TxKind::Call(noisy), vec![]);
    }
    let logs = |to| chain.logs(&LogFilter::default(), BlockTag::Earliest, BlockTag::Number(to)).map(|l| l.len());
    assert_eq!(logs(blocks), Err(QueryError::TooManyLogs(MAX_LOGS)));
    assert_eq!(logs(blocks / 2), Ok(blocks as usize / 2 * 128));
}

#[test]
fn the_logs_of_one_block_are_answered_whole_however_many_they_are() {
    // log0(0, 0) 128 times.
    let code: Vec<u8> = [0x5f, 0x5f, 0xa0].repeat(128);
    let mut chain = chain();
    let noisy = Address::with_last_byte(0xee);
    chain.apply(Input::SetCode(noisy, code.into())).unwrap();
    chain.apply(Input::SetAutomine(false)).unwrap();
    let transactions = MAX_LOGS / 128 + 1;
    for _ in 0..transactions {
        send(&mut chain, ALICE, TxKind::Call(noisy), vec![]);
    }
    mine(&mut chain, 1);
    assert_eq!(chain.head().mined.len(), transactions);
    let logs = |from, to| chain.logs(&LogFilter::default(), from, to).map(|logs| logs.len());
    let one = BlockTag::Number(1);
    for (from, to) in [(one, one), (BlockTag::Latest, BlockTag::Latest), (one, BlockTag::Number(9))] {
        assert_eq!(logs(from, to), Ok(transactions * 128));
    }
    assert_eq!(logs(BlockTag::Earliest, BlockTag::Latest), Err(QueryError::TooManyLogs(MAX_LOGS)));
}

#[test]
fn a_range_that_begins_behind_the_newest_block_holds_no_logs() {
    let mut chain = chain();
    mine(&mut chain, 3);
    let logs = |from, to| chain.logs(&LogFilter::default(), from, to).map(|logs| logs.len());
    let number = BlockTag::Number;
    for (from, to) in [
        (number(4), BlockTag::Latest),
        (number(4), number(9)),
        (number(2), BlockTag::Finalized),
        (BlockTag::Latest, number(2)),
    ] {
        assert_eq!(logs(from, to), Ok(0), "{from:?} to {to:?}");
    }
    assert_eq!(logs(number(5), number(4)), Err(QueryError::Range { from: 5, to: 4 }));
}

#[test]
fn who_names_a_price_needs_no_more_for_an_estimate_than_the_transaction_costs() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    let poor = Address::with_last_byte(0x77);
    let price = 10_000_000_000;
    let request = CallRequest {
        from: poor,
        to: Some(counter),
        gas_price: Some(price),
        input: add(5).into(),
        ..CallRequest::default()
    };
    let estimate = |chain: &Chain| chain.estimate(&request, BlockTag::Latest, None);
    chain.apply(Input::SetBalance(poor, U256::from(100_000 * price))).unwrap();
    let gas = estimate(&chain).unwrap().unwrap();
    assert!(gas < 100_000, "{gas}");
    for allowance in [22_000, 20_000] {
        chain.apply(Input::SetBalance(poor, U256::from(u128::from(allowance) * price))).unwrap();
        assert_eq!(estimate(&chain), Err(QueryError::Allowance(allowance)));
    }
}

#[test]
fn cheats_act_on_the_head_and_the_next_block_commits_to_them() {
    let mut chain = chain();
    let account = Address::with_last_byte(0x77);
    chain.apply(Input::SetBalance(account, U256::from(5))).unwrap();
    chain.apply(Input::SetNonce(account, 3)).unwrap();
    chain.apply(Input::SetStorage(account, U256::from(1), U256::from(2))).unwrap();
    let state = chain.state(BlockTag::Latest, None).unwrap();
    let found = state.account(account).unwrap();
    assert_eq!((found.balance, found.nonce, found.storage(U256::from(1))), (U256::from(5), 3, U256::from(2)));
    mine(&mut chain, 1);
    assert_eq!(chain.head().header.state_root, state.root());
    assert!(chain.apply(Input::SetCode(account, hex!("ef01000000").into())).is_err());
}

#[test]
fn an_impersonated_contract_can_send_and_stops_when_switched_off() {
    let mut chain = chain();
    let counter = deploy(&mut chain);
    chain.apply(Input::SetBalance(counter, U256::from(10).pow(U256::from(18)))).unwrap();
    chain.apply(Input::Impersonate(counter, true)).unwrap();
    send(&mut chain, counter, TxKind::Call(counter), add(2));
    assert_eq!(value(&chain, counter, BlockTag::Latest), 2);
    chain.apply(Input::Impersonate(counter, false)).unwrap();
    let transaction = transaction(&chain, counter, TxKind::Call(counter), add(2));
    assert!(submit(&mut chain, counter, transaction).is_err());
}

#[test]
fn a_state_older_than_the_history_is_named_but_its_block_stays() {
    let mut chain = chain();
    mine(&mut chain, pars_chain::MAX_HISTORY + 10);
    assert_eq!(chain.state(BlockTag::Number(3), None).err(), Some(QueryError::NoState(3)));
    assert!(chain.block(BlockTag::Number(3), None).is_some());
    assert!(chain.state(BlockTag::Number(11), None).is_ok());
}
