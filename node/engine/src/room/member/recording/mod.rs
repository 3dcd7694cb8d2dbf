//! Recordings as one seat sees them (TOWNHALL section 6, ELIGIBILITY section 4; THREATS K1 to K6, K10).
//!
//! | Who | Does |
//! |---|---|
//! | everybody ([`consent`]) | hears what is proposed, has its user asked, keeps a recording key, makes the span itself and signs it if it is the shown one |
//! | everybody ([`withdrawal`]) | takes its consent back |
//! | everybody ([`rule`]) | allows a recorder's seat only in an epoch whose participants are exactly those of a span that this seat signed, and that own index calls final, in time, and not withdrawn |
//! | who records ([`recorder`]) | proposes, collects, has it submitted |
//! | who recorded ([`sealing`]) | has files finished, and anchored |
//!
//! Everything fails closed: what was not signed, is not final, was withdrawn by a message or on chain, has expired, or was not
//! confirmed by own index for 30 s, allows nothing.

mod conduct;
mod consent;
mod recorder;
mod rule;
mod sealing;
pub mod state;
#[cfg(test)]
mod tests;
mod view;
pub mod withdrawal;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pars_proto::room::recording::{ConsentDomain, ConsentKey, Notice, NoticeKey, RecordingTag, SealedNotice};
use pars_proto::room::{Content, EpochHash, EpochSecret, SeatNo};
use pars_wire::RecordingId;
use pars_wire::machine::{Cx, Tick};

pub use self::conduct::{Conduct, Honest};
pub use self::state::{SpanInput, SpanState};
pub use self::view::{ProposedRecording, RecordingAnswer, RecordingView};

use self::consent::{Answers, Proposal, Signed};
use self::recorder::Own;
use self::withdrawal::{FALLBACK_MS, Owed};
use super::{Context, Member, Phase};
use crate::room::io::{
    Forgery, MemberEvent, MemberOut, MemberQuestion, QuestionId, RecordingEvent, RecordingIn, RecordingQuestion,
};

/// How often own index is asked about a span that counts, in ms.
pub const POLL_MS: u64 = 2_000;
/// How long before it is asked own index may have begun to read from the chain's node what it answers, in ms.
pub const CHAIN_SLACK_MS: u64 = 1_000;
/// How long own index may be silent about a span, in ms: nothing is allowed by what the chain said 30 s ago.
pub const CHAIN_MS: u64 = 30_000 - CHAIN_SLACK_MS;
/// When a call of the contract that was not taken is sent again, in ms.
const RETRY_MS: u64 = 30_000;
/// Notices whose epoch's secret is missing; how long they wait, in ms.
const MAX_WAITING: usize = 256;
const WAIT_MS: u64 = 10_000;
/// Spans that are remembered.
const MAX_KNOWN: usize = 64;
/// Of each seat: recordings whose user's answer is remembered, and withdrawals from spans that are not known yet.
const MAX_EACH: usize = 16;

/// What a question was about.
#[derive(Clone, Debug)]
enum Asked {
    Keep(RecordingTag),
    Consents(RecordingId, Tick),
    Submit(RecordingId),
    Withdraw(RecordingId),
    Anchor(RecordingId),
}

/// All that one seat knows of recordings.
#[derive(Default)]
pub(super) struct Recordings {
    key: Option<ConsentKey>,
    domain: Option<ConsentDomain>,
    /// What was proposed, by who would record.
    proposals: BTreeMap<SeatNo, Proposal>,
    /// What the user answered.
    answers: Answers,
    /// Spans that this seat signed.
    signed: BTreeMap<RecordingId, Signed>,
    /// Spans from which a seat that is here withdrew before this seat signed them.
    withdrawn: BTreeMap<SeatNo, BTreeSet<RecordingId>>,
    /// What this seat records.
    own: Own,
    waiting: VecDeque<(Tick, SeatNo, u32, SealedNotice)>,
    questions: BTreeMap<QuestionId, Asked>,
    next_poll: Tick,
    conduct: &'static dyn Conduct,
}

impl Recordings {
    pub(super) fn new(key: Option<ConsentKey>, domain: Option<ConsentDomain>) -> Self {
        Self { key, domain, ..Self::default() }
    }

    /// When something is due; what was due is done by [`Member::recordings_due`], so nothing stays in the past.
    pub(super) fn deadline(&self) -> Option<Tick> {
        let poll = self.signed.values().any(Signed::is_asked_about).then_some(self.next_poll);
        let stale = self.signed.values().filter_map(Signed::stale);
        let owed = self.owed().map(|owed| owed.at);
        stale.chain(owed).chain(poll).chain(self.own.deadline()).min()
    }

    fn owed(&self) -> impl Iterator<Item = &Owed> {
        self.signed.values().filter_map(Signed::owes)
    }

