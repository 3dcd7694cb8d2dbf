//! A chain with two rich impersonated accounts, and short ways to use it. All chains of the tests run on logical time.

use alloy_consensus::{TxEip1559, TypedTransaction};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex};
use pars_chain::{
    Answer, BlockTag, CallOutcome, CallRequest, Chain, ChainError, Genesis, GenesisAccount, Input, Output, Transaction,
};

/// A funded account.
pub(crate) const ALICE: Address = address!("00000000000000000000000000000000000a11ce");
/// Another one.
pub(crate) const BOB: Address = address!("0000000000000000000000000000000000000b0b");

/// `add(uint256)`.
pub(crate) const ADD: [u8; 4] = hex!("1003e2d2");
/// `value()`.
pub(crate) const VALUE: [u8; 4] = hex!("3fa4f245");

/// Creation code of `fixtures/Counter.sol`.
pub(crate) fn counter_code() -> Bytes {
    include_str!("../fixtures/counter.hex").trim().parse().unwrap()
}

/// The genesis of the tests.
pub(crate) fn genesis() -> Genesis {
    let rich = |address| GenesisAccount { address, balance: U256::from(10).pow(U256::from(22)) };
    Genesis::new(31337, 1_700_000_000, vec![rich(ALICE), rich(BOB)])
}

/// A chain that takes unsigned transactions of both accounts.
pub(crate) fn chain() -> Chain {
    chain_of(genesis())
}

/// The same from another genesis.
pub(crate) fn chain_of(genesis: Genesis) -> Chain {
    let mut chain = Chain::new(genesis).unwrap();
    for account in [ALICE, BOB] {
        chain.apply(Input::Impersonate(account, true)).unwrap();
    }
    chain
}

/// The transaction of an account with its next nonce.
pub(crate) fn transaction(chain: &Chain, from: Address, to: TxKind, input: impl Into<Bytes>) -> TxEip1559 {
    TxEip1559 {
        chain_id: chain.genesis().chain_id,
        nonce: chain.pending_nonce(from),
        gas_limit: 1_000_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to,
        input: input.into(),
        ..TxEip1559::default()
    }
}

/// Raw bytes of an impersonated transaction.
pub(crate) fn raw(from: Address, transaction: TxEip1559) -> Bytes {
    Transaction::impersonated(TypedTransaction::Eip1559(transaction), from).raw()
}

/// Submits a transaction as it is.
pub(crate) fn submit(chain: &mut Chain, from: Address, transaction: TxEip1559) -> Result<Output, ChainError> {
    chain.apply(Input::Submit { raw: raw(from, transaction), impersonated: Some(from), now: None })
}

/// Sends call data and gives the transaction's hash.
pub(crate) fn send(chain: &mut Chain, from: Address, to: TxKind, input: impl Into<Bytes>) -> B256 {
    let transaction = transaction(chain, from, to, input);
    match submit(chain, from, transaction).unwrap().answer {
        Answer::Transaction(hash) => hash,
        other => panic!("no hash but {other:?}"),
    }
}

/// Deploys the counter.
pub(crate) fn deploy(chain: &mut Chain) -> Address {
    let hash = send(chain, ALICE, TxKind::Create, counter_code());
    chain.mined(hash).unwrap().2.receipt.contract_address.unwrap()
}

/// Call data of `add(n)`.
pub(crate) fn add(n: u64) -> Vec<u8> {
    [ADD.as_slice(), &U256::from(n).to_be_bytes::<32>()].concat()
}

/// The counter's value at a block.
pub(crate) fn value(chain: &Chain, counter: Address, tag: BlockTag) -> u64 {
    let request = CallRequest { to: Some(counter), input: VALUE.to_vec().into(), ..CallRequest::default() };
    match chain.call(&request, tag, None).unwrap() {
        CallOutcome::Success { output, .. } => U256::from_be_slice(&output).to(),
        other => panic!("{other:?}"),
    }
}

/// Makes empty blocks, or blocks of what waits.
pub(crate) fn mine(chain: &mut Chain, blocks: u64) -> Output {
    chain.apply(Input::Mine { blocks, interval: None, timestamp: None, now: None }).unwrap()
}
