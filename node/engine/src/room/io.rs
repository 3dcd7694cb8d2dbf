//! What host and member are told, and what they ask for. Plain values: a shell carries them out, the simulator looks at them.

mod reasons;
mod recording;
mod view;

use alloy_primitives::Address;
use pars_proto::room::{
    Body, Claim, JoinRefusal, Order, Role, SeatIdentity, SeatNo, Statement, StatementRefusal, Support,
};
use pars_wire::codec::DecodeError;

use super::state::{Rights, RoomState};

pub use reasons::{EndReason, GoneReason, OrderRefusal};
pub use recording::{
    Anchor, Authority, Pause, RecordingEvent, RecordingFailure, RecordingIn, RecordingQuestion, Withdrawal,
};
pub use view::{EpochKeys, SeatKeys, SeatView, View};

/// Names a control stream at the host; the shell counts, a number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(
    /// The count.
    pub u64,
);

/// Names a question that the shell answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuestionId(
    /// The count.
    pub u64,
);

/// What own chain index says of a verified seat beside that it is in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its account is the room's creator or a moderator.
    pub leads: bool,
}

/// The chain does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chain does not answer; seats stay for 120 s, then they go")]
pub struct Unreachable;

/// What a host is told.
#[derive(Debug)]
pub enum HostIn {
    /// Unix seconds now.
    Clock(u64),
    /// The sitting's block is final: seats may be asked for.
    Opened,
    /// A packet over a control stream.
    Recv {
        /// Which.
        from: LinkId,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// A control stream ended.
    Disconnected(LinkId),
    /// The verdict on a statement.
    Verified {
        /// On which question.
        id: QuestionId,
        /// The verdict.
        verdict: Result<Standing, JoinRefusal>,
    },
    /// A token for the SFU.
    Token {
        /// For which question.
        id: QuestionId,
        /// The JWT.
        token: String,
    },
    /// Who of the named seats lost its access.
    Rechecked {
        /// On which question.
        id: QuestionId,
        /// The seats, or that the chain does not answer.
        outcome: Result<Vec<SeatNo>, Unreachable>,
    },
    /// An event on chain may concern the room: check again, but not more often than every 5 s.
    ChainChanged,
    /// Own index: this seat's account leads the room now, or does no more.
    Leads(SeatNo, bool),
    /// The sitting was closed on chain.
    SittingOver,
    /// A deadline passed.
    Wake,
}

/// What a host asks for.
#[derive(Debug)]
pub enum HostOut {
    /// Send a packet.
    Send {
        /// Over which control stream.
        to: LinkId,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// End a control stream.
    Disconnect(LinkId),
    /// Find something out.
    Question {
        /// Names it.
        id: QuestionId,
        /// What.
        question: HostQuestion,
    },
    /// Tell the SFU.
    Sfu(SfuOrder),
    /// Tell the owner.
    Event(HostEvent),
}

/// What a host does not know by itself.
#[derive(Debug)]
pub enum HostQuestion {
    /// Is this statement in order now (`verify_at_gate`)?
    Verify(Box<Statement>),
    /// Make a token for the SFU.
    Token {
        /// For which seat.
        seat: SeatNo,
        /// Its name at the SFU.
        identity: String,
        /// Its role.
        role: Role,
        /// What it may send.
        rights: Rights,
    },
    /// Do these accounts still have access?
    Recheck(Vec<(SeatNo, Address)>),
}

/// What a host tells the SFU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SfuOrder {
    /// What a participant may send.
    Permit {
        /// Its seat.
        seat: SeatNo,
        /// Its name at the SFU.
        identity: String,
        /// Its role.
        role: Role,
        /// What it may send.
        rights: Rights,
    },
    /// Mute its microphone.
    Mute {
        /// Its seat.
        seat: SeatNo,
        /// Its name at the SFU.
        identity: String,
    },
    /// Remove it.
    Remove {
        /// Its seat.
        seat: SeatNo,
        /// Its name at the SFU.
        identity: String,
    },
    /// Close the room.
    Close,
}

/// What a host tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostEvent {
    /// The room changed.
    State(RoomState),
    /// A seat is in the room.
    Admitted {
        /// Which.
        seat: SeatNo,
        /// As what.
        role: Role,
    },
    /// A seat is gone.
    Gone {
        /// Which.
        seat: SeatNo,
        /// Why.
        reason: GoneReason,
    },
    /// A join was refused.
    Refused(JoinRefusal),
    /// These may not come back: accounts until lifted, nullifiers in this sitting.
    Banned(Vec<SeatIdentity>),
    /// A seat sends more than it may; what is over the bound is dropped.
    Flood(SeatNo),
    /// Bytes that are nothing came over a control stream; it is ended.
    Malformed(DecodeError),
}

