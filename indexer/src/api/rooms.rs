//! Rooms, their sittings, and the leaf set a sitting pinned.

use alloy::primitives::Address;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use pars_indexer_core::{Column, Leaf, LeafSet, Member, Moderator, Room, Safe, SafeOwner, Sitting, leaves_before};
use pars_wire::{RoomId, SittingId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::render::{Render, render, word};
use super::{Context, Reply, View};
use crate::store::Page;

/// Rooms in one page, at most and by default.
const PAGE: u32 = 1_000;

#[derive(Deserialize)]
pub(super) struct Paging {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Block and log of a room's creation.
struct Cursor(u64, u64);

impl Cursor {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let number = |part: &str| part.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        let parts = text.split_once('-').and_then(|(block, log)| Some(Self(number(block)?, number(log)?)));
        parts.ok_or_else(|| ApiError::bad_request("`cursor` is not one that this API gave out"))
    }

    fn after(room: &Room) -> String {
        format!("{}-{}", room.created_block, room.created_log_index)
    }
}

/// Rooms in order of creation. A room that is created while somebody pages comes last, so none is skipped or doubled.
pub(super) async fn list(State(context): State<Context>, paging: Result<Query<Paging>, QueryRejection>) -> Reply {
    let Query(paging) = paging.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let limit = paging.limit.unwrap_or(PAGE);
    if limit == 0 || limit > PAGE {
        return Err(ApiError::bad_request(format!("`limit` is from 1 to {PAGE}")));
    }
    let after = paging.cursor.as_deref().map(Cursor::parse).transpose()?;
    let values: Vec<_> = after.iter().flat_map(|Cursor(block, log)| [block.to_cell(), log.to_cell()]).collect();
    let condition = match values.is_empty() {
        true => "1 = 1",
        false => "(created_block, created_log_index) > ($1, $2)",
    };
    let mut view = context.view().await?;
    let order = "created_block, created_log_index";
    let mut rooms: Vec<Room> = view.reader.rows(Page { condition, values: &values, order, limit: limit + 1 }).await?;
    let more = rooms.len() > limit as usize;
    rooms.truncate(limit as usize);
    let next = rooms.last().filter(|_| more).map(Cursor::after);
    let mut shown = Vec::with_capacity(rooms.len());
    for room in &rooms {
        shown.push(full(&mut view, room).await?);
    }
    let mut reply = view.reply(json!(shown));
    reply["next"] = json!(next);
    Ok(Json(reply))
}

pub(super) async fn show(State(context): State<Context>, Path(room): Path<String>) -> Reply {
    let mut view = context.view().await?;
    let room = find_room(&mut view, &room).await?;
    let shown = full(&mut view, &room).await?;
    Ok(Json(view.reply(shown)))
}

pub(super) async fn sittings(State(context): State<Context>, Path(room): Path<String>) -> Reply {
    let mut view = context.view().await?;
    let room = find_room(&mut view, &room).await?;
    let shown = view.rendered::<Sitting>(of_room(&[room.room_id.to_cell()], "sitting_id")).await?;
    Ok(Json(view.reply(json!(shown))))
}

pub(super) async fn sitting(State(context): State<Context>, Path(path): Path<(String, String)>) -> Reply {
    let mut view = context.view().await?;
    let sitting = find_sitting(&mut view, path).await?;
    let shown = render(&sitting, view.checkpoint.finalized);
    Ok(Json(view.reply(shown)))
}

/// Who looks up a room's sitting learns of no member, and the node is told nothing: the set is whole.
pub(super) async fn leaves(State(context): State<Context>, Path(path): Path<(String, String)>) -> Reply {
    let mut view = context.view().await?;
    let sitting = find_sitting(&mut view, path).await?;
    let at = sitting.at;
    let page = Page {
        condition: "(set_block, set_log_index) < ($1, $2)",
        values: &[at.block.to_cell(), at.log_index.to_cell()],
        order: "set_block, set_log_index",
        limit: u32::MAX,
    };
    let leaves = leaves_before(view.reader.rows::<LeafSet>(page).await?, at);
    let shown: Vec<Value> = leaves.iter().map(Leaf::fields).collect();
    let data = json!({
        "root": word(sitting.root), "count": shown.len(), "leaves": shown,
        "block": at.block, "blockHash": at.block_hash, "logIndex": at.log_index, "finalized": view.is_final(at.block),
    });
    Ok(Json(view.reply(data)))
}

const fn of_room<'a>(values: &'a [pars_indexer_core::Cell], order: &'static str) -> Page<'a> {
    Page { condition: "room_id = $1", values, order, limit: u32::MAX }
}

async fn find_room(view: &mut View, text: &str) -> Result<Room, ApiError> {
    let id: RoomId = text.parse().map_err(|error| ApiError::bad_request(format!("`{text}` is no room id: {error}")))?;
    let mut rooms = view.reader.rows::<Room>(of_room(&[id.to_cell()], "room_id")).await?;
    rooms.pop().ok_or_else(|| ApiError::unknown("room_unknown", format!("no room {id} is indexed")))
}

async fn find_sitting(view: &mut View, (room, sitting): (String, String)) -> Result<Sitting, ApiError> {
    let room = find_room(view, &room).await?.room_id;
    let id = sitting.parse().map(SittingId);
    let id = id.map_err(|_| ApiError::bad_request(format!("`{sitting}` is no sitting number")))?;
    let values = [room.to_cell(), id.to_cell()];
    let page = Page { condition: "room_id = $1 AND sitting_id = $2", values: &values, order: "sitting_id", limit: 1 };
    let mut found = view.reader.rows::<Sitting>(page).await?;
    found.pop().ok_or_else(|| ApiError::unknown("sitting_unknown", format!("room {room} has no sitting {id}")))
}

/// A room with everything that belongs to it.
async fn full(view: &mut View, room: &Room) -> Result<Value, ApiError> {
    let id = [room.room_id.to_cell()];
    let moderators = view.reader.rows::<Moderator>(of_room(&id, "account")).await?;
    let members = view.reader.rows::<Member>(of_room(&id, "account")).await?;
    let newest = Page { limit: 1, ..of_room(&id, "sitting_id DESC") };
    let (time, finalized) = (view.checkpoint.head_time, view.checkpoint.finalized);
    let sitting = view.reader.rows::<Sitting>(newest).await?.pop();
    // Running at the head: opened last, not closed, and its end not reached (ELIGIBILITY section 2.1).
    let running = sitting.filter(|sitting| sitting.closed_at.is_none() && time < sitting.ends_at);
    let mut value = render(room, finalized);
    value["moderators"] = moderators.iter().map(|row| json!(row.account)).collect();
    value["members"] = members.iter().map(|row| json!(row.account)).collect();
    value["safeOwners"] = json!(safe_owners(view, room.safe).await?);
    value["sitting"] = json!(running.map(|sitting| render(&sitting, finalized)));
    Ok(value)
}

/// The owners of a room's Safe; nothing without a Safe, and where its logs do not tell them.
async fn safe_owners(view: &mut View, safe: Address) -> Result<Option<Vec<Address>>, ApiError> {
    if safe.is_zero() {
        return Ok(None);
    }
    let values = [safe.to_cell()];
    let page = |order| Page { condition: "safe = $1", values: &values, order, limit: u32::MAX };
    let known = view.reader.rows::<Safe>(page("safe")).await?.pop().is_some_and(|row| row.known);
    let owners = view.reader.rows::<SafeOwner>(page("owner")).await?;
    Ok(known.then(|| owners.into_iter().map(|row| row.owner).collect()))
}
