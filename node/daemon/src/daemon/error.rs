//! Why the daemon does not start, or ends by itself.

use std::net::SocketAddr;

use pars_blobs::BlobError;

use crate::account::AccountError;
use crate::chain::ChainError;
use crate::chain::stake::StakeError;
use crate::datadir::DatadirError;
use crate::driver::DriveError;
use crate::executor::ExecutorError;
use crate::net::NetError;
use crate::page::PageError;
use crate::recordings::LibraryError;
use crate::room::host::kept::KeptError;
use crate::room::host::sfu::SfuError;
use crate::rpc::RpcStartError;
use crate::service::KeysError;
use crate::store::StoreError;

/// Why the daemon does not start, or ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    Datadir(#[from] DatadirError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys of a service node.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Registering.
    #[error(transparent)]
    Stake(#[from] StakeError),
    /// The chain or its index.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain's node is another chain's.
    #[error("the chain's node is on chain {found}, the deployment on chain {expected}; give the node of that chain")]
    OtherChain {
        /// The deployment's.
        expected: u64,
        /// The node's.
        found: u64,
    },
    /// Links or discovery.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Rows that do not open.
    #[error(transparent)]
    Restore(#[from] pars_engine::store::RestoreError),
    /// The RPC.
    #[error(transparent)]
    Rpc(#[from] RpcStartError),
    /// The engine's owner.
    #[error("the engine stopped: {0}")]
    Drive(Box<DriveError>),
    /// The executor.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The SFU of a host.
    #[error(transparent)]
    Sfu(#[from] SfuError),
    /// Secrets of hosted sittings.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// Ports for rooms.
    #[error("no port for tunnels to hosts: {0}")]
    Tunnel(std::io::Error),
    /// Stored blocks.
    #[error("stored blocks: {0}")]
    Blobs(#[from] BlobError),
    /// Recordings.
    #[error("recordings: {0}")]
    Library(#[from] LibraryError),
    /// The gateway's port.
    #[error("the gateway cannot listen on {0}: {1}; give another --gateway")]
    Gateway(SocketAddr, std::io::Error),
    /// Nobody pays.
    #[error("a service node, a host and an executor need an account; give --account-file")]
    NoAccount,
    /// A task is gone.
    #[error("a part of the daemon ended unexpectedly; see the log")]
    Ended,
}
