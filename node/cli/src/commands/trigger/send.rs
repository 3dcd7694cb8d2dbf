//! `trigger send`: an action, signed here and carried to an executor by the session daemon.

use alloy::{
    dyn_abi::{JsonAbiExt, Specifier},
    hex,
    primitives::{B256, Bytes, U256, aliases::U192},
    sol_types::SolValue,
};
use pars_bindings::{
    SessionTrigger,
    typed::{action_hash, action_nonce, seconds48, trigger_domain},
};
use pars_crypto::trigger::Statement;
use pars_proto::action::content::{MAX_MESSAGE, MIN_MESSAGE};
use pars_rpc::trigger::SendAction;
use serde_json::json;

use crate::{
    args::SendTrigger,
    chain::Chain,
    commands::session::send::{draw, repeatable},
    context::Context,
    error::Error,
    files::trigger::{self, Enrolment},
    output::Report,
};

/// `trigger send`
pub(super) async fn run(context: &Context, arguments: &SendTrigger) -> Result<Report, Error> {
    let data = data(arguments)?;
    let chain = context.reader().await?;
    let kept = trigger::enrolment(&context.home, chain.id(), arguments.account)?;
    let key = trigger::load(&context.home, kept.signer_id)?;
    let action = action(&chain, &kept, arguments, data).await?;
    let (hash, message) = (action_hash(&action), action.abi_encode());
    if !(MIN_MESSAGE..=MAX_MESSAGE).contains(&message.len()) {
        let most = MAX_MESSAGE - MIN_MESSAGE;
        return Err(Error::Usage(format!("the call data are too long for one message; {most} bytes fit")));
    }
    let domain = trigger_domain(chain.id(), kept.trigger).hash_struct();
    let signature = key.sign(&Statement::action(&domain.0, &hash.0))?;
    let client_id = arguments.client_id.map_or_else(draw, Ok)?;
    let call = SendAction {
        session: arguments.session,
        certificate: hex::encode(&kept.certificate),
        session_message: hex::encode(&message),
        signature: hex::encode(&signature),
        client_id: Some(client_id),
    };
    let sent = context.daemon()?.call(&call).await.map_err(|error| repeatable(error, client_id))?;
    let document = json!({
        "id": sent.id, "clientId": sent.client_id, "actionHash": hash, "signerId": kept.signer_id,
        "account": action.account, "target": action.target, "value": action.value.to_string(), "data": action.data,
        "lane": arguments.lane.to_string(), "sequence": sequence(action.nonce),
        "validAfter": action.validAfter.to::<u64>(), "validUntil": action.validUntil.to::<u64>(),
    });
    let text = format!("Action {hash}\nis on its way in message {}; see trigger status.", sent.id);
    Ok(Report::new(document, text))
}

fn data(arguments: &SendTrigger) -> Result<Bytes, Error> {
    let Some(function) = &arguments.call else { return Ok(arguments.data.clone().unwrap_or_default()) };
    let (expected, given) = (function.inputs.len(), arguments.values.len());
    if expected != given {
        return Err(Error::Usage(format!("{} takes {expected} values, {given} are given", function.signature())));
    }
    let values = function.inputs.iter().zip(&arguments.values).map(|(input, text)| {
        let value = input.resolve().and_then(|kind| kind.coerce_str(text));
        value.map_err(|_| Error::Usage(format!("{text} is no {}", input.ty)))
    });
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let encoded = function.abi_encode_input(&values);
    encoded.map(Bytes::from).map_err(|e| Error::Usage(format!("{} cannot be encoded: {e}", function.signature())))
}

async fn action(
    chain: &Chain,
    kept: &Enrolment,
    arguments: &SendTrigger,
    data: Bytes,
) -> Result<SessionTrigger::Action, Error> {
    let lane = U256::from(arguments.lane);
    let next = SessionTrigger::nextSequenceCall { signerId: kept.signer_id, lane: U192::from(arguments.lane) };
    let sequence = match arguments.sequence {
        Some(sequence) => sequence,
        None => chain.call(kept.trigger, &next).await?,
    };
    let from = chain.head().await?.timestamp;
    let until = chain.next_time().await?.saturating_add(arguments.valid_for.into());
    let far = || Error::Usage("--valid-for is too far ahead".into());
    Ok(SessionTrigger::Action {
        signerId: kept.signer_id,
        account: arguments.account,
        target: arguments.target,
        value: arguments.value,
        data,
        nonce: action_nonce(lane, sequence).ok_or_else(far)?,
        validAfter: seconds48(from).ok_or_else(far)?,
        validUntil: seconds48(until).ok_or_else(far)?,
        gasLimit: arguments.gas,
    })
}

/// The lower 64 bits of a nonce.
pub(super) fn sequence(nonce: U256) -> u64 {
    let [sequence, ..] = nonce.into_limbs();
    sequence
}

/// The struct hash of an encoded action, if it is one.
pub(super) fn read(message: &[u8]) -> Option<(B256, SessionTrigger::Action)> {
    let action = SessionTrigger::Action::abi_decode(message).ok()?;
    Some((action_hash(&action), action))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command, TriggerCommand};

    fn arguments(words: &[&str]) -> SendTrigger {
        let session = "ab".repeat(32);
        let address = "0x3333333333333333333333333333333333333333";
        let head = ["parsctl", "trigger", "send", "--session", &session, "--account", address, "--target", address];
        let cli = Cli::try_parse_from(head.iter().chain(words)).unwrap();
        match cli.command {
            Command::Trigger(TriggerCommand::Send(arguments)) => arguments,
            _ => unreachable!("trigger send"),
        }
    }

    #[test]
    fn a_function_and_its_values_become_call_data() {
        let made = data(&arguments(&["--call", "set(uint256)", "7"])).unwrap();
        assert_eq!(made.to_string(), format!("0x60fe47b1{:064x}", 7));
        let made = data(&arguments(&["--call", "f(bool,string)", "true", "سلام"])).unwrap();
        assert_eq!(made.len(), 4 + 4 * 32);
        assert_eq!(data(&arguments(&["--data", "0x1234"])).unwrap().to_string(), "0x1234");
        assert!(data(&arguments(&[])).unwrap().is_empty());
    }

    #[test]
    fn values_that_do_not_fit_the_function_are_refused() {
        for words in [&["--call", "set(uint256)"][..], &["--call", "set(uint256)", "x"], &["--call", "set()", "1"]] {
            assert_eq!(data(&arguments(words)).unwrap_err().code(), "usage", "{words:?}");
        }
    }
}
