//! What the executor reads from the chain's node, at one block, and the transactions it sends there.

use alloy::consensus::{BlockHeader, SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::{Decodable2718, Encodable2718};
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::network::TxSignerSync;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::{DynProvider, PendingTransactionBuilder, Provider};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use alloy::transports::TransportError;
use pars_bindings::MldsaEip8355::verifyCall;
use pars_bindings::SessionTrigger::signerOfCall;
use pars_bindings::action::next_sequence_call;
use pars_bindings::consent::ConsentCall;
use pars_bindings::decode_revert;
use pars_bindings::deployment::{Deployment, Probe};
use pars_crypto::suite::DSA87_PUBLIC;
use pars_crypto::trigger::TriggerPublic;
use pars_proto::action::Facts;
use pars_proto::action::authors::Contract;
use pars_proto::action::policy::{Enrolled, OnChain};
use pars_wire::ChainId;

use crate::chain::transact::said;

/// Gas of everything around the account's call: call data, decoding, the key from code, the signature, the events.
const OVERHEAD: u64 = 900_000;
/// Gas of a call of `RecordingConsent` beside its signatures: intrinsic, storage, events, the proof's nodes.
const CONSENT_GAS: u64 = 250_000;
/// Gas of one classical consent: call data, ecrecover, hashing.
const CLASSICAL_GAS: u64 = 20_000;
/// Gas of one consent of ML-DSA-87: 7,239 bytes of call data at EIP-7623's 40 gas, the precompile, copies.
const POST_QUANTUM_GAS: u64 = 900_000;

/// The chain's node does not do its part; asked again later.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChainError {
    /// It cannot be reached, or refuses.
    #[error("{}", said(.0))]
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

/// What became of a transaction that was offered to the chain's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// It has it.
    Taken,
    /// It would not have it.
    Refused,
}

/// A transaction as it will be signed.
#[derive(Clone, Debug)]
pub(super) struct Unsigned(pub(super) TxEip1559);

impl Unsigned {
    /// The contract that it calls.
    pub(super) fn to(&self) -> Address {
        self.0.to.to().copied().unwrap_or_default()
    }
}

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
    /// `RecordingConsent`.
    pub(super) consent: Address,
    adapter: Address,
    signer: PrivateKeySigner,
    checked: bool,
}

