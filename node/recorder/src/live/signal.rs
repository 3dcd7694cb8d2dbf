//! The socket of LiveKit's signalling version 1: a seat is taken on it, or taken up again on a new one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures::{SinkExt as _, StreamExt as _};
use livekit_protocol as lk;
use lk::signal_request::Message as Asked;
use lk::signal_response::Message;
use prost::Message as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Longest wait for the server's socket.
const OPEN: Duration = Duration::from_secs(10);

/// How a socket is opened.
pub struct Entry<'a> {
    /// `http://address` of the media server's signalling, or of the tunnel to it.
    pub url: &'a str,
    /// The token of the grant.
    pub token: &'a str,
    /// What is offered at once.
    pub offer: Option<lk::SessionDescription>,
    /// The server's name of a seat that this client has, and whose socket was lost.
    pub resume: Option<&'a str>,
}

/// Why there is no socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No `http://` URL.
    #[error("{0} is no http:// URL of a media server")]
    Url(String),
    /// It does not answer, or refuses.
    #[error("{0}")]
    Socket(String),
}

/// What a socket gives.
#[derive(Debug)]
pub enum Told {
    /// A message; none for one of a newer server that is not known here.
    Message(Option<Box<Message>>),
    /// What cannot be read: the two ends do not agree any more.
    Unreadable,
    /// The socket is gone.
    Lost,
}

/// An open socket.
#[derive(Debug)]
pub struct Signal {
    socket: Box<WebSocketStream<TcpStream>>,
}

impl Signal {
    /// Open one; every track of others is wanted.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(entry: Entry<'_>) -> Result<Self, OpenError> {
        let host = entry.url.strip_prefix("http://").ok_or_else(|| OpenError::Url(entry.url.to_owned()))?;
        let request = lk::JoinRequest {
            connection_settings: Some(lk::ConnectionSettings { auto_subscribe: true, ..Default::default() }),
            publisher_offer: entry.offer,
            reconnect: entry.resume.is_some(),
            participant_sid: entry.resume.unwrap_or_default().to_owned(),
            ..Default::default()
        };
        let wrapped = lk::WrappedJoinRequest { join_request: request.encode_to_vec(), ..Default::default() };
        let request = URL_SAFE.encode(wrapped.encode_to_vec());
        let url = format!("ws://{host}/rtc/v1?access_token={}&join_request={request}", entry.token);
        let opening = async {
            let stream = TcpStream::connect(host).await.map_err(|error| error.to_string())?;
            client_async(url, stream).await.map(|(socket, _)| socket).map_err(|error| error.to_string())
        };
        let opened = tokio::time::timeout(OPEN, opening).await.unwrap_or_else(|_| Err("no answer in 10 s".to_owned()));
        opened.map(|socket| Self { socket: Box::new(socket) }).map_err(OpenError::Socket)
    }

    /// What comes next. Nothing is lost if this is dropped before it has answered.
    pub async fn next(&mut self) -> Told {
        loop {
            match self.socket.next().await {
                Some(Ok(Frame::Binary(bytes))) => {
                    let response = lk::SignalResponse::decode(bytes);
                    return response.map_or(Told::Unreadable, |response| Told::Message(response.message.map(Box::new)));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Told::Lost,
            }
        }
    }

    /// Ask the server. A socket that broke is noticed where it is read.
    pub async fn ask(&mut self, message: Asked) {
        let bytes = lk::SignalRequest { message: Some(message) }.encode_to_vec();
        let _ = self.socket.send(Frame::Binary(bytes.into())).await;
    }
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, redacted)", self.url)
    }
}
