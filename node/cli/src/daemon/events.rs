//! The daemon's events over a WebSocket on its Unix socket.

use std::collections::VecDeque;
use std::path::Path;

use futures::{SinkExt, StreamExt};
use pars_rpc::call::Call;
use pars_rpc::envelope::{Id, Notification, Response};
use pars_rpc::event::{Ack, Event, Subscribe};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error as WsError, Message},
};

use super::{absent, answer, encode, socket};
use crate::error::Error;

/// Events that may be told before one answer comes.
const MAX_TOLD: usize = 4_096;

/// A subscription.
#[derive(Debug)]
pub struct Events {
    stream: WebSocketStream<UnixStream>,
    /// Told while an answer was waited for.
    told: VecDeque<Event>,
    next_id: i64,
}

enum Frame {
    Event(Event),
    Answer(Response),
}

impl Events {
    pub(super) async fn subscribe(datadir: &Path, after: Option<u64>) -> Result<Self, Error> {
        let stream = UnixStream::connect(socket(datadir)).await.map_err(|error| absent(datadir, error.to_string()))?;
        let (stream, _) = client_async("ws://localhost/ws", stream).await.map_err(lost)?;
        let mut events = Self { stream, told: VecDeque::new(), next_id: 1 };
        events.call(&Subscribe { after }).await?;
        Ok(events)
    }

    /// The next event.
    ///
    /// # Errors
    /// `daemon_gone` when the daemon ends, `daemon_wrong` for what is no event.
    pub async fn next(&mut self) -> Result<Event, Error> {
        if let Some(event) = self.told.pop_front() {
            return Ok(event);
        }
        loop {
            if let Frame::Event(event) = self.frame().await? {
                return Ok(event);
            }
        }
    }

    /// Tells the daemon that every event up to a cursor was dealt with.
    ///
    /// # Errors
    /// As [`Events::next`], and the daemon's refusal.
    pub async fn acknowledge(&mut self, cursor: u64) -> Result<(), Error> {
        self.call(&Ack { cursor }).await
    }

    async fn call<C: Call>(&mut self, call: &C) -> Result<C::Answer, Error> {
        let id = self.next_id;
        self.next_id += 1;
        self.stream.send(Message::text(encode(id, call)?)).await.map_err(lost)?;
        loop {
            match self.frame().await? {
                Frame::Answer(response) if response.id == Id::Number(id) => return answer::<C>(response),
                Frame::Answer(_) => {}
                Frame::Event(_) if self.told.len() == MAX_TOLD => {
                    return Err(Error::DaemonWrong("it tells events and does not answer".into()));
                }
                Frame::Event(event) => self.told.push_back(event),
            }
        }
    }

    async fn frame(&mut self) -> Result<Frame, Error> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return read(&text),
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame.map(|frame| frame.reason.to_string()).filter(|reason| !reason.is_empty());
                    return Err(gone(reason.unwrap_or_else(|| "without a reason".into())));
                }
                None => return Err(gone("without a reason".into())),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(lost(error)),
            }
        }
    }
}

fn gone(reason: String) -> Error {
    Error::DaemonGone { reason, hint: String::new(), details: None }
}

fn read(text: &str) -> Result<Frame, Error> {
    let wrong = |error: serde_json::Error| Error::DaemonWrong(format!("a message of its WebSocket: {error}"));
    let value: Value = serde_json::from_str(text).map_err(wrong)?;
    if value.get("method").is_some() {
        serde_json::from_value::<Notification>(value).map(|told| Frame::Event(told.params)).map_err(wrong)
    } else {
        serde_json::from_value(value).map(Frame::Answer).map_err(wrong)
    }
}

fn lost(error: WsError) -> Error {
    match error {
        WsError::Http(response) => Error::DaemonWrong(format!("HTTP {} to a WebSocket", response.status())),
        other => gone(other.to_string()),
    }
}
