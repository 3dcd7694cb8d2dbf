//! Signalling over HTTP and WebSocket as LiveKit's clients speak it: version 0 (`/rtc`), where the server offers what a
//! client receives, and version 1 (`/rtc/v1`), where the client offers everything in one connection.

mod join_request;
pub(crate) mod listen;
mod socket;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    extract::{Query, State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use pars_sfu_core::{ConnectionId, Grant, Join, Refusal, limits::MAX_SIGNAL};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::{
    clock::unix_seconds,
    config::Keys,
    inlet::Command,
    token::{self, TokenError},
    twirp,
};

/// Bytes read from a client's socket at once. Every socket keeps a buffer of this size: the library's own 128 KiB would be most
/// of a seat's memory.
const READ: usize = 4 << 10;

/// Seconds within which a request's token must be looked at is HTTP's own; here is what every handler shares.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) keys: Keys,
    pub(crate) commands: mpsc::Sender<Command>,
    connections: Arc<AtomicU64>,
}

/// Why a client is turned away before it has a socket. An unknown room and a full one are told apart from a bad token,
/// not from each other's members (TH-J10).
#[derive(Debug)]
pub(crate) enum Denied {
    Token(TokenError),
    Refused(Refusal),
    Request,
    Down,
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Token(error) => (StatusCode::UNAUTHORIZED, error.to_string()),
            Self::Refused(Refusal::Revoked) => (StatusCode::UNAUTHORIZED, Refusal::Revoked.to_string()),
            Self::Refused(refusal) => (StatusCode::FORBIDDEN, refusal.to_string()),
            Self::Request => (StatusCode::BAD_REQUEST, "the join request cannot be read".to_owned()),
            Self::Down => (StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down".to_owned()),
        };
        (status, text).into_response()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    access_token: String,
    auto_subscribe: String,
    reconnect: String,
    sid: String,
    join_request: String,
}

impl App {
    pub(crate) fn new(keys: Keys, commands: mpsc::Sender<Command>) -> Self {
        Self { keys, commands, connections: Arc::default() }
    }

    /// The routes.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/rtc", get(version_0))
            .route("/rtc/validate", get(validate))
            .route("/rtc/v1", get(version_1))
            .route("/rtc/v1/validate", get(validate))
            .route("/twirp/livekit.RoomService/{method}", post(twirp::serve))
            .with_state(self)
    }

    /// Checks a client's token and asks the machine whether it would be let in.
    async fn admit(&self, params: &Params, headers: &HeaderMap) -> Result<Grant, Denied> {
        let token = if params.access_token.is_empty() { bearer(headers) } else { params.access_token.as_str() };
        let claims = token::verify(&self.keys, token, unix_seconds()).map_err(Denied::Token)?;
        let grant = token::grant(&claims).map_err(Denied::Token)?;
        let (reply, answer) = oneshot::channel();
        let asked = Command::Admits { grant: grant.clone(), reply };
        self.commands.send(asked).await.map_err(|_| Denied::Down)?;
        answer.await.map_err(|_| Denied::Down)?.map_err(Denied::Refused)?;
        Ok(grant)
    }

    fn connection(&self) -> ConnectionId {
        ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    fn upgrade(self, upgrade: WebSocketUpgrade, join: Join) -> Response {
        let connection = self.connection();
        let upgrade = upgrade.max_message_size(MAX_SIGNAL).max_frame_size(MAX_SIGNAL).read_buffer_size(READ);
        upgrade.on_upgrade(move |socket| socket::serve(socket, self.commands, (connection, join)))
    }
}

/// The token of an `Authorization: Bearer` header, or nothing.
pub(crate) fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

async fn validate(
    State(app): State<App>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<&'static str, Denied> {
    app.admit(&params, &headers).await.map(|_| "success")
}

async fn version_0(
    upgrade: WebSocketUpgrade,
    State(app): State<App>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let grant = app.admit(&params, &headers).await?;
    let resume = (params.reconnect == "1").then(|| params.sid.as_str().into());
    let auto_subscribe = !matches!(params.auto_subscribe.as_str(), "0" | "false");
    let join = Join { grant, single: false, auto_subscribe, resume, offer: None, tracks: Vec::new() };
    Ok(app.upgrade(upgrade, join))
}

async fn version_1(
    upgrade: WebSocketUpgrade,
    State(app): State<App>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let grant = app.admit(&params, &headers).await?;
    let request = join_request::decode(&params.join_request).ok_or(Denied::Request)?;
    Ok(app.upgrade(upgrade, join_request::join(grant, request)))
}
