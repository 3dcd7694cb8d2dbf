//! The read API. Every reply is one consistent view: `{"head": {"number", "hash"}, "finalized": N, "data": …}`.
//!
//! | path | data |
//! |---|---|
//! | `/healthz`, `/readyz` | whether the process runs; whether its rows are the newest |
//! | `/status` | chain, how far, how much |
//! | `/v1/rooms?limit&cursor` | rooms by creation; `next` beside `data` is the cursor of the next page |
//! | `/v1/rooms/{roomId}` | a room with moderators, members, Safe owners, running sitting |
//! | `/v1/rooms/{roomId}/sittings`, `…/{id}` | its sittings, one sitting |
//! | `/v1/rooms/{roomId}/sittings/{id}/leaves` | the whole leaf set that a sitting pinned |
//! | `/v1/leaves locks delegates nodes beacons consents actions signers` | whole tables |
//!
//! 32-byte values are `0x` + 64 lower-case digits, amounts decimal strings, times, numbers and indexes JSON numbers.
//! Each object names the log it comes from and whether that block is final.

mod error;
mod lists;
mod render;
mod rooms;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use axum::{Json, http::StatusCode};
use pars_wire::ChainId;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::health::Health;
use crate::store::{Checkpoint, Reader, Store};
use error::ApiError;

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Arc<Store>,
    pub(crate) health: watch::Receiver<Health>,
    pub(crate) chain_id: ChainId,
}

type Reply = Result<Json<Value>, ApiError>;

/// One request's view of the database, at a head.
struct View {
    reader: Reader,
    checkpoint: Checkpoint,
}

impl Context {
    /// A view; refused while no block is indexed.
    async fn view(&self) -> Result<View, ApiError> {
        let mut reader = self.store.read().await?;
        let checkpoint = reader.checkpoint().await?;
        if checkpoint.head.is_none() {
            return Err(ApiError::not_ready(&self.health.borrow()));
        }
        Ok(View { reader, checkpoint })
    }
}

impl View {
    /// The envelope of every reply.
    fn reply(&self, data: Value) -> Value {
        envelope(&self.checkpoint, data)
    }

    const fn is_final(&self, block: u64) -> bool {
        block <= self.checkpoint.finalized
    }
}

fn envelope(checkpoint: &Checkpoint, data: Value) -> Value {
    let head = checkpoint.head.map(|head| json!({"number": head.number, "hash": head.hash}));
    json!({"head": head, "finalized": checkpoint.finalized, "data": data})
}

pub(crate) fn router(context: Context) -> Router {
    Router::new()
        .route("/healthz", get(status::healthz))
        .route("/readyz", get(status::readyz))
        .route("/status", get(status::status))
        .route("/v1/rooms", get(rooms::list))
        .route("/v1/rooms/{room}", get(rooms::show))
        .route("/v1/rooms/{room}/sittings", get(rooms::sittings))
        .route("/v1/rooms/{room}/sittings/{sitting}", get(rooms::sitting))
        .route("/v1/rooms/{room}/sittings/{sitting}/leaves", get(rooms::leaves))
        .merge(lists::router())
        .fallback(no_such_path)
        .method_not_allowed_fallback(only_get)
        .with_state(context)
}

async fn no_such_path() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_such_path", "there is nothing at this path")
}

async fn only_get() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "everything here is read with GET")
}
