//! `room list`, `room show`: what the indexer knows.

use alloy::primitives::B256;
use serde_json::{Value, json};

use crate::{
    context::Context,
    error::Error,
    indexer::{INDEXED, settled},
    output::Report,
};

/// `room list`. What was created a moment ago is waited for where the chain answers; the index alone is enough.
pub(super) async fn all(context: &Context) -> Result<Report, Error> {
    let indexer = context.indexer()?;
    if let Ok(chain) = context.reader().await
        && let Ok(head) = chain.head().await
    {
        let reached = |indexed: &Result<u64, Error>| indexed.as_ref().map_or(true, |indexed| *indexed >= head.number);
        settled(INDEXED, || indexer.head(), reached).await?;
    }
    let rooms = indexer.rooms().await?;
    let lines: Vec<String> = rooms.iter().map(line).collect();
    let text = if lines.is_empty() { "There is no room yet.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(json!({"rooms": rooms}), text))
}

/// `room show`
pub(super) async fn one(context: &Context, room: B256) -> Result<Report, Error> {
    let indexer = context.indexer()?;
    let known = |answer: &Result<Value, Error>| !matches!(answer, Err(error) if error.code() == "room_unknown");
    let room = settled(INDEXED, || indexer.room_document(room), known).await?;
    let fields = room.as_object().into_iter().flatten().map(|(name, value)| format!("{name:<14} {}", plain(value)));
    let text = fields.collect::<Vec<_>>().join("\n");
    Ok(Report::new(room, text))
}

fn line(room: &Value) -> String {
    let field = |name: &str| room.get(name).map(plain).unwrap_or_default();
    let state = match (room.get("closed"), room.get("sitting")) {
        (Some(Value::Bool(true)), _) => "closed".to_owned(),
        (_, Some(Value::Object(sitting))) => {
            let part = |name: &str| sitting.get(name).map(plain).unwrap_or_default();
            format!("sitting {} until {}", part("sittingId"), part("endsAt"))
        }
        _ => "no sitting".to_owned(),
    };
    format!("{} {:<10} {state}", field("roomId"), field("kind"))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
