//! The RPC: JSON-RPC 2.0 over the Unix socket and over loopback HTTP with a token, calls by POST, events by WebSocket
//! (SESSION section 10).
//!
//! | Module | Holds |
//! |---|---|
//! | [`auth`] | the token; Host and Origin of loopback HTTP |
//! | [`answer`] | requests to responses, alone and in batches |
//! | `identity`, `session`, `message`, `status`, `trigger` | the methods |
//! | [`render`] | the engine's words in those of the RPC |
//! | [`subscription`], `socket` | durable events; one WebSocket |
//!
//! Parameters and results are never logged.

pub mod answer;
pub mod auth;
mod identity;
mod message;
pub mod render;
mod session;
mod socket;
mod status;
pub mod subscription;
mod trigger;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use pars_rpc::envelope::MAX_BYTES;
use pars_wire::NodeId;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};

use crate::chain::Progress;
use crate::config::Network;
use crate::driver::Handle;
use auth::{Guard, Token};

/// WebSockets open at once.
const MAX_SOCKETS: usize = 64;
/// Header by which a client says which network it means.
const NETWORK_HEADER: &str = "pars-network";
/// What a WebSocket speaks.
const PROTOCOL: &str = "pars.v1";

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
    /// Room for WebSockets.
    pub sockets: Arc<Semaphore>,
}

impl Context {
    /// A context with room for all WebSockets.
    pub fn new(
        handle: Handle,
        network: Network,
        progress: watch::Receiver<Progress>,
        service: Option<NodeId>,
        executor: bool,
    ) -> Self {
        Self { handle, network, progress, service, executor, sockets: Arc::new(Semaphore::new(MAX_SOCKETS)) }
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

/// Bound, not serving yet.
#[derive(Debug)]
pub struct Server {
    socket: UnixListener,
    http: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Open the socket (0600, in the place of one that a crash left) and the port.
    ///
    /// # Errors
    /// [`RpcStartError`].
    pub async fn bind(path: &Path, address: SocketAddr) -> Result<Self, RpcStartError> {
        let failed = |source| RpcStartError::Socket { path: path.to_owned(), source };
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        // The directory is closed to others, so nobody comes in before the mode is set.
        let socket = UnixListener::bind(path).map_err(failed)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, mode).map_err(failed)?;
        let failed = |source| RpcStartError::Http { address, source };
        let http = TcpListener::bind(address).await.map_err(failed)?;
        let address = http.local_addr().map_err(failed)?;
        Ok(Self { socket, http, address })
    }

    /// The bound port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serve until the future is dropped. Connections that are open end with it.
    ///
    /// # Errors
    /// A listener broke.
    pub async fn serve(self, context: Context, token: Token, origins: Vec<String>) -> std::io::Result<()> {
        let guard = Arc::new(Guard::new(token, origins));
        let open = routes(context.clone());
        let guarded = routes(context).layer(middleware::from_fn_with_state(guard, auth::check));
        tokio::try_join!(async { axum::serve(self.socket, open).await }, async {
            axum::serve(self.http, guarded).await
        },)?;
        Ok(())
    }
}

fn routes(context: Context) -> Router {
    Router::new()
        .route("/", post(call))
        .route("/ws", get(upgrade))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(context)
}

/// Whether the client means this network; a client that does not say means any.
fn network_agrees(context: &Context, headers: &HeaderMap) -> bool {
    headers.get(NETWORK_HEADER).is_none_or(|wanted| wanted.as_bytes() == context.network.name().as_bytes())
}

async fn call(State(context): State<Context>, headers: HeaderMap, body: Bytes) -> Response {
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
