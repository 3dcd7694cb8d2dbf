//! What the HTTP side hands to the media thread, and what comes back.

use bytes::Bytes;
use livekit_protocol as lk;
use pars_sfu_core::{
    ConnectionId, Grant, Join, Refusal,
    admin::{AdminError, AdminReply, AdminRequest},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// Commands that may wait for the media thread.
const COMMANDS: usize = 1_024;
/// Messages that may wait for one client. Who reads more slowly is cut off and may resume.
const FRAMES: usize = 512;

/// For a client.
#[derive(Debug)]
pub(crate) enum Frame {
    /// An encoded signalling response, and the room that it takes until it is sent.
    Message(Bytes, OwnedSemaphorePermit),
    /// The end.
    Close,
}

/// For the media thread.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a queue of a thousand at most")]
pub(crate) enum Command {
    /// Would this token be let in?
    Admits { grant: Grant, reply: oneshot::Sender<Result<(), Refusal>> },
    /// A client joins or resumes.
    Join { connection: ConnectionId, join: Join, frames: mpsc::Sender<Frame> },
    /// A client's message.
    Signal { connection: ConnectionId, request: lk::SignalRequest },
    /// A client's socket ended.
    Closed { connection: ConnectionId },
    /// A host's request.
    Admin { request: AdminRequest, reply: oneshot::Sender<Result<AdminReply, AdminError>> },
}

/// The way to the media thread.
pub(crate) fn commands() -> (mpsc::Sender<Command>, mpsc::Receiver<Command>) {
    mpsc::channel(COMMANDS)
}

/// The way to a client.
pub(crate) fn frames() -> (mpsc::Sender<Frame>, mpsc::Receiver<Frame>) {
    mpsc::channel(FRAMES)
}
