//! Sessions between two devices: the handshake "PARS-PQXDH-v1" (mode 1) and the post-quantum double ratchet
//! (SESSION sections 3 and 4; THREATS sections 7 and 8).
//!
//! ```text
//! Alice                                 wire                                       Bob
//! initiate                              INIT n=0.. (L), 2 companions ──► inbox     Unsealed → Verified → establish
//! Opening, pq_auth pending                                                         Answering, pq_auth pending
//! Open, pq_auth confirmed               mailbox s_BA ◄── REPLY (M, L), ct_auth     send
//! send: step                            MSG (S, M, L) ──► mailbox s_AB             Open, pq_auth confirmed
//! ```
//!
//! A session by phase and input; an error leaves it byte for byte as it was:
//!
//! | phase | `send` | MSG | REPLY | INIT of its own chain |
//! |---|---|---|---|---|
//! | `Opening` | INIT | refused: `ReplyFlag` | step; `Open` | refused: `Undecryptable` |
//! | `Answering` | REPLY | step; `Open` | refused: `Undecryptable` | delivered |
//! | `Open` | MSG | delivered | late one: delivered | late one: delivered |
//!
//! Whoever drives a session makes its new state durable (`Session::store`) before an object leaves or a message is shown.
//! What a peer can cost is bounded by `pars_wire::limits`: jumps, skipped keys, old chains, chains without an answer.
//!
//! Not here: fetching records and mailboxes (`proto::swarm`), paths (`proto::onion`), order and policy (`engine`), signed
//! messages, mode 3 and several devices (part D).

mod body;
mod bucket;
mod error;
pub mod handshake;
mod layout;
pub mod machine;
mod message;
mod pair;
mod ratchet;
pub mod replay;
mod snapshot;

pub use bucket::Bucket;
pub use error::{ReceiveError, SendError};
pub use layout::{CompanionObject, InitObject, Kind, MessageKind, Object, RatchetObject};
pub use message::{Delivered, Draft, MessageId, header_time};
pub use pair::{Address, Crossing, Mailboxes, Peer, Phase, PqAuth, Received, Session, SessionId, Superseded, Tools};
pub use ratchet::Role;
pub use snapshot::RestoreError;
