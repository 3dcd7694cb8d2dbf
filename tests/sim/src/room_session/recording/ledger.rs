//! The contract of consents as a table, what each person's own index says of it, and the rule that is watched.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use pars_crypto::suite::Libcrux;
use pars_engine::room::{
    Anchor, Authority, EpochKeys, MemberIn, QuestionId, RecordingEvent, RecordingIn, RecordingQuestion, Withdrawal,
};
use pars_proto::room::recording::{ConsentDomain, Recording, RecordingTag, Submission};
use pars_proto::room::{ConsentSigner, EpochHash};
use pars_wire::machine::Tick;
use pars_wire::{ChainId, RecordingId};

use super::super::PersonId;
use super::super::watch::Broken;
use super::super::world::World;
use super::liar::Lies;
use super::story;

/// The contract.
pub const DOMAIN: ConsentDomain = ConsentDomain { chain: ChainId(7_072), contract: Address::repeat_byte(0x33) };
/// From a transaction to its final block, in ms.
const FINAL_MS: u64 = 3_000;
/// How long somebody may go on after a consent ended on chain: its index is asked every 2 s, and answers within half a one.
const NOTICE_MS: u64 = 5_000;
/// As long, when its index is silent.
const SILENT_MS: u64 = 30_000;
/// How long after another than its author heard of a withdrawal in the room somebody may go on whom the host reaches.
const HEARD_MS: u64 = 2_000;
/// How long after a packet between them was lost the host may not reach somebody: it is sent again within 2 s.
const LOST_MS: u64 = 2_500;
/// How long an author waits for who records to send its withdrawal.
const FALLBACK_MS: u64 = 60_000;

/// A span on chain.
#[derive(Debug, Default)]
pub struct Span {
    recording: Option<Recording>,
    signers: BTreeSet<B256>,
    /// Who had signed when its consent was complete the last time.
    complete: BTreeSet<B256>,
    /// When its consent was final, and until when it was.
    pub times: Vec<(Tick, Option<Tick>)>,
    withdrawn: Option<Tick>,
    /// Whether what was recorded is named.
    pub anchored: bool,
    /// Made by a recorder who lies; its chain says that all of it agreed.
    is_lie: bool,
}

impl Span {
    fn end(&mut self, at: Tick) {
        if let Some((_, until)) = self.times.last_mut() {
            until.get_or_insert(at);
        }
    }

    /// Whether all of a true roster agreed to it at some time.
    pub fn was_authorised(&self) -> bool {
        !self.is_lie && !self.times.is_empty()
    }

    fn stood(&self, now: Tick, grace: u64) -> bool {
        let over = |until: &Option<Tick>| until.is_some_and(|until| until.after(grace) < now);
        self.times.iter().any(|(since, until)| *since <= now && !over(until))
    }
}

/// The chain, and what was seen.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Whether this run records at all.
    pub used: bool,
    /// By hash of the struct.
    pub spans: BTreeMap<RecordingId, Span>,
    /// Whose index says yes to everything.
    pub lies_to: Option<PersonId>,
    /// Whose index is silent, and since when until when.
    silent: BTreeMap<PersonId, (Tick, Tick)>,
    /// Who is whose recorder.
    pub recorders: BTreeMap<PersonId, PersonId>,
    /// One-time keys.
    pub signers: BTreeMap<PersonId, ConsentSigner>,
    /// Which recording somebody agreed to last.
    pub agreed: BTreeMap<PersonId, RecordingTag>,
    /// Who was told that a span is withdrawn.
    told: BTreeSet<(PersonId, RecordingId)>,
    /// Epochs with a recorder in which somebody sent.
    pub recorded: BTreeSet<EpochHash>,
    /// Withdrawals that people heard of.
    pub withdrawn: usize,
    /// When another than its author first heard of one from a span.
    heard: BTreeMap<RecordingId, Tick>,
    /// Who heard of one within the time in which all are to stop, beside its author and that other.
    pub in_time: usize,
    /// Seats that came while people sent what a recorder opens.
    pub came: usize,
    /// Seats that went then.
    pub went: usize,
    /// When somebody took its consent to a span back.
    took_back: BTreeMap<(PersonId, RecordingId), Tick>,
    /// Withdrawals that who records sent for others.
    pub relayed: usize,
    /// Those that their authors sent.
    pub direct: usize,
    /// What the recorder of this run lies about.
    pub lies: Lies,
    /// How often somebody stopped because a recorder was there.
    pub stopped: usize,
    /// How often who was recording was killed.
    pub killed: usize,
}

