//! Starting and stopping a server.

use std::{convert::Infallible, io, net::SocketAddr, thread};

use serde::Serialize;
use thiserror::Error;
use tokio::{
    net::{TcpListener, UdpSocket},
    runtime,
    sync::oneshot,
    task::JoinHandle,
};

use crate::{
    config::Config,
    driver::Driver,
    dump::Dump,
    http::{
        App,
        listen::{MAX_STRANGERS, serve},
    },
    inlet::commands,
    rtc::Setup,
};

/// Bytes of the media socket's buffers: what arrives while a batch is worked off.
const SOCKET_BUFFER: usize = 4 << 20;

/// Why a server does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("{0} cannot be bound: {1}; choose another with --listen or --udp")]
    Bind(SocketAddr, io::Error),
    /// The media address names no interface.
    #[error("{0} is no address that clients can reach; name one with --udp")]
    Unspecified(SocketAddr),
    /// The certificate cannot be made.
    #[error("no DTLS certificate: {0}")]
    Certificate(String),
    /// The dump file cannot be opened.
    #[error("the dump cannot be opened: {0}")]
    Dump(io::Error),
    /// No thread for media.
    #[error("no thread for media: {0}")]
    Thread(io::Error),
}

/// What a started server tells whoever started it: the ready line.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// Where signalling and RoomService are.
    pub url: String,
    /// Where media is.
    pub udp: SocketAddr,
    /// SHA-256 of the process's DTLS certificate, 64 hex digits.
    pub fingerprint: String,
}

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// What it tells.
    pub ready: Ready,
    http: JoinHandle<Infallible>,
    /// Says nothing, and ends with the media thread.
    media: oneshot::Receiver<Infallible>,
    /// Says nothing, and ends the media thread with itself.
    _stop: oneshot::Sender<Infallible>,
}

impl Running {
    /// Waits for its end, which comes only from a failure: of the listener, or of the media thread.
    pub async fn ended(&mut self) {
        tokio::select! {
            _ = &mut self.http => {}
            _ = &mut self.media => {}
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Sockets have tasks of their own. They end with the media thread.
        self.http.abort();
    }
}

/// Gives media a thread. What is returned ends when the thread does, however it ends.
fn spawn_media(run: impl FnOnce() + Send + 'static) -> io::Result<oneshot::Receiver<Infallible>> {
    let (alive, ended) = oneshot::channel();
    let run = move || {
        let _alive = alive;
        run();
    };
    thread::Builder::new().name("media".to_owned()).spawn(run)?;
    Ok(ended)
}

/// Starts a server inside a tokio runtime. Media gets a thread of its own.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let bind = |address| move |error| StartError::Bind(address, error);
    if config.udp.ip().is_unspecified() {
        return Err(StartError::Unspecified(config.udp));
    }
    let listener = TcpListener::bind(config.listen).await.map_err(bind(config.listen))?;
    let listen = listener.local_addr().map_err(bind(config.listen))?;
    let socket = std::net::UdpSocket::bind(config.udp).map_err(bind(config.udp))?;
    let udp = socket.local_addr().map_err(bind(config.udp))?;
    socket.set_nonblocking(true).map_err(bind(config.udp))?;
    let buffers = socket2::SockRef::from(&socket);
    // A system that gives less still works.
    let _ = buffers.set_recv_buffer_size(SOCKET_BUFFER).and_then(|()| buffers.set_send_buffer_size(SOCKET_BUFFER));
    let setup = Setup::new(udp).map_err(|error| StartError::Certificate(error.to_string()))?;
    let fingerprint = setup.fingerprint.clone();
    let dump = Dump::open(config.dump.as_deref()).map_err(StartError::Dump)?;
    let ((sender, receiver), (stop, stopped)) = (commands(), oneshot::channel());
    let media_runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
    let run = move || {
        media_runtime.block_on(async move {
            match UdpSocket::from_std(socket) {
                Ok(socket) => Driver::new(setup, socket, dump).run(receiver, stopped).await,
                Err(error) => tracing::error!(%error, "the media socket cannot be used"),
            }
        });
    };
    let media = spawn_media(run).map_err(StartError::Thread)?;
    let http = tokio::spawn(serve(listener, App::new(config.keys, sender).router(), MAX_STRANGERS));
    let ready = Ready { ready: true, url: format!("http://{listen}"), udp, fingerprint };
    Ok(Running { ready, http, media, _stop: stop })
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_server_whose_media_thread_fails_ends() {
        let any: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let ready = Ready { ready: true, url: String::new(), udp: any, fingerprint: String::new() };
        let media = spawn_media(|| panic!("as a test has it")).unwrap();
        let mut running = Running { ready, http: tokio::spawn(pending()), media, _stop: oneshot::channel().0 };
        tokio::time::timeout(Duration::from_secs(60), running.ended()).await.expect("it ends");
    }
}
