//! The two listeners, bounded: connections at once, and the time a request's head may take (THREATS section 3).
//!
//! A connection beyond the bound waits in the system's queue; one that says nothing is closed, so the queue moves on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Context, Door, RpcStartError, auth, open_routes, routes};
use crate::page::Page;

/// Connections with the loopback port at once.
const MAX_HTTP: usize = 64;
/// Connections with the socket at once.
const MAX_SOCKET: usize = 512;
/// How long the head of a request may take, and a connection be idle before the next one.
const HEAD: Duration = Duration::from_secs(5);

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

    /// Serve until the future is dropped. Connections that are open end with it, but for WebSockets, which end with the engine.
    pub async fn serve(self, context: Context, guard: auth::Guard, page: Page) {
        let open = routes(context.clone().at(Door::Socket));
        let outside = open_routes(page, context.rooms.clone());
        let guarded = auth::guarded(routes(context.at(Door::Loopback)), outside, guard);
        tokio::join!(accept(self.socket, open, MAX_SOCKET), accept(self.http, guarded, MAX_HTTP));
    }
}

/// Serve the gateway to this machine, and to no page of another origin, until the future is dropped.
pub(crate) async fn serve_gateway(listener: TcpListener, routes: Router) {
    // Nobody needs the token: there is nothing behind it. Without a port nobody can come.
    let port = listener.local_addr().map_or(0, |address| address.port());
    let guard = auth::Guard::new(auth::Token::generate(), Vec::new(), port);
    accept(listener, auth::guarded(Router::new(), routes, guard), MAX_HTTP).await;
}

/// Serve each connection by a task of its own, so many at once.
async fn accept<L: Listener>(mut listener: L, router: Router, most: usize) -> Infallible {
    let room = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let place = room.clone().acquire_owned().await.ok();
        let (stream, _) = listener.accept().await;
        while connections.try_join_next().is_some() {}
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let mut http = http1::Builder::new();
            let connection =
                http.timer(TokioTimer::new()).header_read_timeout(HEAD).serve_connection(TokioIo::new(stream), service);
            // How a client ends is its own affair.
            let _ = connection.with_upgrades().await;
            drop(place);
        });
    }
}
