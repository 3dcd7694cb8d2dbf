//! What media peers report.

use livekit_protocol as lk;
use lk::{DisconnectReason, signal_response::Message};

use crate::{
    id::{ParticipantSid, PeerId, Slot, TrackSid},
    io::Output,
    limits::{KEY_FRAME_INTERVAL_MS, MAX_STREAMS},
    peer::{PeerCommand, PeerEvent},
    rights::Kind,
    room::{Room, Stream},
    sfu::Cx,
    table::Codec,
};

impl Room {
    pub(crate) fn peer_event(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, (peer, event): (PeerId, PeerEvent)) {
        match event {
            PeerEvent::Answered { id, sdp, sections } => {
                let message = description("answer", (id, sdp), sections);
                self.tell(cx, sid, Message::Answer(message));
                self.match_pending(cx, sid);
                self.next_offer(sid);
            }
            PeerEvent::Offered { id, sdp, sections } => {
                let message = description("offer", (id, sdp), sections);
                if let Some(participant) = self.participants.get_mut(sid) {
                    participant.negotiation.offered = Some(message.clone());
                }
                self.tell(cx, sid, Message::Offer(message));
            }
            PeerEvent::Settled => {
                if let Some(participant) = self.participants.get_mut(sid) {
                    participant.negotiation.outstanding = false;
                    participant.negotiation.offered = None;
                    if participant.negotiation.needed {
                        self.negotiate.insert(sid.clone());
                    }
                }
            }
            PeerEvent::Refused => self.leave(cx, sid, DisconnectReason::StateMismatch),
            PeerEvent::Connected => {
                if let Some(participant) = self.participants.get_mut(sid) {
                    participant.connected = true;
                }
                self.want_key_frames(cx, sid);
            }
            // The client decides: it resumes, or joins anew and replaces itself.
            PeerEvent::Failed => {}
            PeerEvent::Stream { mid, ssrc, payloads } => self.bind(cx, sid, (peer, &mid), (ssrc, payloads)),
            PeerEvent::KeyFrameWanted(slot) => self.key_frame_for(cx, sid, slot),
            PeerEvent::Data { channel, bytes } => self.data(cx, sid, (channel, &bytes)),
        }
    }

    /// A stream began. It is bound only to a published track of its own section, so what was never announced or allowed
    /// stays unknown to the table.
    fn bind(
        &mut self,
        cx: &mut Cx<'_>,
        sid: &ParticipantSid,
        (peer, mid): (PeerId, &str),
        (ssrc, payloads): (u32, Vec<(u8, Codec)>),
    ) {
        let Some(participant) = self.participants.get_mut(sid).filter(|p| p.publisher == peer) else { return };
        if participant.streams.len() >= MAX_STREAMS && !participant.streams.contains_key(&ssrc) {
            // Those of sections that send no longer make room: a section that sends again has its streams reported again.
            let sends = |stream: &Stream| participant.sections.iter().any(|s| s.sends && s.mid == stream.mid);
            participant.streams.retain(|_, stream| sends(stream));
            if participant.streams.len() >= MAX_STREAMS {
                return;
            }
        }
        participant.streams.insert(ssrc, Stream { mid: mid.to_owned(), payloads: payloads.clone() });
        let Some((track, found)) = participant.tracks.iter().find(|(_, track)| track.mid == mid) else { return };
        cx.table.bind((peer, ssrc), (found.key, found.layered), payloads);
        let track = track.clone();
        self.want_key_frame(cx, &track);
    }

    /// Key frames of all video that a participant receives.
    fn want_key_frames(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get(sid) else { return };
        let video = participant.subscriptions.iter().filter(|(_, subscription)| subscription.kind == Kind::Video);
        let tracks: Vec<_> = video.map(|(track, _)| track.clone()).collect();
        for track in tracks {
            self.want_key_frame(cx, &track);
        }
    }

    fn key_frame_for(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, slot: Slot) {
        let Some(participant) = self.participants.get(sid) else { return };
        let track = participant.subscriptions.iter().find(|(_, subscription)| subscription.slot == slot);
        if let Some(track) = track.map(|(track, _)| track.clone()) {
            self.want_key_frame(cx, &track);
        }
    }

    /// Asks the publisher for a key frame, at most once per half second and track; later wishes are kept.
    pub(crate) fn want_key_frame(&mut self, cx: &mut Cx<'_>, track: &TrackSid) {
        let now = cx.now;
        let Some(found) = self.track_mut(track).filter(|track| track.source.kind() == Kind::Video) else { return };
        if now.saturating_sub(found.key_frame_at) < KEY_FRAME_INTERVAL_MS {
            found.key_frame_wanted = true;
            return;
        }
        found.key_frame_wanted = false;
        found.key_frame_at = now;
        if let Some((peer, ssrc)) = cx.table.active(found.key) {
            cx.out.push(Output::Peer { peer, command: PeerCommand::WantKeyFrame(ssrc) });
        }
    }
}

fn description(
    kind: &str,
    (id, sdp): (u32, String),
    sections: std::collections::BTreeMap<String, TrackSid>,
) -> lk::SessionDescription {
    let mid_to_track_id = sections.into_iter().map(|(mid, track)| (mid, track.to_string())).collect();
    lk::SessionDescription { r#type: kind.into(), sdp, id, mid_to_track_id }
}
