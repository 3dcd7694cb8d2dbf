//! What stands in the log.

use pars_engine::Command;
use pars_engine::io::Input;

/// Bytes of a link: what kind, and the beginning of their hash. BLAKE3, because every packet is named twice.
pub(super) fn name(bytes: &[u8]) -> String {
    let [a, b, c, d, ..] = *blake3::hash(bytes).as_bytes();
    let kind = match bytes.get(..2) {
        Some([1, position]) => format!("packet@{position}"),
        Some([2, kind]) => format!("frame/{kind}"),
        _ => "bytes".to_owned(),
    };
    format!("{kind} {a:02x}{b:02x}{c:02x}{d:02x}")
}

/// An input in a few words.
pub(super) fn describe(input: &Input) -> String {
    match input {
        Input::Recv { bytes, .. } => name(bytes),
        Input::Connected { .. } => "connected".to_owned(),
        Input::Disconnected(_) => "disconnected".to_owned(),
        Input::Command { command, .. } => match command {
            Command::Publish => "command publish".to_owned(),
            Command::Open(_) => "command open".to_owned(),
            Command::Send { .. } => "command send".to_owned(),
            Command::Close(_) => "command close".to_owned(),
            Command::MarkRead { cursor, .. } => format!("command mark read {cursor}"),
            Command::Poll { .. } => "command poll".to_owned(),
            Command::Acknowledge(cursor) => format!("command acknowledge {cursor}"),
        },
        Input::Solved { .. } => "solved".to_owned(),
        Input::Committed(batch) => format!("committed {}", batch.0),
        Input::Chain(registry) => format!("registry of day {}", registry.day.0),
        Input::Descriptor { .. } => "descriptor".to_owned(),
        Input::Wake => "wake".to_owned(),
    }
}
