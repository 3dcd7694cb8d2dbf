//! The transaction in a local EVM with the ML-DSA precompiles, over the state of the head.
//!
//! The EVM is given what is known of the state. Where it needs something else it stops and says what; that is fetched from
//! the chain's node, at the same block, and it runs again from the start. So the run itself is a function without I/O.

use std::collections::BTreeMap;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, TxKind, U256, keccak256};
use alloy::providers::Provider;
use alloy::sol_types::{SolError, SolEvent};
use pars_bindings::SessionTrigger::{ActionExecuted, ActionFailed, CallNotAllowed, ValueAboveCap};
use pars_chain::{PqAddresses, PqPrecompiles};
use pars_proto::action::policy::Simulated;
use revm::bytecode::Bytecode;
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction};
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::database_interface::{DBErrorMarker, WrapDatabaseRef};
use revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE;
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, DatabaseRef, ExecuteEvm, MainBuilder, MainContext};

use super::chain::{Chain, ChainError, Head, Unsigned, reason};

/// Things fetched for one action at most: an account's call that touches more state is not relayed.
const MAX_FETCHED: usize = 512;

/// What the EVM asked for and is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Missing {
    /// An account with its code.
    #[error("account {0} is not fetched")]
    Account(Address),
    /// A word of storage.
    #[error("slot {1} of {0} is not fetched")]
    Slot(Address, U256),
    /// The hash of a block.
    #[error("block {0} is not fetched")]
    Block(u64),
}

impl DBErrorMarker for Missing {}

/// The part of the head's state that was needed so far.
#[derive(Debug, Default)]
struct Fetched {
    accounts: BTreeMap<Address, AccountInfo>,
    slots: BTreeMap<(Address, U256), U256>,
    blocks: BTreeMap<u64, B256>,
}

impl DatabaseRef for Fetched {
    type Error = Missing;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Missing> {
        let account = self.accounts.get(&address).ok_or(Missing::Account(address))?;
        Ok(if account.is_empty() { None } else { Some(account.clone()) })
    }

