//! What `--capture` writes, on a development network only: every packet of every link, as the link layer gives it to TLS and
//! takes it from there. Times are left out on purpose. `--capture-tunnels` writes the same of a hosted room's tunnels, with its
//! own `link16` (`room/tunnel/watch.rs`).
//!
//! ```text
//! file    "PARSCAP1" 8 | record*
//! record  direction1 (0 sent, 1 received) | opener1 (0 we opened the link, 1 the other end did) |
//!         link16 (the connection's delivery token, the same at both ends) | length4, big endian | bytes
//! ```
//!
//! Records go through a bounded queue and reach the disk every 100 ms; a link waits while the queue is full, so that no
//! packet is missing from a capture.

use std::path::Path;
use std::time::Duration;

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::NetError;

/// First bytes of a capture.
pub const MAGIC: &[u8; 8] = b"PARSCAP1";
/// Records that wait for the disk.
const QUEUE: usize = 256;
/// How long a record may stay in memory.
const FLUSH: Duration = Duration::from_millis(100);

/// Which way a packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We sent it.
    Sent = 0,
    /// It came.
    Received = 1,
}

/// Who opened a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// We did, as an anonymous client.
    We = 0,
    /// The other end did.
    They = 1,
}

/// Where packets are written down.
#[derive(Clone, Debug)]
pub struct Capture(mpsc::Sender<Vec<u8>>);

impl Capture {
    /// Create the file; the task ends, with everything on disk, when the last [`Capture`] is dropped.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn start(path: &Path) -> Result<(Self, JoinHandle<()>), NetError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let refused = |source| NetError::Capture { path: path.to_owned(), source };
        let mut file = BufWriter::new(options.open(path).await.map_err(refused)?);
        file.write_all(MAGIC).await.map_err(refused)?;
        file.flush().await.map_err(refused)?;
        let (to, from) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            if let Err(error) = write(file, from).await {
                tracing::error!(%error, "the capture ends: the disk refuses it");
            }
        });
        Ok((Self(to), task))
    }

    /// Write a packet down; waits while the disk is behind.
    pub(crate) async fn record(&self, direction: Direction, opener: Opener, link: &[u8; 16], bytes: &[u8]) {
        let mut record = Vec::with_capacity(22 + bytes.len());
        record.extend_from_slice(&[direction as u8, opener as u8]);
        record.extend_from_slice(link);
        record.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        record.extend_from_slice(bytes);
        // Refused only when the disk refused before, which was said.
        let _ = self.0.send(record).await;
    }
}

async fn write(mut file: BufWriter<File>, mut from: mpsc::Receiver<Vec<u8>>) -> std::io::Result<()> {
    let mut flush = interval(FLUSH);
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            record = from.recv() => match record {
                Some(record) => file.write_all(&record).await?,
                None => break,
            },
            _ = flush.tick() => file.flush().await?,
        }
    }
    file.flush().await?;
    file.get_ref().sync_all().await
}