impl Ledger {
    fn final_at(now: Tick) -> Tick {
        now.after(FINAL_MS)
    }

    /// What `submit` does: every signature counts once and is the signer's own, and all of the roster sign.
    fn submit(&mut self, now: Tick, chunk: &Submission) -> Result<(), Broken> {
        let id = chunk.recording.span();
        let span = self.spans.entry(id).or_default();
        let digest = DOMAIN.consent_digest(id);
        for (signer, signature) in chunk.signers.iter().zip(&chunk.signatures) {
            if !signer.signed(&Libcrux, digest, signature) {
                return Err(format!("{signer:?} did not sign span {id}"));
            }
            span.signers.insert(signer.hash());
        }
        span.recording = Some(chunk.recording);
        let all = span.signers.len() == usize::from(chunk.recording.participants);
        let stands = span.times.last().is_some_and(|(_, until)| until.is_none());
        if all && span.withdrawn.is_none() && !stands {
            span.times.push((Self::final_at(now), None));
            span.complete.clone_from(&span.signers);
        }
        Ok(())
    }

    fn withdraw(&mut self, now: Tick, by: PersonId, what: &Withdrawal) -> Result<(), Broken> {
        let id = what.recording.span();
        self.sent_by(now, by, id, what)?;
        if !what.signer.signed(&Libcrux, DOMAIN.withdraw_digest(id), &what.signature) {
            return Err(format!("{:?} did not withdraw from {id}", what.signer));
        }
        self.withdraw_on_chain(now, id);
        Ok(())
    }

    /// Who records sends withdrawals of its roster; another sends its own only, after it has waited for that (THREATS K3).
    fn sent_by(&mut self, now: Tick, by: PersonId, id: RecordingId, what: &Withdrawal) -> Result<(), Broken> {
        let own = self.signers.get(&by);
        if own.is_some_and(|own| own.hash() == what.recording.recorder) {
            self.relayed += usize::from(own != Some(&what.signer));
            return Ok(());
        }
        if own != Some(&what.signer) {
            return Err(format!("{by} sends a withdrawal of {:?}", what.signer));
        }
        self.direct += 1;
        match self.took_back.get(&(by, id)) {
            Some(since) if since.after(FALLBACK_MS) <= now => Ok(()),
            since => Err(format!("{by} sends its own withdrawal from {id} at {}, taken back at {since:?}", now.0)),
        }
    }

    /// Withdrawals by message before this that the contract has not heard of, of people for whom this does not hold.
    pub fn unheard(&self, before: Tick, is_excused: impl Fn(PersonId) -> bool) -> Option<(PersonId, RecordingId)> {
        let reached = |id: &RecordingId| self.spans.get(id).is_some_and(|span| span.withdrawn.is_some());
        let late =
            self.took_back.iter().filter(|((who, id), since)| **since < before && !is_excused(*who) && !reached(id));
        late.map(|(key, _)| *key).next()
    }

    /// Who lies shows a span that is not the room's, and its chain says that all have agreed.
    pub fn lie(&mut self, now: Tick, recording: Recording) {
        let span = self.spans.entry(recording.span()).or_default();
        (span.recording, span.is_lie) = (Some(recording), true);
        span.times = vec![(Self::final_at(now), None)];
    }

    /// Another than its author heard of a withdrawal in the room.
    fn hear(&mut self, now: Tick, who: PersonId, id: RecordingId) {
        if self.lies_to != Some(who) && !self.told.contains(&(who, id)) {
            let first = *self.heard.entry(id).or_insert(now);
            self.in_time += usize::from(first < now && now <= first.after(HEARD_MS));
        }
    }

    /// Whether all whom the host has reached since `reached` must have stopped by now, for another heard that somebody withdrew.
    fn is_past(&self, now: Tick, id: &RecordingId, reached: Option<Tick>) -> bool {
        let since = self.heard.get(id).filter(|since| since.after(HEARD_MS) < now);
        since.zip(reached).is_some_and(|(since, reached)| reached <= *since)
    }

    /// Somebody asks its index about a span, so it has signed it.
    fn signed(&mut self, who: PersonId, id: RecordingId) -> Result<(), Broken> {
        if self.spans.get(&id).is_some_and(|span| span.is_lie) {
            return Err(format!("{who} has signed {id}, which is a lie"));
        }
        self.lies.signed(who, id);
        Ok(())
    }

