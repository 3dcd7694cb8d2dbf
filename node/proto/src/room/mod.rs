//! Rooms: who sits in them, under which keys, and what they say (TOWNHALL sections 2 and 3).
//!
//! ```text
//! metadata (hash on chain) ─ host entry ─┐
//! seat keys ─ body ─ statement ──────────┴─ join ──sealed──► gate ─ verify ─ grant
//!                                                                     │
//!                    roster ─ epoch record ─ wrap ─ sender keys ◄─────┘
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`scope`] | RS, seats, roles, what makes a seat unique |
//! | [`metadata`], [`about`], [`line`] | the metadata object: hosts, SFUs, description |
//! | [`seat`] | keys of a seat and of a host, seat_hash, pseudonym |
//! | [`body`], [`statement`], [`typed`] | what a seat states, what supports it, what its wallet signs |
//! | [`verify`], [`distinct`], [`refusal`] | whether it holds; whether it is one of a kind; why not |
//! | [`join`], [`grant`] | the sealed request and its answer |
//! | [`rendezvous`] | the host proves itself at its address |
//! | [`roster`], [`epoch`], [`keys`], [`connection`] | who is heard in an epoch, and under which keys |
//! | [`message`], [`order`] | signed chat, hands, reactions, moderation |
//! | [`recording`] | recording with the consent of everybody present |
//!
//! Everything here is a value or a pure function. Not here: pairs of seats ([`crate::signal`]), frames ([`crate::media`]),
//! chain, tree and directory (given as [`Facts`]), and any decision over time.

pub mod about;
pub mod body;
pub mod connection;
pub mod distinct;
pub mod epoch;
pub mod grant;
pub mod join;
pub mod keys;
pub mod line;
pub mod message;
pub mod metadata;
pub mod order;
pub mod recording;
pub mod refusal;
pub mod rendezvous;
pub mod roster;
pub mod scope;
pub mod seat;
pub mod statement;
pub mod typed;
pub mod verify;

pub use about::{AgendaItem, Description, MetadataKey};
pub use body::{Body, Claim, Form, Named};
pub use connection::{Connection, ConnectionError, SignedConnection};
pub use distinct::{Admission, Distinct};
pub use epoch::{EpochHash, EpochRecord, Previous, RecordError, SignedRecord};
pub use grant::{Grant, GrantBook, GrantError, GrantId, SignedGrant};
pub use join::{AwaitingReply, HostGate, JoinError, OpenedJoin, Replier, ReplyError, seal_join};
pub use keys::{EpochSecret, SenderKeys, WRAP, WrapKey, check_code};
pub use line::{Line, LineError};
pub use message::{ChatText, Content, MessageError, RoomMessage, SequenceGate, SignedMessage};
pub use metadata::{Backend, Front, HostEntry, Metadata, MetadataError, Reach, SfuEntry};
pub use order::{Holder, Order, OrderRefusal, obey};
pub use refusal::{JoinRefusal, StatementRefusal};
pub use roster::{Roster, RosterEntry, RosterError};
pub use scope::{Role, Scope, SeatIdentity, SeatNo, StatementHash};
pub use seat::{ConsentSigner, HostSecrets, SeatSecrets, pseudonym, seat_hash};
pub use statement::{JoinProof, Statement, Support, WrongSupport};
pub use typed::{SeatStatement, WalletError};
pub use verify::{Facts, Sitting, verify, verify_at_gate};
