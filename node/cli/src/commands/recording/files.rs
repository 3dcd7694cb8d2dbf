//! What the session daemon keeps of recordings: fetched, checked, played, forgotten.

use std::{path::Path, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use pars_rpc::{
    call::Call,
    recording::{
        FetchRecording, ForgetRecording, ListTracks, PlayRecording, RecordingId, Tracks, Verified, VerifyRecording,
    },
    room::Prefixed,
};

use super::{WHOLE, document, words};
use crate::{args, daemon::Daemon, error::Error, output::Report};

pub(super) async fn fetch(daemon: &Daemon, span: RecordingId, from: &[String]) -> Result<Report, Error> {
    let call = FetchRecording { span, from: from.to_vec() };
    let fetched = patiently(daemon, "fetching the blocks", &call).await?;
    let text = format!(
        "{} bytes of span {span} are in the daemon's own store, every block checked.\nIts root is {}.",
        fetched.bytes, fetched.cid
    );
    Ok(Report::new(document(&fetched)?, text))
}

pub(super) async fn verify(daemon: &Daemon, span: RecordingId) -> Result<Report, Error> {
    let verified = patiently(daemon, "checking every block", &VerifyRecording { span }).await?;
    let document = document(&verified)?;
    if is_forged(&verified) {
        let message = format!("the chain names other key wraps for span {span} than its files hold; do not use it");
        return Err(Error::Refused { code: "wraps_differ", message, details: Some(document) });
    }
    Ok(Report::new(document, words::verified(&verified)))
}

/// Whether the chain says something else of it than its files do.
const fn is_forged(verified: &Verified) -> bool {
    verified.anchored && !verified.wraps
}

pub(super) async fn play(daemon: &Daemon, span: RecordingId, out: &Path) -> Result<Report, Error> {
    let whole = std::path::absolute(out).map_err(Error::file(out, "found"))?;
    let wrong = || Error::Usage("--out is no path that can be written in UTF-8; give another".into());
    let folder = whole.to_str().ok_or_else(wrong)?.to_owned();
    let played = patiently(daemon, "opening every segment", &PlayRecording { span, folder }).await?;
    let lines: Vec<String> = played.tracks.iter().map(words::track).collect();
    let text = match lines.as_slice() {
        [] => format!("Span {span} holds no track; nothing was written."),
        lines => {
            format!("Plain files in {}; delete them when you have seen them:\n{}", whole.display(), lines.join("\n"))
        }
    };
    Ok(Report::new(document(&played)?, text))
}

pub(super) async fn tracks(daemon: &Daemon, span: RecordingId) -> Result<Report, Error> {
    let listed: Tracks = patiently(daemon, "opening the tracks", &ListTracks { span }).await?;
    let head = format!("Span {span} began at {} and lasts {} ms.", listed.began_at / 1_000, listed.ended_ms);
    let lines: Vec<String> = std::iter::once(head).chain(listed.tracks.iter().map(words::track)).collect();
    Ok(Report::new(document(&listed)?, lines.join("\n")))
}

pub(super) async fn forget(daemon: &Daemon, arguments: &args::ForgetRecording) -> Result<Report, Error> {
    let id = |id: alloy::primitives::B256| Prefixed(id.0);
    let call = ForgetRecording { span: arguments.span.map(id), recording: arguments.recording.map(id) };
    let forgotten = patiently(daemon, "forgetting", &call).await?;
    let left = match forgotten.still_pinned {
        0 => String::new(),
        left => format!(" Copies that an IPFS node has not let go yet: {left}; it is asked again until it does."),
    };
    let text = format!(
        "Spans that nothing here opens any more: {}. The keys are destroyed; what others keep of the blocks stays sealed.{left}",
        forgotten.spans
    );
    Ok(Report::new(document(&forgotten)?, text))
}

/// A call that goes through all of a recording: waited for as long as that may take, with a sign of life on a terminal.
async fn patiently<C: Call>(daemon: &Daemon, what: &'static str, call: &C) -> Result<C::Answer, Error> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(80));
    }
    let answer = daemon.call_within(call, WHOLE).await;
    bar.finish_and_clear();
    answer
}