    fn code_by_hash_ref(&self, _: B256) -> Result<Bytecode, Missing> {
        // `basic_ref` always carries the code, so nothing asks by hash.
        Ok(Bytecode::default())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Missing> {
        self.slots.get(&(address, slot)).copied().ok_or(Missing::Slot(address, slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Missing> {
        self.blocks.get(&number).copied().ok_or(Missing::Block(number))
    }
}

impl Fetched {
    fn len(&self) -> usize {
        self.accounts.len() + self.slots.len() + self.blocks.len()
    }

    async fn fetch(&mut self, chain: &Chain, head: &Head, missing: Missing) -> Result<(), ChainError> {
        let provider = &chain.provider;
        match missing {
            Missing::Account(address) => {
                let code = provider.get_code_at(address).block_id(head.id()).await?;
                let balance = provider.get_balance(address).block_id(head.id()).await?;
                let nonce = provider.get_transaction_count(address).block_id(head.id()).await?;
                let info = AccountInfo {
                    balance,
                    nonce,
                    code_hash: keccak256(&code),
                    account_id: None,
                    // Code that no chain would hold is as none.
                    code: Some(Bytecode::new_raw_checked(code).unwrap_or_default()),
                };
                self.accounts.insert(address, info);
            }
            Missing::Slot(address, slot) => {
                let word = provider.get_storage_at(address, slot).block_id(head.id()).await?;
                self.slots.insert((address, slot), word);
            }
            Missing::Block(number) => {
                let block = provider.get_block_by_number(BlockNumberOrTag::Number(number)).await?;
                self.blocks.insert(number, block.map(|block| block.header.hash).unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// How the transaction would end as the next block's only one.
pub(super) async fn simulate(chain: &Chain, head: &Head, transaction: &Unsigned) -> Result<Simulated, ChainError> {
    let mut fetched = Fetched::default();
    loop {
        match run(chain, head, transaction, &fetched) {
            Ok(simulated) => return Ok(simulated),
            Err(_) if fetched.len() >= MAX_FETCHED => {
                return Ok(Simulated::Reverts("it reads more state than this executor fetches".into()));
            }
            Err(missing) => fetched.fetch(chain, head, missing).await?,
        }
    }
}

fn block_env(head: &Head) -> BlockEnv {
    let mut env = BlockEnv {
        number: U256::from(head.number + 1),
        timestamp: U256::from(head.next_time()),
        gas_limit: head.gas_limit,
        basefee: head.base_fee,
        difficulty: U256::ZERO,
        prevrandao: Some(head.prevrandao),
        ..BlockEnv::default()
    };
    env.set_blob_excess_gas_and_price(0, BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE);
    env
}

fn run(chain: &Chain, head: &Head, unsigned: &Unsigned, state: &Fetched) -> Result<Simulated, Missing> {
    let (to, Unsigned(transaction)) = (unsigned.to(), unsigned);
    let mut cfg = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(chain.contract.chain.0);
    // Transactions of the account that wait do not matter here.
    cfg.disable_nonce_check = true;
    let env = TxEnv {
        tx_type: 2,
        caller: chain.account(),
        gas_limit: transaction.gas_limit,
        gas_price: transaction.max_fee_per_gas,
        gas_priority_fee: Some(transaction.max_priority_fee_per_gas),
        kind: TxKind::Call(to),
        data: transaction.input.clone(),
        chain_id: Some(transaction.chain_id),
        ..TxEnv::default()
    };
    let result = Context::mainnet()
        .with_db(WrapDatabaseRef(state))
        .with_cfg(cfg)
        .with_block(block_env(head))
        .build_mainnet()
        .with_precompiles(PqPrecompiles::new(PqAddresses::default()))
        .transact(env);
    match result {
        Ok(outcome) if to == chain.contract.trigger => Ok(ended(to, outcome.result)),
        Ok(outcome) => Ok(plain(outcome.result)),
        Err(EVMError::Database(missing)) => Err(missing),
        Err(EVMError::Transaction(InvalidTransaction::LackOfFundForMaxFee { .. })) => Ok(Simulated::Unfunded),
        Err(other) => Ok(Simulated::Reverts(other.to_string())),
    }
}

/// Of a call that does it or reverts.
fn plain(result: ExecutionResult) -> Simulated {
    match result {
        ExecutionResult::Success { .. } => Simulated::Executes,
        ExecutionResult::Revert { output, .. } => Simulated::Reverts(reason(&output)),
        ExecutionResult::Halt { reason, .. } => Simulated::Reverts(format!("{reason:?}")),
    }
}

/// Of an action: its account's call may fail while the transaction does not.
fn ended(trigger: Address, result: ExecutionResult) -> Simulated {
    match result {
        ExecutionResult::Success { logs, .. } => {
            let mut ours = logs.iter().filter(|log| log.address == trigger);
            let failed = ours.clone().find_map(|log| ActionFailed::decode_log(log).ok());
            match failed {
                Some(failed) => Simulated::Fails(reason(&failed.reason)),
                None if ours.any(|log| ActionExecuted::decode_log(log).is_ok()) => Simulated::Executes,
                None => Simulated::Reverts("the contract emits no event of an action".into()),
            }
        }
        ExecutionResult::Revert { output, .. } => refused(&output),
        ExecutionResult::Halt { reason, .. } => Simulated::Reverts(format!("{reason:?}")),
    }
}

/// What the contract itself says: an account's call that reverts ends in an event.
fn refused(output: &[u8]) -> Simulated {
    if let Ok(CallNotAllowed { target, selector }) = CallNotAllowed::abi_decode(output) {
        return Simulated::CallNotAllowed { target, selector };
    }
    if let Ok(ValueAboveCap { value, cap }) = ValueAboveCap::abi_decode(output) {
        return Simulated::ValueAboveCap { value, cap };
    }
    Simulated::Reverts(reason(output))
}