    /// A key of the roster withdraws, and says nothing in the room.
    pub fn withdraw_on_chain(&mut self, now: Tick, id: RecordingId) {
        let span = self.spans.entry(id).or_default();
        span.withdrawn.get_or_insert(Self::final_at(now));
        span.end(Self::final_at(now));
    }

    /// The chain forgets who signed.
    pub fn revert(&mut self, now: Tick, id: RecordingId) {
        if let Some(span) = self.spans.get_mut(&id) {
            span.signers.clear();
            span.end(now);
        }
    }

    /// A span whose consent stands.
    pub fn standing(&self, now: Tick) -> Option<RecordingId> {
        let stands = |span: &Span| span.times.iter().any(|(since, until)| *since <= now && until.is_none());
        self.spans.iter().find(|(_, span)| stands(span)).map(|(id, _)| *id)
    }

    fn anchor(&mut self, what: &Anchor) -> Result<(), Broken> {
        let id = what.recording.span();
        let digest = DOMAIN.anchor_digest(id, &what.cid, what.wraps);
        let span = self.spans.entry(id).or_default();
        if span.times.is_empty() || what.signer.hash() != what.recording.recorder || span.anchored {
            return Err(format!("the contract does not take an anchor of {id}"));
        }
        span.anchored = what.signer.signed(&Libcrux, digest, &what.signature);
        if span.anchored { Ok(()) } else { Err(format!("the anchor of {id} is not signed")) }
    }

    /// Somebody's index answers nothing for a while.
    pub fn silence(&mut self, who: PersonId, now: Tick, ms: u64) {
        self.silent.insert(who, (now, now.after(ms)));
    }

    /// What somebody's own index says.
    fn says(&self, who: PersonId, id: RecordingId, now: Tick) -> Option<Authority> {
        if self.lies_to == Some(who) {
            return Some(Authority { until: u64::MAX, is_final: true, withdrawn: false });
        }
        if self.silent.get(&who).is_some_and(|(since, until)| *since <= now && now < *until) {
            return None;
        }
        let Some(span) = self.spans.get(&id) else { return Some(Authority::default()) };
        let stands = span.times.last().filter(|(_, until)| until.is_none_or(|until| until > now));
        let valid = span.recording.map_or(0, |recording| recording.valid_until);
        // Shown once it is final.
        let withdrawn = span.withdrawn.is_some_and(|at| at <= now);
        Some(Authority {
            until: stands.map_or(0, |_| valid),
            is_final: withdrawn || stands.is_some_and(|(since, _)| *since <= now),
            withdrawn,
        })
    }
}

impl World {
    /// A question about recordings.
    pub(in super::super) fn recording_asked(&mut self, who: PersonId, id: QuestionId, question: RecordingQuestion) {
        let now = self.now();
        let (ms, done) = match question {
            RecordingQuestion::Keep { recording, seed, .. } => {
                self.recordings.lies.kept(who, recording, seed);
                return self.recording_answer(who, 50, RecordingIn::Kept { id, kept: true });
            }
            RecordingQuestion::Consents(span) => {
                let rule = self.recordings.signed(who, span);
                self.must(rule);
                let authority = self.recordings.says(who, span, now);
                let ms = 20 + self.below(400);
                return self.recording_answer(who, ms, RecordingIn::Consents { id, authority });
            }
            RecordingQuestion::Submit(chunks) => {
                let rule = chunks.iter().try_for_each(|chunk| self.recordings.submit(now, chunk));
                self.note(format_args!("{who} submits {} chunks", chunks.len()));
                (FINAL_MS, rule)
            }
            RecordingQuestion::Withdraw(what) => (FINAL_MS, self.recordings.withdraw(now, who, &what)),
            RecordingQuestion::Anchor(what) => (FINAL_MS, self.recordings.anchor(&what)),
        };
        self.must(done);
        self.recording_answer(who, ms, RecordingIn::Executed { id, done: true });
    }

    fn recording_answer(&mut self, who: PersonId, ms: u64, input: RecordingIn) {
        self.tell_later(who, ms, MemberIn::Recording(input));
    }

