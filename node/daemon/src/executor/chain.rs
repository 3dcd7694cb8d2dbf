//! What the executor reads from the chain's node, at one block, and the transactions it sends there.

use alloy::consensus::{BlockHeader, SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::network::TxSignerSync;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::{DynProvider, PendingTransactionBuilder, Provider};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use alloy::transports::TransportError;
use pars_bindings::MldsaEip8355::verifyCall;
use pars_bindings::SessionTrigger::{nextSequenceCall, signerOfCall};
use pars_bindings::deployment::{Deployment, Probe};
use pars_crypto::suite::DSA87_PUBLIC;
use pars_crypto::trigger::TriggerPublic;
use pars_proto::action::Facts;
use pars_proto::action::authors::Contract;
use pars_proto::action::policy::{Enrolled, OnChain};
use pars_wire::ChainId;

use super::parse;

/// Gas of everything around the account's call: call data, decoding, the key from code, the signature, the events.
const OVERHEAD: u64 = 900_000;

/// The chain's node does not do its part; asked again later.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChainError {
    /// It cannot be reached, or refuses.
    #[error("the chain's node does not answer: {0}")]
    Rpc(#[from] TransportError),
    /// It is another chain's.
    #[error("the chain's node is of chain {found}, the deployment of {ours}")]
    OtherChain { found: u64, ours: ChainId },
    /// It answers with something else.
    #[error("the chain's node has no {0}")]
    Missing(&'static str),
    /// The account's key.
    #[error("the account cannot sign: {0}")]
    Signer(#[from] alloy::signers::Error),
}

/// The block that everything is read at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) timestamp: u64,
    pub(super) base_fee: u64,
    pub(super) gas_limit: u64,
    pub(super) prevrandao: B256,
}

impl Head {
    /// The state behind this block.
    pub(super) fn id(&self) -> BlockId {
        BlockId::hash(self.hash)
    }

    /// The earliest time of the next block.
    pub(super) const fn next_time(&self) -> u64 {
        self.timestamp + 1
    }
}

/// A transaction as it will be signed.
#[derive(Clone, Debug)]
pub(super) struct Unsigned(pub(super) TxEip1559);

/// A transaction that can be sent at any time, any number of times.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) raw: Bytes,
    pub(super) hash: B256,
    pub(super) nonce: u64,
}

/// The chain's node, and the account that pays.
pub(super) struct Chain {
    pub(super) provider: DynProvider,
    pub(super) contract: Contract,
    adapter: Address,
    signer: PrivateKeySigner,
    checked: bool,
    probed: bool,
}

impl Chain {
    pub(super) fn new(provider: DynProvider, deployment: &Deployment, signer: PrivateKeySigner) -> Self {
        let contract = Contract { chain: ChainId(deployment.chain_id), trigger: deployment.session_trigger };
        Self { provider, contract, adapter: deployment.mldsa, signer, checked: false, probed: false }
    }

    /// Who pays.
    pub(super) fn account(&self) -> Address {
        self.signer.address()
    }

    /// The newest block; first of all, that it is of our chain.
    pub(super) async fn head(&mut self) -> Result<Head, ChainError> {
        if !self.checked {
            let found = self.provider.get_chain_id().await?;
            if found != self.contract.chain.0 {
                return Err(ChainError::OtherChain { found, ours: self.contract.chain });
            }
            self.checked = true;
        }
        let block = self.provider.get_block(BlockId::latest()).await?.ok_or(ChainError::Missing("newest block"))?;
        let header = &block.header;
        Ok(Head {
            number: header.number(),
            hash: header.hash,
            timestamp: header.timestamp(),
            base_fee: header.base_fee_per_gas().unwrap_or_default(),
            gas_limit: header.gas_limit(),
            prevrandao: header.mix_hash().unwrap_or_default(),
        })
    }

    /// Number of the newest final block.
    pub(super) async fn finalized(&self) -> Result<u64, ChainError> {
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Finalized).await?;
        Ok(block.map_or(0, |block| block.header.number()))
    }

    /// What the chain says of an action's key and lane.
    pub(super) async fn look(&mut self, facts: &Facts, head: &Head) -> Result<OnChain, ChainError> {
        let (signer, trigger) = (facts.signer.0, self.contract.trigger);
        let key = self.read(trigger, &signerOfCall { signerId: signer }, head).await?;
        let key = match key.account.is_zero() {
            true => None,
            false => {
                let code = self.provider.get_code_at(key.keyAt).block_id(head.id()).await?;
                // The key lies in code behind one zero byte; anything else is no key of ours.
                let public = code.get(1..).and_then(|bytes| <&[u8; DSA87_PUBLIC]>::try_from(bytes).ok());
                public.map(|public| Enrolled {
                    account: key.account,
                    from: key.from.to(),
                    until: key.until.to(),
                    revoked: key.revoked,
                    public: TriggerPublic::from_bytes(public),
                })
            }
        };
        let next = self.read(trigger, &nextSequenceCall { signerId: signer, lane: parse::lane(facts) }, head).await?;
        Ok(OnChain { now: head.next_time(), key, next, precompile: self.probe(head).await? })
    }

    /// Whether the chain verifies ML-DSA: the known answer, through the adapter. Asked until the answer is yes.
    async fn probe(&mut self, head: &Head) -> Result<bool, ChainError> {
        if !self.probed {
            let call = verifyCall {
                publicKey: Probe::KEY.into(),
                message: Probe::MESSAGE.into(),
                signature: Probe::SIGNATURE.into(),
            };
            self.probed = match self.read(self.adapter, &call, head).await {
                Ok(answer) => answer,
                Err(ChainError::Missing(_)) => false,
                Err(ChainError::Rpc(error)) if error.is_error_resp() => false,
                Err(error) => return Err(error),
            };
        }
        Ok(self.probed)
    }

    async fn read<C: SolCall>(&self, to: Address, call: &C, head: &Head) -> Result<C::Return, ChainError> {
        let request = TransactionRequest::default().to(to).input(Bytes::from(call.abi_encode()).into());
        let output = self.provider.call(request).block(head.id()).await?;
        C::abi_decode_returns(&output).map_err(|_| ChainError::Missing("contract of this deployment"))
    }

    /// The transaction of an action at today's fees. Its gas is what the action was signed for, and what is around it.
    pub(super) async fn draft(&self, facts: &Facts, input: Bytes) -> Result<Unsigned, ChainError> {
        let fees = self.provider.estimate_eip1559_fees().await?;
        let nonce = self.provider.get_transaction_count(self.account()).pending().await?;
        let inner = u64::from(facts.gas_limit);
        Ok(Unsigned(TxEip1559 {
            chain_id: self.contract.chain.0,
            nonce,
            gas_limit: inner + inner.div_ceil(63) + OVERHEAD,
            max_fee_per_gas: fees.max_fee_per_gas,
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
            to: TxKind::Call(self.contract.trigger),
            value: U256::ZERO,
            input,
            ..TxEip1559::default()
        }))
    }

    /// Sign it; nothing is sent.
    pub(super) fn sign(&self, Unsigned(mut transaction): Unsigned) -> Result<Signed, ChainError> {
        let nonce = transaction.nonce;
        let signature = self.signer.sign_transaction_sync(&mut transaction)?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        Ok(Signed { raw: envelope.encoded_2718().into(), hash: *envelope.tx_hash(), nonce })
    }

    /// Send it, again if need be.
    pub(super) async fn send(&self, transaction: &Signed) -> Result<(), ChainError> {
        // Its receipt is looked for by the worker, over restarts; nothing waits here.
        let _: PendingTransactionBuilder<_> = self.provider.send_raw_transaction(&transaction.raw).await?;
        Ok(())
    }

    /// Whether the node holds it, in a block or waiting.
    pub(super) async fn knows(&self, hash: B256) -> Result<bool, ChainError> {
        Ok(self.provider.get_transaction_by_hash(hash).await?.is_some())
    }

    /// Whether another transaction of the account took its place.
    pub(super) async fn replaced(&self, transaction: &Signed) -> Result<bool, ChainError> {
        Ok(self.provider.get_transaction_count(self.account()).await? > transaction.nonce)
    }

    /// Its receipt, if it stands in a block.
    pub(super) async fn receipt(&self, hash: B256) -> Result<Option<TransactionReceipt>, ChainError> {
        Ok(self.provider.get_transaction_receipt(hash).await?)
    }

    /// Why a transaction that reverted would revert behind its block: for people.
    pub(super) async fn explain(&self, input: Bytes, block: B256) -> String {
        let request = TransactionRequest::default().from(self.account()).to(self.contract.trigger).input(input.into());
        let refused = self.provider.call(request).block(BlockId::hash(block)).await.err();
        let data = refused.as_ref().and_then(|e| e.as_error_resp()).and_then(|payload| payload.as_revert_data());
        data.map_or_else(|| "it reverted in its block".to_owned(), |data| parse::reason(&data))
    }
}
