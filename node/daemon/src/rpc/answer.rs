//! From a body to its responses: each request is looked up by its name, its parameters are typed, and so is its answer.

use futures::future::join_all;
use pars_rpc::call::Call;
use pars_rpc::envelope::{Id, Incoming, Request, Response, read};
use pars_rpc::event::Ack;
use pars_rpc::identity::{CreateIdentity, GetIdentity, GetRevocation};
use pars_rpc::message::{ListMessages, MarkRead, SendMessage};
use pars_rpc::method::Method;
use pars_rpc::recording::{
    AnswerRecording, FetchRecording, ForgetRecording, GetRecording, ListRecordings, ListTracks, PlayRecording,
    ProposeRecording, ReadTrack, StopRecording, VerifyRecording,
};
use pars_rpc::room::{
    CancelJoin, DevAccounts, DevSign, GetLobby, GiveOrder, HostSitting, JoinRoom, LeaveRoom, ListRooms, NewConnection,
    OpenMessage, PrepareSeat, SignMessage,
};
use pars_rpc::session::{CloseSession, CreateSession, ListSessions};
use pars_rpc::status::{GetStatus, ListPeers};
use pars_rpc::trigger::{Certify, SendAction};
use pars_rpc::{Code, RpcError};
use serde_json::Value;

use super::Context;
use crate::driver::Stopped;

/// A call that this daemon answers.
pub(super) trait Answers: Call {
    /// Do it.
    fn answer(self, context: &Context) -> impl Future<Output = Result<Self::Answer, RpcError>> + Send;
}

/// The response to a body as text; none: it held notifications only.
pub async fn body(context: &Context, network_agrees: bool, body: &[u8]) -> Option<String> {
    match read(body) {
        Incoming::Single(part) => text(&respond(context, network_agrees, part).await?),
        Incoming::Batch(parts) => {
            let all = join_all(parts.into_iter().map(|part| respond(context, network_agrees, part))).await;
            let responses: Vec<Response> = all.into_iter().flatten().collect();
            if responses.is_empty() { None } else { text(&responses) }
        }
    }
}

/// As JSON. What this crate answers serialises; if it did not, nothing would be said.
pub(super) fn text(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// The response to one part; none for a notification.
pub(super) async fn respond(
    context: &Context,
    network_agrees: bool,
    part: Result<Request, Response>,
) -> Option<Response> {
    let request = match part {
        Ok(request) => request,
        Err(response) => return Some(response),
    };
    let id: Option<Id> = request.id.clone();
    let result = result(context, network_agrees, request).await;
    Some(Response::new(id?, result))
}

/// What comes of one request.
async fn result(context: &Context, network_agrees: bool, request: Request) -> Result<Value, RpcError> {
    if !network_agrees {
        let sentence = format!("this daemon is on network {}; ask the daemon of the other", context.network.name());
        return Err(RpcError::new(Code::WrongNetwork, sentence));
    }
    let method = Method::find(&request.method).ok_or(Code::MethodNotFound)?;
    match method {
        Method::IdentityCreate => run::<CreateIdentity>(context, request).await,
        Method::IdentityGet => run::<GetIdentity>(context, request).await,
        Method::IdentityRevocation => run::<GetRevocation>(context, request).await,
        Method::SessionCreate => run::<CreateSession>(context, request).await,
        Method::SessionList => run::<ListSessions>(context, request).await,
        Method::SessionClose => run::<CloseSession>(context, request).await,
        Method::MessageSend => run::<SendMessage>(context, request).await,
        Method::MessageList => run::<ListMessages>(context, request).await,
        Method::MessageMarkRead => run::<MarkRead>(context, request).await,
        Method::StatusGet => run::<GetStatus>(context, request).await,
        Method::PeersList => run::<ListPeers>(context, request).await,
        Method::EventAck => run::<Ack>(context, request).await,
        Method::TriggerCertify => run::<Certify>(context, request).await,
        Method::TriggerSend => run::<SendAction>(context, request).await,
        Method::RoomList => run::<ListRooms>(context, request).await,
        Method::RoomLobby => run::<GetLobby>(context, request).await,
        Method::RoomPrepare => run::<PrepareSeat>(context, request).await,
        Method::RoomJoin => run::<JoinRoom>(context, request).await,
        Method::RoomCancel => run::<CancelJoin>(context, request).await,
        Method::RoomConnection => run::<NewConnection>(context, request).await,
        Method::RoomSign => run::<SignMessage>(context, request).await,
        Method::RoomOpen => run::<OpenMessage>(context, request).await,
        Method::RoomOrder => run::<GiveOrder>(context, request).await,
        Method::RoomLeave => run::<LeaveRoom>(context, request).await,
        Method::RoomHost => run::<HostSitting>(context, request).await,
        Method::DevAccounts => run::<DevAccounts>(context, request).await,
        Method::DevSign => run::<DevSign>(context, request).await,
        Method::EventSubscribe => Err(RpcError::new(
            Code::InvalidRequest,
            "events are told over a WebSocket: connect to /ws and subscribe there",
        )),
        Method::RecordingPropose => run::<ProposeRecording>(context, request).await,
        Method::RecordingAnswer => run::<AnswerRecording>(context, request).await,
        Method::RecordingStop => run::<StopRecording>(context, request).await,
        Method::RecordingStatus => run::<GetRecording>(context, request).await,
        Method::RecordingList => run::<ListRecordings>(context, request).await,
        Method::RecordingFetch => run::<FetchRecording>(context, request).await,
        Method::RecordingVerify => run::<VerifyRecording>(context, request).await,
        Method::RecordingPlay => run::<PlayRecording>(context, request).await,
        Method::RecordingTracks => run::<ListTracks>(context, request).await,
        Method::RecordingRead => run::<ReadTrack>(context, request).await,
        Method::RecordingForget => run::<ForgetRecording>(context, request).await,
        Method::GroupCreate | Method::GroupJoin | Method::GroupLeave | Method::FileSend | Method::FileReceive => {
            Err(Code::NotSupported.into())
        }
    }
}

async fn run<C: Answers>(context: &Context, request: Request) -> Result<Value, RpcError> {
    let call: C = request.params()?;
    let answer = call.answer(context).await?;
    serde_json::to_value(answer).map_err(|_| Code::Internal.into())
}

/// The engine is gone.
pub(super) fn stopped(stopped: Stopped) -> RpcError {
    RpcError::new(Code::Internal, stopped.to_string())
}
