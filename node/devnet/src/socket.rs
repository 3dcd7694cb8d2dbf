//! One WebSocket connection: calls, `eth_subscribe` and what it sends. A subscriber that falls too far behind is
//! disconnected, so that it never misses a movement without noticing.

use std::{collections::BTreeMap, sync::Arc};

use alloy::rpc::types::Filter;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use pars_chain::{Change, LogFilter};
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    error::RpcError,
    handle::Devnet,
    rpc::{Params, convert, filter_of},
    server::{Call, MAX_BATCH, failure, reply},
};

/// Subscriptions of one connection.
const MAX_SUBSCRIPTIONS: usize = 256;

enum Topic {
    Heads,
    Logs(LogFilter),
}

struct Connection {
    devnet: Devnet,
    socket: WebSocket,
    topics: BTreeMap<u64, Topic>,
    newest: u64,
}

/// Serves a connection until either side ends it.
pub(crate) async fn serve(devnet: Devnet, socket: WebSocket) {
    let changes = devnet.changes();
    let mut connection = Connection { devnet, socket, topics: BTreeMap::new(), newest: 0 };
    // A connection that breaks has nobody left to tell.
    let _ = connection.run(changes).await;
}

impl Connection {
    async fn run(&mut self, mut changes: Receiver<Arc<Change>>) -> Result<(), axum::Error> {
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.receive(text.as_bytes()).await?,
                    Some(Ok(Message::Binary(bytes))) => self.receive(&bytes).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                },
                change = changes.recv() => match change {
                    Ok(change) => self.announce(&change).await?,
                    Err(RecvError::Lagged(_)) => {
                        let reason = "the subscriber is too slow: connect again and read what was missed".into();
                        let frame = CloseFrame { code: close_code::POLICY, reason };
                        return self.socket.send(Message::Close(Some(frame))).await;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        }
    }

    async fn send(&mut self, value: &Value) -> Result<(), axum::Error> {
        self.socket.send(Message::Text(value.to_string().into())).await
    }

    async fn receive(&mut self, body: &[u8]) -> Result<(), axum::Error> {
        let answer = match serde_json::from_slice(body) {
            Ok(Value::Array(calls)) if (1..=MAX_BATCH).contains(&calls.len()) => {
                let mut replies = Vec::with_capacity(calls.len());
                for call in calls {
                    replies.extend(self.answer(call).await);
                }
                (!replies.is_empty()).then_some(Value::Array(replies))
            }
            Ok(Value::Array(_)) => {
                let message = format!("a batch holds 1 to {MAX_BATCH} calls");
                Some(failure(Value::Null, RpcError::invalid_request(message)))
            }
            Ok(call) => self.answer(call).await,
            Err(error) => Some(failure(Value::Null, RpcError::invalid_request(format!("not JSON: {error}")))),
        };
        match answer {
            Some(answer) => self.send(&answer).await,
            None => Ok(()),
        }
    }

    async fn answer(&mut self, call: Value) -> Option<Value> {
        let call = match Call::parse(call) {
            Ok(call) => call,
            Err((id, error)) => return Some(failure(id, error)),
        };
        let result = match call.method.as_str() {
            "eth_subscribe" => self.subscribe(call.params),
            "eth_unsubscribe" => self.unsubscribe(call.params),
            method => self.devnet.call(method, call.params).await,
        };
        Some(reply(call.id?, result))
    }

    fn subscribe(&mut self, params: Value) -> Result<Value, RpcError> {
        let params = Params::new(params)?;
        if self.topics.len() >= MAX_SUBSCRIPTIONS {
            return Err(RpcError::limit(format!("a connection has at most {MAX_SUBSCRIPTIONS} subscriptions")));
        }
        let kind: String = params.required(0, "newHeads or logs")?;
        let topic = match kind.as_str() {
            "newHeads" => Topic::Heads,
            "logs" => Topic::Logs(filter_of(&params.optional::<Filter>(1, "a log filter")?.unwrap_or_default())?),
            other => return Err(RpcError::params(format!("no subscription {other}: newHeads or logs"))),
        };
        self.newest = self.newest.saturating_add(1);
        self.topics.insert(self.newest, topic);
        Ok(json!(convert::quantity(self.newest)))
    }

    fn unsubscribe(&mut self, params: Value) -> Result<Value, RpcError> {
        let id = Params::new(params)?.number(0, "a subscription id")?;
        Ok(json!(id.is_some_and(|id| self.topics.remove(&id).is_some())))
    }

    async fn announce(&mut self, change: &Change) -> Result<(), axum::Error> {
        let mut messages = Vec::new();
        for (id, topic) in &self.topics {
            let results: Vec<Value> = match topic {
                Topic::Heads => {
                    change.added.iter().filter_map(|b| serde_json::to_value(convert::header(b)).ok()).collect()
                }
                Topic::Logs(wanted) => convert::moved_logs(change, wanted),
            };
            let subscription = convert::quantity(*id);
            messages.extend(results.into_iter().map(|result| {
                let params = json!({"subscription": subscription, "result": result});
                json!({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})
            }));
        }
        for message in messages {
            self.send(&message).await?;
        }
        Ok(())
    }
}
