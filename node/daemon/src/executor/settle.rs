//! What is on its way to the chain, brought to its end: sent again, made dearer, found in a block, lost to a reorganisation,
//! final. What waits for something else is looked at again.

use alloy::primitives::B256;
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::SolEvent;
use pars_bindings::SessionTrigger::{ActionExecuted, ActionFailed};
use pars_bindings::consent::ConsentCall;
use pars_proto::action::receipt::Reason;
use pars_proto::action::{ActionContent, ActionReceipt, Included, Outcome, Refusal};
use pars_wire::BlockRef;
use pars_wire::codec::Wire;

use super::chain::{Chain, ChainError, Head, Offered, reason};
use super::journal::Journal;
use super::judge::data;
use super::mail::Mail;
use super::row::{Pending, Row, Work};
use super::tell::tell;
use super::worker::{Fault, Worker};

/// Blocks without it, after which a transaction is made dearer.
const PATIENCE: u64 = 4;
/// Versions of one transaction at most: the last pays almost six times the first.
const MAX_VERSIONS: usize = 16;

/// Go through everything whose author does not know the end. Whoever can be told is told, whatever the chain's node does.
pub(super) async fn settle<M: Mail>(worker: &mut Worker<M>) -> Result<(), Fault> {
    let moved = progress(worker).await;
    tell(worker).await?;
    moved
}

async fn progress<M: Mail>(worker: &mut Worker<M>) -> Result<(), Fault> {
    let mut open = worker.journal.open_rows();
    let sent = open.iter().any(|(_, row)| matches!(row.work, Work::Sent(_)));
    let chain = if sent { Some((worker.chain.head().await?, worker.chain.finalized().await?)) } else { None };
    for (at, row) in &mut open {
        match (row.work.clone(), chain) {
            (Work::Held { content, until }, _) => worker.look_again(*at, row, &content, until).await?,
            (Work::Sent(pending), Some((head, finalized))) if worker.seen != head.hash || is_due(worker, *at, row) => {
                find(worker, *at, row, &pending, finalized).await?;
                if row.receipt.is_none() {
                    send_again(worker, *at, row, pending, &head).await?;
                }
            }
            _ => {}
        }
    }
    worker.seen = chain.map_or(worker.seen, |(head, _)| head.hash);
    Ok(())
}

/// Within one block only what is on its way is looked at; what the node refused, ever more rarely.
fn is_due<M: Mail>(worker: &Worker<M>, at: u64, row: &Row) -> bool {
    row.receipt.is_none() && worker.tries.is_due(at, worker.mail.now())
}

/// Whether it stands in a block, and in which; that may change.
async fn find<M: Mail>(
    worker: &mut Worker<M>,
    at: u64,
    row: &mut Row,
    pending: &Pending,
    finalized: u64,
) -> Result<(), Fault> {
    let receipt = inclusion(&worker.chain, row, pending, finalized).await?;
    let encoded = receipt.map(|receipt| receipt.encode().into());
    if encoded != row.receipt {
        (row.receipt, row.since) = (encoded, worker.mail.now());
        worker.tries.done(at);
        worker.journal.put(at, row.clone())?;
    }
    Ok(())
}

/// The receipt of a transaction that stands in a block.
async fn inclusion(
    chain: &Chain,
    row: &Row,
    pending: &Pending,
    finalized: u64,
) -> Result<Option<ActionReceipt>, ChainError> {
    let Some(mined) = chain.receipt(&pending.versions).await? else { return Ok(None) };
    let (Some(number), Some(hash)) = (mined.block_number, mined.block_hash) else { return Ok(None) };
    let (outcome, reason) = outcome(chain, &mined, pending, hash).await;
    let (transaction, block) = (mined.transaction_hash, BlockRef { number, hash });
    let included = Included { transaction, block, is_final: number <= finalized };
    let of = chain.contract.chain;
    Ok(Some(ActionReceipt::included(row.id, row.action, of, (outcome, included), Reason::new(&reason))))
}

