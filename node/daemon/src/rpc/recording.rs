//! `recording.*`: what a seat of this daemon takes part in, and what its library keeps (TOWNHALL 6).
//!
//! Plain files and addresses to fetch from are for the Unix socket: a page that has the token cannot have files written where it
//! likes, nor have the daemon ask machines that the page itself may not reach.

use std::path::Path;

use pars_identity::IdentityId;
use pars_proto::room::recording::RecordingTag;
use pars_rpc::recording::{
    AnswerRecording, FetchRecording, Fetched, ForgetRecording, Forgotten, GetRecording, ListRecordings, ListTracks,
    MAX_READ, MAX_VALID_SECONDS, PlayRecording, Played, ProposeRecording, ReadTrack, RecordingRow, RecordingStatus,
    StopRecording, TrackBytes, Tracks, Verified, VerifyRecording,
};
use pars_rpc::{Code, RpcError};
use pars_wire::RecordingId;
use pars_wire::limits::MAX_DUMMIES;

use super::answer::Answers;
use super::room::{malformed, rooms};
use super::{Context, Door};
use crate::recordings::{Forget, Library};
use crate::room::recording::Call;

/// Gateways that one call may name.
const MAX_FROM: usize = 8;

fn library(context: &Context) -> Result<&Library, RpcError> {
    context.library.as_ref().ok_or_else(|| Code::NotSupported.into())
}

fn span(id: pars_rpc::recording::RecordingId) -> RecordingId {
    RecordingId(id.0.into())
}

/// Only for programs of the daemon's own user.
fn own_user(context: &Context, sentence: &str) -> Result<(), RpcError> {
    if context.door == Door::Socket { Ok(()) } else { Err(RpcError::new(Code::InvalidRequest, sentence)) }
}

impl Answers for ProposeRecording {
    async fn answer(self, context: &Context) -> Result<RecordingStatus, RpcError> {
        let Self { room, executor, retention_seconds, valid_seconds, dummies } = self;
        if retention_seconds == 0 {
            return Err(malformed("retentionSeconds is 1 or more: everybody agrees to how long copies may be kept"));
        }
        if !(1..=MAX_VALID_SECONDS).contains(&valid_seconds) {
            return Err(malformed("validSeconds is 1 to 86,400"));
        }
        if dummies > MAX_DUMMIES {
            return Err(malformed(&format!("dummies are {MAX_DUMMIES} at most")));
        }
        let executor = executor.map(|id| IdentityId(id.0));
        rooms(context)?.recording(room, Call::Propose { executor, retention_seconds, valid_seconds, dummies }).await
    }
}

impl Answers for AnswerRecording {
    async fn answer(self, context: &Context) -> Result<RecordingStatus, RpcError> {
        let call = Call::Answer { recording: RecordingTag(self.recording.0.into()), agree: self.agree };
        rooms(context)?.recording(self.room, call).await
    }
}

impl Answers for StopRecording {
    async fn answer(self, context: &Context) -> Result<RecordingStatus, RpcError> {
        rooms(context)?.recording(self.room, Call::Stop).await
    }
}

impl Answers for GetRecording {
    async fn answer(self, context: &Context) -> Result<RecordingStatus, RpcError> {
        rooms(context)?.recording(self.room, Call::Status).await
    }
}

impl Answers for ListRecordings {
    async fn answer(self, context: &Context) -> Result<Vec<RecordingRow>, RpcError> {
        Ok(library(context)?.list().await?)
    }
}

impl Answers for FetchRecording {
    async fn answer(self, context: &Context) -> Result<Fetched, RpcError> {
        if !self.from.is_empty() {
            own_user(context, "gateways are named in the settings, or over the Unix socket: parsctl recording fetch")?;
        }
        if self.from.len() > MAX_FROM {
            return Err(malformed("at most 8 gateways are asked at once"));
        }
        Ok(library(context)?.fetch(span(self.span), &self.from).await?)
    }
}

impl Answers for VerifyRecording {
    async fn answer(self, context: &Context) -> Result<Verified, RpcError> {
        Ok(library(context)?.verify(span(self.span)).await?)
    }
}

impl Answers for PlayRecording {
    async fn answer(self, context: &Context) -> Result<Played, RpcError> {
        own_user(context, "plain files are written over the Unix socket only: parsctl recording play")?;
        Ok(library(context)?.play(span(self.span), Path::new(&self.folder)).await?)
    }
}

impl Answers for ListTracks {
    async fn answer(self, context: &Context) -> Result<Tracks, RpcError> {
        Ok(library(context)?.tracks(span(self.span)).await?)
    }
}

impl Answers for ReadTrack {
    async fn answer(self, context: &Context) -> Result<TrackBytes, RpcError> {
        if !(1..=MAX_READ).contains(&self.length) {
            return Err(malformed("length is 1 to 262,144 bytes"));
        }
        Ok(library(context)?.read(span(self.span), self.track, self.offset, self.length).await?)
    }
}

impl Answers for ForgetRecording {
    async fn answer(self, context: &Context) -> Result<Forgotten, RpcError> {
        let what = match (self.span, self.recording) {
            (Some(id), None) => Forget::Span(span(id)),
            (None, Some(tag)) => Forget::Recording(RecordingTag(tag.0.into())),
            (None, None) | (Some(_), Some(_)) => return Err(malformed("name either a span or a recording")),
        };
        Ok(library(context)?.forget(what).await?)
    }
}
