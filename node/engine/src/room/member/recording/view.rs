//! What a seat's user is shown of recordings: read from what the seat holds now, so that nothing is shown which is over.

use pars_proto::room::SeatNo;
use pars_proto::room::recording::{RecordingTag, Terms};

use super::super::Member;
use super::consent::{Answer, Signed};

/// What the user said to a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordingAnswer {
    /// Nothing yet.
    Asked,
    /// Yes.
    Agreed,
    /// No, for this recording.
    Refused,
}

/// A recording that is proposed to the seats of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedRecording {
    /// Which.
    pub recording: RecordingTag,
    /// Who would record.
    pub by: SeatNo,
    /// On which terms.
    pub terms: Terms,
    /// What the user said.
    pub answer: RecordingAnswer,
    /// Whether this seat has signed a span of it that is not over.
    pub signed: bool,
}

/// Recordings as one seat sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingView {
    /// The recorder's seat in the epoch of now, and the seat of the member that it records for, by the epoch's roster.
    pub recorder: Option<(SeatNo, SeatNo)>,
    /// How many consented to what the recorder records: everybody in the epoch of now but recorders. None without a recorder, or
    /// if this seat has not signed a span of just these.
    pub participants: Option<usize>,
    /// By who would record.
    pub proposed: Vec<ProposedRecording>,
    /// What this seat itself records, until it stops.
    pub own: Option<RecordingTag>,
    /// Seats that are here and said no to it.
    pub refused: usize,
}

impl Member {
    /// A recorder's seat that is in the room, whether in the epoch of now or not, and the seat of the member that it records for.
    /// By the host's word: it may name one that is not there, and hides one only from those whom no recorder hears.
    pub fn recorder_here(&self) -> Option<(SeatNo, SeatNo)> {
        let (seat, member) = self.roster.live().find_map(|(seat, entry)| Some((seat, entry.records_for?)))?;
        let (by, _) = self.roster.live().find(|(_, entry)| entry.st == member)?;
        Some((seat, by))
    }

    /// Recordings as this seat sees them now.
    pub fn recordings(&self) -> RecordingView {
        let seat = self.chain.tip().and_then(|(_, epoch)| self.recorder_of(&epoch.seats));
        let recorder = seat.and_then(|seat| {
            let member = self.roster.get(seat)?.records_for?;
            let (by, _) = self.roster.seats.iter().find(|(_, entry)| entry.st == member)?;
            Some((seat, *by))
        });
        let participants = recorder.and_then(|(_, by)| self.consented_with(by));
        let own = self.recordings.own.tag();
        let proposals = self.recordings.proposals.iter();
        // What we ended ourselves is over, whoever heard of it.
        let known = proposals.filter(|(by, it)| Some(**by) != self.seat() || own == Some(it.tag));
        let proposed = known.filter_map(|(by, it)| {
            let answer = match self.recordings.answers.get(&it.tag)? {
                Answer::Asked(_) => RecordingAnswer::Asked,
                Answer::Keeping(..) | Answer::Agreed(..) => RecordingAnswer::Agreed,
                Answer::Refused => RecordingAnswer::Refused,
            };
            let ours = |signed: &Signed| signed.by == *by && signed.recording.tag == it.tag && signed.counts();
            let signed = self.recordings.signed.values().any(ours);
            Some(ProposedRecording { recording: it.tag, by: *by, terms: it.terms, answer, signed })
        });
        RecordingView { recorder, participants, proposed: proposed.collect(), own, refused: self.refusals() }
    }
    /// Participants of the span that this seat signed for that member and that is of everybody in the epoch of now.
    fn consented_with(&self, by: SeatNo) -> Option<usize> {
        let (_, epoch) = self.chain.tip()?;
        let all = self.participants(&epoch.seats)?;
        let ours = |signed: &&Signed| signed.by == by && signed.participants == all && signed.counts();
        self.recordings.signed.values().find(ours).map(|signed| signed.participants.len())
    }
}
