//! Sending a transaction and waiting until it is mined.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, TxKind},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::{SolCall, SolEvent},
};
use serde_json::{Value, json};

use super::{Chain, revert};
use crate::error::Error;

/// How long a transaction is waited for: some twenty slow blocks.
const PATIENCE: Duration = Duration::from_secs(240);
/// Pause between two looks for a receipt.
const PAUSE: Duration = Duration::from_millis(100);
/// Gas is given a quarter above the estimate: a tree may have grown by a level before the transaction is mined.
const GAS_MARGIN: (u64, u64) = (5, 4);

/// A mined transaction that succeeded.
#[derive(Debug, Clone)]
pub struct Mined {
    /// Its hash.
    pub hash: B256,
    /// Its block.
    pub block: u64,
    /// Gas it used.
    pub gas_used: u64,
    /// The contract it created.
    pub created: Option<Address>,
    receipt: TransactionReceipt,
}

impl Mined {
    /// Hash, block and gas for a document.
    pub fn json(&self) -> Value {
        json!({"hash": self.hash, "block": self.block, "gasUsed": self.gas_used})
    }

    /// The first event of a type from a contract.
    pub fn event<E: SolEvent>(&self, from: Address) -> Result<E, Error> {
        let mut logs = self.receipt.logs().iter().filter(|log| log.address() == from);
        let found = logs.find_map(|log| E::decode_log(&log.inner).ok());
        found.map(|log| log.data).ok_or_else(|| {
            Error::Deployment(format!("{from} emitted no {}; is the deployment file of this chain?", E::SIGNATURE))
        })
    }
}

impl Chain {
    /// Calls a function as the signer and waits until it is mined.
    pub async fn send<C: SolCall>(&self, to: Address, call: &C) -> Result<Mined, Error> {
        self.transact(TxKind::Call(to), call.abi_encode().into()).await
    }

    /// Calls with encoded data as the signer and waits until it is mined.
    pub async fn send_raw(&self, to: Address, data: Bytes) -> Result<Mined, Error> {
        self.transact(TxKind::Call(to), data).await
    }

    /// Creates a contract as the signer and waits until it is mined.
    pub async fn create(&self, init_code: Bytes) -> Result<Mined, Error> {
        self.transact(TxKind::Create, init_code).await
    }

    async fn transact(&self, kind: TxKind, input: Bytes) -> Result<Mined, Error> {
        let request = TransactionRequest {
            from: Some(self.account()?),
            to: Some(kind),
            input: input.into(),
            ..Default::default()
        };
        // The estimate runs the call: a refusal comes back with its reason, before anything is paid.
        let estimate = self.provider.estimate_gas(request.clone()).await.map_err(revert::explain)?;
        let request = request.gas_limit(estimate.saturating_mul(GAS_MARGIN.0) / GAS_MARGIN.1);
        let pending = self.provider.send_transaction(request.clone()).await.map_err(revert::explain)?;
        let receipt = self.receipt(*pending.tx_hash()).await?;
        if receipt.status() {
            return Ok(Mined {
                hash: receipt.transaction_hash,
                block: receipt.block_number.unwrap_or_default(),
                gas_used: receipt.gas_used,
                created: receipt.contract_address,
                receipt,
            });
        }
        // It passed the estimate and failed in its block: ask once more for the reason.
        match self.provider.call(request).await {
            Err(error) => Err(revert::explain(error)),
            Ok(_) => Err(Error::Reverted {
                code: "transaction_failed".into(),
                message: format!("transaction {} failed in its block; try again", receipt.transaction_hash),
            }),
        }
    }

    async fn receipt(&self, hash: B256) -> Result<TransactionReceipt, Error> {
        let look = async {
            loop {
                if let Some(receipt) = self.provider.get_transaction_receipt(hash).await? {
                    return Ok(receipt);
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let late = |_| Error::NotMined { hash: hash.to_string(), seconds: PATIENCE.as_secs() };
        tokio::time::timeout(PATIENCE, look).await.map_err(late)?
    }
}
