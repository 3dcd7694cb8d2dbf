//! The chain, and those who send transactions to it. What a reorganisation takes out is sent again, as wallets and their
//! nodes do; an outcome counts when its block is final.

use alloy_consensus::{TxEip1559, TypedTransaction};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use pars_bindings::decode_revert;
use pars_bindings::deployment::Deployment;
use pars_chain::{
    Answer, Block, BlockTag, CallOutcome, CallRequest, Chain, Genesis, GenesisAccount, Input, Transaction,
};
use pars_indexer_core::{ChainLog, Header};
use pars_wire::BlockRef;

/// Gas limit of a block: that of the Pars chains.
const BLOCK_GAS: u64 = 15_000_000;
/// Gas of a transaction: what the largest one needs, and six of them in a block.
const TRANSACTION_GAS: u64 = 2_500_000;
/// Wei that an account begins with: 10,000 ether.
const FUNDS: u64 = 10_000;

/// The chain of a world.
#[derive(Clone, Debug)]
pub struct Ledger {
    chain: Chain,
    /// Where the contracts stand.
    pub places: Deployment,
    /// Transactions in the order they were sent.
    sent: Vec<Sent>,
}

#[derive(Clone, Debug)]
struct Sent {
    hash: B256,
    from: Address,
    raw: Bytes,
}

/// What became of a transaction, once its block is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran.
    Done(BlockRef),
    /// It reverted, with the contract's words.
    Reverted(String),
}

impl Ledger {
    /// A chain with block 0. Transactions of these accounts need no signature.
    ///
    /// # Panics
    /// The genesis is not one.
    pub fn new(chain_id: u64, timestamp: u64, seed: [u8; 32], accounts: &[Address], places: Deployment) -> Self {
        let balance = U256::from(FUNDS) * U256::from(1_000_000_000_000_000_000_u64);
        let rich = accounts.iter().map(|address| GenesisAccount { address: *address, balance }).collect();
        let genesis = Genesis { gas_limit: BLOCK_GAS, seed: seed.into(), ..Genesis::new(chain_id, timestamp, rich) };
        let mut chain = Chain::new(genesis).expect("a genesis with these constants");
        for account in accounts {
            chain.apply(Input::Impersonate(*account, true)).expect("always possible");
        }
        Self { chain, places, sent: Vec::new() }
    }

    /// Each transaction gets its block at once, or waits for [`Ledger::mine`].
    ///
    /// # Panics
    /// Never.
    pub fn automine(&mut self, on: bool) {
        self.chain.apply(Input::SetAutomine(on)).expect("always possible");
    }

    /// Send a transaction; its hash.
    ///
    /// # Panics
    /// The chain does not take it: a mistake of the scenario.
    pub fn send(&mut self, from: Address, to: Option<Address>, input: Vec<u8>) -> B256 {
        let transaction = TxEip1559 {
            chain_id: self.chain.genesis().chain_id,
            nonce: self.chain.pending_nonce(from),
            gas_limit: if to.is_none() { BLOCK_GAS } else { TRANSACTION_GAS },
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: to.map_or(TxKind::Create, TxKind::Call),
            input: input.into(),
            ..TxEip1559::default()
        };
        let transaction = Transaction::impersonated(TypedTransaction::Eip1559(transaction), from);
        let (hash, raw) = (transaction.hash(), transaction.raw());
        let submitted = self.submit(from, raw.clone());
        assert!(submitted, "the chain does not take a transaction of {from}");
        self.sent.push(Sent { hash, from, raw });
        hash
    }

    /// As [`Ledger::send`], of a call.
    pub fn call(&mut self, from: Address, to: Address, call: &impl SolCall) -> B256 {
        self.send(from, Some(to), call.abi_encode())
    }

    fn submit(&mut self, from: Address, raw: Bytes) -> bool {
        let answer = self.chain.apply(Input::Submit { raw, impersonated: Some(from), now: None });
        matches!(answer.map(|output| output.answer), Ok(Answer::Transaction(_)))
    }

    /// A block of what waits.
    ///
    /// # Panics
    /// The clock runs backwards.
    pub fn mine(&mut self, timestamp: u64) {
        let input = Input::Mine { blocks: 1, interval: None, timestamp: Some(timestamp), now: None };
        self.chain.apply(input).expect("time goes on");
    }