    /// When something is due that outlives the seat: anchors and withdrawals.
    pub(super) fn last_deadline(&self) -> Option<Tick> {
        let poll = self.owed().next().map(|_| self.next_poll);
        self.owed().map(|owed| owed.at).chain(poll).chain(self.own.anchors()).min()
    }
}

impl Member {
    /// The same with another conduct than [`Honest`]: for tests of those who are lied to.
    #[must_use]
    pub fn with_conduct(mut self, conduct: &'static dyn Conduct) -> Self {
        self.recordings.conduct = conduct;
        self
    }

    /// A seat that only receives: it takes no part in consents.
    pub(super) const fn is_recorder(&self) -> bool {
        self.config.consent.is_none()
    }

    /// Whether the contract is still to hear an anchor or a withdrawal from this seat, even when it is gone. As long as that is
    /// so, it is to be woken and answered.
    pub fn owes_chain(&self) -> bool {
        self.recordings.owed().next().is_some() || self.recordings.own.is_sealing()
    }

    /// What outlives the seat.
    pub(super) fn recordings_left(&mut self, cx: Context<'_, '_>) {
        self.anchors_due(cx);
        self.poll(cx);
        self.withdraw_due(cx);
    }

    pub(super) fn recording_event(cx: Context<'_, '_>, event: RecordingEvent) {
        Self::event(cx, MemberEvent::Recording(event));
    }

    fn ask_recording(&mut self, cx: Context<'_, '_>, question: RecordingQuestion, about: Asked) -> QuestionId {
        let id = self.ask(cx, MemberQuestion::Recording(question));
        self.recordings.questions.insert(id, about);
        id
    }

    /// Something about recordings. When the seat is gone, only what is owed to the contract still counts.
    pub(super) fn recording(&mut self, cx: Context<'_, '_>, input: RecordingIn) {
        let gone = self.phase == Phase::Gone;
        match input {
            RecordingIn::Sealed { span, cid, wraps } => self.files_sealed(cx, span, cid, wraps),
            RecordingIn::Failed { span, why } => self.span_failed(cx, span, why),
            RecordingIn::Executed { id, done } => self.executed(cx, id, done),
            RecordingIn::Consents { id, authority } => {
                if let Some(Asked::Consents(span, asked)) = self.recordings.questions.remove(&id) {
                    let authority = self.recordings.conduct.believes(authority);
                    self.confirmed(cx, span, asked, authority);
                }
            }
            RecordingIn::ChainChanged => self.recordings.next_poll = cx.now.tick,
            _ if gone => {}
            RecordingIn::Start { terms, dummies } => self.start_recording(cx, terms, dummies),
            RecordingIn::Stop => self.stop_recording(cx),
            RecordingIn::Answer { recording, yes } => self.answer(cx, recording, yes),
            RecordingIn::Kept { id, kept } => self.key_kept(cx, id, kept),
        }
    }

    fn executed(&mut self, cx: Context<'_, '_>, id: QuestionId, done: bool) {
        let Some(about) = self.recordings.questions.remove(&id) else { return };
        let (Asked::Submit(span) | Asked::Withdraw(span) | Asked::Anchor(span)) = about else { return };
        if !done {
            Self::recording_event(cx, RecordingEvent::NotExecuted(span));
        }
        let again = (!done).then(|| cx.now.tick.after(RETRY_MS));
        match about {
            Asked::Submit(_) => {
                self.recordings.own.submitted(span, again);
                if !done {
                    self.recordings.own.not_taken(span);
                }
            }
            Asked::Withdraw(_) => self.withdrawal_sent(span, again.unwrap_or(cx.now.tick.after(FALLBACK_MS))),
            _ => self.anchored(cx, span, again),
        }
    }

    /// A sealed notice over the host. What cannot be opened yet waits for its epoch's secret.
    pub(super) fn notice(&mut self, cx: Context<'_, '_>, (seat, seq): (SeatNo, u32), sealed: SealedNotice) {
        if self.is_recorder() {
            return;
        }
        let waiting = &mut self.recordings.waiting;
        if waiting.len() >= MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back((cx.now.tick, seat, seq, sealed));
        self.open_notices(cx);
    }

    fn open_notices(&mut self, cx: Context<'_, '_>) {
        for (since, seat, seq, sealed) in std::mem::take(&mut self.recordings.waiting) {
            let epoch = self.chain.get(&sealed.epoch()).filter(|epoch| epoch.checked);
            let Some((epoch, secret)) = epoch.and_then(|epoch| Some((epoch, epoch.secret.as_ref()?))) else {
                if cx.now.tick < since.after(WAIT_MS) {
                    self.recordings.waiting.push_back((since, seat, seq, sealed));
                }
                continue;
            };
            let entry = self.roster.get(seat).filter(|entry| epoch.holds(seat) && !entry.recorder);
            let sits = entry.is_some_and(|entry| entry.may_consent());
            let scope = &self.config.sitting.scope;
            match sealed.open(NoticeKey { secret, scope, seat, seq }) {
                // Who has left since may have taken its consent back before.
                Ok(notice) if sits || matches!(notice, Notice::Withdraw { .. }) && entry.is_some() => {
                    self.hear_notice(cx, seat, notice);
                }
                Ok(_) => {}
                Err(_) => Self::event(cx, MemberEvent::Forged(Forgery::Message)),
            }
        }
    }

