//! Running one transaction or call on a state, under the Prague rules.

use std::{convert::Infallible, sync::Arc};

use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use revm::{
    Context, DatabaseRef, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{EVMError, ExecutionResult, InvalidTransaction, ResultAndState},
    },
    database_interface::WrapDatabaseRef,
    primitives::hardfork::SpecId,
    state::AccountInfo,
};

use crate::{
    block::{Block, Slot},
    error::TxError,
    precompile::PqPrecompiles,
    state::State,
};

/// What is the same for every execution of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) chain_id: u64,
    pub(crate) gas_limit: u64,
    pub(crate) precompiles: PqPrecompiles,
}

/// What a contract may read: a state and the hashes of earlier blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) blocks: &'a [Arc<Block>],
}

impl DatabaseRef for View<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.state.account(address).map(|a| a.info()))
    }

    fn code_by_hash_ref(&self, _: B256) -> Result<Bytecode, Infallible> {
        // `basic_ref` always carries the code, so nothing asks by hash.
        Ok(Bytecode::default())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.state.account(address).map_or(U256::ZERO, |a| a.storage(slot)))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        let block = usize::try_from(number).ok().and_then(|n| self.blocks.get(n));
        Ok(block.map_or(B256::ZERO, |b| b.hash))
    }
}

/// Whether an execution is part of the chain or only a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A transaction: nonce and sender are checked.
    Mine,
    /// A transaction of an impersonated account, which may have code.
    MineImpersonated,
    /// A call: neither is checked.
    Call,
}

/// A call to run without a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRequest {
    /// The caller.
    pub from: Address,
    /// The callee; `None` creates a contract.
    pub to: Option<Address>,
    /// Gas limit; the block's when absent or larger.
    pub gas: Option<u64>,
    /// Fee cap in wei per gas; without one the base fee is zero for the call, as in go-ethereum.
    pub gas_price: Option<u128>,
    /// Wei sent along.
    pub value: U256,
    /// Call data or creation code.
    pub input: Bytes,
    /// EIP-2930 access list.
    pub access_list: AccessList,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It returned.
    Success {
        /// Return data (the code, for a creation).
        output: Bytes,
        /// Gas used after refunds.
        gas_used: u64,
    },
    /// It reverted with this data.
    Revert {
        /// Revert data.
        output: Bytes,
    },
    /// It stopped exceptionally.
    Halt {
        /// revm's name of the reason.
        reason: String,
        /// Whether more gas could have helped.
        out_of_gas: bool,
    },
}

impl From<ExecutionResult> for CallOutcome {
    fn from(result: ExecutionResult) -> Self {
        let gas_used = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output, .. } => Self::Success { output: output.into_data(), gas_used },
            ExecutionResult::Revert { output, .. } => Self::Revert { output },
            ExecutionResult::Halt { reason, .. } => Self::Halt {
                out_of_gas: matches!(reason, revm::context::result::HaltReason::OutOfGas(_)),
                reason: format!("{reason:?}"),
            },
        }
    }
}

impl Rules {
    /// The block environment of a slot.
    pub(crate) fn block_env(&self, slot: &Slot) -> BlockEnv {
        let mut env = BlockEnv {
            number: U256::from(slot.number),
            beneficiary: Address::ZERO,
            timestamp: U256::from(slot.timestamp),
            gas_limit: self.gas_limit,
            basefee: slot.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(slot.prevrandao),
            ..BlockEnv::default()
        };
        env.set_blob_excess_gas_and_price(0, revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE);
        env
    }

    /// Runs a transaction; nothing is written, the changes are in the result.
    ///
    /// # Errors
    /// [`TxError`] when the transaction is not valid at this point.
    pub(crate) fn execute(
        &self,
        view: View<'_>,
        block: BlockEnv,
        tx: TxEnv,
        mode: Mode,
    ) -> Result<ResultAndState, TxError> {
        let mut cfg = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(self.chain_id);
        cfg.disable_nonce_check = mode == Mode::Call;
        cfg.disable_eip3607 = mode != Mode::Mine;
        let caller = tx.caller;
        let cap = tx.gas_price;
        let base = block.basefee;
        Context::mainnet()
            .with_db(WrapDatabaseRef(view))
            .with_cfg(cfg)
            .with_block(block)
            .build_mainnet()
            .with_precompiles(self.precompiles.clone())
            .transact(tx)
            .map_err(|error| match error {
                EVMError::Transaction(InvalidTransaction::GasPriceLessThanBasefee) => {
                    TxError::FeeCap { address: caller, cap, base }
                }
                EVMError::Transaction(invalid) => named(invalid, caller),
                other => TxError::Rule(other.to_string()),
            })
    }

    /// The environment of a call at a slot.
    pub(crate) fn call_env(&self, request: &CallRequest, slot: &Slot) -> (BlockEnv, TxEnv) {
        let mut block = self.block_env(slot);
        if request.gas_price.unwrap_or_default() == 0 {
            block.basefee = 0;
        }
        let tx = TxEnv {
            tx_type: u8::from(!request.access_list.is_empty()),
            caller: request.from,
            gas_limit: request.gas.unwrap_or(self.gas_limit).min(self.gas_limit),
            gas_price: request.gas_price.unwrap_or_default(),
            kind: request.to.map_or(TxKind::Create, TxKind::Call),
            value: request.value,
            data: request.input.clone(),
            chain_id: Some(self.chain_id),
            access_list: request.access_list.clone(),
            ..TxEnv::default()
        };
        (block, tx)
    }
}

/// revm's refusals in the words of [`TxError`].
fn named(invalid: InvalidTransaction, address: Address) -> TxError {
    match invalid {
        InvalidTransaction::NonceTooHigh { tx, state } => TxError::NonceTooHigh { got: tx, state },
        InvalidTransaction::NonceTooLow { tx, state } => TxError::NonceTooLow { address, got: tx, state },
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
            TxError::Funds { address, have: *balance, want: *fee }
        }
        InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
            TxError::IntrinsicGas { have: gas_limit, want: initial_gas }
        }
        InvalidTransaction::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
            TxError::IntrinsicGas { have: gas_limit, want: gas_floor }
        }
        InvalidTransaction::RejectCallerWithCode => TxError::SenderHasCode(address),
        other => TxError::Rule(other.to_string()),
    }
}
