//! Ways to the clients' sockets.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use livekit_protocol as lk;
use pars_sfu_core::ConnectionId;
use prost::Message as _;
use tokio::sync::{Semaphore, mpsc};

use crate::{dump::Dump, inlet::Frame};

/// Bytes that may wait for one client, whatever their number; a message that is longer passes where nothing waits. Who reads
/// more slowly is cut off and may resume.
const QUEUED: u32 = 1 << 20;

/// A way to one client.
#[derive(Debug)]
struct Way {
    frames: mpsc::Sender<Frame>,
    /// A permit for each byte.
    room: Arc<Semaphore>,
}

impl Way {
    /// Queues a message; false if there is no room for it.
    fn put(&self, bytes: &Bytes) -> bool {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).min(QUEUED);
        let room = self.room.clone().try_acquire_many_owned(length);
        room.is_ok_and(|room| self.frames.try_send(Frame::Message(bytes.clone(), room)).is_ok())
    }
}

/// Open ways.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    ways: BTreeMap<ConnectionId, Way>,
    /// Clients that did not read.
    cut: Vec<ConnectionId>,
}

impl Outbox {
    pub(crate) fn open(&mut self, connection: ConnectionId, frames: mpsc::Sender<Frame>) {
        let room = Arc::new(Semaphore::new(QUEUED as usize));
        self.ways.insert(connection, Way { frames, room });
    }

    /// Encodes a message once and queues it for all.
    pub(crate) fn send(&mut self, to: &[ConnectionId], message: lk::signal_response::Message, dump: &mut Dump) {
        let bytes = Bytes::from(lk::SignalResponse { message: Some(message) }.encode_to_vec());
        dump.write("signal out", &bytes);
        for connection in to {
            let Some(way) = self.ways.get(connection) else { continue };
            if !way.put(&bytes) {
                self.ways.remove(connection);
                self.cut.push(*connection);
            }
        }
    }

    /// Closes after what is queued.
    pub(crate) fn finish(&mut self, connection: ConnectionId) {
        if let Some(way) = self.ways.remove(&connection) {
            // Without room for the word the dropped sender says it.
            let _ = way.frames.try_send(Frame::Close);
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

#[cfg(test)]
mod tests {
    use lk::signal_response::Message;

    use super::*;
    use crate::inlet::frames;

    const CONNECTION: ConnectionId = ConnectionId(1);

    fn of(bytes: u32) -> Message {
        let message = "x".repeat(bytes as usize);
        Message::RequestResponse(lk::RequestResponse { message, ..Default::default() })
    }

    #[test]
    fn so_many_bytes_wait_for_a_client_that_does_not_read_and_no_more() {
        let (mut outbox, mut dump) = (Outbox::default(), Dump::default());
        let (sender, mut queue) = frames();
        outbox.open(CONNECTION, sender);
        // Longer than everything that may wait: it passes alone.
        outbox.send(&[CONNECTION], of(2 * QUEUED), &mut dump);
        assert!(outbox.cut_off().is_empty());
        drop(queue.try_recv().unwrap());
        for _ in 0..3 {
            outbox.send(&[CONNECTION], of(QUEUED / 4), &mut dump);
        }
        assert!(outbox.cut_off().is_empty());
        // What was read makes room.
        drop(queue.try_recv().unwrap());
        outbox.send(&[CONNECTION], of(QUEUED / 4), &mut dump);
        assert!(outbox.cut_off().is_empty());
        outbox.send(&[CONNECTION], of(QUEUED / 4), &mut dump);
        assert_eq!(outbox.cut_off(), [CONNECTION]);
        // It gets what was queued, and then the end.
        let rest = std::iter::from_fn(|| queue.try_recv().ok()).count();
        assert!(rest == 3 && queue.is_closed());
    }

    #[test]
    fn a_message_takes_its_room_once_for_each_client() {
        let (mut outbox, mut dump) = (Outbox::default(), Dump::default());
        let ids = [CONNECTION, ConnectionId(2)];
        let queues = ids.map(|id| {
            let (sender, queue) = frames();
            outbox.open(id, sender);
            queue
        });
        outbox.send(&ids, of(QUEUED - 100), &mut dump);
        outbox.finish(CONNECTION);
        outbox.send(&ids, of(QUEUED - 100), &mut dump);
        assert_eq!(outbox.cut_off(), [ConnectionId(2)], "the other has ended by itself");
        drop(queues);
    }
}
