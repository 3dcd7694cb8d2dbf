//! Is it alive, is it current, how far is it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pars_indexer_core::{Leaf, Room, TableRow};
use serde_json::{Value, json};

use super::error::ApiError;
use super::{Context, Reply, envelope};
use crate::health::Health;

/// The process answers.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({"ok": true}))
}

/// The rows reach to the node's head; otherwise 503 with the reason.
pub(super) async fn readyz(State(context): State<Context>) -> Response {
    let health = context.health.borrow().clone();
    match health {
        Health::Synced => Json(json!({"ok": true})).into_response(),
        other => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, other.code(), other.message()).into_response(),
    }
}

pub(super) async fn status(State(context): State<Context>) -> Reply {
    let health = context.health.borrow().clone();
    let genesis = context.store.genesis().await?;
    let mut reader = context.store.read().await?;
    let checkpoint = reader.checkpoint().await?;
    let data = json!({
        "chainId": context.chain_id,
        "genesis": genesis,
        "head": checkpoint.head.map(|head| head.number),
        "safe": checkpoint.safe,
        "finalized": checkpoint.finalized,
        "rooms": reader.count(Room::TABLE).await?,
        "leaves": reader.count(Leaf::TABLE).await?,
        "synced": health == Health::Synced,
        "state": health.code(),
    });
    Ok(Json(envelope(&checkpoint, data)))
}
