//! A seat's part in recordings: what its machine asks is answered, what it says is shown, and its span is recorded by a seat
//! of its own.

use std::collections::BTreeMap;

use futures::future::join_all;
use pars_crypto::hkem::Xw768Public;
use pars_engine::room::{MemberIn, Phase, QuestionId, RecordingEvent, RecordingIn, RecordingQuestion, Withdrawal};
use pars_identity::IdentityId;
use pars_proto::room::SeatNo;
use pars_proto::room::recording::{ConsentKey, Recording};
use pars_rpc::event::Event;
use pars_rpc::recording::{RecorderSeat, RecordingStatus};
use pars_rpc::room::Joined;
use pars_rpc::{Code, RpcError};
use pars_wire::{RecordingId, RoomId};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::recorder::{self, End, Parts};
use super::{Reply, Said, Task};
use crate::clock;
use crate::config::ConsentKeyKind;
use crate::driver::SUITE;
use crate::random;
use crate::recordings::{AnchorSigner, ConsentSecret, Hold};
use crate::room::recording::calls::{self, Wanted};
use crate::room::recording::status::Fold;
use crate::room::recording::{Wish, terms};
use crate::room::{Inner, seconds};

/// What a task knows of its seat's recordings.
pub(super) struct Recorded {
    fold: Fold,
    /// What the page was told last.
    told: Option<RecordingStatus>,
    /// The consent key of the seat, for an anchor after a restart.
    secret: ConsentSecret,
    /// Who submits for the own recording.
    through: Option<IdentityId>,
    /// Spans that are recorded now.
    spans: BTreeMap<RecordingId, oneshot::Sender<End>>,
    /// Spans whose debts to the chain this seat sees to.
    held: BTreeMap<RecordingId, Hold>,
    /// Withdrawals that are being kept.
    keeping: Vec<JoinHandle<bool>>,
    not_started: bool,
    /// When the statement expires that the seat joins with, in Unix seconds.
    pub(super) expires_at: u64,
    /// The room is recorded: there is no seat until the user, who was told so, joins once more.
    pub(super) is_told: bool,
    /// The recorder's seat that was in the room when this seat came.
    pub(super) there: Option<RecorderSeat>,
}

impl Recorded {
    /// With a fresh consent key.
    pub(super) fn new(inner: &Inner) -> (ConsentKey, Self) {
        let key = match inner.consent_key {
            ConsentKeyKind::Secp256k1 => ConsentKey::generate(&mut random::system()),
            ConsentKeyKind::MlDsa => {
                let verifier = inner.oracle.deployment().mldsa_erc7913;
                ConsentKey::generate_ml_dsa(SUITE, &mut random::system(), verifier)
            }
        };
        let secret = ConsentSecret::of(&key);
        let recorded = Self {
            fold: Fold::default(),
            told: None,
            secret,
            through: None,
            spans: BTreeMap::new(),
            held: BTreeMap::new(),
            keeping: Vec::new(),
            not_started: false,
            expires_at: 0,
            is_told: false,
            there: None,
        };
        (key, recorded)
    }
}

/// A withdrawal is not on the disk.
fn not_kept() -> RpcError {
    let sentence = "your consent is taken back in the room, but the withdrawal cannot be kept on this disk: make room there, \
                    and leave the daemon running until the chain shows it";
    RpcError::new(Code::Internal, sentence)
}

