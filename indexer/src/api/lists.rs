//! Whole tables: who synchronises them whole tells nobody what it looks for.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pars_indexer_core::{Action, Beacon, Consent, Leaf, Lock, MissedChallenge, Node, SeatDelegate, Signer, TableRow};
use serde_json::{Value, json};

use super::render::{Render, render, word};
use super::{Context, Reply, View};
use crate::store::{Page, StoreError};

pub(super) fn router() -> Router<Context> {
    Router::new()
        .route("/v1/leaves", get(leaves))
        .route("/v1/nodes", get(nodes))
        .route("/v1/locks", get(|State(context): State<Context>| list::<Lock>(context, "account")))
        .route("/v1/delegates", get(|State(context): State<Context>| list::<SeatDelegate>(context, "account")))
        .route("/v1/beacons", get(|State(context): State<Context>| list::<Beacon>(context, "epoch")))
        .route("/v1/consents", get(|State(context): State<Context>| list::<Consent>(context, "id")))
        .route("/v1/actions", get(|State(context): State<Context>| list::<Action>(context, "block, log_index")))
        .route("/v1/signers", get(|State(context): State<Context>| list::<Signer>(context, "signer_id")))
}

/// All rows of a table in an order.
pub(super) const fn whole(order: &'static str) -> Page<'static> {
    Page { condition: "1 = 1", values: &[], order, limit: u32::MAX }
}

impl View {
    /// Rows as they are shown.
    pub(super) async fn rendered<T: TableRow + Render>(&mut self, page: Page<'_>) -> Result<Vec<Value>, StoreError> {
        let finalized = self.checkpoint.finalized;
        Ok(self.reader.rows::<T>(page).await?.iter().map(|row| render(row, finalized)).collect())
    }
}

async fn list<T: TableRow + Render>(context: Context, order: &'static str) -> Reply {
    let mut view = context.view().await?;
    let rows = view.rendered::<T>(whole(order)).await?;
    Ok(Json(view.reply(json!(rows))))
}

/// The current leaves, each with the root of the tree after it was set: the newest of them is the registry's root.
async fn leaves(State(context): State<Context>) -> Reply {
    let mut view = context.view().await?;
    let rows = view.reader.rows::<Leaf>(whole("\"index\"")).await?;
    let shown = rows.iter().map(|leaf| {
        let mut value = render(leaf, view.checkpoint.finalized);
        value["root"] = json!(word(leaf.root));
        value
    });
    Ok(Json(view.reply(shown.collect())))
}

/// Service nodes with the epochs whose challenge they missed.
async fn nodes(State(context): State<Context>) -> Reply {
    let mut view = context.view().await?;
    let missed = view.reader.rows::<MissedChallenge>(whole("node_id, epoch")).await?;
    let nodes = view.reader.rows::<Node>(whole("node_id")).await?;
    let shown = nodes.iter().map(|node| {
        let of_this = missed.iter().filter(|missed| missed.node_id == node.node_id);
        let mut value = render(node, view.checkpoint.finalized);
        value["missedEpochs"] = of_this.map(|missed| missed.epoch).collect();
        value
    });
    Ok(Json(view.reply(shown.collect())))
}
