//! The listener, bounded: connections that are no client's socket yet, and the time a request's head may take (THREATS section 3).
//!
//! A connection beyond the bound waits in the system's queue; one that says nothing is closed, so the queue moves on. One that
//! has shown a token and become a WebSocket gives its place back.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

/// Connections at once that have not become a client's socket. Each is there for as long as its request takes.
pub(crate) const MAX_STRANGERS: usize = 256;
/// How long the head of a request may take, and a connection be idle before the next one.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of the head of a request. An address in it, with token and offer, has 64 KiB at most.
const HEAD_BYTES: usize = 128 << 10;

/// Serves each connection by a task of its own, so many at once, until the future is dropped.
pub(crate) async fn serve(mut listener: TcpListener, router: Router, most: usize) -> Infallible {
    let room = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let place = room.clone().acquire_owned().await.ok();
        let (stream, _) = Listener::accept(&mut listener).await;
        while connections.try_join_next().is_some() {}
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // How a client ends is its own affair. A WebSocket goes on in a task of its own.
            let _ = connection.with_upgrades().await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{extract::WebSocketUpgrade, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        time::timeout,
    };

    use super::*;

    /// Only against a test that would never end.
    const GUARD: Duration = Duration::from_secs(60);

    async fn ask(address: SocketAddr, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The next bytes, or none where the connection has ended.
    async fn next(stream: &mut TcpStream) -> String {
        let mut buffer = [0; 1_024];
        let length = timeout(GUARD, stream.read(&mut buffer)).await.expect("in time").unwrap_or_default();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[tokio::test]
    async fn a_socket_gives_its_place_back_and_who_says_nothing_loses_it() {
        let upgrade = |upgrade: WebSocketUpgrade| async move {
            upgrade.on_upgrade(|mut socket| async move { while socket.recv().await.is_some() {} })
        };
        let router = Router::new().route("/socket", get(upgrade)).route("/", get(|| async { "here" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, router, 1));
        let request = "GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let mut sockets = [ask(address, request).await, ask(address, request).await];
        for socket in &mut sockets {
            assert!(next(socket).await.starts_with("HTTP/1.1 101"));
        }
        // The one place is a silent stranger's now, for a while.
        let mut silent = ask(address, "GET / HT").await;
        let mut waiting = ask(address, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        while !next(&mut silent).await.is_empty() {}
        assert!(next(&mut waiting).await.ends_with("here"));
        // An empty ping, masked; the sockets outlived their places.
        for socket in &mut sockets {
            socket.write_all(&[0x89, 0x80, 0, 0, 0, 0]).await.unwrap();
            assert!(!next(socket).await.is_empty());
        }
        serving.abort();
    }

    #[tokio::test]
    async fn a_head_without_end_is_not_kept() {
        let router = Router::new().route("/", get(|| async { "here" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, router, 1));
        for (length, taken) in [(HEAD_BYTES / 2, true), (2 * HEAD_BYTES, false)] {
            let request =
                format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {}\r\n\r\n", "x".repeat(length));
            let mut stream = TcpStream::connect(address).await.unwrap();
            // Who is refused may not get rid of it all.
            let _ = stream.write_all(request.as_bytes()).await;
            assert_eq!(next(&mut stream).await.ends_with("here"), taken, "{length}");
        }
        serving.abort();
    }
}
