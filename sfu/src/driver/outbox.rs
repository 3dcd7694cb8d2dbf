//! Ways to the clients' sockets.

use std::collections::BTreeMap;

use bytes::Bytes;
use livekit_protocol as lk;
use pars_sfu_core::ConnectionId;
use prost::Message as _;
use tokio::sync::mpsc;

use crate::{dump::Dump, inlet::Frame};

/// Open ways.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    ways: BTreeMap<ConnectionId, mpsc::Sender<Frame>>,
    /// Clients that did not read.
    cut: Vec<ConnectionId>,
}

impl Outbox {
    pub(crate) fn open(&mut self, connection: ConnectionId, frames: mpsc::Sender<Frame>) {
        self.ways.insert(connection, frames);
    }

    /// Encodes a message once and queues it for all.
    pub(crate) fn send(&mut self, to: &[ConnectionId], message: lk::signal_response::Message, dump: &mut Dump) {
        let bytes = Bytes::from(lk::SignalResponse { message: Some(message) }.encode_to_vec());
        dump.write("signal out", &bytes);
        for connection in to {
            let Some(way) = self.ways.get(connection) else { continue };
            if way.try_send(Frame::Message(bytes.clone())).is_err() {
                self.ways.remove(connection);
                self.cut.push(*connection);
            }
        }
    }

    /// Closes after what is queued.
    pub(crate) fn finish(&mut self, connection: ConnectionId) {
        if let Some(way) = self.ways.remove(&connection) {
            // Without room for the word the dropped sender says it.
            let _ = way.try_send(Frame::Close);
        }
    }

    /// The socket ended.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.ways.remove(&connection);
    }

    /// Clients that were cut off since the last call.
    pub(crate) fn cut_off(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.cut)
    }
}
