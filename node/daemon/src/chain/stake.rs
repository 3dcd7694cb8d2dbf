//! Registering a service node: approve, register, wait until final. Done already: nothing is sent.

use std::time::Duration;

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::SolValue;
use pars_bindings::ParsToken::{allowanceCall, approveCall, balanceOfCall};
use pars_bindings::ServiceNodeRegistry::{MIN_STAKECall, nodeOfCall, nodeOfReturn, registerCall};
use pars_bindings::deployment::Deployment;
use pars_crypto::hash::sha3;
use pars_crypto::sign::HybridPublic;
use pars_wire::NodeId;

use super::transact::{Sender, TransactError};

/// Attempts of a shared account: other programs use its nonces and its allowance at the same time.
const ATTEMPTS: u32 = 20;
/// Pause between two.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a node does not stand in the registry.
#[derive(Debug, thiserror::Error)]
pub enum StakeError {
    /// A transaction.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// Not enough of the token.
    #[error("account {account} holds {held} raw units of PARS, the stake takes {stake}; send it the difference")]
    Balance {
        /// Whose.
        account: Address,
        /// What it has.
        held: U256,
        /// What is needed.
        stake: u128,
    },
    /// It was registered once and has left.
    #[error("this node has left the registry; begin with a new data directory")]
    Left,
}

/// Who registers what.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// Who pays and owns the node.
    pub sender: &'a Sender,
    /// The contracts.
    pub deployment: &'a Deployment,
    /// The node's keys.
    pub keys: &'a HybridPublic,
    /// Its stake; none: the least.
    pub stake: Option<u128>,
    /// Other programs send from this account too.
    pub shared: bool,
}

/// The id that the registry gives a node: keccak-256 of owner and identity hash, for ever.
pub fn node_id(owner: Address, keys: &HybridPublic) -> NodeId {
    NodeId(keccak256((owner, identity_hash(keys)).abi_encode()))
}

fn identity_hash(keys: &HybridPublic) -> B256 {
    sha3(&[keys.dsa()]).into()
}

impl Registration<'_> {
    /// Make sure that the node is registered and that this is final.
    ///
    /// # Errors
    /// [`StakeError`].
    pub async fn ensure(&self) -> Result<NodeId, StakeError> {
        let node = node_id(self.sender.address(), self.keys);
        let mut attempts = 0;
        loop {
            match self.attempt(node).await {
                Err(StakeError::Transact(_)) if self.shared && attempts < ATTEMPTS => {
                    attempts += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other.map(|()| node),
            }
        }
    }

    async fn attempt(&self, node: NodeId) -> Result<(), StakeError> {
        let (sender, registry) = (self.sender, self.deployment.service_node_registry);
        let known: nodeOfReturn = sender.read(registry, &nodeOfCall { nodeId: node.0 }).await?;
        if known.active {
            return Ok(());
        }
        if !known.owner.is_zero() {
            return Err(StakeError::Left);
        }
        let stake = match self.stake {
            Some(stake) => stake,
            None => sender.read(registry, &MIN_STAKECall {}).await?,
        };
        self.approve(stake).await?;
        let call = registerCall {
            operator: sender.address().into_word(),
            identityHash: identity_hash(self.keys),
            transportKey: (*self.keys.ed25519().as_bytes()).into(),
            stake,
        };
        let receipt = sender.send(registry, &call).await?;
        sender.finality(receipt.block_number.unwrap_or_default()).await?;
        tracing::info!(%node, stake, "registered as a service node");
        Ok(())
    }

    async fn approve(&self, stake: u128) -> Result<(), StakeError> {
        let (sender, token) = (self.sender, self.deployment.pars);
        let spender = self.deployment.service_node_registry;
        let (account, needed) = (sender.address(), U256::from(stake));
        let held = sender.read(token, &balanceOfCall { account }).await?;
        if held < needed {
            return Err(StakeError::Balance { account, held, stake });
        }
        if sender.read(token, &allowanceCall { owner: account, spender }).await? < needed {
            // An account of several programs: an exact allowance would be used up by whoever comes first.
            let value = if self.shared { U256::MAX } else { needed };
            sender.send(token, &approveCall { spender, value }).await?;
        }
        Ok(())
    }
}
