//! `sfu`: the forwarding server of rooms (TOWNHALL 5). From outside it is a LiveKit server: its signalling, its tokens, the
//! part of its RoomService that a room's host uses, so that a host drives this program and an operator's LiveKit cluster
//! by one code path, and every LiveKit client can join.
//!
//! ```text
//!  WebSocket, HTTP ── http ──► Command ──►┌── driver: one thread ──┐      UDP, one socket
//!                     ◄── frames ─────────│  Sfu machine           │◄──► demux by ufrag, then by address
//!                                         │  RtcPeer × n, table    │
//!                                         └────────────────────────┘
//! ```
//!
//! What decides lies in `pars-sfu-core`; this crate holds sockets, tokens, clock, randomness and the WebRTC peers. It never
//! sees a member's keys: frames and data packets are sealed between members.
#![forbid(unsafe_code)]

mod clock;
pub mod config;
mod driver;
mod dump;
mod http;
mod inlet;
mod rtc;
pub mod server;
pub mod token;
mod twirp;

pub use config::{Config, Keys};
pub use server::{Running, start};