    /// Somebody is told something about recordings.
    pub(in super::super) fn recording_told(&mut self, who: PersonId, event: &RecordingEvent) {
        match event {
            RecordingEvent::Withdrawn { span, by } => {
                self.recordings.withdrawn += 1;
                let now = self.now();
                if self.people.get(&who).is_some_and(|person| person.member.seat() == Some(*by)) {
                    self.recordings.took_back.insert((who, *span), now);
                } else {
                    self.recordings.hear(now, who, *span);
                }
                self.recordings.told.insert((who, *span));
            }
            RecordingEvent::Unsigned { refusal, .. } => {
                self.recordings.lies.refuse(who, *refusal);
            }
            RecordingEvent::Asked { recording, .. } => {
                let (ms, yes) = (500 + self.below(3_500), self.below(100) < 93);
                if yes {
                    self.recordings.agreed.insert(who, *recording);
                }
                let (recording, seed) = (*recording, self.seed);
                // The third to come says no in some runs, and leaves again.
                let yes = yes || seed.is_multiple_of(3) || self.recordings.lies.are_told();
                self.recording_answer(who, ms, RecordingIn::Answer { recording, yes });
            }
            RecordingEvent::Active { .. } => self.plan(200, super::super::story::Act::Recording(story::Act::Seat(who))),
            RecordingEvent::Seal(span) => {
                let input = RecordingIn::Sealed { span: *span, cid: vec![1, 2, 3], wraps: B256::repeat_byte(4) };
                self.recording_answer(who, 1_000, input);
            }
            _ => {}
        }
    }

    /// Somebody was told keys: a recorder only those of epochs that hold its seat (THREATS K5).
    pub(in super::super) fn recorder_keys(&self, who: PersonId, keys: &EpochKeys) -> Result<(), Broken> {
        let Some(seat) = self.people.get(&who).and_then(|person| person.member.seat()) else { return Ok(()) };
        if self.recordings.recorders.contains_key(&who) && (!keys.seats.contains(&seat) || keys.own.is_some()) {
            return Err(format!("recorder {who} has keys of epoch {}, which does not hold it, or sends", keys.epoch));
        }
        Ok(())
    }

    /// Whether somebody may have sent until now, as far as recording goes.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(in super::super) fn recorded_until_now(&mut self, who: PersonId) -> Result<(), Broken> {
        if !self.recordings.used || self.recordings.lies_to == Some(who) {
            return Ok(());
        }
        let Some((epoch, seats)) = self.watch.sends_in(who).cloned() else { return Ok(()) };
        let by_seat =
            |seat| self.people.iter().find(|(_, person)| person.member.seat() == Some(seat)).map(|(it, _)| *it);
        let people: Vec<_> = seats.iter().filter_map(|seat| by_seat(*seat)).collect();
        let ledger = &self.recordings;
        let opens = |recorder: &PersonId| people.contains(recorder) || self.watch.knows(*recorder, &epoch);
        if !ledger.recorders.keys().any(opens) {
            return Ok(());
        }
        let (now, participants): (Tick, BTreeSet<_>) = (
            self.now(),
            people.iter().filter_map(|person| ledger.signers.get(person)).map(ConsentSigner::hash).collect(),
        );
        let reached = self.reached(who).map(|since| since.after(LOST_MS));
        let silent = ledger.silent.get(&who).is_some_and(|(_, until)| until.after(NOTICE_MS) > now);
        let grace = if silent { SILENT_MS } else { NOTICE_MS };
        let allows = |(id, span): &(&RecordingId, &Span)| {
            let whole =
                span.recording.is_some_and(|it| usize::from(it.participants) == participants.len() + self.dummies());
            !span.is_lie
                && whole
                && span.complete.is_superset(&participants)
                && span.stood(now, grace)
                && !ledger.told.contains(&(who, **id))
                && !ledger.is_past(now, id, reached)
        };
        if !ledger.spans.iter().any(|span| allows(&span)) {
            return Err(format!("{who} sends in a recorded epoch without the final consent of all who are in it"));
        }
        self.recordings.recorded.insert(epoch);
        Ok(())
    }

    /// Whether somebody sends what a recorder opens.
    fn is_recorded(&self) -> bool {
        let recorded = |who: &PersonId| self.watch.sends_in(*who).map(|(epoch, _)| epoch);
        self.people.keys().filter_map(recorded).any(|epoch| self.recordings.recorded.contains(epoch))
    }

    /// Somebody's seat is in the room, or is gone.
    pub(in super::super) fn seat_changed(&mut self, who: PersonId, came: bool) {
        if self.recordings.recorders.contains_key(&who) || !self.is_recorded() {
            return;
        }
        let count = if came { &mut self.recordings.came } else { &mut self.recordings.went };
        *count += 1;
    }
}

#[cfg(test)]
mod tests;
