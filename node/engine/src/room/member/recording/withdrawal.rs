//! Taking a consent back: at once by a signed message, for ever on chain.
//!
//! | Whose | Sent to the contract by | When |
//! |---|---|---|
//! | a participant's | who records, whom a sealed notice carries it | as soon as it is heard and checked |
//! | the same | its own daemon | if own index does not show it after 60 s |
//! | of who records | its own daemon | at once |
//!
//! An executor sees who asks it and whose one-time key has signed: through its own executor an author would tie its Session ID
//! to its seat's key. One withdrawal ends a span for ever, so one a span is sent. It is owed until a final block shows it or the
//! span's time is over, whatever an executor says; also by a seat that is gone, and by what was told to keep it
//! ([`RecordingEvent::Owes`]) when this machine is no more.

use alloy_primitives::B256;
use pars_proto::room::recording::{ConsentSignature, Notice, RecordingTag};
use pars_proto::room::{Content, SeatNo};
use pars_wire::RecordingId;
use pars_wire::machine::Tick;

use super::super::{Context, Member};
use super::consent::Signed;
use super::{Asked, MAX_EACH, RETRY_MS};
use crate::room::io::{Authority, Forgery, MemberEvent, RecordingEvent, RecordingQuestion, Withdrawal};

/// How long own index may not show a withdrawal that somebody else was given, or that an executor calls done, in ms.
pub const FALLBACK_MS: u64 = 60_000;

/// A withdrawal that no final block has shown.
pub(super) struct Owed {
    withdrawal: Withdrawal,
    /// When it is sent.
    pub(super) at: Tick,
    /// How long it is left to a block that is not final, in ms: who records comes before its author again.
    patience: u64,
}

impl Signed {
    /// Whether a final block shows a withdrawal.
    fn is_withdrawn(&self) -> bool {
        self.authority.is_some_and(|(Authority { withdrawn, is_final, .. }, _)| withdrawn && is_final)
    }

    /// What is owed to the contract now.
    pub(super) fn owes(&self) -> Option<&Owed> {
        self.owed.as_ref().filter(|_| !self.late)
    }

    /// Whether a no of our user withdraws from it: also if another seat did, of which the chain may never hear.
    fn may_withdraw(&self) -> bool {
        !self.late && !self.is_withdrawn() && (!self.ended || !self.taken_back.is_empty())
    }

    /// Owe a withdrawal, unless one is owed or final; whether it is new.
    fn owe(&mut self, withdrawal: Withdrawal, at: Tick, patience: u64) -> bool {
        let is_new = !self.is_withdrawn() && self.owed.is_none();
        if is_new {
            self.owed = Some(Owed { withdrawal, at, patience });
        }
        is_new
    }

    /// Own index has said something. What a block shows that is not final may be forgotten by the chain: it is owed still, and
    /// nobody sends it as long as it is shown.
    pub(super) fn withdrawal_seen(&mut self, now: Tick) {
        if self.is_withdrawn() {
            self.owed = None;
        }
        let is_shown = self.authority.is_some_and(|(authority, _)| authority.withdrawn);
        if let Some(owed) = self.owed.as_mut().filter(|_| is_shown) {
            owed.at = owed.at.max(now.after(owed.patience));
        }
    }
}

impl Member {
    /// Take back what was signed for a recording.
    pub(super) fn withdraw(&mut self, cx: Context<'_, '_>, tag: RecordingTag) {
        let Some(own) = self.seat() else { return };
        let spans = self.recordings.signed.iter().filter(|(_, it)| it.recording.tag == tag && it.may_withdraw());
        let spans: Vec<_> = spans.map(|(span, signed)| (*span, signed.by == own)).collect();
        for (span, records) in spans {
            self.say(cx, Content::Withdraw(span));
            self.withdrew(Some(&mut *cx), own, span);
            let Some(withdrawal) = self.withdrawal(cx, span) else { continue };
            if !records {
                let Withdrawal { signer, proof, signature, .. } = withdrawal.clone();
                self.notify(cx, Notice::Withdraw { span, signer: signer.hash(), proof, signature });
            }
            self.owe(cx, withdrawal, !records);
        }
        self.withdraw_due(cx);
    }

