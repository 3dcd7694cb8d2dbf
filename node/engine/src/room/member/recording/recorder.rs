//! Recording: what the member who records does. The files are its daemon's; here is who agreed, and to what.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use pars_crypto::hkem::Xw768Public;
use pars_proto::room::recording::{
    ConsentRefusal, ConsentRoster, ConsentSignature, Dummies, Notice, Recording, RecordingTag, Terms, submissions,
};
use pars_proto::room::{Body, Claim, ConsentSigner, SeatNo, StatementHash};
use pars_wire::RecordingId;
use pars_wire::machine::Tick;

use super::super::{Context, Member, Phase};
use super::consent::Made;
use super::sealing::Sealing;
use super::{Asked, RETRY_MS, SpanInput, SpanState};
use crate::room::io::{Authority, Forgery, MemberEvent, Pause, RecordingEvent, RecordingFailure, RecordingQuestion};

/// The least time between two proposals, and between two looks at a room that is not ready, in ms.
const PROPOSE_MS: u64 = 2_000;
/// When somebody who did not answer is told again, in ms.
const AGAIN_MS: u64 = 10_000;
/// How often it is said that a recording stops: it may be lost to who lacks the secret of its epoch.
const STOPS: usize = 4;
/// How often the contract may not take a span's consents before another span is begun: whoever sees them on their way can
/// submit some of them in an order in which it takes no others.
const MAX_NOT_TAKEN: usize = 2;

/// What is wanted.
#[derive(Clone)]
struct Plan {
    random: [u8; 32],
    tag: RecordingTag,
    terms: Terms,
    dummies: Dummies,
}

/// The span of now, once it has a roster.
struct Span {
    recording: Recording,
    roster: ConsentRoster,
    keys: Vec<Xw768Public>,
    consents: BTreeMap<B256, (ConsentSigner, ConsentSignature)>,
    /// When its consents are sent to the contract, if they are to be.
    submit: Option<Tick>,
    /// How often the contract has not taken them.
    not_taken: usize,
    /// Something was recorded in it.
    was_active: bool,
}

/// That a recording stops, as long as it is said.
struct Stop {
    tag: RecordingTag,
    left: usize,
    next: Tick,
}

/// What this seat records.
#[derive(Default)]
pub(super) struct Own {
    plan: Option<Plan>,
    stop: Option<Stop>,
    state: SpanState,
    /// Whom the span of now is of.
    members: BTreeSet<StatementHash>,
    span: Option<Span>,
    refused: BTreeSet<SeatNo>,
    /// Why the span of now must end.
    broken: Option<Pause>,
    told: Option<ConsentRefusal>,
    /// A span is over: the next one needs another recording key of ours, or the same members would make the same span again.
    renews: bool,
    next: Tick,
    pub(super) sealing: BTreeMap<RecordingId, Sealing>,
}

impl Own {
    pub(super) fn deadline(&self) -> Option<Tick> {
        let waits = self.plan.is_some() && self.state != SpanState::Active;
        let submit = self.span.as_ref().and_then(|span| span.submit);
        let next = waits.then_some(self.next);
        let stop = self.stop.as_ref().map(|stop| stop.next);
        [next, submit, stop, self.anchors()].into_iter().flatten().min()
    }

    /// When an anchor is sent again.
    pub(super) fn anchors(&self) -> Option<Tick> {
        self.sealing.values().filter_map(|sealing| sealing.again).min()
    }

    /// What is recorded, until it is stopped.
    pub(super) fn tag(&self) -> Option<RecordingTag> {
        self.plan.as_ref().map(|plan| plan.tag)
    }

    /// Whether spans are not anchored yet.
    pub(super) fn is_sealing(&self) -> bool {
        !self.sealing.is_empty()
    }

    fn is_now(&self, span: RecordingId) -> bool {
        self.span.as_ref().is_some_and(|now| now.recording.span() == span)
    }

    /// What was last shown.
    #[cfg(test)]
    pub(super) fn shown(&self) -> Option<(Recording, &ConsentRoster)> {
        self.span.as_ref().map(|span| (span.recording, &span.roster))
    }