/// Answer a question of the machine.
async fn answered(
    inner: &Inner,
    (room, through): (RoomId, Option<IdentityId>),
    (id, question): (QuestionId, RecordingQuestion),
) -> RecordingIn {
    let contract = &inner.contract;
    let (about, calls) = match question {
        RecordingQuestion::Keep { recording, until, seed } => {
            let kept = inner.library.keep(recording, (room, until), seed).await;
            let kept = kept.inspect_err(|error| tracing::error!(%error, "a recording key is not kept")).is_ok();
            return RecordingIn::Kept { id, kept };
        }
        RecordingQuestion::Consents(span) => {
            return RecordingIn::Consents { id, authority: contract.authority(span).await };
        }
        RecordingQuestion::Submit(chunks) => {
            let Some(span) = chunks.first().map(|chunk| chunk.recording.span()) else {
                return RecordingIn::Executed { id, done: false };
            };
            ((span, Wanted::Authorised), chunks.iter().map(calls::submit).collect::<Option<Vec<_>>>())
        }
        RecordingQuestion::Withdraw(of) => {
            ((of.recording.span(), Wanted::Withdrawn), calls::withdraw(&of).map(|call| vec![call]))
        }
        RecordingQuestion::Anchor(of) => {
            ((of.recording.span(), Wanted::Anchored), calls::anchor(&of).map(|call| vec![call]))
        }
    };
    let done = match calls {
        Some(calls) => contract.execute(through.or(contract.through), about, calls).await,
        None => false,
    };
    if done && about.1 == Wanted::Anchored {
        inner.library.anchored(about.0).await;
    }
    RecordingIn::Executed { id, done }
}

impl Task {
    pub(super) fn recording_asked(&mut self, id: QuestionId, question: RecordingQuestion) {
        let (inner, said) = (self.inner.clone(), self.said.clone());
        let of = (self.begin.running.sitting.scope.room, self.recorded.through);
        self.helpers.spawn(async move {
            let answer = answered(&inner, of, (id, question)).await;
            // The seat may be gone.
            let _ = said.send(Said::In(MemberIn::Recording(answer))).await;
        });
        while self.helpers.try_join_next().is_some() {}
    }

    /// Somebody records, so the host gave no seat: the user decides, and nobody in the room hears of it.
    pub(super) fn told_recorded(&mut self) {
        self.recorded.is_told = true;
        if let Some(reply) = self.join.take() {
            // Whoever asked may be gone.
            let _ = reply.send(Err(Code::Recorded.into()));
        }
    }

    /// The user, who was told that the room is recorded, joins once more.
    pub(super) fn go_in(&mut self, anyway: bool, reply: Reply<Joined>) {
        let is_late = self.recorded.expires_at < seconds(&self.begin.running.sitting);
        let refusal = if is_late { Some(Code::Expired) } else { (!anyway).then_some(Code::Recorded) };
        if let Some(code) = refusal {
            return drop(reply.send(Err(code.into())));
        }
        (self.recorded.is_told, self.join) = (false, Some(reply));
        self.input(MemberIn::GoIn);
    }

    /// Until the join is answered: a recorder that came behind the host's answer is told of before anything is sent.
    pub(super) fn note_recorder(&mut self) {
        if self.recorded.there.is_none() && self.is_joining() {
            let told = |(seat, member): (SeatNo, SeatNo)| RecorderSeat { seat: seat.0, for_seat: member.0 };
            self.recorded.there = self.member.recorder_here().map(told);
        }
    }

    pub(super) fn recording_told(&mut self, event: RecordingEvent) {
        self.recorded.fold.told(&event);
        match event {
            RecordingEvent::Asked { recording, terms, .. } if !terms::are_known(&terms) => {
                tracing::warn!("a recording is proposed on terms that cannot be shown; they are not agreed to");
                self.input(MemberIn::Recording(RecordingIn::Answer { recording, yes: false }));
            }
            RecordingEvent::Active { recording, keys } => self.start_recorder(recording, keys),
            RecordingEvent::Seal(span) => self.end_recorder(span, End::Seal),
            RecordingEvent::Discard(span) => self.end_recorder(span, End::Discard),
            // The next look at the disk may finish them: then nobody but the library is there to anchor them.
            RecordingEvent::NotSealed(span) => drop(self.recorded.held.remove(&span)),
            RecordingEvent::Owes { withdrawal, waits } => self.keep_withdrawal(&withdrawal, waits),
            RecordingEvent::NotStarted => self.recorded.not_started = true,
            _ => {}
        }
    }

    /// What the contract is to hear outlives this process: kept from now on, and seen to by this seat as long as it is there.
    fn keep_withdrawal(&mut self, of: &Withdrawal, waits: bool) {
        let (span, library) = (of.recording.span(), self.inner.library.clone());
        self.recorded.held.entry(span).or_insert_with(|| library.hold(span));
        let kept = calls::to_withdraw(of, waits, self.recorded.through);
        let keeping = async move {
            let Some(kept) = kept else { return false };
            let kept = library.keep_withdrawal(kept).await;
            kept.inspect_err(|error| tracing::error!(%error, "a withdrawal is not kept")).is_ok()
        };
        self.recorded.keeping.retain(|one| !one.is_finished());
        self.recorded.keeping.push(tokio::spawn(keeping));
    }

