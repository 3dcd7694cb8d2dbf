//! The part of LiveKit's RoomService that a room's host uses, with the protocol's own messages.

use livekit_protocol as lk;
use lk::{DisconnectReason, participant_info::State, signal_response::Message};
use rand_core::CryptoRng;
use thiserror::Error;

use crate::{
    id::{Identity, RoomName, TrackSid, draw},
    io::Output,
    limits::{CLOCK_TOLERANCE_S, MAX_NAME, MAX_PARTICIPANTS, MAX_ROOMS},
    rights::Rights,
    room::Room,
    sfu::Sfu,
};

/// A request of a host.
#[derive(Debug, Clone, PartialEq)]
pub enum AdminRequest {
    /// Opens a room, or says how one that is open stands.
    CreateRoom(Box<lk::CreateRoomRequest>),
    /// Ends a room for everybody.
    DeleteRoom(lk::DeleteRoomRequest),
    /// Who is in a room.
    ListParticipants(lk::ListParticipantsRequest),
    /// Removes a participant and revokes its tokens.
    RemoveParticipant(lk::RoomParticipantIdentity),
    /// Mutes or opens a track.
    MutePublishedTrack(lk::MuteRoomTrackRequest),
    /// Gives a participant other rights.
    UpdateParticipant(lk::UpdateParticipantRequest),
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq)]
pub enum AdminReply {
    /// To `CreateRoom`.
    Room(lk::Room),
    /// To `DeleteRoom` and `RemoveParticipant`.
    Done,
    /// To `ListParticipants`.
    Participants(lk::ListParticipantsResponse),
    /// To `MutePublishedTrack`.
    Track(lk::MuteRoomTrackResponse),
    /// To `UpdateParticipant`.
    Participant(lk::ParticipantInfo),
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AdminError {
    /// No such room.
    #[error("no room of this name is open; create it first")]
    NoRoom,
    /// No such participant.
    #[error("nobody of this identity is in the room; list its participants")]
    NoParticipant,
    /// No such track.
    #[error("the participant has no track of this id; list its participants")]
    NoTrack,
    /// A name that is empty or longer than 256 characters.
    #[error("the room's name is empty or longer than 256 characters")]
    Name,
    /// As many rooms as the server holds.
    #[error("the server holds as many rooms as it may; delete one first")]
    Rooms,
    /// A field this server does not change.
    #[error("only the permission of a participant can be changed; leave name, metadata and attributes empty")]
    Unsupported,
    /// A track that another is to open. Clients would open the microphone at once: nobody's device is opened for them.
    #[error("a track is opened by its owner alone; ask its owner to unmute it")]
    Unmute,
}

/// Up to which not-before, in Unix seconds, a decision of now is newer than a token: its maker's clock may be ahead of ours by what
/// is tolerated at the door, so a token that was made before may bear a later time.
const fn decided(now: u64) -> u64 {
    (now / 1_000).saturating_add(CLOCK_TOLERANCE_S)
}

impl AdminRequest {
    /// The room it is about.
    pub fn room(&self) -> &str {
        match self {
            Self::CreateRoom(request) => &request.name,
            Self::DeleteRoom(request) => &request.room,
            Self::ListParticipants(request) => &request.room,
            Self::RemoveParticipant(request) => &request.room,
            Self::MutePublishedTrack(request) => &request.room,
            Self::UpdateParticipant(request) => &request.room,
        }
    }
}

impl Sfu {
    /// Carries out a request of a host whose token was checked.
    pub fn admin<R: CryptoRng + ?Sized>(
        &mut self,
        now: u64,
        rng: &mut R,
        request: AdminRequest,
        out: &mut Vec<Output>,
    ) -> Result<AdminReply, AdminError> {
        match request {
            AdminRequest::CreateRoom(request) => self.create_room(now, rng, &request).map(AdminReply::Room),
            AdminRequest::DeleteRoom(request) => {
                let known = self.close_room(now, &RoomName::from(request.room), out);
                known.then_some(AdminReply::Done).ok_or(AdminError::NoRoom)
            }
            AdminRequest::ListParticipants(request) => {
                let room = self.rooms.get(&RoomName::from(request.room)).ok_or(AdminError::NoRoom)?;
                let participants = room.participants.values().map(|p| p.info(State::Active)).collect();
                Ok(AdminReply::Participants(lk::ListParticipantsResponse { participants }))
            }
            AdminRequest::RemoveParticipant(request) => self.remove(now, &request, out),
            AdminRequest::MutePublishedTrack(request) => self.mute(now, &request, out),
            AdminRequest::UpdateParticipant(request) => self.update(now, &request, out),
        }
    }