    /// The contract took the consents, or is to get them again.
    pub(super) fn submitted(&mut self, span: RecordingId, again: Option<Tick>) {
        if self.is_now(span)
            && let Some(now) = &mut self.span
        {
            now.submit = again;
        }
    }

    /// The contract did not take the consents.
    pub(super) fn not_taken(&mut self, span: RecordingId) {
        if self.is_now(span)
            && let Some(now) = &mut self.span
        {
            now.not_taken += 1;
            if now.not_taken >= MAX_NOT_TAKEN {
                self.broken.get_or_insert(Pause::NotTaken);
            }
        }
    }

    /// A seat took its consent to a span back.
    pub(super) fn withdrew(&mut self, span: RecordingId, by: SeatNo) {
        if self.is_now(span) {
            self.broken = Some(Pause::Withdrawn(by));
        }
    }
}

impl Member {
    /// Begin to record, if nothing of ours is under way and everybody could agree to these terms.
    pub(super) fn start_recording(&mut self, cx: Context<'_, '_>, terms: Terms, dummies: u16) {
        let seconds = self.clock.seconds(cx.now.tick);
        let probe = Recording {
            tag: RecordingTag(B256::ZERO),
            roster: B256::ZERO,
            participants: 0,
            policy: B256::ZERO,
            recorder: B256::ZERO,
            valid_until: terms.valid_until,
        };
        let able = self.recordings.key.is_some() && self.recordings.domain.is_some() && !self.is_recorder();
        let free = self.phase == Phase::Admitted && self.recordings.own.plan.is_none();
        let in_time = probe.ends_in_time(seconds, self.config.sitting.ends_at).is_ok();
        let made = (able && free && in_time).then(|| Dummies::generate(cx.rng, dummies)).flatten();
        let Some(dummies) = made else { return Self::recording_event(cx, RecordingEvent::NotStarted) };
        let random = pars_crypto::hash::random(cx.rng);
        let tag = RecordingTag::of(&self.config.sitting.scope, &random);
        let own = &mut self.recordings.own;
        own.plan = Some(Plan { random, tag, terms, dummies });
        (own.state, own.next, own.refused) = (SpanState::Off, cx.now.tick, BTreeSet::new());
    }

    /// Stop recording; what was recorded is finished and anchored.
    pub(super) fn stop_recording(&mut self, cx: Context<'_, '_>) {
        let Some(plan) = self.recordings.own.plan.take() else { return };
        self.end_span(cx, SpanInput::Over, Pause::Stopped);
        self.say_stop(cx, plan.tag);
    }

    /// Everybody is to know that a recording is over: at once, and again.
    fn say_stop(&mut self, cx: Context<'_, '_>, tag: RecordingTag) {
        self.recordings.own.stop = Some(Stop { tag, left: STOPS, next: cx.now.tick });
        self.stop_due(cx);
    }

    fn stop_due(&mut self, cx: Context<'_, '_>) {
        let (now, speaks) = (cx.now.tick, self.speaks_in().is_some());
        let Some(stop) = self.recordings.own.stop.as_mut().filter(|stop| stop.next <= now) else { return };
        if !speaks {
            stop.next = now.after(PROPOSE_MS);
            return;
        }
        let recording = stop.tag;
        (stop.left, stop.next) = (stop.left.saturating_sub(1), now.after(AGAIN_MS));
        self.recordings.own.stop.take_if(|stop| stop.left == 0);
        self.notify(cx, Notice::Stop { recording });
    }

    /// An own span cannot be recorded any more: then no other can, until the user asks again. Or its files are not finished.
    pub(super) fn span_failed(&mut self, cx: Context<'_, '_>, span: RecordingId, why: RecordingFailure) {
        let own = &mut self.recordings.own;
        if own.is_now(span)
            && let Some(plan) = own.plan.take()
        {
            self.end_span(cx, SpanInput::Failed, Pause::Failed(why));
            return self.say_stop(cx, plan.tag);
        }
        self.not_sealed(cx, span);
    }

