//! RecordingConsent: consents, withdrawal, anchor. No participant's address stands in any of it.

use alloy_primitives::B256;
use pars_bindings::RecordingConsent::RecordingConsentEvents;
use pars_wire::RecordingId;

use crate::refusal::Inconsistency;
use crate::rows::{Consent, Key, Position};
use crate::state::Draft;

pub(super) fn reduce(draft: &mut Draft<'_>, event: RecordingConsentEvents, at: Position) -> Result<(), Inconsistency> {
    match event {
        RecordingConsentEvents::ConsentsAdded(event) => change(draft, event.id, at, |row| row.total = event.total),
        RecordingConsentEvents::Authorised(event) => {
            let recording = event.recording;
            change(draft, event.id, at, |row| {
                row.recording_id = Some(recording.recordingId);
                row.roster = Some(recording.roster);
                row.participants = Some(recording.participants);
                row.policy = Some(recording.policy);
                row.recorder = Some(recording.recorder);
                row.valid_until = Some(recording.validUntil.to());
            });
        }
        RecordingConsentEvents::Withdrawn(event) => change(draft, event.id, at, |row| row.withdrawn = true),
        RecordingConsentEvents::Anchored(event) => change(draft, event.id, at, |row| {
            row.cid = Some(event.cid);
            row.wraps = Some(event.wraps);
        }),
    }
    Ok(())
}

/// A withdrawal may come before any consent, so every event may be the first of its recording.
fn change(draft: &mut Draft<'_>, id: B256, at: Position, with: impl FnOnce(&mut Consent)) {
    let id = RecordingId(id);
    let mut row = draft.state().get::<Consent>(&Key::Consent(id)).cloned().unwrap_or(Consent {
        id,
        total: 0,
        recording_id: None,
        roster: None,
        participants: None,
        policy: None,
        recorder: None,
        valid_until: None,
        withdrawn: false,
        cid: None,
        wraps: None,
        at,
    });
    with(&mut row);
    row.at = at;
    draft.put(row);
}
