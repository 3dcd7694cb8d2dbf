//! Recordings: parameters and results of `recording.*`, and what pages are told of them (TOWNHALL 6, ELIGIBILITY 4).
//!
//! A *recording* is what one member proposes; a *span* of it is what one set of participants consented to: it has files, a key
//! and an anchor of its own. Both are named by 32 bytes, `0x` and hexadecimal. Times are whole seconds since 1970 where nothing
//! else is said; sizes are bytes; what is plain in a file leaves the daemon by [`PlayRecording`] and [`ReadTrack`] only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::SessionId;
use crate::macros::{answer, params, words};
use crate::room::{Prefixed, Room};
use crate::secret::Secret;

/// A recording's id (`recordingId` of the consent), or a span's (the struct's hash).
pub type RecordingId = Prefixed<32>;

/// Longest validity of a consent in seconds; the sitting's end cuts it further.
pub const MAX_VALID_SECONDS: u64 = 86_400;
/// Bytes of one [`ReadTrack`] at most.
pub const MAX_READ: u32 = 262_144;

words! {
    /// How recording stands in a room, as far as this seat can know.
    RecordingPhase {
        /// Nothing.
        Off = "off",
        /// Somebody asks, and this user has not answered.
        Asked = "asked",
        /// This user said yes; nothing is signed.
        Proposed = "proposed",
        /// This seat signed; no recorder is in the epoch.
        Collecting = "collecting",
        /// A recorder is in the epoch.
        Active = "active",
        /// It was active and is not over.
        Paused = "paused",
        /// Files are being finished; known to who records.
        Sealing = "sealing",
    }
}
words! {
    /// What a span is at the member who records.
    SpanState {
        /// Nothing, or given up before anything was recorded.
        Off = "off",
        /// Everybody is asked.
        Proposed = "proposed",
        /// Everybody signs, and the chain is waited for.
        Collecting = "collecting",
        /// The consent is final.
        Active = "active",
        /// Its files are being finished.
        Sealing = "sealing",
        /// The chain names what was recorded.
        Anchored = "anchored",
    }
}
words! {
    /// Why nothing is recorded for now.
    PauseReason {
        /// Somebody came or went.
        Members = "members",
        /// Somebody took the consent back.
        Withdrawn = "withdrawn",
        /// A key of the roster withdrew on chain.
        WithdrawnOnChain = "withdrawnOnChain",
        /// The chain holds the consents no more.
        Reverted = "reverted",
        /// The consent's time is over.
        Expired = "expired",
        /// Who records stopped.
        Stopped = "stopped",
        /// The contract did not take the consents: everybody signs anew.
        NotTaken = "notTaken",
        /// The files cannot be written.
        NotKept = "notKept",
        /// The room is full, or its host gives the recorder no seat.
        NoSeat = "noSeat",
    }
}
words! {
    /// What a listed span is.
    RowState {
        /// It grows.
        Recording = "recording",
        /// Its files are being finished.
        Sealing = "sealing",
        /// Its files are finished; the chain does not name them yet.
        Sealed = "sealed",
        /// The chain names them.
        Anchored = "anchored",
        /// What a kill left of it.
        Torn = "torn",
    }
}
words! {
    /// Who recorded.
    RecordedBy {
        /// This daemon.
        Own = "own",
        /// Another member.
        Other = "other",
    }
}
words! {
    /// How files end.
    Ending {
        /// Whole.
        Whole = "whole",
        /// Something is missing at the end.
        Torn = "torn",
    }
}
words! {
    /// What a track holds.
    Codec {
        /// Sound (RFC 6716).
        Opus = "opus",
        /// Pictures (RFC 6386).
        Vp8 = "vp8",
    }
}

params! {
    /// Of `recording.propose`.
    ProposeRecording {
        /// The room.
        room: Room,
        /// The executor that the calls of the contract go to; the daemon's `--recordings-through` if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        executor: Option<SessionId>,
        /// How long copies may be kept, as everybody agrees to it.
        retention_seconds: u64,
        /// How long the consent holds from now, 86,400 at most; cut to the sitting's end.
        valid_seconds: u64,
        /// Keys added to the roster that hide how many take part.
        #[serde(default)]
        dummies: u16,
    }
}
params! {
    /// Of `recording.answer`.
    AnswerRecording {
        /// The room.
        room: Room,
        /// Which recording.
        recording: RecordingId,
        /// Yes or no; no takes a yes back at any time.
        agree: bool,
    }
}
params! {
    /// Of `recording.stop`.
    StopRecording {
        /// The room.
        room: Room,
    }
}
params! {
    /// Of `recording.status`.
    GetRecording {
        /// The room.
        room: Room,
    }
}
params! {
    /// Of `recording.list`.
    ListRecordings {}
}
params! {
    /// Of `recording.fetch`.
    FetchRecording {
        /// Which span.
        span: RecordingId,
        /// Gateways that are asked before those of the settings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        from: Vec<String>,
    }
}
params! {
    /// Of `recording.verify`.
    VerifyRecording {
        /// Which span.
        span: RecordingId,
    }
}
params! {
    /// Of `recording.play`.
    PlayRecording {
        /// Which span.
        span: RecordingId,
        /// Absolute path of a folder: made with mode 0700; files in it are never written over.
        folder: String,
    }
}
params! {
    /// Of `recording.tracks`.
    ListTracks {
        /// Which span.
        span: RecordingId,
    }
}
params! {
    /// Of `recording.read`.
    ReadTrack {
        /// Which span.
        span: RecordingId,
        /// Which track.
        track: u16,
        /// From which byte.
        offset: u64,
        /// How many bytes, 262,144 at most.
        length: u32,
    }
}
params! {
    /// Of `recording.forget`: one of the two.
    ForgetRecording {
        /// This span.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        span: Option<RecordingId>,
        /// Every span of this recording.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recording: Option<RecordingId>,
    }
}

