//! `recording …`: asked for and answered in a room, and what the session daemon keeps of it (TOWNHALL 6).

mod files;
mod words;

use std::time::Duration;

use alloy::primitives::B256;
use pars_rpc::{
    recording::{
        AnswerRecording, GetRecording, ListRecordings, ProposeRecording, RecordingId, RecordingStatus, StopRecording,
    },
    room::Prefixed,
};
use serde_json::json;

use super::session::document;
use crate::{
    args::{self, RecordingCommand, YesNo},
    context::Context,
    daemon::Daemon,
    error::Error,
    output::Report,
};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Longest wait for what goes through all of a recording.
const WHOLE: Duration = Duration::from_secs(6 * HOUR);

/// `recording …`
pub async fn run(context: &Context, command: &RecordingCommand) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    match command {
        RecordingCommand::Propose(arguments) => report(&daemon.call(&proposal(arguments)).await?),
        RecordingCommand::Answer(arguments) => answer(&daemon, arguments).await,
        RecordingCommand::Stop { room } => report(&daemon.call(&StopRecording { room: Prefixed(room.0) }).await?),
        RecordingCommand::Status { room } => report(&status(&daemon, *room).await?),
        RecordingCommand::List => list(&daemon).await,
        RecordingCommand::Fetch { span, from } => files::fetch(&daemon, Prefixed(span.0), from).await,
        RecordingCommand::Verify { span } => files::verify(&daemon, Prefixed(span.0)).await,
        RecordingCommand::Play { span, out } => files::play(&daemon, Prefixed(span.0), out).await,
        RecordingCommand::Tracks { span } => files::tracks(&daemon, Prefixed(span.0)).await,
        RecordingCommand::Forget(arguments) => files::forget(&daemon, arguments).await,
    }
}

fn proposal(arguments: &args::ProposeRecording) -> ProposeRecording {
    ProposeRecording {
        room: Prefixed(arguments.room.0),
        executor: arguments.executor,
        retention_seconds: arguments.retention_days.saturating_mul(DAY),
        valid_seconds: arguments.valid_hours.saturating_mul(HOUR),
        dummies: arguments.dummies,
    }
}

async fn status(daemon: &Daemon, room: B256) -> Result<RecordingStatus, Error> {
    daemon.call(&GetRecording { room: Prefixed(room.0) }).await
}

async fn answer(daemon: &Daemon, arguments: &args::AnswerRecording) -> Result<Report, Error> {
    let args::AnswerRecording { room, recording, answer } = arguments;
    let agree = *answer == YesNo::Yes;
    let (first, second) = match recording {
        Some(recording) => (Prefixed(recording.0), None),
        None => meant(&status(daemon, *room).await?, agree)?,
    };
    let say = |recording| AnswerRecording { room: Prefixed(room.0), recording, agree };
    let said = daemon.call(&say(first)).await;
    match second {
        // Whatever became of the first.
        Some(second) => daemon.call(&say(second)).await.and_then(|last| said.and_then(|_| report(&last))),
        None => report(&said?),
    }
}

/// The recordings that an answer without a name is for. A no takes back what was agreed to, whoever asks for something else.
fn meant(status: &RecordingStatus, agree: bool) -> Result<(RecordingId, Option<RecordingId>), Error> {
    let agreed = status.agreed.filter(|_| !agree);
    let asked = status.ask.as_ref().map(|ask| ask.recording);
    let room = status.room;
    let why = || Error::refused("nothing_asked", format!("nobody waits for an answer in room {room}"));
    let first = agreed.or(asked).ok_or_else(why)?;
    Ok((first, asked.filter(|asked| *asked != first)))
}

fn report(status: &RecordingStatus) -> Result<Report, Error> {
    Ok(Report::new(document(status)?, words::status(status)))
}

async fn list(daemon: &Daemon) -> Result<Report, Error> {
    let rows = daemon.call(&ListRecordings {}).await?;
    let lines: Vec<String> = rows.iter().map(words::row).collect();
    let text = if lines.is_empty() { "There is no recording yet.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(json!({"recordings": document(&rows)?}), text))
}

#[cfg(test)]
mod tests {
    use pars_rpc::recording::{RecordingAsk, RecordingPhase};

    use super::*;

    #[test]
    fn an_answer_without_a_name_is_for_what_is_asked_and_a_no_for_what_was_agreed_to_as_well() {
        let (asked, agreed) = (Prefixed([1; 32]), Prefixed([2; 32]));
        let ask = RecordingAsk { recording: asked, by: 2, retention_seconds: DAY, valid_until: 9 };
        let status = |ask, agreed| RecordingStatus {
            room: Prefixed([3; 32]),
            phase: RecordingPhase::Off,
            ask,
            agreed,
            recorder: None,
            since: None,
            participants: None,
            own: None,
            unsigned: None,
        };
        for (ask, agreed_to, agree, expected) in [
            (Some(ask.clone()), None, true, Some((asked, None))),
            (Some(ask.clone()), Some(agreed), true, Some((asked, None))),
            (Some(ask.clone()), None, false, Some((asked, None))),
            (Some(ask.clone()), Some(agreed), false, Some((agreed, Some(asked)))),
            (None, Some(agreed), false, Some((agreed, None))),
            (None, Some(agreed), true, None),
            (None, None, false, None),
        ] {
            let meant = meant(&status(ask, agreed_to), agree);
            match expected {
                Some(expected) => assert_eq!(meant.unwrap(), expected),
                None => assert_eq!(meant.unwrap_err().code(), "nothing_asked"),
            }
        }
    }
}