    /// Seats that are here and said no to what this seat records.
    pub(super) fn refusals(&self) -> usize {
        let is_here = |seat: &&SeatNo| self.roster.get(**seat).is_some_and(|entry| entry.is_live());
        self.recordings.own.refused.iter().filter(is_here).count()
    }

    /// Our seat is gone: so is what was being recorded.
    pub(in crate::room::member) fn recordings_over(&mut self, cx: Context<'_, '_>) {
        if self.recordings.own.plan.take().is_some() {
            self.end_span(cx, SpanInput::Over, Pause::Stopped);
        }
        self.recordings.signed.values_mut().for_each(|signed| signed.ended = true);
        self.forget_key();
    }

    /// The consent key is not needed any more when the seat is gone and everything is anchored; what is withdrawn is signed.
    pub(super) fn forget_key(&mut self) {
        if self.phase == Phase::Gone && self.recordings.own.sealing.is_empty() {
            self.recordings.key = None;
        }
    }

    /// For the recorder's seat of this member, whose daemon asks with its body: only while the consent is final.
    pub fn vouch(&self, body: &Body) -> Option<[u8; 64]> {
        let place = self.place.as_ref()?;
        let ours = body.claim == Claim::Recorder { seat: place.st } && body.scope == self.config.sitting.scope;
        (ours && self.recordings.own.state == SpanState::Active).then(|| body.sign_recorder(self.secrets.s()))
    }

    /// A new state of the span of now.
    fn enter_span(&mut self, cx: Context<'_, '_>, input: SpanInput) {
        let own = &mut self.recordings.own;
        let after = own.state.after(input);
        if after != own.state {
            own.state = after;
            let span = own.span.as_ref().map(|span| span.recording.span());
            Self::recording_event(cx, RecordingEvent::State { span, state: after });
        }
    }

    /// What follows from the members of the epoch of now, the answers and the time.
    pub(super) fn record_due(&mut self, cx: Context<'_, '_>) {
        self.anchors_due(cx);
        self.stop_due(cx);
        let Some(plan) = self.recordings.own.plan.clone() else { return };
        let now = cx.now.tick;
        if plan.terms.valid_until <= self.clock.seconds(now) {
            self.recordings.own.plan = None;
            return self.end_span(cx, SpanInput::Over, Pause::Expired);
        }
        let members = self.members_now();
        let changed = members.as_ref().is_some_and(|members| *members != self.recordings.own.members);
        let own = &mut self.recordings.own;
        let broken = own.broken.take().or_else(|| changed.then_some(Pause::Members));
        match own.state {
            SpanState::Collecting | SpanState::Active => {
                if let Some(why) = broken {
                    self.end_span(cx, SpanInput::Changed, why);
                }
            }
            SpanState::Proposed if changed => {
                self.enter_span(cx, SpanInput::Changed);
                self.recordings.own.next = self.recordings.own.next.min(now.after(PROPOSE_MS));
            }
            _ => {}
        }
        if self.recordings.own.state == SpanState::Proposed && !changed {
            self.collect(cx);
        }
        self.submit_due(cx);
        self.tell_again(cx, members, plan);
    }

    /// Propose to those who are there now, or show the roster, to who has not answered.
    fn tell_again(&mut self, cx: Context<'_, '_>, members: Option<BTreeSet<StatementHash>>, plan: Plan) {
        let own = &mut self.recordings.own;
        if cx.now.tick < own.next || own.state == SpanState::Active {
            return;
        }
        own.next = cx.now.tick.after(PROPOSE_MS);
        let Some(members) = members else { return };
        let again = own.members == members;
        match (own.state, &own.span) {
            (SpanState::Off | SpanState::Proposed, _) => {
                if again && own.state == SpanState::Proposed && !own.refused.is_empty() {
                    return;
                }
                own.next = cx.now.tick.after(if again { AGAIN_MS } else { PROPOSE_MS });
                own.members = members;
                own.refused.clear();
                self.enter_span(cx, SpanInput::Started);
                let Plan { random, tag, terms, dummies } = plan;
                let renews = std::mem::take(&mut self.recordings.own.renews);
                if renews {
                    self.forget_agreed(tag, terms);
                }
                self.notify(cx, Notice::Propose { random, terms, dummies });
                if renews {
                    self.answer(cx, tag, true);
                }
            }
            (SpanState::Collecting, Some(span)) if span.consents.len() < span.roster.len() => {
                let recording = span.recording;
                own.next = cx.now.tick.after(AGAIN_MS);
                self.notify(cx, Notice::Roster(recording));
            }
            _ => {}
        }
    }