answer! {
    /// Somebody asks to record, and this user has not answered.
    RecordingAsk {
        /// Which recording.
        recording: RecordingId,
        /// The seat that would record.
        by: u16,
        /// How long copies would be kept.
        retention_seconds: u64,
        /// Until when the consent would hold.
        valid_until: u64,
    }
}
answer! {
    /// A recorder in the epoch of now, by the epoch's roster.
    RecorderSeat {
        /// Its seat.
        seat: u16,
        /// The member's seat that it records for.
        for_seat: u16,
    }
}
answer! {
    /// The own recording.
    OwnRecording {
        /// Which recording.
        recording: RecordingId,
        /// What its span is.
        state: SpanState,
        /// Seats that agreed.
        agreed: u16,
        /// Of how many.
        agreed_of: u16,
        /// Keys that signed, dummies among them.
        signed: u16,
        /// Of how many.
        signed_of: u16,
        /// Seats that said no; never which.
        refused: u16,
        /// Why nothing is recorded for now.
        paused: Option<PauseReason>,
        /// The span, once there is a roster.
        span: Option<RecordingId>,
        /// The contract did not take a call; it is sent again.
        not_executed: bool,
    }
}
answer! {
    /// How recording stands in a room: what `recording.propose`, `answer`, `stop` and `status` answer, and what pages are told.
    RecordingStatus {
        /// The room.
        room: Room,
        /// In a word.
        phase: RecordingPhase,
        /// Waits for this user's answer.
        ask: Option<RecordingAsk>,
        /// This user said yes to it, and may take it back.
        agreed: Option<RecordingId>,
        /// Who records.
        recorder: Option<RecorderSeat>,
        /// Since when.
        since: Option<u64>,
        /// How many agreed to what is recorded now, this seat among them; none unless this seat signed it and it is of everybody here.
        participants: Option<u16>,
        /// Of who records: how it goes.
        own: Option<OwnRecording>,
        /// Why this seat did not sign, as a sentence.
        unsigned: Option<String>,
    }
}
answer! {
    /// Copies of a recording elsewhere.
    Copies {
        /// Places that have said they have all of it.
        confirmed: u32,
        /// Places that were asked to.
        asked: u32,
    }
}
answer! {
    /// A span in the list.
    RecordingRow {
        /// The recording.
        recording: RecordingId,
        /// The span.
        span: RecordingId,
        /// The room, if known.
        room: Option<Room>,
        /// What it is.
        state: RowState,
        /// Who recorded.
        by: RecordedBy,
        /// Whether this daemon holds a key that opens it.
        key: bool,
        /// CID of its root, once known.
        cid: Option<String>,
        /// When it began.
        began_at: u64,
        /// When it ended.
        ended_at: Option<u64>,
        /// Bytes in the own store.
        bytes: u64,
        /// Copies elsewhere.
        copies: Copies,
    }
}
answer! {
    /// What `recording.fetch` answers: every block is in the own store and was checked.
    Fetched {
        /// The span.
        span: RecordingId,
        /// CID of its root.
        cid: String,
        /// Bytes of all blocks.
        bytes: u64,
    }
}
answer! {
    /// What `recording.verify` answers: every block is there and is what its name says.
    Verified {
        /// The span.
        span: RecordingId,
        /// CID of its root.
        cid: String,
        /// Whether the chain names it in a final block.
        anchored: bool,
        /// Whether the anchored hash of the wraps is that of those in the files.
        wraps: bool,
        /// How it ends.
        ending: Ending,
        /// Segments.
        segments: u32,
        /// Segments that a kill has torn.
        torn: u32,
        /// Bytes of all segments.
        bytes: u64,
        /// Copies elsewhere.
        copies: Copies,
    }
}
answer! {
    /// A track as it plays: plain WebM.
    PlayedTrack {
        /// Its number, from 1.
        track: u16,
        /// Whose: the number of the seat; none if a kill has taken the timeline.
        seat: Option<u16>,
        /// The seat's name at the SFU.
        pseudonym: String,
        /// What it holds.
        codec: Codec,
        /// Milliseconds from the span's beginning.
        began_ms: u64,
        /// Milliseconds from the span's beginning.
        ended_ms: u64,
        /// Frames.
        frames: u64,
        /// Whether something of it is missing.
        ending: Ending,
        /// Where it lies, if it was written.
        path: Option<String>,
    }
}
answer! {
    /// What `recording.play` answers.
    Played {
        /// By number; each is a file of mode 0600.
        tracks: Vec<PlayedTrack>,
    }
}
answer! {
    /// What `recording.tracks` answers.
    Tracks {
        /// When the span began: milliseconds since 1970.
        began_at: u64,
        /// When it ended: milliseconds from its beginning.
        ended_ms: u64,
        /// By number.
        tracks: Vec<PlayedTrack>,
    }
}
answer! {
    /// What `recording.read` answers.
    TrackBytes {
        /// base64; shorter than asked for at the end.
        bytes: Secret,
        /// Bytes of the whole track.
        total: u64,
    }
}
answer! {
    /// What `recording.forget` answers.
    Forgotten {
        /// Spans that nothing here opens any more.
        spans: u32,
        /// Copies that an IPFS node has not let go, because it did not answer: they stay sealed, and it is asked again until it does.
        still_pinned: u32,
    }
}
