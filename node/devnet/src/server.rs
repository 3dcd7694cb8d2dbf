//! HTTP and WebSocket on one loopback port.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

use crate::{
    error::{DevnetError, RpcError},
    handle::Devnet,
    socket,
};

/// Largest request: a creation transaction with 48 KiB of code is 100 KB of hex, a batch has room for many.
pub(crate) const MAX_REQUEST: usize = 8 << 20;
/// Calls in one batch.
pub(crate) const MAX_BATCH: usize = 1_000;

/// A bound port, not serving yet.
#[derive(Debug)]
pub struct Server {
    devnet: Devnet,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds a loopback address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`DevnetError::NotLoopback`] or [`DevnetError::Listen`].
    pub async fn bind(devnet: Devnet, address: SocketAddr) -> Result<Self, DevnetError> {
        if !address.ip().is_loopback() {
            return Err(DevnetError::NotLoopback(address));
        }
        let failed = |source| DevnetError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { devnet, listener, address })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready.
    ///
    /// # Errors
    /// [`DevnetError::Listen`] when the listener breaks.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), DevnetError> {
        let address = self.address;
        let routes = Router::new()
            .route("/", get(upgrade).post(post))
            .layer(DefaultBodyLimit::max(MAX_REQUEST))
            .layer(CorsLayer::permissive())
            .with_state(self.devnet);
        let serving = axum::serve(self.listener, routes).into_future();
        // Open connections, among them idle ones of clients that keep them, do not hold up the end.
        tokio::select! {
            result = serving => result.map_err(|source| DevnetError::Listen { address, source }),
            () = stop => Ok(()),
        }
    }
}

async fn post(State(devnet): State<Devnet>, body: Bytes) -> Response {
    let reply = answer(&devnet, &body).await;
    match reply {
        Some(value) => ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn upgrade(
    State(devnet): State<Devnet>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(MAX_REQUEST)
            .on_upgrade(move |socket| socket::serve(devnet, socket))
            .into_response(),
        Err(_) => (StatusCode::METHOD_NOT_ALLOWED, "JSON-RPC over POST or WebSocket").into_response(),
    }
}

/// Answers a body: one call, a batch, or an error. `None` when it held notifications only.
async fn answer(devnet: &Devnet, body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(calls)) => batch(devnet, calls).await,
        Ok(call) => single(devnet, call).await,
        Err(error) => {
            Some(failure(Value::Null, RpcError::invalid_request(format!("the request is not JSON: {error}"))))
        }
    }
}

async fn batch(devnet: &Devnet, calls: Vec<Value>) -> Option<Value> {
    if calls.is_empty() || calls.len() > MAX_BATCH {
        let message = format!("a batch holds 1 to {MAX_BATCH} calls");
        return Some(failure(Value::Null, RpcError::invalid_request(message)));
    }
    let mut replies = Vec::with_capacity(calls.len());
    for call in calls {
        replies.extend(single(devnet, call).await);
    }
    (!replies.is_empty()).then_some(Value::Array(replies))
}

async fn single(devnet: &Devnet, call: Value) -> Option<Value> {
    let call = match Call::parse(call) {
        Ok(call) => call,
        Err((id, error)) => return Some(failure(id, error)),
    };
    let result = devnet.call(&call.method, call.params).await;
    Some(reply(call.id?, result))
}

/// A request of JSON-RPC 2.0.
#[derive(Debug)]
pub(crate) struct Call {
    /// Absent for a notification, which gets no answer.
    pub(crate) id: Option<Value>,
    pub(crate) method: String,
    pub(crate) params: Value,
}

impl Call {
    /// Reads a call, or gives the id to answer with and the error.
    pub(crate) fn parse(value: Value) -> Result<Self, (Value, RpcError)> {
        let Value::Object(mut call) = value else {
            return Err((Value::Null, RpcError::invalid_request("a call is a JSON object")));
        };
        let id = call.remove("id");
        match call.remove("method") {
            Some(Value::String(method)) => Ok(Self { id, method, params: call.remove("params").unwrap_or_default() }),
            _ => Err((id.unwrap_or_default(), RpcError::invalid_request("the call names no method"))),
        }
    }
}

/// The answer object of a call.
pub(crate) fn reply(id: Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => failure(id, error),
    }
}

pub(crate) fn failure(id: Value, error: RpcError) -> Value {
    let mut object = json!({"code": error.code, "message": error.message});
    if let (Some(data), Some(fields)) = (error.data, object.as_object_mut()) {
        fields.insert("data".into(), data);
    }
    json!({"jsonrpc": "2.0", "id": id, "error": object})
}
