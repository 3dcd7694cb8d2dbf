//! Taking a consent back: at once by a signed message, for ever on chain.
//!
//! | Whose | Sent to the contract by | When |
//! |---|---|---|
//! | a participant's | who records, whom a sealed notice carries it | as soon as it is heard and checked |
//! | the same | its own daemon | if own index does not show it after 60 s |
//! | of who records | its own daemon | at once |
//!
//! An executor sees who asks it and whose one-time key has signed: through its own executor an author would tie its Session ID
//! to its seat's key. One withdrawal ends a span for ever, so one a span is sent. It is owed until own index shows it or the
//! span's time is over, whatever an executor says; also by a seat that is gone.

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

/// A withdrawal that own index has not shown.
pub(super) struct Owed {
    withdrawal: Withdrawal,
    /// When it is sent.
    pub(super) at: Tick,
}

impl Signed {
    fn is_withdrawn(&self) -> bool {
        self.authority.is_some_and(|(Authority { withdrawn, .. }, _)| withdrawn)
    }

    fn owe(&mut self, withdrawal: Withdrawal, at: Tick) {
        if !self.is_withdrawn() && self.owed.is_none() {
            self.owed = Some(Owed { withdrawal, at });
        }
    }
}

impl Member {
    /// Take back what was signed for a recording.
    pub(super) fn withdraw(&mut self, cx: Context<'_, '_>, tag: RecordingTag) {
        let Some(own) = self.seat() else { return };
        let spans = self.recordings.signed.iter().filter(|(_, it)| it.recording.tag == tag && it.counts());
        let spans: Vec<_> = spans.map(|(span, signed)| (*span, signed.by == own)).collect();
        for (span, records) in spans {
            self.say(cx, Content::Withdraw(span));
            self.withdrew(Some(&mut *cx), own, span);
            let Some(withdrawal) = self.withdrawal(cx, span) else { continue };
            if !records {
                let Withdrawal { signer, proof, signature, .. } = withdrawal.clone();
                self.notify(cx, Notice::Withdraw { span, signer: signer.hash(), proof, signature });
            }
            let at = if records { cx.now.tick } else { cx.now.tick.after(FALLBACK_MS) };
            self.recordings.signed.entry(span).and_modify(|signed| signed.owe(withdrawal, at));
        }
        self.withdraw_due(cx);
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
        let ours = |signed: &&mut Signed| Some(signed.by) == own && Some(from) != own;
        let Some(signed) = self.recordings.signed.get_mut(&span).filter(ours) else { return };
        let key = self.roster.get(from).and_then(|entry| entry.consent.clone()).filter(|key| key.hash() == signer);
        let is_in_roster = signed.roster.proof(&signer).is_some_and(|own| own == proof);
        let digest = self.recordings.domain.map(|domain| domain.withdraw_digest(span)).filter(|_| is_in_roster);
        let has_signed = |(key, digest): &(pars_proto::room::ConsentSigner, B256)| {
            key.signed(self.config.suite, *digest, &signature)
        };
        let Some((signer, _)) = key.zip(digest).filter(has_signed) else {
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        };
        signed.owe(Withdrawal { recording: signed.recording, signer, proof, signature }, cx.now.tick);
        self.withdraw_due(cx);
    }

    /// Send withdrawals that the contract has not taken.
    pub(super) fn withdraw_due(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let seconds = self.clock.seconds(now);
        let mut due = Vec::new();
        for (span, signed) in &mut self.recordings.signed {
            signed.owed.take_if(|_| signed.recording.valid_until <= seconds);
            if let Some(owed) = signed.owed.as_mut().filter(|owed| owed.at <= now) {
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
            Some(signed) => signed.participants.contains(&st) && !std::mem::replace(&mut signed.ended, true),
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
