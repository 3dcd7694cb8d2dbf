//! Recording: what becomes of a span that is over, at the member who records. Its daemon finishes the files; the contract is told
//! what they are, until it says so. That outlives the seat.

use alloy_primitives::B256;
use pars_proto::room::recording::Recording;
use pars_wire::RecordingId;
use pars_wire::machine::Tick;

use super::super::{Context, Member};
use super::{Asked, RETRY_MS, SpanInput, SpanState};
use crate::room::io::{Anchor, RecordingEvent, RecordingQuestion};

/// Bytes of a CID at most: the contract's bound.
const MAX_CID: usize = 128;

/// A span whose files are being finished.
pub(super) struct Sealing {
    recording: Recording,
    state: SpanState,
    files: Option<(Vec<u8>, B256)>,
    /// When the anchor is sent again.
    pub(super) again: Option<Tick>,
}

impl Sealing {
    pub(super) const fn new(recording: Recording) -> Self {
        Self { recording, state: SpanState::Sealing, files: None, again: None }
    }
}

impl Member {
    /// The files of a span are not finished: there is nothing to name.
    pub(super) fn not_sealed(&mut self, cx: Context<'_, '_>, span: RecordingId) {
        let given_up = |it: &Sealing| it.files.is_none() && it.state.after(SpanInput::Failed) == SpanState::Off;
        if self.recordings.own.sealing.get(&span).is_some_and(given_up) {
            self.recordings.own.sealing.remove(&span);
            Self::recording_event(cx, RecordingEvent::NotSealed(span));
            self.forget_key();
        }
    }

    /// The files of a span are finished: name them on chain.
    pub(super) fn files_sealed(&mut self, cx: Context<'_, '_>, span: RecordingId, cid: Vec<u8>, wraps: B256) {
        if let Some(sealing) = self.recordings.own.sealing.get_mut(&span)
            && (1..=MAX_CID).contains(&cid.len())
            && sealing.files.is_none()
        {
            sealing.state = sealing.state.after(SpanInput::Sealed);
            (sealing.files, sealing.again) = (Some((cid, wraps)), Some(cx.now.tick));
            self.anchors_due(cx);
        }
    }

    /// Send anchors that the contract has not taken.
    pub(in crate::room::member) fn anchors_due(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let due = |sealing: &Sealing| sealing.again.is_some_and(|at| at <= now);
        let due: Vec<_> = self.recordings.own.sealing.iter().filter(|(_, it)| due(it)).map(|(span, _)| *span).collect();
        for span in due {
            let anchor = self.anchor(cx, span);
            if let Some(sealing) = self.recordings.own.sealing.get_mut(&span) {
                sealing.again = anchor.is_some().then(|| now.after(4 * RETRY_MS));
            }
            if let Some(anchor) = anchor {
                self.ask_recording(cx, RecordingQuestion::Anchor(Box::new(anchor)), Asked::Anchor(span));
            }
        }
    }

    fn anchor(&self, cx: Context<'_, '_>, span: RecordingId) -> Option<Anchor> {
        let (key, domain) = self.recordings.key.as_ref().zip(self.recordings.domain)?;
        let sealing = self.recordings.own.sealing.get(&span)?;
        let (cid, wraps) = sealing.files.clone()?;
        let signature = key.sign(self.config.suite, cx.rng, domain.anchor_digest(span, &cid, wraps))?;
        Some(Anchor { recording: sealing.recording, signer: key.signer(), cid, wraps, signature })
    }

    /// The contract took an anchor, or is to get it again.
    pub(super) fn anchored(&mut self, cx: Context<'_, '_>, span: RecordingId, again: Option<Tick>) {
        let Some(sealing) = self.recordings.own.sealing.get_mut(&span) else { return };
        sealing.again = again;
        if again.is_some() {
            return;
        }
        let state = sealing.state.after(SpanInput::Anchored);
        self.recordings.own.sealing.remove(&span);
        Self::recording_event(cx, RecordingEvent::State { span: Some(span), state });
        self.forget_key();
    }
}
