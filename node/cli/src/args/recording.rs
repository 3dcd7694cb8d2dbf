//! `recording …`

use std::path::PathBuf;

use alloy::primitives::B256;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use pars_rpc::SessionId;

use super::session::session_id;

/// `recording …`
#[derive(Debug, Subcommand)]
pub enum RecordingCommand {
    /// Ask everybody in a room to record it: nothing is recorded before each has said yes and the chain holds it.
    Propose(ProposeRecording),
    /// Answer who asks to record; no takes a yes back at any time.
    Answer(AnswerRecording),
    /// Stop your recording; its files are finished and the chain names them.
    Stop {
        /// The room.
        #[arg(long)]
        room: B256,
    },
    /// Show how recording stands in a room.
    Status {
        /// The room.
        #[arg(long)]
        room: B256,
    },
    /// List the recordings that the session daemon has, or may open.
    List,
    /// Bring every block of a recording into the session daemon's own store.
    Fetch {
        /// The span, as in the list.
        span: B256,
        /// A gateway to ask before those of the daemon's --blocks-from; may be repeated.
        #[arg(long, value_name = "URL")]
        from: Vec<String>,
    },
    /// See that a recording is whole, and whether the chain names it; fails if the chain names other key wraps.
    Verify {
        /// The span, as in the list.
        span: B256,
    },
    /// Write a recording as plain WebM files, readable by you alone.
    Play {
        /// The span, as in the list.
        span: B256,
        /// The folder, made if it is not there; no file in it is written over.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// List the tracks of a recording.
    Tracks {
        /// The span, as in the list.
        span: B256,
    },
    /// Destroy the key of a recording for ever, then let its blocks go.
    Forget(ForgetRecording),
}

/// `recording propose`
#[derive(Debug, Args)]
pub struct ProposeRecording {
    /// The room.
    #[arg(long)]
    pub room: B256,
    /// How long copies may be kept: everybody is asked to agree to it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub retention_days: u64,
    /// How long the consent holds; the sitting's end cuts it.
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=24))]
    pub valid_hours: u64,
    /// Keys added to the consent that hide how many take part.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub dummies: u16,
    /// The executor that sends the consent to the chain: its 05… id, or the session with it [default: the daemon's
    /// --recordings-through].
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub executor: Option<SessionId>,
}

/// `recording answer`
#[derive(Debug, Args)]
pub struct AnswerRecording {
    /// The room.
    #[arg(long)]
    pub room: B256,
    /// Which recording [default: the one that is asked for; with no also the one that was agreed to].
    #[arg(long, value_name = "ID")]
    pub recording: Option<B256>,
    /// The answer.
    #[arg(value_enum)]
    pub answer: YesNo,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// You agree to be recorded on these terms.
    Yes,
    /// You do not, or no longer.
    No,
}

/// `recording forget`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct ForgetRecording {
    /// The span, as in the list.
    #[arg(group = "what")]
    pub span: Option<B256>,
    /// Every span of this recording.
    #[arg(long, value_name = "ID", group = "what")]
    pub recording: Option<B256>,
}