    /// See to it that the contract hears of a withdrawal; `waits`: who records is given time to send it first.
    fn owe(&mut self, cx: Context<'_, '_>, withdrawal: Withdrawal, waits: bool) {
        let now = cx.now.tick;
        let (at, patience) = if waits { (now.after(FALLBACK_MS), FALLBACK_MS) } else { (now, RETRY_MS) };
        let signed = self.recordings.signed.get_mut(&withdrawal.recording.span());
        if signed.is_some_and(|signed| signed.owe(withdrawal.clone(), at, patience)) {
            Self::recording_event(cx, RecordingEvent::Owes { withdrawal: Box::new(withdrawal), waits });
        }
    }

    pub(super) fn withdrawal(&self, cx: Context<'_, '_>, span: RecordingId) -> Option<Withdrawal> {
        let (key, domain) = self.recordings.key.as_ref().zip(self.recordings.domain)?;
        let signed = self.recordings.signed.get(&span)?;
        let (signer, digest) = (key.signer(), domain.withdraw_digest(span));
        let proof = signed.roster.proof(&signer.hash())?;
        let signature = key.sign(self.config.suite, cx.rng, digest)?;
        Some(Withdrawal { recording: signed.recording, signer, proof, signature })
    }

    /// A seat gives its withdrawal to who records. If that is us, it is sent: once it is the seat's own, of our roster, signed.
    pub(super) fn withdrawal_given(
        &mut self,
        cx: Context<'_, '_>,
        (from, span): (SeatNo, RecordingId),
        (signer, proof, signature): (B256, Vec<B256>, ConsentSignature),
    ) {
        self.withdrew(Some(&mut *cx), from, span);
        let own = self.seat();
        let ours = |signed: &&Signed| Some(signed.by) == own && Some(from) != own;
        let Some(signed) = self.recordings.signed.get(&span).filter(ours) else { return };
        let key = self.roster.get(from).and_then(|entry| entry.consent.clone()).filter(|key| key.hash() == signer);
        let is_in_roster = signed.roster.proof(&signer).is_some_and(|own| own == proof);
        let digest = self.recordings.domain.map(|domain| domain.withdraw_digest(span)).filter(|_| is_in_roster);
        let has_signed = |(key, digest): &(pars_proto::room::ConsentSigner, B256)| {
            key.signed(self.config.suite, *digest, &signature)
        };
        let Some((signer, _)) = key.zip(digest).filter(has_signed) else {
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        };
        let withdrawal = Withdrawal { recording: signed.recording, signer, proof, signature };
        self.owe(cx, withdrawal, false);
        self.withdraw_due(cx);
    }

    /// Send withdrawals that the contract has not taken.
    pub(super) fn withdraw_due(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let seconds = self.clock.seconds(now);
        let mut due = Vec::new();
        for (span, signed) in &mut self.recordings.signed {
            signed.late = signed.recording.valid_until <= seconds;
            let late = signed.late;
            if let Some(owed) = signed.owed.as_mut().filter(|owed| !late && owed.at <= now) {
                // No answer is as good as a bad one.
                owed.at = now.after(4 * RETRY_MS);
                due.push((*span, Box::new(owed.withdrawal.clone())));
            }
        }
        for (span, withdrawal) in due {
            self.ask_recording(cx, RecordingQuestion::Withdraw(withdrawal), Asked::Withdraw(span));
        }
    }

    /// An executor has answered; when it is sent again, unless own index shows it.
    pub(super) fn withdrawal_sent(&mut self, span: RecordingId, again: Tick) {
        if let Some(owed) = self.recordings.signed.get_mut(&span).and_then(|signed| signed.owed.as_mut()) {
            owed.at = again;
        }
    }

    /// A seat withdrew from a span, by a signed message over either road: it stands no more.
    pub(in crate::room::member) fn withdrew(&mut self, cx: Option<Context<'_, '_>>, from: SeatNo, span: RecordingId) {
        let Some(st) = self.roster.get(from).map(|entry| entry.st) else { return };
        let withdrawn = match self.recordings.signed.get_mut(&span) {
            Some(signed) => {
                let is_participant = signed.participants.contains(&st);
                signed.ended |= is_participant;
                is_participant && signed.taken_back.insert(from)
            }
            None => {
                let known = self.recordings.withdrawn.entry(from).or_default();
                if known.len() < MAX_EACH {
                    known.insert(span);
                }
                false
            }
        };
        if withdrawn {
            self.told.roster = true;
            self.recordings.own.withdrew(span, from);
            if let Some(cx) = cx {
                Self::recording_event(cx, RecordingEvent::Withdrawn { span, by: from });
            }
        }
    }
}
