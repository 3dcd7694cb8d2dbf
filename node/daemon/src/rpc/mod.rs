//! The RPC: JSON-RPC 2.0 over the Unix socket and over loopback HTTP with a token, calls by POST, events by WebSocket
//! (SESSION section 10).
//!
//! | Module | Holds |
//! |---|---|
//! | [`listen`] | the two listeners and their bounds |
//! | [`auth`] | the token; Host and Origin of loopback HTTP |
//! | [`answer`] | requests to responses, alone and in batches |
//! | `identity`, `session`, `message`, `status`, `trigger`, `room`, `recording` | the methods |
//! | [`render`] | the engine's words in those of the RPC |
//! | [`subscription`], `socket` | durable events; one WebSocket |
//!
//! Parameters and results are never logged.

pub mod answer;
pub mod auth;
mod identity;
pub mod listen;
mod message;
mod recording;
pub mod render;
mod room;
mod session;
mod socket;
mod status;
pub mod subscription;
mod trigger;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use pars_rpc::envelope::MAX_BYTES;
use pars_wire::NodeId;
use tokio::sync::{Semaphore, watch};

use crate::chain::Progress;
use crate::config::Network;
use crate::driver::Handle;
use crate::page::Page;
use crate::recordings::Library;
use crate::room::{Rooms, rtc};
pub use listen::Server;

/// WebSockets open at once.
const MAX_SOCKETS: usize = 64;
/// Header by which a client says which network it means.
const NETWORK_HEADER: &str = "pars-network";
/// What a WebSocket speaks.
const PROTOCOL: &str = "pars.v1";

/// Which listener a call came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The Unix socket: only programs of the daemon's own user.
    Socket,
    /// Loopback HTTP: whoever has the token, browsers too.
    Loopback,
}

/// What every call may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// The engine.
    pub handle: Handle,
    /// The network.
    pub network: Network,
    /// How far the index is.
    pub progress: watch::Receiver<Progress>,
    /// This service node.
    pub service: Option<NodeId>,
    /// Whether actions are carried out here.
    pub executor: bool,
    /// Rooms.
    pub rooms: Option<Rooms>,
    /// Recordings.
    pub library: Option<Library>,
    /// Room for WebSockets.
    pub sockets: Arc<Semaphore>,
    /// Which listener the call came over.
    pub door: Door,
}

impl Context {
    /// A context with room for all WebSockets, for calls over the loopback port.
    pub fn new(
        handle: Handle,
        network: Network,
        progress: watch::Receiver<Progress>,
        service: Option<NodeId>,
        executor: bool,
    ) -> Self {
        let sockets = Arc::new(Semaphore::new(MAX_SOCKETS));
        Self { handle, network, progress, service, executor, rooms: None, library: None, sockets, door: Door::Loopback }
    }

    /// The same with rooms.
    #[must_use]
    pub fn with_rooms(self, rooms: Rooms) -> Self {
        Self { rooms: Some(rooms), ..self }
    }

    /// The same with recordings.
    #[must_use]
    pub fn with_library(self, library: Library) -> Self {
        Self { library: Some(library), ..self }
    }

    /// The same for calls over another listener.
    #[must_use]
    pub fn at(self, door: Door) -> Self {
        Self { door, ..self }
    }
}

/// Why the RPC does not listen.
#[derive(Debug, thiserror::Error)]
pub enum RpcStartError {
    /// The socket.
    #[error(
        "the socket {path} cannot be opened: {source} (a path has about 100 characters at most; a shorter --datadir may help)"
    )]
    Socket {
        /// Where.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The port.
    #[error("the RPC cannot listen on {address}: {source}")]
    Http {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// What every listener answers.
fn routes(context: Context) -> Router {
    Router::new()
        .route("/", post(call))
        .route("/ws", get(upgrade))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(context)
}

/// What the loopback port answers besides: the page, and its signalling, which shows a token of its own.
fn open_routes(page: Page, rooms: Option<Rooms>) -> Router {
    let Some(rooms) = rooms else { return page.routes() };
    let signalling = ["/rtc", "/rtc/v1", "/rtc/validate", "/rtc/v1/validate"];
    let routes = signalling.into_iter().fold(Router::new(), |routes, path| routes.route(path, get(rtc::serve)));
    page.routes().merge(routes.with_state(rooms))
}

/// Whether the client means this network; a client that does not say means any.
fn network_agrees(context: &Context, headers: &HeaderMap) -> bool {
    headers.get(NETWORK_HEADER).is_none_or(|wanted| wanted.as_bytes() == context.network.name().as_bytes())
}

/// A page may send text or a form to any address without being asked; JSON only where the other end allows it (THREATS N1).
fn is_json(headers: &HeaderMap) -> bool {
    let essence =
        |value: &str| value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json");
    let mut given = headers.get_all(CONTENT_TYPE).into_iter();
    given.next().and_then(|value| value.to_str().ok()).is_some_and(essence) && given.next().is_none()
}

async fn call(State(context): State<Context>, headers: HeaderMap, body: Bytes) -> Response {
    if context.door == Door::Loopback && !is_json(&headers) {
        let sentence = "the body is JSON-RPC: send it with Content-Type: application/json";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence).into_response();
    }
    let agrees = network_agrees(&context, &headers);
    match answer::body(&context, agrees, &body).await {
        Some(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn upgrade(State(context): State<Context>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let agrees = network_agrees(&context, &headers);
    let Ok(room) = context.sockets.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many WebSockets are open; close some").into_response();
    };
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(MAX_BYTES).max_frame_size(MAX_BYTES);
    upgrade.on_upgrade(move |socket| async move {
        socket::serve(context, agrees, socket).await;
        drop(room);
    })
}