    /// Do what the user wants of recordings, and answer when what it took back is kept.
    pub(super) fn record(&mut self, wish: Wish, reply: Reply<RecordingStatus>) {
        // What others gave is not what is asked about.
        self.recorded.keeping.clear();
        let done = self.recorded_as(wish);
        let keeping = std::mem::take(&mut self.recorded.keeping);
        // Whoever asked may be gone.
        if keeping.is_empty() {
            return drop(reply.send(done));
        }
        let said = self.said.clone();
        self.helpers.spawn(async move {
            let kept = join_all(keeping).await.into_iter().all(|kept| kept.unwrap_or_default());
            let _ = said.send(Said::Kept(kept, reply)).await;
        });
    }

    /// What was taken back is kept, or not. The answer is how things stand now: the page was told more meanwhile.
    pub(super) fn kept(&mut self, kept: bool, reply: Reply<RecordingStatus>) {
        let _ = reply.send(if kept { Ok(self.recording_status()) } else { Err(not_kept()) });
    }

    /// The consent is final: the recorder takes its seat. One that came back after a reorganisation goes on with the same files.
    fn start_recorder(&mut self, recording: Recording, keys: Vec<Xw768Public>) {
        let (span, Some(grant)) = (recording.span(), self.member.grant()) else { return };
        self.recorded.spans.retain(|_, end| !end.is_closed());
        if self.recorded.spans.contains_key(&span) {
            return;
        }
        self.recorded.held.insert(span, self.inner.library.hold(span));
        let (end, ends) = oneshot::channel();
        let parts = Parts {
            inner: self.inner.clone(),
            running: self.begin.running.clone(),
            host: self.begin.host.clone(),
            st: grant.st,
            member: self.said.clone(),
            recording,
            consent: self.inner.domain().consent_digest(span),
            keys,
            signer: AnchorSigner { secret: self.recorded.secret.clone(), through: self.recorded.through },
        };
        recorder::start(parts, ends);
        self.recorded.spans.insert(span, end);
    }

    fn end_recorder(&mut self, span: RecordingId, how: End) {
        if let Some(end) = self.recorded.spans.remove(&span) {
            // It may have failed, and said so.
            let _ = end.send(how);
        }
    }

    fn recorded_as(&mut self, wish: Wish) -> Result<RecordingStatus, RpcError> {
        if self.member.phase() != Phase::Admitted {
            return Err(Code::NotAllowed.into());
        }
        match wish {
            Wish::Start { terms, dummies, through } => {
                self.recorded.not_started = false;
                self.input(MemberIn::Recording(RecordingIn::Start { terms, dummies }));
                if self.recorded.not_started {
                    return Err(Code::RecordingNotStarted.into());
                }
                self.recorded.through = Some(through);
            }
            Wish::Answer { recording, agree } => {
                if !self.member.recordings().proposed.iter().any(|it| it.recording == recording) {
                    let sentence = "no such recording is proposed in this room now";
                    return Err(RpcError::new(Code::RecordingUnknown, sentence));
                }
                self.input(MemberIn::Recording(RecordingIn::Answer { recording, yes: agree }));
            }
            Wish::Stop => self.input(MemberIn::Recording(RecordingIn::Stop)),
            Wish::Status => {}
        }
        Ok(self.recording_status())
    }

    pub(super) fn recording_status(&mut self) -> RecordingStatus {
        let (room, view) = (self.room(), self.member.recordings());
        self.recorded.fold.status(room, &view, clock::milliseconds() / 1_000)
    }

    /// Tell the page, if there is something new.
    pub(super) fn show_recording(&mut self) {
        let status = self.recording_status();
        if self.recorded.told.as_ref() != Some(&status) {
            self.recorded.told = Some(status.clone());
            self.show(Event::RoomRecording(status));
        }
    }
}
