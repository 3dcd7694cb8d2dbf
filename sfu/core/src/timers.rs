//! What happens by time: rounds of updates, descriptions, key frames, seats that nobody came back to, rooms that ended.
//!
//! Updates go out at once in a small room and in rounds in a large one: at most one message a second to each of 1,000,
//! however many join in that second.

use livekit_protocol as lk;
use lk::{DisconnectReason, participant_info::State, signal_response::Message};

use crate::{
    io::Output,
    limits::{
        CONNECT_WINDOW_MS, KEY_FRAME_INTERVAL_MS, MAX_UPDATE_INTERVAL_MS, RESUME_WINDOW_MS, ROOM_LIFE_MS,
        UPDATE_MS_PER_PARTICIPANT,
    },
    room::{Participant, Room, Track},
    sfu::{Cx, Sfu},
};

impl Participant {
    /// When its seat is given up.
    fn expires(&self) -> Option<u64> {
        let lost = self.lost.map(|lost| lost.saturating_add(RESUME_WINDOW_MS));
        let unconnected = (!self.connected).then(|| self.joined.saturating_add(CONNECT_WINDOW_MS));
        lost.into_iter().chain(unconnected).min()
    }
}

fn key_frame_due(track: &Track) -> Option<u64> {
    track.key_frame_wanted.then(|| track.key_frame_at.saturating_add(KEY_FRAME_INTERVAL_MS))
}

impl Room {
    fn update_interval(&self) -> u64 {
        let participants = u64::try_from(self.participants.len()).unwrap_or(u64::MAX);
        participants.saturating_mul(UPDATE_MS_PER_PARTICIPANT).min(MAX_UPDATE_INTERVAL_MS)
    }

    fn flush_due(&self) -> Option<u64> {
        let ready = |sid: &_| {
            self.participants.get(sid).is_some_and(|p| p.negotiation.needed && (p.single || !p.negotiation.outstanding))
        };
        let waits = !self.changed.is_empty()
            || self.gone.iter().any(|gone| !gone.told)
            || !self.fresh.is_empty()
            || self.negotiate.iter().any(ready);
        waits.then(|| self.flushed.saturating_add(self.update_interval()))
    }

    pub(crate) fn ends(&self) -> u64 {
        let by_life = self.created.saturating_add(ROOM_LIFE_MS);
        if self.participants.is_empty() && self.empty_timeout > 0 {
            by_life.min(self.empty_since.saturating_add(self.empty_timeout))
        } else {
            by_life
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let participants = self.participants.values();
        let key_frames = participants.clone().flat_map(|p| p.tracks.values()).filter_map(key_frame_due);
        let seats = participants.filter_map(Participant::expires);
        [Some(self.ends()), self.flush_due()].into_iter().flatten().chain(key_frames).chain(seats).min()
    }

    /// Sends what has gathered, if the interval has passed.
    pub(crate) fn flush_if_due(&mut self, cx: &mut Cx<'_>) {
        if self.flush_due().is_some_and(|due| due <= cx.now) {
            self.flush(cx);
        }
    }

    fn flush(&mut self, cx: &mut Cx<'_>) {
        self.flushed = cx.now;
        // Who left goes first: clients know others by identity, which who comes back at once has in common with its old seat.
        let mut participants = Vec::new();
        for gone in self.gone.iter_mut().filter(|gone| !gone.told) {
            gone.told = true;
            participants.push(gone.info.clone());
        }
        let changed = std::mem::take(&mut self.changed);
        let visible = changed.iter().filter_map(|sid| self.participants.get(sid)).filter(|p| !p.rights.hidden);
        participants.extend(visible.map(|p| p.info(State::Active)));
        let to: Vec<_> = self.participants.values().filter_map(|p| p.connection).collect();
        if !participants.is_empty() && !to.is_empty() {
            cx.out.push(Output::Signal { to, message: Message::Update(lk::ParticipantUpdate { participants }) });
        }
        // Only now, so that nobody receives a track of somebody it has not heard of.
        self.subscribe_all_to_fresh(cx);
        for sid in std::mem::take(&mut self.negotiate) {
            self.negotiate(cx, &sid);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now;
        self.gone.retain(|gone| !gone.told || now.saturating_sub(gone.at) < RESUME_WINDOW_MS);
        let due = |participant: &&Participant| participant.expires().is_some_and(|at| at <= now);
        let expired: Vec<_> = self.participants.values().filter(due).map(|p| p.sid.clone()).collect();
        for sid in expired {
            self.leave(cx, &sid, DisconnectReason::ConnectionTimeout);
        }
        let tracks = self.participants.values().flat_map(|p| &p.tracks);
        let due = tracks.filter(|(_, track)| key_frame_due(track).is_some_and(|at| at <= now));
        let wanted: Vec<_> = due.map(|(sid, _)| sid.clone()).collect();
        for track in wanted {
            self.want_key_frame(cx, &track);
        }
    }

    /// Everybody leaves.
    pub(crate) fn close(&mut self, cx: &mut Cx<'_>) {
        let everybody: Vec<_> = self.participants.keys().cloned().collect();
        for sid in everybody {
            self.leave(cx, &sid, DisconnectReason::RoomDeleted);
        }
    }
}

impl Sfu {
    pub(crate) fn tick(&mut self, now: u64, out: &mut Vec<Output>) {
        let names: Vec<_> = self.rooms.keys().cloned().collect();
        for name in names {
            self.at_room(now, &name, out, |room, cx| room.tick(cx));
            if self.rooms.get(&name).is_some_and(|room| room.ends() <= now) {
                self.close_room(now, &name, out);
            }
        }
    }
}
