//! Sending a transaction: estimated first, so that a refusal costs nothing, then waited for until it is mined or final.

use std::time::Duration;

use alloy::eips::BlockNumberOrTag;
use alloy::network::EthereumWallet;
use alloy::primitives::{Address, Bytes};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use alloy::transports::TransportError;
use alloy::transports::http::reqwest::{Client, ClientBuilder, Url};
use pars_wire::is_this_machine;
use tokio::sync::Mutex;

/// How long a transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(240);
/// How long one request may take: a node that is gone without a word must not be waited for for ever.
const REQUEST: Duration = Duration::from_secs(30);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// Gas above the estimate: state may change before the transaction is mined.
const GAS_MARGIN: (u64, u64) = (5, 4);

/// Why a transaction did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum TransactError {
    /// The chain's node, or a refusal of the contract: nothing was sent.
    #[error("the chain refuses: {0}")]
    Refused(String),
    /// It was sent, and then the chain's node failed.
    #[error("the transaction was sent, and the chain's node does not say what became of it: {0}")]
    Lost(String),
    /// It failed in its block.
    #[error("the transaction failed in its block; try again")]
    Failed,
    /// Not in time.
    #[error("the transaction was not mined within {PATIENCE:?}")]
    Late,
    /// The answer is not of this contract.
    #[error("{0} does not answer as the deployment file says; is the file of this chain?")]
    Answer(Address),
}

impl TransactError {
    /// Whether a transaction left, which may have been carried out or still be: in another block after a reorganisation too.
    pub const fn was_sent(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Failed | Self::Late)
    }
}

/// Reads at a chain's node; each request ends in time.
pub fn reader(rpc: Url) -> DynProvider {
    let client = client(&rpc, REQUEST);
    ProviderBuilder::new().with_reqwest(rpc, client).erased()
}

/// An HTTP client whose requests end within a time, and that reaches this machine without the proxy of the environment.
fn client(url: &Url, limit: Duration) -> impl FnOnce(ClientBuilder) -> Client + use<> {
    let here = is_this_machine(url.host_str().unwrap_or_default());
    move |builder| {
        let builder = builder.timeout(limit);
        let builder = if here { builder.no_proxy() } else { builder };
        // Where a client cannot be built, the default one cannot either, and says so.
        builder.build().unwrap_or_default()
    }
}

/// An account that sends.
#[derive(Debug)]
pub struct Sender {
    provider: DynProvider,
    address: Address,
    /// One transaction at a time: nonces do not cross.
    turn: Mutex<()>,
}

impl Sender {
    /// An account at a chain's node.
    pub fn new(rpc: Url, signer: PrivateKeySigner) -> Self {
        let address = signer.address();
        let builder = ProviderBuilder::new().disable_recommended_fillers().with_gas_estimation().fetch_chain_id();
        let builder = builder.with_simple_nonce_management().wallet(EthereumWallet::from(signer));
        let client = client(&rpc, REQUEST);
        let provider = builder.with_reqwest(rpc, client);
        Self { provider: provider.erased(), address, turn: Mutex::default() }
    }

    /// Its address.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Call a view function at the newest block.
    ///
    /// # Errors
    /// [`TransactError`].
    pub async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, TransactError> {
        let request = TransactionRequest::default().to(to).input(Bytes::from(call.abi_encode()).into());
        let output = self.provider.call(request).await.map_err(refused)?;
        C::abi_decode_returns(&output).map_err(|_| TransactError::Answer(to))
    }

    /// Call a function and wait until it is mined.
    ///
    /// # Errors
    /// [`TransactError`].
    pub async fn send<C: SolCall>(&self, to: Address, call: &C) -> Result<TransactionReceipt, TransactError> {
        let _turn = self.turn.lock().await;
        let request = TransactionRequest::default().from(self.address).to(to);
        let request = request.input(Bytes::from(call.abi_encode()).into());
        let gas = self.provider.estimate_gas(request.clone()).await.map_err(refused)?;
        let request = request.gas_limit(gas.saturating_mul(GAS_MARGIN.0) / GAS_MARGIN.1);
        let pending = self.provider.send_transaction(request).await.map_err(|error| {
            // Without an answer it may have arrived.
            if error.as_error_resp().is_some() { refused(error) } else { lost(error) }
        })?;
        let hash = *pending.tx_hash();
        let look = async {
            loop {
                if let Some(receipt) = self.provider.get_transaction_receipt(hash).await.map_err(lost)? {
                    return Ok(receipt);
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let receipt = tokio::time::timeout(PATIENCE, look).await.map_err(|_| TransactError::Late)??;
        if receipt.status() { Ok(receipt) } else { Err(TransactError::Failed) }
    }

    /// Wait until a block is final; a transaction of it was sent.
    ///
    /// # Errors
    /// [`TransactError`].
    pub async fn finality(&self, block: u64) -> Result<(), TransactError> {
        let look = async {
            loop {
                let newest = self.provider.get_block_by_number(BlockNumberOrTag::Finalized).await.map_err(lost)?;
                if newest.is_some_and(|newest| newest.header.number >= block) {
                    return Ok(());
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.map_err(|_| TransactError::Late)?
    }
}

/// The node failed before anything was sent.
fn refused(error: TransportError) -> TransactError {
    TransactError::Refused(said(&error))
}

/// The node failed after something was sent.
fn lost(error: TransportError) -> TransactError {
    TransactError::Lost(said(&error))
}

/// What the node said, with the contract's own error by name. Never its URL, in which a provider's key may stand.
pub(crate) fn said(error: &TransportError) -> String {
    let reason = error.as_error_resp().map(|payload| {
        let revert = payload.as_revert_data().and_then(|data| pars_bindings::decode_revert(&data));
        revert.unwrap_or_else(|| payload.message.to_string())
    });
    reason.unwrap_or_else(|| "the chain's node does not answer".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chain_that_takes_a_request_and_never_answers_is_an_error() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let client = client(&url, Duration::from_millis(50));
        let provider = ProviderBuilder::new().with_reqwest(url, client).erased();
        let asked = tokio::spawn(async move { provider.get_block_number().await });
        let (_taken, _) = silent.accept().await.unwrap();
        // The connection stays open: without a limit this would wait for ever.
        assert!(asked.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_node_that_is_not_reached_is_named_without_its_url() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v3/key-of-a-provider", closed.local_addr().unwrap()).parse().unwrap();
        drop(closed);
        let error = reader(url).get_block_number().await.unwrap_err();
        assert_eq!(said(&error), "the chain's node does not answer");
    }
}