/// What a member is told.
#[derive(Debug)]
pub enum MemberIn {
    /// Unix seconds now.
    Clock(u64),
    /// Make a statement with this claim; again means anew.
    Prepare(Claim),
    /// What proves the statement that was asked for: seal it and join.
    Proven {
        /// On which question.
        id: QuestionId,
        /// Proof and signatures.
        support: Support,
    },
    /// Join although the room is recorded, which [`MemberEvent::Recorded`] said.
    GoIn,
    /// The control stream stands.
    Connected,
    /// It ended, or could not be opened.
    Disconnected,
    /// A packet over it.
    Recv(Vec<u8>),
    /// The verdict on a seat's statement.
    Verified {
        /// On which question.
        id: QuestionId,
        /// The verdict.
        verdict: Result<Standing, StatementRefusal>,
    },
    /// Own index: this seat has access, or has it no more.
    Access(SeatNo, bool),
    /// Own index: this seat's account leads the room now, or does no more.
    Leads(SeatNo, bool),
    /// The page opened a new connection to the SFU: fresh nonce, fresh token.
    NewConnection,
    /// Give an order.
    Order(Order),
    /// Answer an offer to present; `false` also gives presenting up.
    Accept(bool),
    /// Do not make this seat the steward.
    Decline,
    /// About recordings.
    Recording(RecordingIn),
    /// Leave the room.
    Leave,
    /// The sitting is over.
    SittingOver,
    /// A deadline passed.
    Wake,
}

/// What a member asks for.
#[derive(Debug)]
pub enum MemberOut {
    /// Open a control stream to the host; answer with Connected or Disconnected.
    Connect,
    /// End it.
    Disconnect,
    /// Send a packet over it.
    Send(Vec<u8>),
    /// Find something out.
    Question {
        /// Names it.
        id: QuestionId,
        /// What.
        question: MemberQuestion,
    },
    /// Tell the user.
    Event(MemberEvent),
}

/// What a member does not know by itself.
#[derive(Debug)]
pub enum MemberQuestion {
    /// Prove this: points, wallet signature over its typed data, identity signature, as its claim needs.
    Prove(Box<Body>),
    /// Is this seat's statement in order (`verify`), by own index?
    Verify {
        /// The seat.
        seat: SeatNo,
        /// What it stated.
        statement: Box<Statement>,
    },
    /// About recordings.
    Recording(RecordingQuestion),
}

/// What a member's user learns.
#[derive(Clone, Debug)]
pub enum MemberEvent {
    /// The statement is sealed and on its way.
    Sealed,
    /// We have a seat.
    Admitted {
        /// Which.
        seat: SeatNo,
        /// As what.
        role: Role,
    },
    /// A token for the SFU.
    Token(String),
    /// No seat.
    Refused(JoinRefusal),
    /// No seat yet, as was asked for, because somebody records: say so to the user, and go in with [`MemberIn::GoIn`].
    Recorded,
    /// [`super::Member::view`] says something new.
    Roster,
    /// Keys of an epoch; comes again when there are more.
    Keys(EpochKeys),
    /// Keys of this epoch may be forgotten.
    Expired {
        /// Which.
        epoch: u32,
        /// Its key index.
        index: u8,
    },
    /// Nothing may be sent until [`MemberEvent::Keys`] with keys of our own comes.
    Stopped {
        /// Why.
        reason: StopReason,
        /// Because of which seat.
        seat: Option<SeatNo>,
    },
    /// An order by one who leads by our own index.
    Order {
        /// What.
        order: Order,
        /// Who.
        by: SeatNo,
    },
    /// An order or acceptance of ours came to nothing.
    OrderRefused {
        /// Whom it concerned.
        target: SeatNo,
        /// Why.
        reason: OrderRefusal,
    },
    /// One who leads offers us to present: answer with Accept.
    Offered,
    /// A seat's statement does not hold: nothing is sent in an epoch with it.
    Unverified {
        /// Which seat.
        seat: SeatNo,
        /// What is wrong.
        refusal: StatementRefusal,
    },
    /// No pair channel with a seat: somebody between changes its bytes.
    PairFailed(SeatNo),
    /// A seat has long been here and answers nothing that is for it alone, so that no keys are shared with it: it does not want to, or
    /// somebody between has changed keys. By itself that closes nothing.
    Unshared(SeatNo),
    /// A record, connection or message did not verify: somebody between forges.
    Forged(Forgery),
    /// Who makes the epochs now.
    Steward(SeatNo),
    /// About recordings.
    Recording(RecordingEvent),
    /// It is over.
    Ended(EndReason),
}

/// What was forged, or broken by somebody between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forgery {
    /// An epoch record.
    Record,
    /// A wrapped secret.
    Wrap,
    /// A connection.
    Connection,
    /// A signed message.
    Message,
    /// Two different records of one number by one steward.
    TwoRecords,
    /// A recording asked for under the name of another's, or of one on other terms.
    Recording,
}

/// Why nothing may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopReason {
    /// No epoch with our seat yet.
    NoEpoch,
    /// We have no keys in common with anybody, though others are here and the host answers: one of them has long been unshared, or what
    /// a steward sent us is not the secret that its record commits to. Somebody between changed our keys or what came to us.
    NoSharedKeys,
    /// A seat of the epoch is not verified yet.
    Verifying,
    /// A seat of the epoch does not verify.
    Unverified,
    /// A seat left, or a recording is over, and no epoch without that seat or the recorder's came yet.
    NotRotated,
    /// The host has told nothing for 5 s: somebody may have left.
    HostSilent,
    /// A recorder's seat is in the epoch, and the consent of exactly its participants is not final, or stands no more.
    NotConsented,
    /// We are out.
    Ended,
}
