//! Signalling messages of clients.

use std::collections::BTreeSet;

use livekit_protocol as lk;
use lk::{
    DisconnectReason,
    request_response::{Reason, Request},
    signal_request::Message as Asked,
    signal_response::Message,
};
use rand_core::CryptoRng;

use crate::{
    id::{ParticipantSid, TrackSid},
    io::{Offer, Output},
    limits::{MAX_MADE, MAX_WISHES},
    peer::PeerCommand,
    room::Room,
    sdp,
    sfu::Cx,
};

impl Room {
    /// A message of a client. Who sends more than the limit loses its seat: a dropped message would leave the two ends
    /// in different states.
    pub(crate) fn signal<R: CryptoRng + ?Sized>(
        &mut self,
        cx: &mut Cx<'_>,
        rng: &mut R,
        sid: &ParticipantSid,
        request: lk::SignalRequest,
    ) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        if !participant.signals.take(cx.now) {
            self.leave(cx, sid, DisconnectReason::StateMismatch);
            return;
        }
        let Some(asked) = request.message else { return };
        match asked {
            Asked::Offer(offer) => self.take_offer(cx, sid, Offer { id: offer.id, sdp: offer.sdp }),
            Asked::Answer(answer) => self.take_answer(cx, sid, &answer.sdp),
            Asked::AddTrack(request) => self.add_track(cx, rng, sid, request),
            Asked::Mute(mute) => self.mute_own(cx, sid, &mute),
            Asked::Subscription(wish) => self.change_subscriptions(cx, sid, &wish),
            Asked::TrackSetting(setting) => self.pause(cx, sid, &setting),
            Asked::Leave(_) => self.leave(cx, sid, DisconnectReason::ClientInitiated),
            Asked::Ping(sent) => self.tell(cx, sid, Message::Pong(sent)),
            Asked::PingReq(ping) => {
                let timestamp = i64::try_from(cx.now).unwrap_or(i64::MAX);
                self.tell(cx, sid, Message::PongResp(lk::Pong { last_ping_timestamp: ping.timestamp, timestamp }));
            }
            // Nobody renames itself or attaches attributes: a seat is its pseudonym.
            Asked::UpdateMetadata(lk::UpdateParticipantMetadata { request_id, .. }) => {
                let request = lk::UpdateParticipantMetadata { request_id, ..Default::default() };
                self.refuse_request(cx, sid, Reason::NotAllowed, (request_id, Request::UpdateMetadata(request)));
            }
            // Candidates of clients are not used; ends settle the rest by themselves or do not need it here.
            _ => {}
        }
    }

    /// Says that a request is refused. What is repeated of it must be short: answers wait for as long as nobody reads them.
    pub(crate) fn refuse_request(
        &self,
        cx: &mut Cx<'_>,
        sid: &ParticipantSid,
        reason: Reason,
        (request_id, request): (u32, Request),
    ) {
        let message = reason.as_str_name().to_lowercase().replace('_', " ");
        let response = lk::RequestResponse { request_id, reason: reason as i32, message, request: Some(request) };
        self.tell(cx, sid, Message::RequestResponse(response));
    }

    /// A client's offer: bounded, read, and applied together with the tracks that its new receiving sections are for.
    pub(crate) fn take_offer(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, offer: Offer) {
        let Ok(description) = sdp::read(&offer.sdp) else {
            self.leave(cx, sid, DisconnectReason::StateMismatch);
            return;
        };
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let known: BTreeSet<_> = participant.sections.iter().map(|section| section.mid.as_str()).collect();
        let fresh = |section: &&sdp::Section| !known.contains(section.mid.as_str());
        participant.made = participant.made.saturating_add(description.sections.iter().filter(fresh).count());
        if participant.made > MAX_MADE {
            self.begin_anew(cx, sid);
            return;
        }
        let attach = self.tracks_for_sections(cx, sid, &description);
        let Some(participant) = self.participants.get_mut(sid) else { return };
        participant.sections = description.sections;
        participant.section_count = description.count;
        participant.negotiation.answering = true;
        let command = PeerCommand::TakeOffer { id: offer.id, sdp: description.text, attach };
        cx.out.push(Output::Peer { peer: participant.publisher, command });
        self.end_stopped(cx, sid);
    }

    fn take_answer(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, answer: &str) {
        let Some(participant) = self.participants.get(sid) else { return };
        if participant.single || !participant.negotiation.outstanding {
            return;
        }
        match sdp::read(answer) {
            Ok(description) => {
                let command = PeerCommand::TakeAnswer { sdp: description.text };
                cx.out.push(Output::Peer { peer: participant.subscriber, command });
            }
            Err(_) => self.leave(cx, sid, DisconnectReason::StateMismatch),
        }
    }

    /// Mutes or opens one of the participant's own tracks; another's track id does nothing.
    fn mute_own(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, mute: &lk::MuteTrackRequest) {
        self.set_muted(cx, sid, &TrackSid::from(mute.sid.as_str()), mute.muted);
    }

    /// Pauses or resumes what the participant receives.
    fn pause(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, setting: &lk::UpdateTrackSettings) {
        for track in setting.track_sids.iter().take(MAX_WISHES).map(|track| TrackSid::from(track.as_str())) {
            let Some(participant) = self.participants.get(sid) else { return };
            if !participant.subscriptions.contains_key(&track) {
                continue;
            }
            let peer = participant.subscriber;
            let Some(key) = self.track(&track).map(|track| track.key) else { continue };
            if cx.table.set_paused(key, peer, setting.disabled) && !setting.disabled {
                self.want_key_frame(cx, &track);
            }
        }
    }
}