    /// Participants of the epoch of now, if we sit in it, hold its secret, and each is verified and there.
    fn members_now(&self) -> Option<BTreeSet<StatementHash>> {
        let own = self.seat()?;
        let (_, epoch) = self.chain.tip().filter(|(_, tip)| tip.secret.is_some() && tip.holds(own))?;
        let fit = |seat: &SeatNo| self.roster.get(*seat).is_some_and(|entry| entry.recorder || entry.may_consent());
        if epoch.seats.iter().all(fit) { self.participants(&epoch.seats) } else { None }
    }

    /// Everybody agreed: make the span, sign for the dummies, show it.
    fn collect(&mut self, cx: Context<'_, '_>) {
        let Some(own) = self.seat() else { return };
        let made = match self.make_span(own, self.clock.seconds(cx.now.tick)) {
            Ok(made) if made.participants == self.recordings.own.members => made,
            Ok(_) | Err(ConsentRefusal::NotHeard(_) | ConsentRefusal::OtherRecording) => return,
            Err(refusal) => {
                if self.recordings.own.told.replace(refusal) != Some(refusal) {
                    Self::recording_event(cx, RecordingEvent::Unsigned { by: own, refusal });
                }
                return;
            }
        };
        let Made { recording, roster, keys, .. } = made;
        let Some((domain, plan)) = self.recordings.domain.zip(self.recordings.own.plan.as_ref()) else { return };
        let digest = domain.consent_digest(recording.span());
        let sign = |key: &pars_proto::room::recording::ConsentKey| {
            let signature = key.sign(self.config.suite, cx.rng, digest)?;
            Some((key.signer().hash(), (key.signer(), signature)))
        };
        let consents = plan.dummies.keys().iter().filter_map(sign).collect();
        let span = Span { recording, roster, keys, consents, submit: None, not_taken: 0, was_active: false };
        let own = &mut self.recordings.own;
        (own.span, own.told, own.next) = (Some(span), None, cx.now.tick.after(AGAIN_MS));
        self.enter_span(cx, SpanInput::Agreed);
        self.notify(cx, Notice::Roster(recording));
    }

    /// How many have agreed to what we record.
    pub(super) fn count_agreed(&mut self, cx: Context<'_, '_>, from: SeatNo, tag: RecordingTag) {
        if self.recordings.own.plan.as_ref().is_none_or(|plan| plan.tag != tag) {
            return;
        }
        self.recordings.own.refused.remove(&from);
        let proposal = self.seat().and_then(|own| self.recordings.proposals.get(&own));
        let agreed = proposal.map_or(0, |proposal| {
            let ours = |seat: &&SeatNo| {
                self.roster.get(**seat).is_some_and(|entry| self.recordings.own.members.contains(&entry.st))
            };
            proposal.agreed.keys().filter(ours).count()
        });
        let of = self.recordings.own.members.len();
        Self::recording_event(cx, RecordingEvent::Agreed { agreed, of });
    }

    /// A seat does not agree to what we record.
    pub(super) fn count_refused(&mut self, cx: Context<'_, '_>, from: SeatNo, tag: RecordingTag) {
        if self.recordings.own.plan.as_ref().is_some_and(|plan| plan.tag == tag)
            && self.recordings.own.refused.insert(from)
        {
            // It may not have signed yet: then nothing of it was withdrawn, and the span is as dead.
            if self.recordings.own.span.is_some() {
                self.recordings.own.broken.get_or_insert(Pause::Withdrawn(from));
            }
            Self::recording_event(cx, RecordingEvent::Refused(from));
        }
    }