    /// The epoch of now, whose secret is here: without one nothing can be said.
    fn speaks_in(&self) -> Option<(SeatNo, EpochHash, &EpochSecret)> {
        let seat = self.seat().filter(|_| self.phase == Phase::Admitted)?;
        let (rh, epoch) = self.chain.tip().filter(|(_, epoch)| epoch.holds(seat))?;
        Some((seat, rh, epoch.secret.as_ref()?))
    }

    /// Say something to all who hold the secret of the epoch of now, ourselves among them. Nothing is said without one; who
    /// records asks again.
    fn notify(&mut self, cx: Context<'_, '_>, notice: Notice) {
        let Some((seat, rh, secret)) = self.speaks_in() else { return };
        let Some(seq) = self.sequence.checked_add(1) else { return };
        let scope = &self.config.sitting.scope;
        // The number is the one that the message gets: key and nonce belong to it alone.
        let sealed = SealedNotice::seal(&notice, rh, NoticeKey { secret, scope, seat, seq });
        self.say(cx, Content::Recording(sealed));
        self.hear_notice(cx, seat, notice);
    }

    /// Say this in the seat's name, whatever the machine would say itself: for simulations, whose members may lie.
    pub fn say_of_recordings(&mut self, cx: &mut Cx<'_, MemberOut>, notice: Notice) {
        self.notify(cx, notice);
        self.settle(cx);
    }

    /// Whether one of an epoch's seats counts among those who take part.
    fn counts(&self, seats: &[SeatNo], seat: SeatNo) -> bool {
        self.recordings.conduct.counts(self.seat(), seats, seat)
    }

    fn hear_notice(&mut self, cx: Context<'_, '_>, from: SeatNo, notice: Notice) {
        match notice {
            Notice::Propose { random, terms, dummies } => self.proposed(cx, from, (random, terms, dummies)),
            Notice::Agree { recording, r_pk } => self.agreed(cx, from, recording, &r_pk),
            Notice::Refuse { recording } => self.refused(cx, from, recording),
            Notice::Roster(recording) => self.roster_shown(cx, from, recording),
            Notice::Consent { span, signature } => self.consented(cx, from, span, signature),
            Notice::Withdraw { span, signer, proof, signature } => {
                self.withdrawal_given(cx, (from, span), (signer, proof, signature));
            }
            Notice::Stop { recording } => self.recording_over(from, recording),
        }
    }

    /// What time brings: notices that open now, questions to own index, what this seat records.
    pub(super) fn recordings_due(&mut self, cx: Context<'_, '_>) {
        if self.is_recorder() {
            return;
        }
        self.open_notices(cx);
        self.forget_old(cx.now.tick);
        self.poll(cx);
        self.withdraw_due(cx);
        self.record_due(cx);
    }

    /// What own index said too long ago says nothing; a span counts for nothing behind its time, and is over when one of its
    /// members is gone and the epoch of now is another's.
    fn forget_old(&mut self, now: Tick) {
        let seconds = self.clock.seconds(now);
        let live: BTreeSet<_> = self.roster.live().map(|(_, entry)| entry.st).collect();
        let tip = self.chain.tip().and_then(|(_, tip)| self.participants(&tip.seats));
        for signed in self.recordings.signed.values_mut() {
            let fits = signed.participants.is_subset(&live) || tip.as_ref() == Some(&signed.participants);
            (signed.ended, signed.late) = (signed.ended || !fits, signed.recording.valid_until <= seconds);
            if signed.stale().is_some_and(|at| at <= now) {
                signed.authority = None;
            }
        }
        let is_here = |seat: &SeatNo| self.roster.get(*seat).is_some_and(|entry| entry.is_live());
        self.recordings.proposals.retain(|seat, _| is_here(seat));
        self.recordings.withdrawn.retain(|seat, _| is_here(seat));
        self.recordings.answers.forget_but(is_here);
    }

    /// Ask own index about the spans that could be in force, and about withdrawals.
    fn poll(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        if now < self.recordings.next_poll {
            return;
        }
        let counts = self.recordings.signed.iter().filter(|(_, signed)| signed.is_asked_about()).map(|(span, _)| *span);
        let counts: Vec<_> = counts.collect();
        if !counts.is_empty() {
            self.recordings.next_poll = now.after(POLL_MS);
        }
        let old = |about: &Asked| matches!(about, Asked::Consents(_, asked) if asked.after(CHAIN_MS) <= now);
        self.recordings.questions.retain(|_, about| !old(about));
        for span in counts {
            self.ask_recording(cx, RecordingQuestion::Consents(span), Asked::Consents(span, now));
        }
    }
}
