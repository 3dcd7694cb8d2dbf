//! One client's WebSocket.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures::{SinkExt as _, StreamExt as _};
use livekit_protocol as lk;
use pars_sfu_core::{ConnectionId, Join};
use prost::Message as _;
use tokio::{sync::mpsc, time::timeout};

use crate::inlet::{Command, Frame, frames};

/// How long a client may read nothing while a message waits for it. It may resume.
const PATIENCE: Duration = Duration::from_secs(10);

/// Carries messages both ways until either end is done.
pub(super) async fn serve(
    socket: WebSocket,
    commands: mpsc::Sender<Command>,
    (connection, join): (ConnectionId, Join),
) {
    let (mut outgoing, mut incoming) = socket.split();
    let (frames, mut queue) = frames();
    if commands.send(Command::Join { connection, join, frames }).await.is_err() {
        return;
    }
    let writing = async {
        while let Some(Frame::Message(bytes, room)) = queue.recv().await {
            let sent = timeout(PATIENCE, outgoing.send(Message::Binary(bytes))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
            drop(room);
        }
        let _ = timeout(PATIENCE, outgoing.close()).await;
    };
    let reading = async {
        while let Some(Ok(message)) = incoming.next().await {
            match message {
                Message::Binary(bytes) => {
                    // What cannot be read ends the connection: the two ends no longer agree.
                    let Ok(request) = lk::SignalRequest::decode(bytes) else { return };
                    if commands.send(Command::Signal { connection, request }).await.is_err() {
                        return;
                    }
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(_) | Message::Close(_) => return,
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
    let _ = commands.send(Command::Closed { connection }).await;
}
