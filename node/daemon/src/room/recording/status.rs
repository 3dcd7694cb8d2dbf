//! What the page is shown of recordings: what the seat holds now, and what it was told of its own recording, in the words of
//! the RPC.
//!
//! | Phase | When |
//! |---|---|
//! | active | a recorder's seat is in the epoch of now |
//! | asked | somebody asks, and the user has not answered |
//! | paused | of what would be collecting or proposed: it was active before |
//! | collecting | this seat signed a span that is not over |
//! | proposed | the user said yes |
//! | sealing | files of an own span are being finished, and nothing else is under way |
//! | off | else |

use std::collections::BTreeSet;

use pars_engine::room::{
    Pause, ProposedRecording, RecordingAnswer, RecordingEvent, RecordingFailure, RecordingView, SpanState,
};
use pars_proto::room::SeatNo;
use pars_proto::room::recording::RecordingTag;
use pars_rpc::recording::{
    OwnRecording, PauseReason, RecorderSeat, RecordingAsk, RecordingPhase, RecordingStatus, SpanState as Shown,
};
use pars_rpc::room::{Prefixed, Room};
use pars_wire::RecordingId;

/// What was told of the own recording.
#[derive(Debug, Default)]
struct Own {
    state: SpanState,
    span: Option<RecordingId>,
    agreed: (usize, usize),
    signed: (usize, usize),
    paused: Option<Pause>,
    is_not_executed: bool,
    sealing: BTreeSet<RecordingId>,
    /// Files were not finished: nothing of them is anchored.
    is_not_sealed: bool,
}

impl Own {
    fn told(&mut self, event: &RecordingEvent) {
        match event {
            RecordingEvent::Agreed { agreed, of } => self.agreed = (*agreed, *of),
            RecordingEvent::Signed { signed, of } => self.signed = (*signed, *of),
            RecordingEvent::State { span, state: SpanState::Anchored } => {
                self.sealing.retain(|sealing| Some(*sealing) != *span);
                self.is_not_executed = false;
            }
            RecordingEvent::State { span, state } => {
                (self.state, self.span) = (*state, *span);
                if *state == SpanState::Proposed {
                    (self.signed, self.agreed) = Default::default();
                }
            }
            RecordingEvent::Active { .. } => (self.paused, self.is_not_executed) = (None, false),
            RecordingEvent::Paused(why) => {
                self.paused = Some(*why);
                if *why != Pause::Reverted {
                    (self.state, self.span, self.signed) = (SpanState::Off, None, (0, 0));
                }
            }
            RecordingEvent::Seal(span) => drop(self.sealing.insert(*span)),
            RecordingEvent::NotSealed(span) => self.is_not_sealed |= self.sealing.remove(span),
            RecordingEvent::NotExecuted(_) => self.is_not_executed = true,
            RecordingEvent::Asked { .. }
            | RecordingEvent::Refused(_)
            | RecordingEvent::Unsigned { .. }
            | RecordingEvent::Withdrawn { .. }
            | RecordingEvent::Owes { .. }
            | RecordingEvent::Discard(_)
            | RecordingEvent::NotStarted => {}
        }
    }

    /// While something is under way, else how the last one ended.
    fn shown(&self, recording: RecordingTag, (is_planned, refused): (bool, usize)) -> OwnRecording {
        let state = match (is_planned, self.sealing.is_empty()) {
            (true, _) => state(self.state),
            (false, false) => Shown::Sealing,
            (false, true) if self.is_not_sealed => Shown::Off,
            (false, true) => Shown::Anchored,
        };
        let not_kept = self.is_not_sealed.then_some(Pause::Failed(RecordingFailure::NotKept));
        let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        OwnRecording {
            recording: Prefixed(recording.0.0),
            state,
            agreed: small(self.agreed.0),
            agreed_of: small(self.agreed.1),
            signed: small(self.signed.0),
            signed_of: small(self.signed.1),
            refused: small(refused),
            paused: not_kept.filter(|_| !is_planned).or(self.paused).map(pause),
            span: self.span.or_else(|| self.sealing.last().copied()).map(|span| Prefixed(span.0.0)),
            not_executed: self.is_not_executed,
        }
    }
}

/// What was told of recordings in one room.
#[derive(Debug, Default)]
pub(in crate::room) struct Fold {
    own: Own,
    /// What the user records or recorded last, and whether anything of it was recorded.
    last: Option<(RecordingTag, bool)>,
    unsigned: Option<(SeatNo, String)>,
    /// The recorder's seat that was seen last, and since when.
    since: Option<(SeatNo, u64)>,
    were_active: BTreeSet<RecordingTag>,
}

