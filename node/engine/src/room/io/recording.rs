//! Recordings: what is told, asked and shown (TOWNHALL section 6).

use alloy_primitives::B256;
use pars_crypto::hkem::Xw768Public;
use pars_crypto::secret::HybridKemSeed;
use pars_proto::room::recording::{ConsentRefusal, ConsentSignature, Recording, RecordingTag, Submission, Terms};
use pars_proto::room::{ConsentSigner, SeatNo};
use pars_wire::RecordingId;

use super::QuestionId;
use crate::room::member::recording::SpanState;

/// What own final index says of a span's consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authority {
    /// The contract's `authorisedUntil`: Unix seconds, 0 if not everybody signed or one withdrew.
    pub until: u64,
    /// Whether that stands in a final block; what does not counts for nothing.
    pub is_final: bool,
    /// Whether a key of the roster withdrew on chain.
    pub withdrawn: bool,
}

/// What a member is told about recordings.
#[derive(Debug)]
pub enum RecordingIn {
    /// Record this room: ask everybody. `dummies` keys are added to hide how many there are.
    Start {
        /// What everybody is asked.
        terms: Terms,
        /// How many dummies, at most [`pars_wire::limits::MAX_DUMMIES`].
        dummies: u16,
    },
    /// The user's answer to [`RecordingEvent::Asked`]; no at any time takes a yes back.
    Answer {
        /// To which recording.
        recording: RecordingTag,
        /// Whether it agrees.
        yes: bool,
    },
    /// Whether a recording key is durable.
    Kept {
        /// On which question.
        id: QuestionId,
        /// Whether it is.
        kept: bool,
    },
    /// What own index says of a span; none if the chain does not answer.
    Consents {
        /// On which question.
        id: QuestionId,
        /// What it says.
        authority: Option<Authority>,
    },
    /// A final block says something about consents: ask now.
    ChainChanged,
    /// What became of calls of the contract: whether all of them are in final blocks.
    Executed {
        /// On which question.
        id: QuestionId,
        /// Whether they are.
        done: bool,
    },
    /// The files of an own span are finished.
    Sealed {
        /// Which span.
        span: RecordingId,
        /// The CID of its manifest, 1 to 128 bytes.
        cid: Vec<u8>,
        /// Hash of its wraps.
        wraps: B256,
    },
    /// An own span cannot be recorded any more, or its files cannot be finished: then nothing of it is anchored by this seat.
    Failed {
        /// Which span.
        span: RecordingId,
        /// Why.
        why: RecordingFailure,
    },
    /// Stop recording.
    Stop,
}

/// What a member asks about recordings.
#[derive(Debug)]
pub enum RecordingQuestion {
    /// Keep this recording key in the vault: it opens what is recorded. Answer with `Kept`.
    Keep {
        /// Of which recording.
        recording: RecordingTag,
        /// Unix seconds from which on it may not be kept any more: what everybody agreed to, after the consent's end.
        until: u64,
        /// The seed of the key.
        seed: HybridKemSeed,
    },
    /// What does own index say of this span? Answer with `Consents`.
    Consents(RecordingId),
    /// Send these to the contract, in this order, through an executor. Answer with `Executed`.
    Submit(Vec<Submission>),
    /// Send a withdrawal to the contract, through an executor: to who records, also another seat's. Answer with `Executed`.
    Withdraw(Box<Withdrawal>),
    /// Send an anchor. Answer with `Executed`.
    Anchor(Box<Anchor>),
}

/// Arguments of the contract's `withdraw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// From which span.
    pub recording: Recording,
    /// Who.
    pub signer: ConsentSigner,
    /// That it stands in the roster.
    pub proof: Vec<B256>,
    /// Over the withdrawal's digest.
    pub signature: ConsentSignature,
}

/// Arguments of the contract's `anchor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Of which span.
    pub recording: Recording,
    /// The member who records.
    pub signer: ConsentSigner,
    /// What was recorded.
    pub cid: Vec<u8>,
    /// Hash of the wraps.
    pub wraps: B256,
    /// Over the anchor's digest.
    pub signature: ConsentSignature,
}

/// Why a span cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordingFailure {
    /// Its files cannot be written.
    NotKept,
    /// The room is full, or its host gives the recorder no seat.
    NoSeat,
}

/// Why nothing is recorded for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pause {
    /// Somebody came or went: everybody is asked for the new roster.
    Members,
    /// A seat took its consent back.
    Withdrawn(SeatNo),
    /// A key of the roster withdrew on chain.
    WithdrawnOnChain,
    /// The chain holds the consents no more: they are sent again.
    Reverted,
    /// The consent's time is over.
    Expired,
    /// Who records stopped.
    Stopped,
    /// The contract did not take the consents: everybody signs another span.
    NotTaken,
    /// It cannot be recorded.
    Failed(RecordingFailure),
}

/// What a member's user learns of recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingEvent {
    /// Somebody asks to record: answer with `Answer`.
    Asked {
        /// Which recording.
        recording: RecordingTag,
        /// Who would record.
        by: SeatNo,
        /// On which terms.
        terms: Terms,
    },
    /// A span was not signed.
    Unsigned {
        /// Who records.
        by: SeatNo,
        /// Why.
        refusal: ConsentRefusal,
    },
    /// A seat took its consent to a span back.
    Withdrawn {
        /// Which span.
        span: RecordingId,
        /// Who.
        by: SeatNo,
    },
    /// The contract is to hear this withdrawal, whatever becomes of this machine: keep it until a final block shows one of its
    /// span. As long as the machine is there, it asks itself for it to be sent.
    Owes {
        /// What is to be sent.
        withdrawal: Box<Withdrawal>,
        /// Of this seat's own, which another records: who records is given a minute to send it first, so that its author need
        /// not show itself to an executor.
        waits: bool,
    },
    /// To who records: so many of all have agreed.
    Agreed {
        /// How many.
        agreed: usize,
        /// Of how many.
        of: usize,
    },
    /// To who records: a seat said no. It goes on when the seat has left.
    Refused(SeatNo),
    /// To who records: so many keys of all have signed.
    Signed {
        /// How many, dummies among them.
        signed: usize,
        /// Of how many.
        of: usize,
    },
    /// To who records: what a span is now.
    State {
        /// Which span, once there is a roster.
        span: Option<RecordingId>,
        /// What it is.
        state: SpanState,
    },
    /// To who records: the consent is final; take the recorder's seat, and wrap the file key of this span for these keys.
    Active {
        /// The span.
        recording: Recording,
        /// Everybody's recording keys.
        keys: Vec<Xw768Public>,
    },
    /// To who records: nothing is recorded for now.
    Paused(Pause),
    /// To who records: finish the files of this span, and answer with `Sealed`.
    Seal(RecordingId),
    /// To who records: the files of this span are not finished; this seat anchors nothing of it.
    NotSealed(RecordingId),
    /// To who records: the consent of this span is on the chain no more; destroy what was recorded.
    Discard(RecordingId),
    /// To who records: the contract did not take a call; it is sent again.
    NotExecuted(RecordingId),
    /// To who records: it cannot begin, because another recording of this seat is not over, or the terms do not fit.
    NotStarted,
}
