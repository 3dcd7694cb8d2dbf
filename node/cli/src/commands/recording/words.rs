//! Recordings as lines for people.

use pars_rpc::recording::{
    Codec, Ending, OwnRecording, PauseReason, PlayedTrack, RecordedBy, RecordingPhase, RecordingRow, RecordingStatus,
    RowState, SpanState, Verified,
};

use super::DAY;

/// How recording stands in a room.
pub(super) fn status(status: &RecordingStatus) -> String {
    let mut lines = vec![phase(status)];
    if let Some(recorder) = &status.recorder {
        let since = status.since.map_or_else(String::new, |since| format!(" since {since}"));
        lines.push(format!("Seat {} records for seat {}{since}.", recorder.seat, recorder.for_seat));
    }
    if let Some(agreed) = &status.agreed {
        lines.push(format!(
            "You agreed to recording {agreed}; take it back: parsctl recording answer --room {} no",
            status.room
        ));
    }
    lines.extend(status.own.as_ref().map(own));
    lines.extend(status.unsigned.as_ref().map(|why| format!("This seat did not sign: {why}.")));
    lines.join("\n")
}

fn phase(status: &RecordingStatus) -> String {
    let word = match (status.phase, &status.ask) {
        (RecordingPhase::Asked, Some(ask)) => {
            return format!(
                "Seat {} asks to record: copies kept for {}, consent until {}.\nAnswer: parsctl recording answer --room {} yes|no",
                ask.by,
                duration(ask.retention_seconds),
                ask.valid_until,
                status.room
            );
        }
        (RecordingPhase::Off, _) => "Nothing is recorded.",
        (RecordingPhase::Asked, None) => "Somebody asks to record.",
        (RecordingPhase::Proposed, _) => "A recording is proposed; not everybody has answered.",
        (RecordingPhase::Collecting, _) => {
            "Consents are collected, and the chain is waited for; nothing is recorded yet."
        }
        (RecordingPhase::Active, _) => "This room is recorded.",
        (RecordingPhase::Paused, _) => "The recording is paused.",
        (RecordingPhase::Sealing, _) => "The files of the recording are being finished.",
    };
    word.to_owned()
}

fn own(own: &OwnRecording) -> String {
    let state = match own.state {
        SpanState::Off => "off",
        SpanState::Proposed => "proposed",
        SpanState::Collecting => "collecting",
        SpanState::Active => "active",
        SpanState::Sealing => "sealing",
        SpanState::Anchored => "anchored",
    };
    let mut text = format!("Your recording {}: {state}", own.recording);
    if own.agreed_of > 0 {
        text.push_str(&format!(", {} of {} agreed", own.agreed, own.agreed_of));
    }
    if own.signed_of > 0 {
        text.push_str(&format!(", {} of {} keys signed", own.signed, own.signed_of));
    }
    if own.refused > 0 {
        text.push_str(&format!(", {} said no", own.refused));
    }
    if let Some(reason) = own.paused {
        text.push_str(&format!(", paused because {}", pause(reason)));
    }
    if own.not_executed {
        text.push_str(", the contract did not take a call and it is sent again");
    }
    if let Some(span) = own.span {
        text.push_str(&format!("\nIts span is {span}"));
    }
    text.push('.');
    text
}

const fn pause(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::Members => "somebody came or went",
        PauseReason::Withdrawn => "somebody took the consent back",
        PauseReason::WithdrawnOnChain => "a consent was withdrawn on chain",
        PauseReason::Reverted => "the chain holds the consents no more",
        PauseReason::Expired => "the consent's time is over",
        PauseReason::Stopped => "you stopped it",
        PauseReason::NotTaken => "the contract did not take the consents, and everybody signs anew",
        PauseReason::NotKept => {
            "its files cannot be written here: look at the disk and the daemon's log, then propose anew"
        }
        PauseReason::NoSeat => "the room has no seat for the recorder: it is full, or its host gives none",
    }
}

fn duration(seconds: u64) -> String {
    match (seconds / DAY, seconds % DAY) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        _ => format!("{seconds} seconds"),
    }
}

/// One line, and the root below it.
pub(super) fn row(row: &RecordingRow) -> String {
    let state = match row.state {
        RowState::Recording => "recording",
        RowState::Sealing => "sealing",
        RowState::Sealed => "sealed",
        RowState::Anchored => "anchored",
        RowState::Torn => "torn",
    };
    let by = match row.by {
        RecordedBy::Own => "recorded here",
        RecordedBy::Other => "recorded by another",
    };
    let key = if row.key { "opens here" } else { "no key here" };
    let (began, ended) = (row.began_at, row.ended_at.map_or_else(String::new, |ended| format!(" to {ended}")));
    let copies = format!("copies {} of {}", row.copies.confirmed, row.copies.asked);
    let line = format!("{}  {state}, {by}, {key}, from {began}{ended}, {} bytes, {copies}", row.span, row.bytes);
    match &row.cid {
        Some(cid) => format!("{line}\n    root {cid}"),
        None => line,
    }
}

/// What was checked.
pub(super) fn verified(verified: &Verified) -> String {
    let Verified { span, cid, segments, torn, bytes, copies, .. } = verified;
    let ending = match verified.ending {
        Ending::Whole => "It is whole.".to_owned(),
        Ending::Torn => format!("Its end is missing: {torn} of the segments are torn."),
    };
    let anchored = match verified.anchored {
        true => "The chain names this root and the key wraps, in a final block.",
        false => "The chain does not name it yet.",
    };
    let (confirmed, asked) = (copies.confirmed, copies.asked);
    let copied = format!("Whole copies: {confirmed} of {asked}, the daemon's own store among them.");
    format!(
        "Every block of span {span} is there and is what its name says: {segments} segments, {bytes} bytes, root {cid}.\n\
         {ending}\n{anchored}\n{copied}"
    )
}

/// A track.
pub(super) fn track(track: &PlayedTrack) -> String {
    let codec = match track.codec {
        Codec::Opus => "opus",
        Codec::Vp8 => "vp8",
    };
    let whose = track.seat.map_or_else(|| format!("member {}", track.pseudonym), |seat| format!("seat {seat}"));
    let torn = if track.ending == Ending::Torn { ", its end is missing" } else { "" };
    let line = format!(
        "track {}: {whose}, {codec}, {} frames from {} to {} ms{torn}",
        track.track, track.frames, track.began_ms, track.ended_ms
    );
    match &track.path {
        Some(path) => format!("{line}\n    {path}"),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_days_where_it_is_of_days() {
        assert_eq!(duration(DAY), "1 day");
        assert_eq!(duration(30 * DAY), "30 days");
        assert_eq!(duration(DAY + 1), "86401 seconds");
    }
}