async fn outcome(chain: &Chain, mined: &TransactionReceipt, pending: &Pending, block: B256) -> (Outcome, String) {
    let content = ActionContent::decode(&pending.content);
    if let Ok(ActionContent::Consent(call)) = &content {
        return consented(chain, mined, call, block).await;
    }
    let trigger = chain.contract.trigger;
    let mut ours = mined.logs().iter().filter(|log| log.address() == trigger);
    if let Some(failed) = ours.clone().find_map(|log| ActionFailed::decode_log(&log.inner).ok()) {
        return (Outcome::Failed, reason(&failed.reason));
    }
    if ours.any(|log| ActionExecuted::decode_log(&log.inner).is_ok()) {
        return (Outcome::Executed, String::new());
    }
    reverted(match content {
        Ok(ActionContent::Action(action)) => chain.explain(trigger, data(&action), block).await,
        _ => String::new(),
    })
}

/// Of a call of `RecordingConsent`: it does what it says, or it reverts.
async fn consented(chain: &Chain, mined: &TransactionReceipt, call: &[u8], block: B256) -> (Outcome, String) {
    match ConsentCall::decode(call) {
        _ if mined.status() => (Outcome::Executed, String::new()),
        Ok(call) => reverted(chain.explain(chain.consent, call.data(), block).await),
        Err(_) => reverted(String::new()),
    }
}

fn reverted(reason: String) -> (Outcome, String) {
    let refusal = Refusal::Reverted(reason);
    (Outcome::Refused(refusal.code()), refusal.to_string())
}

/// It stands in no block: make sure that the chain's node has it, unless another transaction has its place, and that it pays
/// enough.
async fn send_again<M: Mail>(
    worker: &mut Worker<M>,
    at: u64,
    row: &Row,
    mut pending: Pending,
    head: &Head,
) -> Result<(), Fault> {
    let known = worker.chain.knows(&pending.versions).await?;
    if !known && worker.chain.used(pending.nonce).await? {
        tracing::warn!(transaction = %pending.newest(), "another transaction of the account took its place");
        return worker.again(at, row, &pending).await;
    }
    let late = head.number >= pending.block.saturating_add(PATIENCE) && pending.versions.len() < MAX_VERSIONS;
    let dearer = if late { worker.chain.dearer(&pending.raw, known).await? } else { None };
    if let Some(dearer) = dearer {
        let signed = worker.chain.sign(dearer)?;
        pending.versions.push(signed.hash);
        (pending.raw, pending.block) = (signed.raw, head.number);
        // Durable before it leaves, as the first: whichever version the chain takes is known after a crash.
        keep(&mut worker.journal, at, row, &pending)?;
        tracing::info!(transaction = %pending.newest(), versions = pending.versions.len(), "action made dearer");
    } else if known {
        return taken(worker, at, row, pending, Offered::Taken);
    } else {
        tracing::info!(transaction = %pending.newest(), "action sent again");
    }
    let offered = match worker.chain.offer(&pending.raw).await? {
        // An older version is there and has not been replaced.
        Offered::Refused if known => Offered::Taken,
        offered => offered,
    };
    taken(worker, at, row, pending, offered)
}

/// Remember whether the node takes it.
pub(super) fn taken<M: Mail>(
    worker: &mut Worker<M>,
    at: u64,
    row: &Row,
    mut pending: Pending,
    offered: Offered,
) -> Result<(), Fault> {
    let refused = offered == Offered::Refused;
    if refused {
        worker.tries.failed(at, worker.mail.now());
    } else {
        worker.tries.done(at);
    }
    if pending.refused == refused {
        return Ok(());
    }
    pending.refused = refused;
    keep(&mut worker.journal, at, row, &pending)
}

fn keep(journal: &mut Journal, at: u64, row: &Row, pending: &Pending) -> Result<(), Fault> {
    Ok(journal.put(at, Row { work: Work::Sent(pending.clone()), ..row.clone() })?)
}