impl Fold {
    /// Something was told.
    pub(in crate::room) fn told(&mut self, event: &RecordingEvent) {
        if let RecordingEvent::Unsigned { by, refusal } = event {
            self.unsigned = Some((*by, refusal.to_string()));
        }
        if let (RecordingEvent::Seal(_), Some((_, recorded))) = (event, &mut self.last) {
            *recorded = true;
        }
        self.own.told(event);
    }

    /// What there is to show; `now` in Unix seconds.
    pub(in crate::room) fn status(&mut self, room: Room, view: &RecordingView, now: u64) -> RecordingStatus {
        self.follow(view, now);
        let open = |it: &&ProposedRecording| it.terms.valid_until > now;
        let proposed: Vec<_> = view.proposed.iter().filter(open).collect();
        let agreed = |it: &&&ProposedRecording| it.answer == RecordingAnswer::Agreed;
        let asked = proposed.iter().find(|it| it.answer == RecordingAnswer::Asked);
        // Two may be proposed; the one that is signed is further.
        let agreed = proposed.iter().filter(agreed).max_by_key(|it| it.signed);
        let unsigned = self.unsigned.as_ref().filter(|(by, _)| proposed.iter().any(|it| it.by == *by && !it.signed));
        let own = match (view.own, self.last) {
            (Some(tag), _) => Some(self.own.shown(tag, (true, view.refused))),
            (None, Some((tag, true))) => Some(self.own.shown(tag, (false, view.refused))),
            (None, _) => None,
        };
        let phase = if view.recorder.is_some() {
            RecordingPhase::Active
        } else if asked.is_some() {
            RecordingPhase::Asked
        } else {
            agreed.map_or_else(|| self.rest(), |agreed| self.phase(agreed))
        };
        RecordingStatus {
            room,
            phase,
            ask: asked.map(|it| RecordingAsk {
                recording: Prefixed(it.recording.0.0),
                by: it.by.0,
                retention_seconds: it.terms.retention_seconds,
                valid_until: it.terms.valid_until,
            }),
            agreed: agreed.map(|it| Prefixed(it.recording.0.0)),
            recorder: view.recorder.map(|(seat, member)| RecorderSeat { seat: seat.0, for_seat: member.0 }),
            since: self.since.map(|(_, since)| since),
            participants: view.participants.map(|count| u16::try_from(count).unwrap_or(u16::MAX)),
            own,
            unsigned: unsigned.map(|(_, sentence)| sentence.clone()),
        }
    }

    /// What the view shows for the first time, or no more.
    fn follow(&mut self, view: &RecordingView, now: u64) {
        if let Some(tag) = view.own
            && self.last.is_none_or(|(last, _)| last != tag)
        {
            // Spans of the one before are still being finished.
            let sealing = std::mem::take(&mut self.own.sealing);
            let state = std::mem::take(&mut self.own.state);
            (self.own, self.last) = (Own { sealing, state, ..Own::default() }, Some((tag, false)));
        }
        match view.recorder {
            Some((seat, member)) => {
                if self.since.is_none_or(|(seen, _)| seen != seat) {
                    self.since = Some((seat, now));
                }
                let theirs = view.proposed.iter().filter(|it| it.by == member);
                self.were_active.extend(theirs.map(|it| it.recording));
            }
            None => self.since = None,
        }
        self.were_active.retain(|tag| view.proposed.iter().any(|it| it.recording == *tag));
    }

    fn phase(&self, of: &ProposedRecording) -> RecordingPhase {
        match (self.were_active.contains(&of.recording), of.signed) {
            (true, _) => RecordingPhase::Paused,
            (false, true) => RecordingPhase::Collecting,
            (false, false) => RecordingPhase::Proposed,
        }
    }

    fn rest(&self) -> RecordingPhase {
        if self.own.sealing.is_empty() { RecordingPhase::Off } else { RecordingPhase::Sealing }
    }
}

const fn state(of: SpanState) -> Shown {
    match of {
        SpanState::Off => Shown::Off,
        SpanState::Proposed => Shown::Proposed,
        SpanState::Collecting => Shown::Collecting,
        SpanState::Active => Shown::Active,
        SpanState::Sealing => Shown::Sealing,
        SpanState::Anchored => Shown::Anchored,
    }
}

