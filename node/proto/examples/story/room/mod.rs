//! The vectors of rooms, one part a file. Integers are JSON numbers, everything else hexadecimal text without `0x`.

pub(crate) mod cast;
pub(crate) mod epochs;
pub(crate) mod frames;
pub(crate) mod recordings;
pub(crate) mod statements;

use serde_json::Value;

/// Every file of `tests/vectors/room` by its name.
pub(crate) fn vectors() -> Vec<(&'static str, Value)> {
    vec![
        ("metadata.json", statements::metadata()),
        ("statement.json", statements::statements()),
        ("join.json", statements::joins()),
        ("pair.json", epochs::pair()),
        ("epoch.json", epochs::epoch()),
        ("message.json", epochs::messages()),
        ("media.json", frames::media()),
        ("recording.json", recordings::recording()),
    ]
}

pub(crate) fn hexed(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(hex::encode(bytes))
}