    fn create_room<R: CryptoRng + ?Sized>(
        &mut self,
        now: u64,
        rng: &mut R,
        request: &lk::CreateRoomRequest,
    ) -> Result<lk::Room, AdminError> {
        if request.name.is_empty() || request.name.len() > MAX_NAME {
            return Err(AdminError::Name);
        }
        let name = RoomName::from(request.name.as_str());
        if let Some(room) = self.rooms.get(&name) {
            return Ok(room.info());
        }
        if self.rooms.len() >= MAX_ROOMS {
            return Err(AdminError::Rooms);
        }
        let mut trailer = [0u8; 16];
        rng.fill_bytes(&mut trailer);
        let mut room = Room::new(now, name.clone(), draw("RM_", rng), trailer);
        let asked = usize::try_from(request.max_participants).unwrap_or(MAX_PARTICIPANTS);
        room.capacity = if asked == 0 { MAX_PARTICIPANTS } else { asked.min(MAX_PARTICIPANTS) };
        room.empty_timeout = u64::from(request.empty_timeout) * 1_000;
        let info = room.info();
        self.rooms.insert(name, room);
        Ok(info)
    }

    pub(crate) fn close_room(&mut self, now: u64, name: &RoomName, out: &mut Vec<Output>) -> bool {
        self.at_room(now, name, out, |room, cx| room.close(cx));
        self.rooms.remove(name).is_some()
    }

    fn remove(
        &mut self,
        now: u64,
        request: &lk::RoomParticipantIdentity,
        out: &mut Vec<Output>,
    ) -> Result<AdminReply, AdminError> {
        let removed = self.at_room(now, &RoomName::from(request.room.as_str()), out, |room, cx| {
            let asked = u64::try_from(request.revoke_token_ts).ok().filter(|until| *until > 0);
            let until = asked.unwrap_or_else(|| decided(now));
            // Also for somebody who is not there now: the tokens live all the same.
            room.orders.remove(Identity::from(request.identity.as_str()), until);
            let sid = room.by_identity(&request.identity).cloned().ok_or(AdminError::NoParticipant)?;
            room.leave(cx, &sid, DisconnectReason::ParticipantRemoved);
            Ok(AdminReply::Done)
        });
        removed.unwrap_or(Err(AdminError::NoRoom))
    }

    fn mute(
        &mut self,
        now: u64,
        request: &lk::MuteRoomTrackRequest,
        out: &mut Vec<Output>,
    ) -> Result<AdminReply, AdminError> {
        if !request.muted {
            return Err(AdminError::Unmute);
        }
        let muted = self.at_room(now, &RoomName::from(request.room.as_str()), out, |room, cx| {
            let sid = room.by_identity(&request.identity).cloned().ok_or(AdminError::NoParticipant)?;
            let track = TrackSid::from(request.track_sid.as_str());
            if !room.set_muted(cx, &sid, &track, true) {
                return Err(AdminError::NoTrack);
            }
            let told = lk::MuteTrackRequest { sid: request.track_sid.clone(), muted: true };
            room.tell(cx, &sid, Message::Mute(told));
            let track = room.track(&track).map(|track| track.info.clone());
            Ok(AdminReply::Track(lk::MuteRoomTrackResponse { track }))
        });
        muted.unwrap_or(Err(AdminError::NoRoom))
    }

    fn update(
        &mut self,
        now: u64,
        request: &lk::UpdateParticipantRequest,
        out: &mut Vec<Output>,
    ) -> Result<AdminReply, AdminError> {
        if !request.name.is_empty() || !request.metadata.is_empty() || !request.attributes.is_empty() {
            return Err(AdminError::Unsupported);
        }
        let updated = self.at_room(now, &RoomName::from(request.room.as_str()), out, |room, cx| {
            let rights = request.permission.as_ref().map(Rights::from_permission);
            // Also for somebody who is not there now: it may come back with an older token.
            if let Some(rights) = &rights {
                room.orders.change(Identity::from(request.identity.as_str()), decided(now), rights.clone());
            }
            let sid = room.by_identity(&request.identity).cloned().ok_or(AdminError::NoParticipant)?;
            if let Some(rights) = rights {
                room.set_rights(cx, &sid, rights);
            }
            let participant = room.participants.get(&sid).ok_or(AdminError::NoParticipant)?;
            Ok(AdminReply::Participant(participant.info(State::Active)))
        });
        updated.unwrap_or(Err(AdminError::NoRoom))
    }
}
