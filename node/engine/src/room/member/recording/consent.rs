//! Consenting: as every participant does, and who records does too.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::secret::HybridKemSeed;
use pars_proto::room::recording::{
    ConsentRefusal, ConsentRoster, ConsentSignature, Draft, Dummies, Notice, Recording, RecordingTag, Terms,
};
use pars_proto::room::{SeatNo, StatementHash};
use pars_wire::RecordingId;
use pars_wire::machine::Tick;

use super::super::{Context, Member};
use super::withdrawal::Owed;
use super::{Asked, MAX_EACH, MAX_KNOWN};
use crate::room::io::{Authority, Forgery, MemberEvent, QuestionId, RecordingEvent, RecordingQuestion};

/// What a seat proposes.
pub(super) struct Proposal {
    pub(super) tag: RecordingTag,
    pub(super) terms: Terms,
    dummies: Dummies,
    /// Recording keys of those who agreed.
    pub(super) agreed: BTreeMap<SeatNo, Xw768Public>,
    /// What is to be signed, as last shown.
    shown: Option<Recording>,
}

/// What the user said, by recording; with the seat that asked first, and its terms.
#[derive(Default)]
pub(super) struct Answers(BTreeMap<RecordingTag, ((SeatNo, Terms), Answer)>);

impl Answers {
    pub(super) fn get(&self, tag: &RecordingTag) -> Option<&Answer> {
        self.0.get(tag).map(|(_, answer)| answer)
    }

    /// Whether a seat may ask this: a tag stands for who asked first and for its terms, as long as that seat is here. Otherwise a
    /// yes to one would count for another, which the user was never shown.
    fn may_ask(&self, by: SeatNo, tag: &RecordingTag, terms: &Terms) -> bool {
        self.0.get(tag).is_none_or(|(first, _)| *first == (by, *terms))
    }

    /// Whether a seat has asked so often that it is not listened to any more.
    fn is_full(&self, by: SeatNo) -> bool {
        self.0.values().filter(|((seat, _), _)| *seat == by).count() >= MAX_EACH
    }

    fn asked(&mut self, by: SeatNo, tag: RecordingTag, terms: Terms) {
        self.0.entry(tag).or_insert(((by, terms), Answer::Refused)).1 = Answer::Asked(terms);
    }

    /// The answer to what was asked.
    fn set(&mut self, tag: RecordingTag, answer: Answer) {
        if let Some((_, old)) = self.0.get_mut(&tag) {
            *old = answer;
        }
    }

    /// What a seat asked is over: a yes to it counts for nothing any more, and it is not asked again.
    pub(super) fn over(&mut self, by: SeatNo, tag: RecordingTag) {
        if let Some((_, answer)) = self.0.get_mut(&tag).filter(|((seat, _), _)| *seat == by) {
            *answer = Answer::Refused;
        }
    }

    /// What a seat asked that is not here any more.
    pub(super) fn forget_but(&mut self, is_here: impl Fn(&SeatNo) -> bool) {
        self.0.retain(|_, ((seat, _), _)| is_here(seat));
    }
}

/// What the user said to a recording.
pub(super) enum Answer {
    /// Nothing yet.
    Asked(Terms),
    /// Yes; its recording key is being kept.
    Keeping(Terms, Box<Xw768Public>),
    /// Yes, and the key is kept.
    Agreed(Terms, Box<Xw768Public>),
    /// No, for this recording.
    Refused,
}

/// A span that this seat signed.
pub(super) struct Signed {
    pub(super) recording: Recording,
    pub(super) roster: ConsentRoster,
    pub(super) participants: BTreeSet<StatementHash>,
    /// Who records: its seat and statement.
    pub(super) by: SeatNo,
    pub(super) member: StatementHash,
    signature: ConsentSignature,
    /// What own index said last, and when it was asked.
    pub(super) authority: Option<(Authority, Tick)>,
    /// Withdrawn by a message, or stopped: for ever.
    pub(super) ended: bool,
    /// Its time is over, by the clock of now: a clock that was wrong ends nothing for ever.
    pub(super) late: bool,
    /// Seats that took their consent back by a message.
    pub(super) taken_back: BTreeSet<SeatNo>,
    /// A withdrawal from it that this seat sees to.
    pub(super) owed: Option<Owed>,
}

impl Signed {
    /// Whether own index can still make it count.
    pub(super) fn counts(&self) -> bool {
        !self.ended && !self.late && !self.authority.is_some_and(|(authority, _)| authority.withdrawn)
    }

    /// Whether own index is asked about it: it counts, or a withdrawal from it is to be seen there.
    pub(super) fn is_asked_about(&self) -> bool {
        self.counts() || self.owes().is_some()
    }

