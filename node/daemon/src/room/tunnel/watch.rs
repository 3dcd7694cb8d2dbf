//! What `--capture-tunnels` writes, on a development network only: what the streams of a hosted room's tunnels carry, as the
//! host's daemon gives it to TLS and takes it from there. The file is a [`crate::net::capture`]:
//!
//! ```text
//! link16  connection8 (of its TLS exporter) | stream8 (its index, big endian)
//! bytes   first the stream's kind, then one packet, record or certificate without its length, or a piece of signalling;
//!         none: the stream has ended
//! ```

use quinn::{Connection, StreamId};

use crate::net::capture::{Capture, Direction, Opener};

/// The exporter's label.
const LABEL: &[u8] = b"EXPORTER-pars-room-capture-v1";

/// One stream, and where it is written down; nowhere unless this daemon captures.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    capture: Option<Capture>,
    link: [u8; 16],
}

impl Watch {
    pub(super) fn new(capture: Option<Capture>, connection: &Connection, stream: StreamId) -> Self {
        let (mut link, mut number) = ([0; 16], [0; 8]);
        // Never refused for so few bytes; without it the records of two connections would look like one's.
        let _ = connection.export_keying_material(&mut number, LABEL, &[]);
        link[..8].copy_from_slice(&number);
        link[8..].copy_from_slice(&stream.index().to_be_bytes());
        Self { capture, link }
    }

    /// Write something down; waits while the disk is behind.
    pub(super) async fn note(&self, direction: Direction, bytes: &[u8]) {
        if let Some(capture) = &self.capture {
            capture.record(direction, Opener::They, &self.link, bytes).await;
        }
    }

    /// Nothing more is carried.
    pub(super) async fn ended(&self) {
        self.note(Direction::Sent, &[]).await;
    }
}