impl Chain {
    pub(super) fn new(provider: DynProvider, deployment: &Deployment, signer: PrivateKeySigner) -> Self {
        let contract = Contract { chain: ChainId(deployment.chain_id), trigger: deployment.session_trigger };
        let (consent, adapter) = (deployment.recording_consent, deployment.mldsa);
        Self { provider, contract, consent, adapter, signer, checked: false }
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
    pub(super) async fn look(&self, facts: &Facts, head: &Head) -> Result<OnChain, ChainError> {
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
        let next = self.read(trigger, &next_sequence_call(facts), head).await?;
        Ok(OnChain { now: head.next_time(), key, next, precompile: self.probe(head).await? })
    }

    /// Whether the chain verifies ML-DSA at this block: the known answer, through the adapter. Asked before each submission: a
    /// fork may take the precompile away, and the simulation has it whatever the chain has.
    pub(super) async fn probe(&self, head: &Head) -> Result<bool, ChainError> {
        let call = verifyCall {
            publicKey: Probe::KEY.into(),
            message: Probe::MESSAGE.into(),
            signature: Probe::SIGNATURE.into(),
        };
        match self.read(self.adapter, &call, head).await {
            Err(ChainError::Missing(_)) => Ok(false),
            Err(ChainError::Rpc(error)) if is_revert(&error) => Ok(false),
            // A node that is busy, or knows the block no more, has not answered: a refusal would be for good.
            answer => answer,
        }
    }

    async fn read<C: SolCall>(&self, to: Address, call: &C, head: &Head) -> Result<C::Return, ChainError> {
        let request = TransactionRequest::default().to(to).input(Bytes::from(call.abi_encode()).into());
        let output = self.provider.call(request).block(head.id()).await?;
        C::abi_decode_returns(&output).map_err(|_| ChainError::Missing("contract of this deployment"))
    }

    /// The transaction of an action at today's fees. Its gas is what the action was signed for, and what is around it.
    pub(super) async fn draft(&self, facts: &Facts, input: Bytes) -> Result<Unsigned, ChainError> {
        let inner = u64::from(facts.gas_limit);
        self.draft_to(self.contract.trigger, inner + inner.div_ceil(63) + OVERHEAD, input).await
    }

    /// The transaction of a call of `RecordingConsent`. Its gas follows from its signatures.
    pub(super) async fn draft_consent(&self, call: &ConsentCall) -> Result<Unsigned, ChainError> {
        let (classical, post_quantum) = call.signatures();
        let gas_limit = CONSENT_GAS + classical * CLASSICAL_GAS + post_quantum * POST_QUANTUM_GAS;
        self.draft_to(self.consent, gas_limit, call.data()).await
    }

    async fn draft_to(&self, to: Address, gas_limit: u64, input: Bytes) -> Result<Unsigned, ChainError> {
        let fees = self.provider.estimate_eip1559_fees().await?;
        let nonce = self.provider.get_transaction_count(self.account()).pending().await?;
        Ok(Unsigned(TxEip1559 {
            chain_id: self.contract.chain.0,
            nonce,
            gas_limit,
            max_fee_per_gas: fees.max_fee_per_gas,
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
            to: TxKind::Call(to),
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

    /// The same transaction at a higher price: an eighth more, so that every node takes it for the one it has, or today's
    /// fees if those are higher. None if it is unknown to the node for another reason than its fees.
    pub(super) async fn dearer(&self, raw: &Bytes, is_known: bool) -> Result<Option<Unsigned>, ChainError> {
        let envelope = TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|_| ChainError::Missing("transaction"))?;
        let Some(old) = envelope.as_eip1559().map(|signed| signed.tx().clone()) else { return Ok(None) };
        let fees = self.provider.estimate_eip1559_fees().await?;
        if !is_known && old.max_fee_per_gas >= fees.max_fee_per_gas {
            return Ok(None);
        }
        let dearer = |fee: u128, today: u128| fee.saturating_add(fee.div_ceil(8)).max(fee.saturating_add(1)).max(today);
        let max_fee_per_gas = dearer(old.max_fee_per_gas, fees.max_fee_per_gas);
        let tip = dearer(old.max_priority_fee_per_gas, fees.max_priority_fee_per_gas);
        let max_priority_fee_per_gas = tip.min(max_fee_per_gas);
        Ok(Some(Unsigned(TxEip1559 { max_fee_per_gas, max_priority_fee_per_gas, ..old })))
    }

    /// Offer it, again if need be.
    pub(super) async fn offer(&self, raw: &Bytes) -> Result<Offered, ChainError> {
        let sent: Result<PendingTransactionBuilder<_>, _> = self.provider.send_raw_transaction(raw).await;
        match sent {
            // Its receipt is looked for by the worker, over restarts; nothing waits here.
            Ok(_) => Ok(Offered::Taken),
            Err(error) if error.is_error_resp() => {
                tracing::warn!(%error, "the chain's node does not take the transaction");
                Ok(Offered::Refused)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the node holds one of these, in a block or waiting.
    pub(super) async fn knows(&self, versions: &[B256]) -> Result<bool, ChainError> {
        for hash in versions {
            if self.provider.get_transaction_by_hash(*hash).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a transaction of the account stands in a block under this nonce.
    pub(super) async fn used(&self, nonce: u64) -> Result<bool, ChainError> {
        Ok(self.provider.get_transaction_count(self.account()).await? > nonce)
    }

    /// The receipt of whichever version stands in a block.
    pub(super) async fn receipt(&self, versions: &[B256]) -> Result<Option<TransactionReceipt>, ChainError> {
        for hash in versions.iter().rev() {
            if let Some(receipt) = self.provider.get_transaction_receipt(*hash).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    /// Why a transaction that reverted would revert behind its block: for people.
    pub(super) async fn explain(&self, to: Address, input: Bytes, block: B256) -> String {
        let request = TransactionRequest::default().from(self.account()).to(to).input(input.into());
        let refused = self.provider.call(request).block(BlockId::hash(block)).await.err();
        let data = refused.as_ref().and_then(|e| e.as_error_resp()).and_then(|payload| payload.as_revert_data());
        data.map_or_else(|| "it reverted in its block".to_owned(), |data| reason(&data))
    }
}

/// Whether a node says of a call that it reverts; 3 is the code of that.
fn is_revert(error: &TransportError) -> bool {
    error.as_error_resp().is_some_and(|payload| payload.code == 3 || payload.message.contains("revert"))
}

/// What revert data say, for people.
pub(super) fn reason(data: &[u8]) -> String {
    let unknown =
        || if data.is_empty() { "no reason given".to_owned() } else { Bytes::copy_from_slice(data).to_string() };
    decode_revert(data).unwrap_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use alloy::providers::ProviderBuilder;
    use alloy::transports::mock::Asserter;
    use pars_bindings::deployment::{DeployConfig, plan};

    use super::*;

    #[tokio::test]
    async fn whether_the_chain_verifies_ml_dsa_is_asked_each_time_and_a_node_that_is_busy_has_not_answered() {
        let node = Asserter::new();
        let provider = ProviderBuilder::new().connect_mocked_client(node.clone()).erased();
        let deployment = plan(&DeployConfig::dev(7_072, Address::ZERO, 0)).unwrap().deployment;
        let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(1)).unwrap();
        let chain = Chain::new(provider, &deployment, signer);
        let hash = B256::repeat_byte(2);
        let head = Head { number: 9, hash, timestamp: 1, base_fee: 1, gas_limit: 1, prevrandao: B256::ZERO };
        for answer in [true, false, true] {
            node.push_success(&B256::with_last_byte(u8::from(answer)));
            assert_eq!(chain.probe(&head).await.unwrap(), answer);
        }
        node.push_failure_msg("busy");
        assert!(matches!(chain.probe(&head).await, Err(ChainError::Rpc(_))));
        node.push_failure_msg("execution reverted");
        assert!(!chain.probe(&head).await.unwrap());
        node.push_success(&Bytes::new());
        assert!(!chain.probe(&head).await.unwrap(), "no contract is there");
    }

    /// Errors are logged, and a provider's key may stand in its URL.
    #[tokio::test]
    async fn an_error_of_the_chains_node_does_not_name_its_url() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v3/key-of-a-provider", closed.local_addr().unwrap()).parse().unwrap();
        drop(closed);
        let error = crate::chain::transact::reader(url).get_block_number().await.unwrap_err();
        assert_eq!(ChainError::from(error).to_string(), "the chain's node does not answer");
    }
}