    /// When what own index said says nothing any more.
    pub(super) fn stale(&self) -> Option<Tick> {
        let (authority, asked) = self.authority?;
        (self.counts() && authority.is_final && authority.until > 0).then(|| asked.after(super::CHAIN_MS))
    }
}

/// A span as this seat makes it from what it knows.
pub(super) struct Made {
    pub(super) recording: Recording,
    pub(super) roster: ConsentRoster,
    pub(super) participants: BTreeSet<StatementHash>,
    pub(super) keys: Vec<Xw768Public>,
}

impl Member {
    /// Somebody asks to record.
    pub(super) fn proposed(
        &mut self,
        cx: Context<'_, '_>,
        by: SeatNo,
        (random, terms, dummies): ([u8; 32], Terms, Dummies),
    ) {
        let tag = RecordingTag::of(&self.config.sitting.scope, &random);
        if !self.recordings.answers.may_ask(by, &tag, &terms) {
            return Self::event(cx, MemberEvent::Forged(Forgery::Recording));
        }
        // A seat asks for one recording at a time: otherwise nobody could take back a yes to what it does not propose any more.
        let before = self.recordings.proposals.get(&by).map(|old| old.tag).filter(|old| *old != tag);
        if let Some(before) = before {
            self.recording_over(by, before);
        }
        let same = |old: &Proposal| (old.tag, &old.terms, &old.dummies) == (tag, &terms, &dummies);
        match self.recordings.proposals.get_mut(&by).filter(|old| same(old)) {
            // Asked again: what was shown before is of another roster.
            Some(old) => old.shown = None,
            None => {
                let new = Proposal { tag, terms, dummies, agreed: BTreeMap::new(), shown: None };
                self.recordings.proposals.insert(by, new);
            }
        }
        match self.recordings.answers.get(&tag) {
            Some(Answer::Refused) => self.notify(cx, Notice::Refuse { recording: tag }),
            Some(Answer::Agreed(agreed, r_pk)) if *agreed == terms => {
                let r_pk = r_pk.clone();
                self.notify(cx, Notice::Agree { recording: tag, r_pk });
            }
            Some(Answer::Asked(asked) | Answer::Keeping(asked, _)) if *asked == terms => {}
            None if self.recordings.answers.is_full(by) => {}
            _ => {
                self.recordings.answers.asked(by, tag, terms);
                if self.seat() == Some(by) {
                    // Who records has asked itself.
                    self.answer(cx, tag, true);
                } else {
                    Self::recording_event(cx, RecordingEvent::Asked { recording: tag, by, terms });
                }
            }
        }
    }

    /// What a seat asked is over: a yes to it counts for nothing any more, and nothing that was signed stands.
    pub(super) fn recording_over(&mut self, by: SeatNo, tag: RecordingTag) {
        let proposals = &mut self.recordings.proposals;
        if proposals.get(&by).is_some_and(|proposal| proposal.tag == tag) {
            proposals.remove(&by);
        }
        self.recordings.answers.over(by, tag);
        let signed = self.recordings.signed.values_mut();
        signed.filter(|it| it.by == by && it.recording.tag == tag).for_each(|it| it.ended = true);
    }

    /// What the user says. A no is for ever, and takes back what was signed.
    pub(super) fn answer(&mut self, cx: Context<'_, '_>, tag: RecordingTag, yes: bool) {
        if !yes {
            if self.recordings.answers.get(&tag).is_some() {
                self.recordings.answers.set(tag, Answer::Refused);
                self.withdraw(cx, tag);
                self.notify(cx, Notice::Refuse { recording: tag });
            }
            return;
        }
        let Some(Answer::Asked(terms)) = self.recordings.answers.get(&tag) else { return };
        let terms = *terms;
        let seed = HybridKemSeed::generate(cx.rng);
        let r_pk = Box::new(Xw768Secret::from_seed(self.config.suite, seed.clone()).public());
        self.recordings.answers.set(tag, Answer::Keeping(terms, r_pk));
        let until = terms.valid_until.saturating_add(terms.retention_seconds);
        let question = RecordingQuestion::Keep { recording: tag, until, seed };
        self.ask_recording(cx, question, Asked::Keep(tag));
    }

    /// Our user agreed, and is not asked again: but the next span is to have another recording key of ours.
    pub(super) fn forget_agreed(&mut self, tag: RecordingTag, terms: Terms) {
        let Some(own) = self.seat() else { return };
        if let Some(proposal) = self.recordings.proposals.get_mut(&own).filter(|proposal| proposal.tag == tag) {
            proposal.agreed.remove(&own);
        }
        self.recordings.answers.set(tag, Answer::Asked(terms));
    }

