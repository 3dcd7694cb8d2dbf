//! Calls, estimates and transactions.

use alloy::{
    eips::Encodable2718,
    primitives::{Address, Bytes, TxKind},
    rpc::types::TransactionRequest,
};
use pars_chain::{Answer as ChainAnswer, BlockTag, CallOutcome, CallRequest, Input, Transaction};
use serde_json::json;

use super::{Answer, Params, convert::quantity, fees::TIP};
use crate::{error::RpcError, node::Node};

pub(super) fn call(node: &Node, params: &Params) -> Answer {
    let request: TransactionRequest = params.required(0, "a call")?;
    no_overrides(params)?;
    match node.chain.call(&call_request(&request)?, params.tag(1)?, node.now())? {
        CallOutcome::Success { output, .. } => Ok(json!(output)),
        refused => Err(stopped(refused)),
    }
}

pub(super) fn estimate(node: &Node, params: &Params) -> Answer {
    let request: TransactionRequest = params.required(0, "a transaction")?;
    no_overrides(params)?;
    Ok(json!(quantity(gas_for(node, &request, params.tag(1)?)?)))
}

pub(super) fn send_raw(node: &mut Node, params: &Params) -> Answer {
    let raw: Bytes = params.required(0, "a signed transaction")?;
    submit(node, raw, None)
}

pub(super) fn send(node: &mut Node, params: &Params) -> Answer {
    let request: TransactionRequest = params.required(0, "a transaction")?;
    let (raw, impersonated) = signed(node, request)?;
    submit(node, raw, impersonated)
}

fn submit(node: &mut Node, raw: Bytes, impersonated: Option<Address>) -> Answer {
    let output = node.apply(Input::Submit { raw, impersonated, now: node.now() })?;
    match output.answer {
        ChainAnswer::Transaction(hash) => Ok(json!(hash)),
        _ => Err(RpcError::refused("the chain gave no transaction hash")),
    }
}

/// Fills in what is missing and signs with a development key, or marks the transaction of an impersonated account.
pub(super) fn signed(node: &Node, mut request: TransactionRequest) -> Result<(Bytes, Option<Address>), RpcError> {
    let from = request.from.ok_or_else(|| RpcError::params("the transaction names no sender in \"from\""))?;
    let account = node.accounts.iter().find(|account| account.address() == from);
    if account.is_none() && !node.chain.is_impersonated(from) {
        let message = format!("unknown account {from}: only development and impersonated accounts can send unsigned");
        return Err(RpcError::refused(message));
    }
    request.to.get_or_insert(TxKind::Create);
    request.chain_id.get_or_insert(node.chain.genesis().chain_id);
    request.nonce.get_or_insert_with(|| node.chain.pending_nonce(from));
    if request.gas_price.is_none() {
        let tip = *request.max_priority_fee_per_gas.get_or_insert(TIP.into());
        let base = u128::from(node.chain.next_base_fee());
        request.max_fee_per_gas.get_or_insert(base.saturating_mul(2).saturating_add(tip));
    }
    if request.gas.is_none() {
        request.gas = Some(gas_for(node, &request, BlockTag::Pending)?);
    }
    let unsigned = request.build_typed_tx().map_err(|_| RpcError::params("the transaction is not complete"))?;
    let Some(account) = account else {
        return Ok((Transaction::impersonated(unsigned, from).raw(), Some(from)));
    };
    let envelope = account.sign(unsigned).ok_or_else(|| RpcError::refused("the transaction cannot be signed"))?;
    Ok((envelope.encoded_2718().into(), None))
}

fn gas_for(node: &Node, request: &TransactionRequest, tag: BlockTag) -> Result<u64, RpcError> {
    node.chain.estimate(&call_request(request)?, tag, node.now())?.map_err(stopped)
}

fn stopped(outcome: CallOutcome) -> RpcError {
    match outcome {
        CallOutcome::Revert { output } => RpcError::reverted(&output),
        CallOutcome::Halt { reason, .. } => RpcError::refused(format!("execution halted: {reason}")),
        CallOutcome::Success { .. } => RpcError::refused("the call succeeded"),
    }
}

fn call_request(request: &TransactionRequest) -> Result<CallRequest, RpcError> {
    let unequal = |_| RpcError::params("\"data\" and \"input\" are both there and differ");
    Ok(CallRequest {
        from: request.from.unwrap_or_default(),
        to: request.to.and_then(|kind| kind.to().copied()),
        gas: request.gas,
        gas_price: request.max_fee_per_gas.or(request.gas_price),
        value: request.value.unwrap_or_default(),
        input: request.input.clone().try_into_unique_input().map_err(unequal)?.unwrap_or_default(),
        access_list: request.access_list.clone().unwrap_or_default(),
    })
}

/// State and block overrides change the meaning of a call: refused rather than ignored.
fn no_overrides(params: &Params) -> Result<(), RpcError> {
    let asked = [2, 3].into_iter().filter_map(|index| params.get(index));
    if asked.clone().any(|value| value.as_object().is_none_or(|object| !object.is_empty())) {
        return Err(RpcError::params("state and block overrides are not supported"));
    }
    Ok(())
}
