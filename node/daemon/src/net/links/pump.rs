//! What runs over one connection: packets of 16,384 bytes back to back, both ways, on one stream.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pars_engine::Link;
use pars_wire::limits::PACKET;
use quinn::{Connection, ReadExactError, RecvStream, SendStream, VarInt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

use super::transport::Code;
use crate::net::NetOut;
use crate::net::capture::{Capture, Direction, Opener};

/// A packet that waits for its link, with its place among all that wait.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) bytes: Vec<u8>,
    pub(super) _place: OwnedSemaphorePermit,
}

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The connection or its stream is over.
    Closed,
    /// Nobody here holds the link any longer.
    Released,
    /// Something else than packets came.
    Format,
    /// A packet did not end.
    Slow,
    /// Nothing was sent for long.
    Idle,
}

/// One connection.
pub(super) struct Pump {
    pub(super) connection: Connection,
    /// The delivery token.
    pub(super) token: [u8; 16],
    /// What the engine calls it.
    pub(super) link: Link,
    pub(super) opener: Opener,
    pub(super) out: mpsc::Sender<NetOut>,
    pub(super) capture: Option<Capture>,
    /// Close after so long without anything to send.
    pub(super) idle: Option<Duration>,
    /// How long a packet may take from its first byte to its last.
    pub(super) patience: Duration,
}

impl Pump {
    /// Carry packets until one side ends.
    pub(super) async fn run(self, send: SendStream, recv: RecvStream, queue: &mut mpsc::Receiver<Queued>) -> Ended {
        let sent = AtomicU64::new(0);
        let ended = tokio::select! {
            ended = self.read(recv) => ended,
            ended = self.write(send, queue, &sent) => ended,
            ended = self.rest(&sent) => ended,
        };
        let code = match ended {
            Ended::Closed | Ended::Released | Ended::Idle => Code::Done,
            Ended::Format => Code::Format,
            Ended::Slow => Code::Slow,
        };
        self.connection.close(VarInt::from(code as u8), &[]);
        ended
    }

    async fn read(&self, mut recv: RecvStream) -> Ended {
        loop {
            // No room is made for a packet before its first bytes are here: most links are silent most of the time.
            let first = match recv.read_chunk(PACKET, true).await {
                Ok(Some(first)) => first.bytes,
                Ok(None) | Err(_) => return Ended::Closed,
            };
            let mut bytes = vec![0; PACKET];
            let (begin, rest) = bytes.split_at_mut(first.len());
            begin.copy_from_slice(&first);
            match timeout(self.patience, recv.read_exact(rest)).await {
                Ok(Ok(())) => {}
                Ok(Err(ReadExactError::FinishedEarly(_))) => return Ended::Format,
                Ok(Err(ReadExactError::ReadError(_))) => return Ended::Closed,
                Err(_) => return Ended::Slow,
            }
            self.record(Direction::Received, &bytes).await;
            if self.out.send(NetOut::Recv { from: self.link, bytes }).await.is_err() {
                return Ended::Released;
            }
        }
    }

    async fn write(&self, mut send: SendStream, queue: &mut mpsc::Receiver<Queued>, sent: &AtomicU64) -> Ended {
        while let Some(queued) = queue.recv().await {
            self.record(Direction::Sent, &queued.bytes).await;
            // A reader that does not read must not keep places that other links need.
            match timeout(self.patience, send.write_all(&queued.bytes)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ended::Closed,
                Err(_) => return Ended::Slow,
            }
            sent.fetch_add(1, Ordering::Relaxed);
        }
        Ended::Released
    }

    async fn rest(&self, sent: &AtomicU64) -> Ended {
        let Some(idle) = self.idle else { return std::future::pending().await };
        loop {
            let before = sent.load(Ordering::Relaxed);
            sleep(idle).await;
            if sent.load(Ordering::Relaxed) == before {
                return Ended::Idle;
            }
        }
    }

    async fn record(&self, direction: Direction, bytes: &[u8]) {
        if let Some(capture) = &self.capture {
            capture.record(direction, self.opener, &self.token, bytes).await;
        }
    }
}