    /// The recording key is in the vault, or is not: without it nothing is agreed to.
    pub(super) fn key_kept(&mut self, cx: Context<'_, '_>, id: QuestionId, kept: bool) {
        let Some(Asked::Keep(tag)) = self.recordings.questions.remove(&id) else { return };
        let Some(Answer::Keeping(terms, r_pk)) = self.recordings.answers.get(&tag) else { return };
        let (terms, r_pk) = (*terms, r_pk.clone());
        if kept {
            self.recordings.answers.set(tag, Answer::Agreed(terms, r_pk.clone()));
            return self.notify(cx, Notice::Agree { recording: tag, r_pk });
        }
        self.recordings.answers.set(tag, Answer::Asked(terms));
        let by = self.recordings.proposals.iter().find(|(_, proposal)| proposal.tag == tag).map(|(by, _)| *by);
        if let Some(by) = by {
            Self::recording_event(cx, RecordingEvent::Unsigned { by, refusal: ConsentRefusal::KeyNotKept });
        }
    }

    /// A seat agrees.
    pub(super) fn agreed(&mut self, cx: Context<'_, '_>, from: SeatNo, tag: RecordingTag, r_pk: &Xw768Public) {
        let mut shown = Vec::new();
        for (by, proposal) in self.recordings.proposals.iter_mut().filter(|(_, proposal)| proposal.tag == tag) {
            proposal.agreed.insert(from, r_pk.clone());
            let waits = proposal.shown.filter(|recording| !self.recordings.signed.contains_key(&recording.span()));
            shown.extend(waits.map(|recording| (*by, recording)));
        }
        self.count_agreed(cx, from, tag);
        for (by, recording) in shown {
            self.sign_span(cx, by, recording);
        }
    }

    /// A seat does not agree, or no more: nothing that it signed stands.
    pub(super) fn refused(&mut self, cx: Context<'_, '_>, from: SeatNo, tag: RecordingTag) {
        for proposal in self.recordings.proposals.values_mut().filter(|proposal| proposal.tag == tag) {
            proposal.agreed.remove(&from);
        }
        let spans = self.recordings.signed.iter().filter(|(_, signed)| signed.recording.tag == tag && !signed.ended);
        let spans: Vec<_> = spans.map(|(span, _)| *span).collect();
        spans.into_iter().for_each(|span| self.withdrew(Some(&mut *cx), from, span));
        self.count_refused(cx, from, tag);
    }

    /// Who records shows what is to be signed.
    pub(super) fn roster_shown(&mut self, cx: Context<'_, '_>, by: SeatNo, recording: Recording) {
        let Some(proposal) = self.recordings.proposals.get_mut(&by) else { return };
        proposal.shown = Some(recording);
        self.sign_span(cx, by, recording);
    }

    /// Make the span ourselves: from the epoch's own roster, the shown dummies, and the keys that were heard.
    pub(super) fn make_span(&self, by: SeatNo, now: u64) -> Result<Made, ConsentRefusal> {
        let proposal = self.recordings.proposals.get(&by).ok_or(ConsentRefusal::OtherRecording)?;
        let own = self.seat().ok_or(ConsentRefusal::Members)?;
        let (_, epoch) = self.chain.tip().filter(|(_, tip)| tip.secret.is_some()).ok_or(ConsentRefusal::Members)?;
        if !epoch.holds(own) || !epoch.holds(by) {
            return Err(ConsentRefusal::Members);
        }
        let (mut signers, mut keys) = (Vec::new(), Vec::new());
        let (mut participants, mut recorder) = (BTreeSet::new(), None);
        for seat in &epoch.seats {
            let entry = self.roster.get(*seat).ok_or(ConsentRefusal::Members)?;
            if entry.recorder || !self.counts(&epoch.seats, *seat) {
                continue;
            }
            let signer = entry.consent.as_ref().filter(|_| entry.may_consent()).ok_or(ConsentRefusal::Members)?;
            if *seat == by {
                recorder = Some(signer);
            }
            keys.push(proposal.agreed.get(seat).ok_or(ConsentRefusal::NotHeard(*seat))?.clone());
            signers.push(signer.clone());
            participants.insert(entry.st);
        }
        let distinct: BTreeSet<_> = keys.iter().map(Xw768Public::to_bytes).collect();
        if distinct.len() != keys.len() {
            return Err(ConsentRefusal::Keys);
        }
        let (terms, dummies) = (&proposal.terms, &proposal.dummies);
        let recorder = recorder.ok_or(ConsentRefusal::Recorder)?;
        let draft = Draft { tag: proposal.tag, terms, dummies, signers: &signers, keys: &keys, recorder };
        let (recording, roster) = draft.build()?;
        recording.ends_in_time(now, self.config.sitting.ends_at)?;
        Ok(Made { recording, roster, participants, keys })
    }

