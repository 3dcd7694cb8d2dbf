//! The chain: reading, sending, waiting. One type over an alloy provider.

mod revert;
mod send;

pub use send::Mined;

use std::time::Duration;

use alloy::{
    consensus::BlockHeader,
    eips::BlockId,
    network::EthereumWallet,
    primitives::{Address, B256, Bytes},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
    transports::{TransportError, TransportErrorKind},
};

use crate::{error::Error, http, signer::SignerSource};

/// Longest wait for one answer of the chain's node.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connected chain, with or without somebody who signs.
#[derive(Debug, Clone)]
pub struct Chain {
    provider: DynProvider,
    id: u64,
    signer: Option<PrivateKeySigner>,
}

/// The newest block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, seconds since the Unix epoch.
    pub timestamp: u64,
}

impl Chain {
    /// Connects, asks for the chain id and loads the signer, which may be refused for that chain.
    pub async fn connect(rpc: &str, source: Option<&SignerSource>) -> Result<Self, Error> {
        let url: reqwest::Url = rpc.parse().map_err(|_| Error::BadUrl { option: "--rpc" })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::BadUrl { option: "--rpc" });
        }
        let http = http::client(&url, PATIENCE).map_err(TransportErrorKind::custom)?;
        let reader = ProviderBuilder::new().connect_reqwest(http.clone(), url.clone()).erased();
        let id = reader.get_chain_id().await?;
        let Some(source) = source else { return Ok(Self { provider: reader, id, signer: None }) };
        let signer = source.load(id)?;
        let wallet = EthereumWallet::from(signer.clone());
        let provider = ProviderBuilder::new().wallet(wallet).connect_reqwest(http, url).erased();
        Ok(Self { provider, id, signer: Some(signer) })
    }

    /// EIP-155 chain id.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Who signs.
    pub fn signer(&self) -> Result<&PrivateKeySigner, Error> {
        self.signer.as_ref().ok_or(Error::NoSigner)
    }

    /// The signer's address.
    pub fn account(&self) -> Result<Address, Error> {
        self.signer().map(PrivateKeySigner::address)
    }

    /// The newest block.
    pub async fn head(&self) -> Result<Head, Error> {
        let missing = || Error::from(TransportError::NullResp);
        let block = self.provider.get_block(BlockId::latest()).await?.ok_or_else(missing)?;
        let header = &block.header;
        Ok(Head { number: header.number(), hash: header.hash, timestamp: header.timestamp() })
    }

    /// The time of the block that comes next, seconds since the Unix epoch. A development chain makes none while nobody sends, so
    /// the newest may be hours old; a node that does not show what comes makes blocks all the time.
    pub async fn next_time(&self) -> Result<u64, Error> {
        match self.provider.get_block(BlockId::pending()).await {
            Ok(Some(next)) => Ok(next.header.timestamp()),
            _ => Ok(self.head().await?.timestamp),
        }
    }

    /// Number of transactions of an account, mined ones only.
    pub async fn nonce(&self, account: Address) -> Result<u64, Error> {
        Ok(self.provider.get_transaction_count(account).await?)
    }

    /// The code at an address; empty for an account without any.
    pub async fn code(&self, address: Address) -> Result<Bytes, Error> {
        Ok(self.provider.get_code_at(address).await?)
    }

    /// Calls a view function at the newest block.
    pub async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        let request = TransactionRequest::default().to(to).input(Bytes::from(call.abi_encode()).into());
        let output = self.provider.call(request).await.map_err(revert::explain)?;
        let refuse = |_| {
            Error::Deployment(format!("{to} does not answer {}; is the deployment file of this chain?", C::SIGNATURE))
        };
        C::abi_decode_returns(&output).map_err(refuse)
    }
}
