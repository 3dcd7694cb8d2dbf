//! Sending a transaction and waiting until it is mined.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, TxKind},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::{SolCall, SolEvent},
    transports::TransportError,
};
use serde_json::{Value, json};

use super::{Chain, revert};
use crate::error::{Error, innermost};

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
        let pending = self.provider.send_transaction(request.clone()).await.map_err(unsent)?;
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
                let asked = self.provider.get_transaction_receipt(hash).await;
                if let Some(receipt) = asked.map_err(|error| lost(format!("transaction {hash}"), &error))? {
                    return Ok(receipt);
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let late = |_| Error::NotMined { hash: hash.to_string(), seconds: PATIENCE.as_secs() };
        tokio::time::timeout(PATIENCE, look).await.map_err(late)?
    }
}

/// A refusal, or silence of the node: then it may have taken the transaction.
fn unsent(error: TransportError) -> Error {
    if error.is_transport_error() { lost("a transaction".into(), &error) } else { revert::explain(error) }
}

fn lost(sent: String, error: &TransportError) -> Error {
    Error::Lost { sent, reason: innermost(error) }
}

#[cfg(test)]
mod tests {
    use alloy::{providers::ProviderBuilder, transports::mock::Asserter};

    use super::*;

    /// A chain whose node answers what is pushed, in this order, and then not at all.
    fn chain() -> (Asserter, Chain) {
        let node = Asserter::new();
        let provider = ProviderBuilder::new().connect_mocked_client(node.clone()).erased();
        let signer = crate::signer::dev_signer(0).unwrap();
        (node, Chain { provider, id: 7072, signer: Some(signer) })
    }

    #[tokio::test]
    async fn a_transaction_that_was_sent_before_the_node_went_is_named() {
        let (_, chain) = chain();
        let hash = B256::repeat_byte(7);
        let error = chain.receipt(hash).await.unwrap_err();
        assert_eq!((&*error.code(), error.exit_status()), ("transaction_lost", 3));
        assert!(error.to_string().contains(&hash.to_string()), "{error}");
    }

    #[tokio::test]
    async fn a_node_that_goes_while_a_transaction_is_sent_may_have_taken_it_and_one_that_refuses_has_not() {
        let (node, chain) = chain();
        let send = async || chain.create(Bytes::new()).await.unwrap_err();
        // The estimate alone is answered.
        node.push_success(&"0x5208");
        assert_eq!(send().await.code(), "transaction_lost");
        node.push_failure_msg("insufficient funds");
        let refused = send().await;
        assert_eq!((&*refused.code(), refused.exit_status()), ("chain_refused", 1));
        assert!(refused.to_string().contains("insufficient funds"), "{refused}");
    }
}