    /// The span that was shown, if it is the one that we make, and our user agreed to its terms.
    fn judge(&self, by: SeatNo, shown: &Recording, now: u64) -> Result<Made, ConsentRefusal> {
        if self.recordings.key.is_none() || self.recordings.domain.is_none() {
            return Err(ConsentRefusal::NotSupported);
        }
        let proposal = self.recordings.proposals.get(&by).ok_or(ConsentRefusal::OtherRecording)?;
        let own = self.seat().ok_or(ConsentRefusal::Members)?;
        match self.recordings.answers.get(&proposal.tag) {
            // The key that counts for us is the one that we keep.
            Some(Answer::Agreed(terms, r_pk))
                if *terms == proposal.terms && proposal.agreed.get(&own) == Some(&**r_pk) => {}
            _ => return Err(ConsentRefusal::NotAgreed),
        }
        let made = self.make_span(by, now)?;
        made.recording.equals(shown)?;
        // Of a seat whose withdrawals are too many to be remembered, one of this span may be among the others.
        let is_withdrawn = |of: &BTreeSet<RecordingId>| of.len() >= MAX_EACH || of.contains(&shown.span());
        if self.recordings.withdrawn.values().any(is_withdrawn) {
            return Err(ConsentRefusal::Withdrawn);
        }
        Ok(made)
    }

    /// Sign a span, or say why not.
    fn sign_span(&mut self, cx: Context<'_, '_>, by: SeatNo, shown: Recording) {
        let span = shown.span();
        if let Some(signed) = self.recordings.signed.get(&span) {
            // Who records asks again, because it did not hear.
            if !signed.ended && !signed.late {
                let signature = signed.signature.clone();
                self.notify(cx, Notice::Consent { span, signature });
            }
            return;
        }
        let made = self.judge(by, &shown, self.clock.seconds(cx.now.tick));
        let signature = made.and_then(|made| self.consent_to(cx, span).map(|signature| (made, signature)));
        match signature {
            Ok((made, signature)) => {
                self.remember(by, made, signature.clone());
                self.recordings.next_poll = cx.now.tick;
                self.notify(cx, Notice::Consent { span, signature });
            }
            // It may still be on its way: tried again when it comes.
            Err(ConsentRefusal::NotHeard(_)) => {}
            Err(refusal) => Self::recording_event(cx, RecordingEvent::Unsigned { by, refusal }),
        }
    }

    fn consent_to(&self, cx: Context<'_, '_>, span: RecordingId) -> Result<ConsentSignature, ConsentRefusal> {
        let (key, domain) =
            self.recordings.key.as_ref().zip(self.recordings.domain).ok_or(ConsentRefusal::NotSupported)?;
        key.sign(self.config.suite, cx.rng, domain.consent_digest(span)).ok_or(ConsentRefusal::NotSigned)
    }

    fn remember(&mut self, by: SeatNo, made: Made, signature: ConsentSignature) {
        let Some(member) = self.roster.get(by).map(|entry| entry.st) else { return };
        if self.recordings.signed.len() >= MAX_KNOWN {
            // What ended is forgotten first, what is owed to the contract last; a span that is forgotten allows nothing.
            let signed = &self.recordings.signed;
            let worth = |it: &Signed| (it.owes().is_some(), it.is_asked_about(), it.authority.map(|(_, asked)| asked));
            let old = signed.iter().min_by_key(|(_, it)| worth(it));
            let old = old.map(|(span, _)| *span);
            old.map(|span| self.recordings.signed.remove(&span));
        }
        let Made { recording, roster, participants, .. } = made;
        let signed = Signed {
            recording,
            roster,
            participants,
            by,
            member,
            signature,
            authority: None,
            ended: false,
            late: false,
            taken_back: BTreeSet::new(),
            owed: None,
        };
        self.recordings.signed.insert(recording.span(), signed);
    }

    /// What own index says of a span. Nothing newer is replaced by an answer to an older question.
    pub(super) fn confirmed(
        &mut self,
        cx: Context<'_, '_>,
        span: RecordingId,
        asked: Tick,
        authority: Option<Authority>,
    ) {
        let Some((signed, authority)) = self.recordings.signed.get_mut(&span).zip(authority) else { return };
        if signed.authority.is_some_and(|(_, newer)| newer > asked) {
            return;
        }
        signed.authority = Some((authority, asked));
        signed.withdrawal_seen(cx.now.tick);
        self.span_confirmed(cx, span, authority);
    }
}
