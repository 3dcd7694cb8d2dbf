//! `trigger status`: a session's actions, by its message history, and what became of them.

use alloy::hex;
use pars_bindings::SessionTrigger;
use pars_proto::action::{ActionContent, ActionReceipt, Outcome};
use pars_rpc::{
    SessionId,
    message::{Direction, ListMessages, MAX_PAGE, Message},
};
use pars_wire::{codec::Wire, content::ContentType};
use serde_json::{Value, json};

use super::send::{read, sequence};
use crate::{context::Context, daemon::Daemon, error::Error, output::Report};

/// An action that was sent, and the receipts that answer it.
struct Sent {
    id: [u8; 16],
    document: Value,
    line: String,
    receipts: Vec<ActionReceipt>,
}

/// `trigger status`
pub(super) async fn run(context: &Context, session: SessionId) -> Result<Report, Error> {
    let actions = collect(&messages(&context.daemon()?, session).await?);
    let documents: Vec<Value> = actions.iter().map(document).collect();
    let lines: Vec<String> = actions.iter().map(words).collect();
    let text = if lines.is_empty() { "No action was sent in this session.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(json!({"actions": documents}), text))
}

async fn messages(daemon: &Daemon, session: SessionId) -> Result<Vec<Message>, Error> {
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let page = daemon.call(&ListMessages { session, after, since: 0, limit: Some(MAX_PAGE) }).await?;
        messages.extend(page.messages);
        match page.next {
            None => return Ok(messages),
            Some(next) if next <= after => return Err(Error::DaemonWrong("its pages do not go on".into())),
            Some(next) => after = next,
        }
    }
}

fn collect(messages: &[Message]) -> Vec<Sent> {
    let mut actions: Vec<Sent> = Vec::new();
    for message in messages {
        let Ok(content) = hex::decode(&message.content) else { continue };
        match message.direction {
            Direction::Sent if message.kind == ContentType::Action.name() => actions.extend(sent(message, &content)),
            Direction::Received if message.kind == ContentType::ActionReceipt.name() => {
                let Ok(receipt) = ActionReceipt::decode(&content) else { continue };
                let answered = actions.iter_mut().find(|action| action.id == receipt.answers());
                answered.into_iter().for_each(|action| action.receipts.push(receipt.clone()));
            }
            _ => {}
        }
    }
    actions
}

fn sent(message: &Message, content: &[u8]) -> Option<Sent> {
    let ActionContent::Action(signed) = ActionContent::decode(content).ok()? else { return None };
    let (hash, action) = read(signed.message())?;
    let SessionTrigger::Action { account, target, value, data, nonce, .. } = action;
    let document = json!({
        "id": message.id, "actionHash": hash, "account": account, "target": target, "value": value.to_string(),
        "data": data, "lane": (nonce >> 64_usize).to_string(), "sequence": sequence(nonce), "delivery": message.delivery,
    });
    let line = format!("[{}] {hash}\n    {account} calls {target}", message.cursor);
    Some(Sent { id: message.id.0, document, line, receipts: Vec::new() })
}

fn document(action: &Sent) -> Value {
    let mut document = action.document.clone();
    if let Some(members) = document.as_object_mut() {
        let receipts: Vec<Value> = action.receipts.iter().map(receipt).collect();
        // The newest says how it stands.
        members.insert("status".into(), json!(action.receipts.last().map_or("sent", |last| outcome(last.outcome()))));
        members.insert("final".into(), json!(action.receipts.last().is_some_and(ActionReceipt::is_final)));
        members.insert("receipts".into(), json!(receipts));
    }
    document
}

fn receipt(receipt: &ActionReceipt) -> Value {
    let refusal = match receipt.outcome() {
        Outcome::Refused(code) => Some(code.name()),
        _ => None,
    };
    let at = receipt.inclusion();
    json!({
        "outcome": outcome(receipt.outcome()), "refusal": refusal, "reason": receipt.reason(),
        "chainId": receipt.chain().0, "final": receipt.is_final(), "actionHash": receipt.action(),
        "transaction": at.map(|at| at.transaction), "block": at.map(|at| at.block.number),
        "blockHash": at.map(|at| at.block.hash),
    })
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Executed => "executed",
        Outcome::Failed => "failed",
        Outcome::Refused(_) => "refused",
    }
}

fn words(action: &Sent) -> String {
    let Some(last) = action.receipts.last() else { return format!("{}: no answer yet", action.line) };
    let how = match (last.outcome(), last.reason()) {
        (Outcome::Refused(code), reason) => format!("refused ({}): {reason}", code.name()),
        (other, "") => outcome(other).to_owned(),
        (other, reason) => format!("{}: {reason}", outcome(other)),
    };
    let place = last.inclusion().map_or_else(String::new, |at| {
        let settled = if at.is_final { "final" } else { "not final yet" };
        format!(" in block {}, {settled}", at.block.number)
    });
    format!("{}: {how}{place}", action.line)
}

#[cfg(test)]
mod tests {
    use pars_rpc::{HexBytes, message::Delivery};

    use super::*;

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../../../../tests/vectors/session/action.json")).unwrap()
    }

    fn message(id: u8, direction: Direction, kind: ContentType, content: &Value) -> Message {
        let delivery = Delivery::Unread;
        let content = content.as_str().unwrap().trim_start_matches("0x").to_owned();
        Message {
            cursor: 1,
            id: HexBytes([id; 16]),
            session: HexBytes([1; 32]),
            sender: String::new(),
            direction,
            sequence: 1,
            timestamp: 0,
            kind: kind.name().to_owned(),
            content,
            delivery,
        }
    }

    #[test]
    fn an_action_is_shown_with_the_newest_receipt_that_answers_it() {
        let vector = vector();
        let action = |id| message(id, Direction::Sent, ContentType::Action, &vector["content"]["action"]);
        let receipt =
            |name: &str| message(9, Direction::Received, ContentType::ActionReceipt, &vector["receipts"][name]);
        let certificate = message(8, Direction::Sent, ContentType::Action, &vector["content"]["certificate"]);
        let all = [certificate, action(0x66), action(0x67), receipt("executed"), receipt("executedFinal")];
        let shown: Vec<Value> = collect(&all).iter().map(document).collect();
        assert_eq!(shown.len(), 2);
        assert_eq!((&shown[0]["status"], &shown[0]["final"]), (&json!("executed"), &json!(true)));
        assert_eq!(shown[0]["receipts"].as_array().unwrap().len(), 2);
        assert_eq!(shown[0]["actionHash"], vector["actionHash"]);
        assert_eq!((&shown[1]["status"], &shown[1]["final"]), (&json!("sent"), &json!(false)));
    }

    #[test]
    fn a_refusal_is_shown_by_its_code_and_reason() {
        let vector = vector();
        let all = [
            message(0x66, Direction::Sent, ContentType::Action, &vector["content"]["action"]),
            message(9, Direction::Received, ContentType::ActionReceipt, &vector["receipts"]["replay"]),
        ];
        let shown = collect(&all);
        assert_eq!(document(&shown[0])["receipts"][0]["refusal"], "replay");
        assert!(words(&shown[0]).contains("refused (replay): nonce 9"));
    }
}
