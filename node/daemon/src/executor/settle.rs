//! What is on its way to the chain, brought to its end: sent again, found in a block, lost to a reorganisation, final; and
//! the author told.

use alloy::primitives::B256;
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::SolEvent;
use pars_bindings::SessionTrigger::{ActionExecuted, ActionFailed};
use pars_crypto::hash::sha3;
use pars_engine::CommandId;
use pars_identity::IdentityId;
use pars_proto::action::receipt::Reason;
use pars_proto::action::{ActionContent, ActionReceipt, Included, Outcome, Refusal};
use pars_wire::BlockRef;
use pars_wire::codec::Wire;

use super::chain::{Chain, ChainError, Signed};
use super::journal::{Pending, Row, Told};
use super::mail::Mail;
use super::parse;
use super::worker::{Fault, Worker};

/// Go through everything whose author does not know the end.
pub(super) async fn settle<M: Mail>(worker: &mut Worker<M>) -> Result<(), Fault> {
    let mut open = worker.journal.open_rows();
    if open.is_empty() {
        return Ok(());
    }
    let finalized = if open.iter().any(|(_, row)| row.pending.is_some()) { worker.chain.finalized().await? } else { 0 };
    for (at, row) in &mut open {
        if let Some(content) = &row.held {
            worker.look_again(*at, row, content).await?;
            continue;
        }
        if let Some(pending) = row.pending.clone() {
            let receipt = inclusion(&worker.chain, row, &pending, finalized).await?;
            let encoded = receipt.as_ref().map(|receipt| receipt.encode().into());
            if encoded != row.receipt {
                row.receipt = encoded;
                worker.journal.put(*at, row.clone())?;
            }
            if receipt.is_none() {
                send_again(worker, *at, row, &pending).await?;
                continue;
            }
        }
        tell(worker, *at, row).await?;
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
    let Some(mined) = chain.receipt(pending.hash).await? else { return Ok(None) };
    let (Some(number), Some(hash)) = (mined.block_number, mined.block_hash) else { return Ok(None) };
    let (outcome, reason) = outcome(chain, &mined, pending, hash).await;
    let block = BlockRef { number, hash };
    let included = Included { transaction: pending.hash, block, is_final: number <= finalized };
    let of = chain.contract.chain;
    Ok(Some(ActionReceipt::included(row.id, row.action, of, (outcome, included), Reason::new(&reason))))
}

async fn outcome(chain: &Chain, mined: &TransactionReceipt, pending: &Pending, block: B256) -> (Outcome, String) {
    let trigger = chain.contract.trigger;
    let mut ours = mined.logs().iter().filter(|log| log.address() == trigger);
    if let Some(failed) = ours.clone().find_map(|log| ActionFailed::decode_log(&log.inner).ok()) {
        return (Outcome::Failed, parse::reason(&failed.reason));
    }
    if ours.any(|log| ActionExecuted::decode_log(&log.inner).is_ok()) {
        return (Outcome::Executed, String::new());
    }
    let reason = match ActionContent::decode(&pending.content) {
        Ok(ActionContent::Action(action)) => chain.explain(parse::call_data(&action), block).await,
        _ => String::new(),
    };
    let refusal = Refusal::Reverted(reason);
    (Outcome::Refused(refusal.code()), refusal.to_string())
}

/// It stands in no block: make sure that the chain's node has it, unless another transaction has its place.
async fn send_again<M: Mail>(worker: &mut Worker<M>, at: u64, row: &Row, pending: &Pending) -> Result<(), Fault> {
    if worker.chain.knows(pending.hash).await? {
        return Ok(());
    }
    let signed = Signed { raw: pending.raw.clone(), hash: pending.hash, nonce: pending.nonce };
    if worker.chain.replaced(&signed).await? {
        tracing::warn!(transaction = %signed.hash, "another transaction of the account took its place");
        return worker.again(at, row, pending).await;
    }
    tracing::info!(transaction = %signed.hash, "action sent again");
    Ok(worker.chain.send(&signed).await?)
}

/// Tell the author what it does not know yet.
async fn tell<M: Mail>(worker: &mut Worker<M>, at: u64, row: &mut Row) -> Result<(), Fault> {
    let Some(bytes) = row.receipt.clone() else { return Ok(()) };
    let is_final = ActionReceipt::decode(&bytes).is_ok_and(|receipt| receipt.is_final());
    let stage = if is_final { Told::End } else { Told::Included };
    if row.told < stage && worker.mail.send(command(row, stage), IdentityId(row.author), bytes.to_vec()).await? {
        row.told = stage;
        worker.journal.put(at, row.clone())?;
    }
    Ok(())
}

/// The same for the same message and stage, whenever it is told.
fn command(row: &Row, stage: Told) -> CommandId {
    let hash = sha3(&[b"executor receipt", &row.id, &[stage as u8]]);
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    CommandId(id)
}
