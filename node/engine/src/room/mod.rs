//! Rooms over time: the host of a sitting and its members as two machines (TOWNHALL sections 2 and 3; THREATS J1 to J7, M3).
//!
//! ```text
//! member  prepare ─ prove ─ join ──sealed──►  host  gate ─ verify ─ grant ─ roster
//!         verify everybody ◄──── statements, records, orders ──────┘  │
//!         pair ◄──────── ciphertexts and frames, carried unseen ──────┤
//!         steward: epochs ─ wraps ─────────────────────────────────── │ ─► every other member
//!         keys ─► page                                                └─► SFU: permit, mute, remove
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`io`] | what both are told, and what they ask for |
//! | [`state`] | rooms, seats, rights: diagram and table, walked by a test |
//! | [`host`] | gate, roster, carrier, executor of orders |
//! | [`member`] | one seat |
//! | `gate` | joins, limits, bans |
//! | `packet`, `link` | what travels over a control stream, and that nothing of it is lost or told twice |
//! | `pairs`, `epoch` | pair channels of one end; the chain of epoch records |
//! | `clock` | seconds and allowances |
//!
//! Not here: wire layouts and primitives ([`pars_proto::room`], [`pars_proto::signal`]); whether a statement is in order (a
//! question, answered from somebody's own index); tokens; media.

mod clock;
mod epoch;
mod gate;
pub mod host;
pub mod io;
mod link;
pub mod member;
mod packet;
mod pairs;
pub mod state;
#[cfg(test)]
mod table;

pub use host::{Host, HostConfig};
pub use io::{
    Anchor, Authority, EndReason, EpochKeys, Forgery, GoneReason, HostEvent, HostIn, HostOut, HostQuestion, LinkId,
    MemberEvent, MemberIn, MemberOut, MemberQuestion, OrderRefusal, Pause, QuestionId, RecordingEvent,
    RecordingFailure, RecordingIn, RecordingQuestion, SeatKeys, SeatView, SfuOrder, Standing, StopReason, Unreachable,
    View, Withdrawal,
};
pub use member::recording::{
    CHAIN_SLACK_MS, Conduct, Honest, ProposedRecording, RecordingAnswer, RecordingView, SpanState,
};
pub use member::{Member, MemberConfig, Phase, RoomError};
pub use packet::{MAX_PACKET, is_seated};
pub use state::{MAX_PRESENTERS, Rights, RoomInput, RoomState, SeatInput, SeatState};