const fn pause(why: Pause) -> PauseReason {
    match why {
        Pause::Members => PauseReason::Members,
        // Who is nobody's business.
        Pause::Withdrawn(_) => PauseReason::Withdrawn,
        Pause::WithdrawnOnChain => PauseReason::WithdrawnOnChain,
        Pause::Reverted => PauseReason::Reverted,
        Pause::Expired => PauseReason::Expired,
        Pause::Stopped => PauseReason::Stopped,
        Pause::NotTaken => PauseReason::NotTaken,
        Pause::Failed(RecordingFailure::NotKept) => PauseReason::NotKept,
        Pause::Failed(RecordingFailure::NoSeat) => PauseReason::NoSeat,
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use pars_proto::room::recording::{ConsentRefusal, Terms};

    use super::*;

    const TAG: RecordingTag = RecordingTag(B256::repeat_byte(1));
    const SPAN: RecordingId = RecordingId(B256::repeat_byte(2));
    const M: SeatNo = SeatNo(1);

    fn view(answer: RecordingAnswer, signed: bool) -> RecordingView {
        let terms = Terms { codec: B256::ZERO, storage: B256::ZERO, retention_seconds: 60, valid_until: 2_000 };
        let proposed = vec![ProposedRecording { recording: TAG, by: M, terms, answer, signed }];
        RecordingView { proposed, ..RecordingView::default() }
    }

    fn recorded() -> RecordingView {
        RecordingView { recorder: Some((SeatNo(9), M)), ..view(RecordingAnswer::Agreed, true) }
    }

    fn owned(view: RecordingView) -> RecordingView {
        RecordingView { own: Some(TAG), ..view }
    }

    fn show(fold: &mut Fold, view: &RecordingView, now: u64) -> RecordingStatus {
        fold.status(Prefixed([7; 32]), view, now)
    }

    #[test]
    fn a_participant_sees_each_phase_from_the_question_to_the_end() {
        let mut fold = Fold::default();
        let seen: Vec<_> = [
            RecordingView::default(),
            view(RecordingAnswer::Asked, false),
            view(RecordingAnswer::Agreed, false),
            view(RecordingAnswer::Agreed, true),
            recorded(),
            view(RecordingAnswer::Agreed, false),
            recorded(),
            RecordingView::default(),
        ]
        .iter()
        .map(|view| show(&mut fold, view, 1_000).phase)
        .collect();
        use RecordingPhase as P;
        let all = [P::Off, P::Asked, P::Proposed, P::Collecting, P::Active, P::Paused, P::Active, P::Off];
        assert_eq!(seen, all);
    }

    #[test]
    fn a_question_goes_with_its_answer_with_its_time_and_with_who_asks() {
        let mut fold = Fold::default();
        let asked = view(RecordingAnswer::Asked, false);
        let ask = show(&mut fold, &asked, 1_999).ask.expect("it is asked");
        assert_eq!((ask.recording, ask.by, ask.retention_seconds, ask.valid_until), (Prefixed([1; 32]), 1, 60, 2_000));
        for (view, now) in
            [(view(RecordingAnswer::Refused, false), 1_000), (asked, 2_000), (RecordingView::default(), 1)]
        {
            let status = show(&mut fold, &view, now);
            assert_eq!((status.ask, status.agreed, status.phase), (None, None, RecordingPhase::Off));
        }
    }

    #[test]
    fn the_indicator_follows_the_epoch_and_names_since_when() {
        let mut fold = Fold::default();
        let shown = show(&mut fold, &recorded(), 100);
        assert_eq!((shown.recorder, shown.since), (Some(RecorderSeat { seat: 9, for_seat: 1 }), Some(100)));
        assert_eq!(show(&mut fold, &recorded(), 150).since, Some(100));
        assert_eq!(shown.participants, None, "this seat signed no span of all who are here");
        let all = RecordingView { participants: Some(3), ..recorded() };
        assert_eq!(show(&mut fold, &all, 160).participants, Some(3));
        let other = RecordingView { recorder: Some((SeatNo(11), M)), ..recorded() };
        assert_eq!(show(&mut fold, &other, 200).since, Some(200), "another seat, another beginning");
        let gone = show(&mut fold, &view(RecordingAnswer::Agreed, true), 250);
        assert_eq!((gone.recorder, gone.since, gone.phase), (None, None, RecordingPhase::Paused));
        // Also who agreed to nothing sees that the room is recorded.
        let stranger = RecordingView { recorder: Some((SeatNo(9), M)), ..RecordingView::default() };
        assert_eq!(show(&mut Fold::default(), &stranger, 1).phase, RecordingPhase::Active);
    }

    #[test]
    fn why_nothing_was_signed_is_said_until_it_is_signed() {
        let mut fold = Fold::default();
        fold.told(&RecordingEvent::Unsigned { by: M, refusal: ConsentRefusal::Roster });
        let said = show(&mut fold, &view(RecordingAnswer::Agreed, false), 1).unsigned;
        assert_eq!(said, Some(ConsentRefusal::Roster.to_string()));
        assert_eq!(show(&mut fold, &view(RecordingAnswer::Agreed, true), 1).unsigned, None);
        assert_eq!(show(&mut fold, &RecordingView::default(), 1).unsigned, None);
    }

    #[test]
    fn who_records_sees_counts_and_never_who_refused() {
        let mut fold = Fold::default();
        let view = owned(view(RecordingAnswer::Agreed, false));
        show(&mut fold, &view, 1);
        fold.told(&RecordingEvent::State { span: None, state: SpanState::Proposed });
        fold.told(&RecordingEvent::Agreed { agreed: 2, of: 3 });
        let refused = RecordingView { refused: 1, ..view.clone() };
        let own = show(&mut fold, &refused, 1).own.expect("its own");
        assert_eq!((own.state, own.agreed, own.agreed_of, own.refused), (Shown::Proposed, 2, 3, 1));
        assert_eq!(show(&mut fold, &view, 1).own.expect("its own").refused, 0, "who said no has left");
        fold.told(&RecordingEvent::State { span: Some(SPAN), state: SpanState::Collecting });
        fold.told(&RecordingEvent::Signed { signed: 2, of: 5 });
        fold.told(&RecordingEvent::NotExecuted(SPAN));
        let own = show(&mut fold, &view, 1).own.expect("its own");
        assert_eq!((own.state, own.signed, own.signed_of, own.not_executed), (Shown::Collecting, 2, 5, true));
        assert_eq!(own.span, Some(Prefixed([2; 32])));
    }

    #[test]
    fn who_records_sees_why_it_paused_and_that_it_is_sealed_and_anchored() {
        let mut fold = Fold::default();
        show(&mut fold, &owned(recorded()), 1);
        fold.told(&RecordingEvent::State { span: Some(SPAN), state: SpanState::Active });
        fold.told(&RecordingEvent::State { span: Some(SPAN), state: SpanState::Sealing });
        fold.told(&RecordingEvent::Paused(Pause::Withdrawn(SeatNo(3))));
        fold.told(&RecordingEvent::Seal(SPAN));
        let status = show(&mut fold, &owned(view(RecordingAnswer::Agreed, false)), 2);
        let own = status.own.expect("its own");
        assert_eq!((own.state, own.paused), (Shown::Off, Some(PauseReason::Withdrawn)));
        assert_eq!(status.phase, RecordingPhase::Paused);
        // Stopped for good: the files of the span are still being finished.
        let over = RecordingView::default();
        let status = show(&mut fold, &over, 3);
        assert_eq!((status.phase, status.own.map(|own| own.state)), (RecordingPhase::Sealing, Some(Shown::Sealing)));
        fold.told(&RecordingEvent::State { span: Some(SPAN), state: SpanState::Anchored });
        let status = show(&mut fold, &over, 4);
        assert_eq!((status.phase, status.own.map(|own| own.state)), (RecordingPhase::Off, Some(Shown::Anchored)));
    }

    #[test]
    fn a_recording_whose_files_are_not_written_is_off_and_says_why() {
        let mut fold = Fold::default();
        show(&mut fold, &owned(recorded()), 1);
        fold.told(&RecordingEvent::State { span: Some(SPAN), state: SpanState::Active });
        fold.told(&RecordingEvent::Paused(Pause::Failed(RecordingFailure::NotKept)));
        fold.told(&RecordingEvent::Seal(SPAN));
        let over = RecordingView::default();
        assert_eq!(show(&mut fold, &over, 2).phase, RecordingPhase::Sealing);
        fold.told(&RecordingEvent::NotSealed(SPAN));
        let status = show(&mut fold, &over, 3);
        let own = status.own.expect("how it ended");
        assert_eq!((status.phase, own.state), (RecordingPhase::Off, Shown::Off));
        assert_eq!(own.paused, Some(PauseReason::NotKept));
        // The next one begins anew.
        let next = RecordingView { own: Some(RecordingTag(B256::ZERO)), ..RecordingView::default() };
        assert_eq!(show(&mut fold, &next, 4).own.expect("its own").paused, None);
    }

    #[test]
    fn a_recording_of_which_nothing_was_recorded_leaves_nothing() {
        let mut fold = Fold::default();
        show(&mut fold, &owned(view(RecordingAnswer::Agreed, false)), 1);
        fold.told(&RecordingEvent::State { span: None, state: SpanState::Proposed });
        fold.told(&RecordingEvent::Paused(Pause::Stopped));
        let status = show(&mut fold, &RecordingView::default(), 2);
        assert_eq!((status.phase, status.own), (RecordingPhase::Off, None));
    }
}