    /// A key of the roster signed the span of now.
    pub(super) fn consented(
        &mut self,
        cx: Context<'_, '_>,
        from: SeatNo,
        span: RecordingId,
        signature: ConsentSignature,
    ) {
        if !self.recordings.own.is_now(span) {
            return;
        }
        let Some(domain) = self.recordings.domain else { return };
        let Some(signer) = self.roster.get(from).and_then(|entry| entry.consent.clone()) else { return };
        let Some(now) = &mut self.recordings.own.span else { return };
        if !now.roster.holds(&signer.hash()) || now.consents.contains_key(&signer.hash()) {
            return;
        }
        if !signer.signed(self.config.suite, domain.consent_digest(span), &signature) {
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        }
        now.consents.insert(signer.hash(), (signer, signature));
        let (signed, of) = (now.consents.len(), now.roster.len());
        if signed == of {
            now.submit = Some(cx.now.tick);
        }
        Self::recording_event(cx, RecordingEvent::Signed { signed, of });
        if signed == of {
            self.enter_span(cx, SpanInput::Signed);
        }
    }

    /// Everybody signed: to the contract.
    fn submit_due(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let collecting = self.recordings.own.state == SpanState::Collecting;
        let Some(span) = &mut self.recordings.own.span else { return };
        if span.submit.is_none_or(|at| at > now) {
            return;
        }
        // No answer is as good as a bad one.
        span.submit = collecting.then(|| now.after(4 * RETRY_MS));
        let made = submissions(&span.recording, &span.roster, &span.consents).filter(|_| collecting);
        let id = span.recording.span();
        if let Some(made) = made {
            self.ask_recording(cx, RecordingQuestion::Submit(made), Asked::Submit(id));
        }
    }

    /// What own index says of the span of now.
    pub(super) fn span_confirmed(&mut self, cx: Context<'_, '_>, span: RecordingId, authority: Authority) {
        if !self.recordings.own.is_now(span) {
            return;
        }
        let signed = self.recordings.signed.get(&span);
        let stands = signed.and_then(|signed| self.stands(signed, cx.now.tick)).is_some();
        match (self.recordings.own.state, stands) {
            (SpanState::Collecting, true) => {
                let Some(now) = &mut self.recordings.own.span else { return };
                (now.submit, now.was_active) = (None, true);
                let (recording, keys) = (now.recording, now.keys.clone());
                self.enter_span(cx, SpanInput::Authorised);
                Self::recording_event(cx, RecordingEvent::Active { recording, keys });
            }
            (SpanState::Collecting | SpanState::Active, false) if authority.withdrawn => {
                self.recordings.own.broken = Some(Pause::WithdrawnOnChain);
            }
            // What is over by time is noticed by the clock.
            (SpanState::Active, false) if authority.until == 0 || !authority.is_final => {
                let now = cx.now.tick;
                self.recordings.own.next = now.after(PROPOSE_MS);
                self.recordings.own.submitted(span, Some(now));
                self.enter_span(cx, SpanInput::Reverted);
                Self::recording_event(cx, RecordingEvent::Paused(Pause::Reverted));
            }
            _ => {}
        }
    }

    /// The span of now is over: its files are finished if the chain holds its consents, else destroyed.
    fn end_span(&mut self, cx: Context<'_, '_>, input: SpanInput, why: Pause) {
        let active = self.recordings.own.state == SpanState::Active;
        self.enter_span(cx, input);
        let own = &mut self.recordings.own;
        let span = own.span.take();
        (own.members, own.broken, own.state) = (BTreeSet::new(), None, SpanState::Off);
        own.next = cx.now.tick.after(PROPOSE_MS);
        Self::recording_event(cx, RecordingEvent::Paused(why));
        let Some(span) = span else { return };
        own.renews = own.plan.is_some();
        let (recording, id) = (span.recording, span.recording.span());
        if let Some(signed) = self.recordings.signed.get_mut(&id) {
            signed.ended = true;
        }
        if active {
            self.recordings.own.sealing.insert(id, Sealing::new(recording));
            Self::recording_event(cx, RecordingEvent::Seal(id));
        } else if span.was_active {
            Self::recording_event(cx, RecordingEvent::Discard(id));
        }
    }
}
