//! LiveKit's RoomService over Twirp, JSON only, with the methods that a room's host uses.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use pars_sfu_core::admin::{AdminError, AdminReply, AdminRequest};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    clock::unix_seconds,
    http::{App, bearer},
    inlet::Command,
    token::{self, Power, TokenError},
};

/// Bytes of a request.
const MAX_BODY: usize = 256 << 10;
/// How long a request's body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Twirp error: code and message.
struct Failed(StatusCode, &'static str, String);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        (status, Json(json!({ "code": code, "msg": message }))).into_response()
    }
}

impl From<TokenError> for Failed {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Admin => Self(StatusCode::FORBIDDEN, "permission_denied", error.to_string()),
            _ => Self(StatusCode::UNAUTHORIZED, "unauthenticated", error.to_string()),
        }
    }
}

impl From<AdminError> for Failed {
    fn from(error: AdminError) -> Self {
        let (status, code) = match error {
            AdminError::NoRoom | AdminError::NoParticipant | AdminError::NoTrack => {
                (StatusCode::NOT_FOUND, "not_found")
            }
            AdminError::Name | AdminError::Unsupported | AdminError::Unmute => {
                (StatusCode::BAD_REQUEST, "invalid_argument")
            }
            AdminError::Rooms => (StatusCode::TOO_MANY_REQUESTS, "resource_exhausted"),
        };
        Self(status, code, error.to_string())
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failed> {
    serde_json::from_slice(body).map_err(|_| malformed())
}

fn malformed() -> Failed {
    Failed(StatusCode::BAD_REQUEST, "malformed", "the body is not this method's JSON".to_owned())
}

fn request(method: &str, body: &[u8]) -> Result<(AdminRequest, Power), Failed> {
    Ok(match method {
        "CreateRoom" => (AdminRequest::CreateRoom(Box::new(read(body)?)), Power::Create),
        "DeleteRoom" => (AdminRequest::DeleteRoom(read(body)?), Power::Create),
        "ListParticipants" => (AdminRequest::ListParticipants(read(body)?), Power::Admin),
        "RemoveParticipant" => (AdminRequest::RemoveParticipant(read(body)?), Power::Admin),
        "MutePublishedTrack" => (AdminRequest::MutePublishedTrack(read(body)?), Power::Admin),
        "UpdateParticipant" => (AdminRequest::UpdateParticipant(read(body)?), Power::Admin),
        _ => return Err(Failed(StatusCode::NOT_FOUND, "bad_route", "no such method here".to_owned())),
    })
}

fn reply(reply: &AdminReply) -> Result<Value, serde_json::Error> {
    match reply {
        AdminReply::Room(room) => serde_json::to_value(room),
        AdminReply::Done => Ok(json!({})),
        AdminReply::Participants(list) => serde_json::to_value(list),
        AdminReply::Track(track) => serde_json::to_value(track),
        AdminReply::Participant(participant) => serde_json::to_value(participant),
    }
}

/// Serves one method. The token is looked at before the body.
pub(crate) async fn serve(
    State(app): State<App>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&app, &method, &headers, body).await.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

async fn answer(app: &App, method: &str, headers: &HeaderMap, body: Body) -> Result<Json<Value>, Failed> {
    let down = || Failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server is shutting down".to_owned());
    let claims = token::verify(&app.keys, bearer(headers), unix_seconds())?;
    let body = timeout(PATIENCE, to_bytes(body, MAX_BODY)).await.map_err(|_| malformed())?.map_err(|_| malformed())?;
    let (request, power) = request(method, &body)?;
    token::allows(&claims, power, request.room())?;
    let (sender, answer) = oneshot::channel();
    app.commands.send(Command::Admin { request, reply: sender }).await.map_err(|_| down())?;
    let done = answer.await.map_err(|_| down())??;
    reply(&done).map(Json).map_err(|_| down())
}
