//! Between the daemons of a member and of a room's host: QUIC, TLS 1.3 with X25519MLKEM768 only. The server's raw public key is
//! the host's `s_vk`, which the metadata object pins; clients show nothing.
//!
//! Every stream is opened by the member and begins with its kind:
//!
//! ```text
//! 1  control     packets of the room's machines, each `length4 ‖ packet`, at most 16 KiB, both ways, one such stream at once
//! 2  signalling  the bytes of one HTTP connection, carried unseen to the SFU's address and no other
//! 3  put         identity record and device certificate, each `length4 ‖ bytes`; answered by one byte, 1: they are served now
//! 4  get         identity32 ‖ device16, answered by record and certificate in the same form, or by an empty record alone
//! ```
//!
//! Signalling and get are reset until the host has said over the connection that a seat stands: the tunnel does, ask again. Put
//! may be asked four times over a connection, for one device.
//!
//! | Module | Holds |
//! |---|---|
//! | [`dial`] | the member's side |
//! | [`serve`] | the host's side and its limits |
//! | [`records`] | what a host serves of identities |
//! | [`watch`] | what `--capture-tunnels` writes, on a development network only |

pub mod dial;
pub mod records;
pub mod serve;
mod watch;

use std::io;
use std::time::Duration;

use quinn::{RecvStream, SendStream, TransportConfig, VarInt};

/// What both ends speak.
const ALPN: &[u8] = b"pars-room/1";
/// Streams of one connection at once: control, signalling of an old and a new page, records.
const STREAMS: u8 = 16;
/// Bytes of one connection in flight and unread, each way.
const WINDOW: u32 = 1 << 20;
/// A connection without any datagram is gone after this.
const SILENT: Duration = Duration::from_secs(20);
/// The member keeps it alive so often.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// One attempt to reach a host, and one handshake at it.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Bytes of an identity record or device certificate at most.
const MAX_RECORD: usize = 32 * 1_024;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum StreamKind {
    Control = 1,
    Signalling = 2,
    Put = 3,
    Get = 4,
}

impl StreamKind {
    const fn read(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Control),
            2 => Some(Self::Signalling),
            3 => Some(Self::Put),
            4 => Some(Self::Get),
            _ => None,
        }
    }
}

fn transport(streams: u8) -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from(streams))
        .max_concurrent_uni_streams(VarInt::from(0_u8))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from(WINDOW / 2))
        .receive_window(VarInt::from(WINDOW))
        .send_window(WINDOW.into())
        .max_idle_timeout(SILENT.try_into().ok());
    config
}

/// `length4 ‖ bytes`.
async fn write(to: &mut SendStream, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_be_bytes()).await?;
    Ok(to.write_all(bytes).await?)
}

/// The reverse; none at the end of the stream. A longer one than `most` is an error.
async fn read(from: &mut RecvStream, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length).await {
        Ok(()) => {}
        Err(quinn::ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(error) => return Err(io::Error::other(error)),
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await.map_err(io::Error::other)?;
    Ok(Some(bytes))
}
