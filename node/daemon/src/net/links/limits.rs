//! What links may take.

use std::time::Duration;

/// Connections that clients and nodes may hold with this node.
pub(super) const CONNECTIONS: usize = 4_096;
/// Of these, of one IPv4 address or IPv6 /64.
pub(super) const CONNECTIONS_OF_ONE: usize = 64;
/// From so many connections on, an address must prove that it receives what is sent to it (QUIC Retry).
pub(super) const TRUSTING: usize = 1_024;
/// Links that a service node keeps with others by itself.
pub(super) const NODE_LINKS: usize = 2_048;
/// Packets that wait for one link: 1 MiB.
pub(super) const QUEUE: usize = 64;
/// Packets that wait for all links: 128 MiB.
pub(super) const QUEUED: usize = 8_192;
/// Bytes of one connection in flight and unread, each way: 32 packets.
pub(super) const WINDOW: u32 = 32 * 16_384;
/// One attempt to reach one address.
pub(super) const DIAL: Duration = Duration::from_secs(4);
/// A handshake that a client began.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// A packet whose first byte is here.
pub(super) const PACKET: Duration = Duration::from_secs(30);
/// A connection without any datagram is gone after this.
pub(super) const SILENT: Duration = Duration::from_secs(60);
/// The side that opened a link keeps it alive so often.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A link to a node that nothing was sent over is closed after this.
pub(super) const IDLE: Duration = Duration::from_secs(120);
/// At the end, other ends are told for this long.
pub(super) const CLOSE: Duration = Duration::from_millis(300);
/// After a failed attempt, a node is not tried for this long; doubled by each further one.
pub(super) const REST: Duration = Duration::from_millis(500);
/// But never longer than this.
pub(super) const LONGEST_REST: Duration = Duration::from_secs(30);
