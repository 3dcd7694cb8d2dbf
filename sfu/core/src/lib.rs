//! The forwarding server of rooms without its sockets (TOWNHALL 5): who is where, who may send what, and where each
//! packet goes.
//!
//! ```text
//! signalling  ─ Input ─►  Sfu (control plane)  ─ Output ─►  signalling, PeerCommand ─► MediaPeer
//!                              │ owns
//! RTP packet  ──────────►  forward(&Table, peer, head) ──►  writes   (data plane: pure)
//! ```
//!
//! [`Sfu`] is a machine: time in milliseconds and randomness come in by argument, what is to be done goes out. It speaks
//! LiveKit's signalling in the types of `livekit-protocol`. Rights come from the token alone; they are checked when a
//! track is announced and again by construction in forwarding: what the [`Table`] does not name is dropped. Keys of
//! members never reach this program, so content is opaque to it.
//!
//! | Module | Holds |
//! |---|---|
//! | [`sfu`], [`io`] | the machine, what it is told and what it asks for |
//! | [`rights`] | what a token allows |
//! | [`peer`] | the media end of a connection, as a trait |
//! | [`table`] | where packets go |
//! | [`numbering`] | under which numbers |
//! | [`sdp`] | what is read from a description before it is applied |
//! | [`admin`] | the part of LiveKit's RoomService that a room's host uses |
//! | [`limits`] | every bound |
//!
//! Not here yet: simulcast (publish one layer: of several none plays on), pacing and bandwidth estimation,
//! top-N speakers, sharding of peers over threads, data tracks.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod admin;
mod bucket;
mod data;
pub mod id;
pub mod io;
mod join;
pub mod limits;
mod media;
pub mod numbering;
mod orders;
pub mod peer;
mod publish;
pub mod rights;
mod room;
pub mod sdp;
pub mod sfu;
mod signal;
mod subscribe;
pub mod table;
mod timers;

pub use id::{ConnectionId, Identity, ParticipantSid, PeerId, RoomName, Slot, TrackSid};
pub use io::{Grant, Input, Join, Offer, Output, Refusal};
pub use numbering::Numbering;
pub use peer::{Attach, Channel, MediaPeer, PeerCommand, PeerEvent, PeerRole};
pub use rights::{Kind, Rights, Source};
pub use sfu::Sfu;
pub use table::{Codec, Dropped, RtpHead, Run, Table, Write, forward};