    /// Replace the last blocks by empty ones; what was in them is sent again. Gives how many transactions that were.
    ///
    /// # Panics
    /// More blocks than there are.
    pub fn reorganise(&mut self, depth: u64) -> usize {
        self.chain.apply(Input::Reorg { depth, transactions: Vec::new() }).expect("no deeper than the chain");
        let gone: Vec<_> = self.sent.iter().filter(|sent| self.is_gone(sent.hash)).cloned().collect();
        gone.iter().filter(|sent| self.submit(sent.from, sent.raw.clone())).count()
    }

    fn is_gone(&self, hash: B256) -> bool {
        self.chain.mined(hash).is_none() && self.chain.waiting(hash).is_none()
    }

    /// What became of a transaction, if its block is final.
    pub fn outcome(&self, hash: B256) -> Option<Outcome> {
        let (block, _, mined) = self.chain.mined(hash)?;
        if block.number() > self.finalized() {
            return None;
        }
        if mined.receipt.envelope.is_success() {
            return Some(Outcome::Done(reference(block)));
        }
        let envelope = mined.transaction.envelope();
        let request = CallRequest {
            from: mined.transaction.sender(),
            to: alloy_consensus::Transaction::to(envelope),
            input: alloy_consensus::Transaction::input(envelope).clone(),
            ..CallRequest::default()
        };
        Some(Outcome::Reverted(match self.outcome_of(&request, BlockTag::Number(block.number())) {
            Ok(_) => "out of gas".to_owned(),
            Err(words) => words,
        }))
    }

    /// Ask a contract at a block.
    ///
    /// # Errors
    /// The contract's words when it reverts.
    ///
    /// # Panics
    /// It answers something else than the ABI says.
    pub fn read<C: SolCall>(&self, to: Address, call: &C, block: u64) -> Result<C::Return, String> {
        let request = CallRequest { to: Some(to), input: call.abi_encode().into(), ..CallRequest::default() };
        let output = self.outcome_of(&request, BlockTag::Number(block))?;
        Ok(C::abi_decode_returns(&output).expect("the contract's answer has its type"))
    }

    /// Try a call of somebody at the head.
    ///
    /// # Errors
    /// The contract's words when it reverts.
    pub fn simulate(&self, from: Address, to: Address, call: &impl SolCall) -> Result<Bytes, String> {
        let input = call.abi_encode().into();
        let request = CallRequest { from, to: Some(to), input, ..CallRequest::default() };
        self.outcome_of(&request, BlockTag::Latest)
    }

    fn outcome_of(&self, request: &CallRequest, tag: BlockTag) -> Result<Bytes, String> {
        match self.chain.call(request, tag, None) {
            Ok(CallOutcome::Success { output, .. }) => Ok(output),
            Ok(CallOutcome::Revert { output }) => Err(decode_revert(&output).unwrap_or_else(|| "reverted".to_owned())),
            Ok(CallOutcome::Halt { reason, .. }) => Err(reason),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The address of the contract that a transaction made.
    pub fn created(&self, hash: B256) -> Option<Address> {
        self.chain.mined(hash)?.2.receipt.contract_address
    }

    /// The code of an account at the head.
    pub fn code(&self, address: Address) -> Bytes {
        let state = self.chain.state(BlockTag::Latest, None).ok();
        state.and_then(|state| state.account(address).map(pars_chain::Account::code)).unwrap_or_default()
    }

    /// Number of the head.
    pub fn head(&self) -> u64 {
        self.chain.head().number()
    }

    /// Time of the head, in seconds.
    pub fn time(&self) -> u64 {
        self.chain.head().header.timestamp
    }

    /// Number of the newest final block.
    pub fn finalized(&self) -> u64 {
        self.chain.finalized()
    }

    /// A block of the chain as it is now.
    pub fn block(&self, number: u64) -> Option<BlockRef> {
        self.chain.block(BlockTag::Number(number), None).map(|block| reference(&block))
    }

    /// A block as an indexer reads it.
    pub fn read_block(&self, number: u64) -> Option<(Header, Vec<ChainLog>)> {
        let block = self.chain.block(BlockTag::Number(number), None)?;
        let at = reference(&block);
        let header = Header {
            block: at,
            parent: block.header.parent_hash,
            timestamp: block.header.timestamp,
            bloom: block.header.logs_bloom,
        };
        let logs = block.mined.iter().flat_map(|mined| mined.receipt.envelope.logs());
        let logs = (0..).zip(logs).map(|(index, log)| ChainLog { block: at, index, log: log.clone() }).collect();
        Some((header, logs))
    }
}

fn reference(block: &Block) -> BlockRef {
    BlockRef { number: block.number(), hash: block.hash }
}
