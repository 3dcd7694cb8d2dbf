//! The executor role: carries out the signed actions that authors send in their sessions (ELIGIBILITY section 5).
//!
//! ```text
//! history ─► judge ─────────────────────────────► submit ────► settle ───────────────► receipts (content type 9)
//!            bytes, own lists, chain, signature,   journal      in a block: told        to the author
//!            simulation at the head                first        final: told again
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`allow`] | the operator's own list |
//! | `chain` | what is read from and sent to the chain's node |
//! | `simulate` | the transaction in a local EVM, over the state of the head |
//! | `journal` | cursor, certificates and every action taken up, durable and sealed |
//! | [`mail`] | messages in, receipts out, the time |
//! | `row` | what is owed: an action on its way, an answer |
//! | `judge`, `worker` | from a message to a transaction or an answer |
//! | `settle`, `tell` | from a transaction to a receipt, and to its author |
//!
//! Never twice: an action's signed transaction is durable before it leaves, and after a crash the same bytes are sent again,
//! under the same account nonce. A transaction that no block takes is signed again at a higher price, under the same nonce:
//! the chain takes one of the versions. The contract's own nonce holds even if the journal is lost. One action at a time is
//! on its way, so that an author's next one is simulated behind it; one that the chain's node refuses keeps nobody waiting. A
//! receipt carries a command id made of what it answers: telling it again is the same message.
//!
//! A call of `RecordingConsent` (ELIGIBILITY 4.5) takes the same way without a certificate: it carries its own signatures, and
//! the executor's account on the chain is what keeps its sender's off it.
//!
//! Messages may overtake each other: an action waits ten seconds for the certificate of its key, and for the action before
//! it in its lane.
//!
//! Decision: the author is told when the action is in a block, and once more when that block is final; refusals once.
//! An executor acknowledges the messages it has dealt with: its daemon is a service, and nobody else might.

pub mod allow;
mod chain;
mod journal;
mod judge;
pub mod mail;
mod row;
mod settle;
mod simulate;
mod tell;
mod worker;

use std::path::PathBuf;

use alloy::providers::DynProvider;
use alloy::signers::local::PrivateKeySigner;
use pars_bindings::deployment::Deployment;
use pars_crypto::secret::StoreKey;
use tokio::task::JoinHandle;

use crate::driver::Handle;
use mail::{HandleMail, Mail};

/// What an executor works with.
pub struct ExecutorConfig {
    /// The chain's node.
    pub provider: DynProvider,
    /// The contracts.
    pub deployment: Deployment,
    /// Who submits and pays.
    pub signer: PrivateKeySigner,
    /// The operator's own list ([`allow`]); none: whatever the accounts' policies allow.
    pub allow: Option<PathBuf>,
    /// Its own file, `<datadir>/executor.redb`.
    pub journal: PathBuf,
    /// Seals what it keeps.
    pub key: StoreKey,
}

/// Why an executor does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The operator's list.
    #[error(transparent)]
    Allow(#[from] allow::AllowError),
    /// Its file.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
}

/// Start an executor on the daemon's messages; it ends with the daemon.
///
/// # Errors
/// [`ExecutorError`] if its list or its file cannot be used.
pub fn start(config: ExecutorConfig, handle: Handle) -> Result<JoinHandle<Result<(), ExecutorError>>, ExecutorError> {
    start_with(config, HandleMail::new(handle))
}

/// As [`start`], on any mail.
///
/// # Errors
/// As [`start`].
pub fn start_with<M: Mail>(
    config: ExecutorConfig,
    mail: M,
) -> Result<JoinHandle<Result<(), ExecutorError>>, ExecutorError> {
    let worker = worker::Worker::open(config, mail)?;
    Ok(tokio::spawn(worker.run()))
}
