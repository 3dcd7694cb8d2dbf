//! Recordings as seats of this daemon take part in them (TOWNHALL section 6, ELIGIBILITY section 4). Who may record when is the
//! machine's ([`pars_engine::room`]); files and keys are those of [`crate::recordings`].
//!
//! | Module | Holds |
//! |---|---|
//! | [`terms`] | what is agreed to, in words |
//! | [`calls`] | calls of the contract: to an executor, and until they are final; what own index says |
//! | [`status`] | what the page is shown |
//! | [`owed`] | anchors and withdrawals that no seat sees to |

pub(super) mod calls;
pub(super) mod owed;
pub(super) mod status;
pub(super) mod terms;

use pars_identity::IdentityId;
use pars_proto::room::recording::{RecordingTag, Terms};
use pars_rpc::recording::RecordingStatus;
use pars_rpc::room::Room;
use pars_rpc::{Code, RpcError};

use super::seat::Command;
use super::{Rooms, ask, seconds};

/// What a user wants of recordings in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Ask everybody whether the room may be recorded.
    Propose {
        /// Who submits calls of the contract; the daemon's own setting if left out.
        executor: Option<IdentityId>,
        /// How long copies may be kept, in seconds.
        retention_seconds: u64,
        /// How long the consent holds from now, in seconds; cut to the sitting's end.
        valid_seconds: u64,
        /// Keys that hide how many take part.
        dummies: u16,
    },
    /// Say yes or no; no takes a yes back at any time.
    Answer {
        /// To which.
        recording: RecordingTag,
        /// Whether the user agrees.
        agree: bool,
    },
    /// Stop what this seat records.
    Stop,
    /// How it stands.
    Status,
}

/// The same for the seat: what had to be looked up is looked up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    /// Ask everybody; calls go to this executor.
    Start { terms: Terms, dummies: u16, through: IdentityId },
    /// Answer.
    Answer { recording: RecordingTag, agree: bool },
    /// Stop.
    Stop,
    /// Look.
    Status,
}

impl Rooms {
    /// `recording.propose`, `answer`, `stop`, `status`.
    ///
    /// # Errors
    /// By name.
    pub async fn recording(&self, room: Room, call: Call) -> Result<RecordingStatus, RpcError> {
        let seat = self.seat(room)?;
        let wish = match call {
            Call::Propose { executor, retention_seconds, valid_seconds, dummies } => {
                let through = self.0.contract.executor(executor).await?;
                let running = self.0.oracle.running(pars_wire::RoomId(room.0.into())).await?;
                let (now, ends_at) = (seconds(&running.sitting), running.sitting.ends_at);
                let terms = terms::terms((retention_seconds, valid_seconds), now, ends_at);
                Wish::Start { terms, dummies, through }
            }
            Call::Answer { recording, agree } => Wish::Answer { recording, agree },
            Call::Stop => Wish::Stop,
            Call::Status => Wish::Status,
        };
        ask(&seat, Code::NotAllowed, |reply| Command::Record(wish, reply)).await
    }
}
