//! PARS-Onion v1: packets of one size over three relays and a service node, answers by single-use reply block
//! (SESSION section 5).
//!
//! ```text
//! forward  client ──► first relay ──► mix ──► mix ──► service node          body out of the packet: the swarm's command
//! reply    service node ──► mix ──► mix ──► mix ──► first relay ──► client  body out of the packet: the swarm's answer
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`packet`] | the 16,384 bytes of every link, and why a packet is dropped |
//! | [`layer`] | one hop's keys and routing: seal and open |
//! | [`build`] | headers and forward packets, from the sender's side |
//! | [`surb`] | reply blocks: made by the client, used by the service node, opened by the client |
//! | [`epoch`] | key epochs of 6 h, the relay's own keys, expiry rounding |
//! | [`descriptor`] | `PSRD`: a node's keys of one day, signed |
//! | [`replay`] | replay cache and admitted rate |
//! | [`relay`] | the machine of a node |
//! | [`path`] | which nodes a client may use, and which it picks |
//! | [`client`] | the machine of a client: requests, answers, first relay |
//!
//! Not here: cover traffic, loops, guards kept over months, second-layer pools and the synced replay log (later parts:
//! [`relay::Start`] and [`path::Relays`] are where they join); links and TLS (shells); what a command means
//! (`swarm`): the engine carries bodies between the two.

pub mod build;
pub mod client;
pub mod delay;
pub mod descriptor;
pub mod epoch;
pub mod layer;
pub mod packet;
pub mod path;
pub mod relay;
pub mod replay;
pub mod surb;

pub use client::Client;
pub use descriptor::Descriptor;
pub use packet::{DropReason, Packet};
pub use relay::Relay;
pub use surb::Surb;
