//! Tracks: announced, matched with a media section, muted, withdrawn. Here the rights of the token are enforced first;
//! the table, which knows only what passed here, enforces them again for every packet.

use livekit_protocol as lk;
use lk::{
    request_response::{Reason, Request},
    signal_response::Message,
};
use rand_core::CryptoRng;

use crate::{
    id::{ParticipantSid, TrackSid, draw},
    io::Output,
    limits::{MAX_FEATURES, MAX_LAYERS, MAX_NAME, MAX_RID, MAX_TRACKS},
    peer::PeerCommand,
    rights::{Kind, Rights, Source},
    room::{Announced, Participant, Room, Track},
    sfu::Cx,
    table::Codec,
};

/// Whether every part of an announcement is as long as an honest one's may be: most of it is told to everybody.
fn bounded(request: &lk::AddTrackRequest) -> bool {
    let fits =
        |layers: &[lk::VideoLayer]| layers.len() <= MAX_LAYERS && layers.iter().all(|layer| layer.rid.len() <= MAX_RID);
    let codecs = &request.simulcast_codecs;
    let short = |text: &String| text.len() <= MAX_NAME;
    [&request.cid, &request.name, &request.stream, &request.sid].into_iter().all(short)
        && fits(&request.layers)
        && codecs.len() <= MAX_FEATURES
        && codecs.iter().all(|codec| short(&codec.codec) && short(&codec.cid) && fits(&codec.layers))
        && request.audio_features.len() <= MAX_FEATURES
        && request.packet_trailer_features.len() <= MAX_FEATURES
}

/// What a refusal repeats of an announcement: enough to know it by, not as much as a client cares to send.
fn shortened(request: lk::AddTrackRequest) -> lk::AddTrackRequest {
    let cid = Some(request.cid).filter(|cid| cid.len() <= MAX_NAME).unwrap_or_default();
    lk::AddTrackRequest { cid, r#type: request.r#type, source: request.source, ..Default::default() }
}

/// The source and codec of an announcement, if this participant may publish it.
fn check(participant: &Participant, request: &lk::AddTrackRequest) -> Result<(Source, Codec), Reason> {
    let source = Source::from_proto(request.source).ok_or(Reason::NotAllowed)?;
    let kind = match lk::TrackType::try_from(request.r#type) {
        Ok(lk::TrackType::Audio) => Kind::Audio,
        Ok(lk::TrackType::Video) => Kind::Video,
        _ => return Err(Reason::UnsupportedType),
    };
    if kind != source.kind() || !participant.rights.publish.contains(&source) {
        return Err(Reason::NotAllowed);
    }
    if participant.tracks.len() + participant.pending.len() >= MAX_TRACKS {
        return Err(Reason::LimitExceeded);
    }
    if request.cid.is_empty() || !bounded(request) {
        return Err(Reason::InvalidRequest);
    }
    let named = request.simulcast_codecs.first().and_then(|codec| Codec::from_name(&codec.codec));
    let codec = match kind {
        Kind::Audio => Codec::Opus,
        Kind::Video => named.filter(|codec| codec.kind() == Kind::Video).unwrap_or(Codec::Vp8),
    };
    Ok((source, codec))
}

#[expect(deprecated, reason = "clients still read the older fields for layers")]
fn track_info(sid: &TrackSid, request: &lk::AddTrackRequest, codec: Codec) -> lk::TrackInfo {
    let codecs = vec![lk::SimulcastCodecInfo {
        mime_type: codec.mime().into(),
        cid: request.cid.clone(),
        layers: request.layers.clone(),
        ..Default::default()
    }];
    lk::TrackInfo {
        sid: sid.to_string(),
        r#type: request.r#type,
        name: request.name.clone(),
        muted: request.muted,
        width: request.width,
        height: request.height,
        simulcast: request.layers.len() > 1,
        disable_dtx: request.disable_dtx,
        source: request.source,
        layers: request.layers.clone(),
        mime_type: codec.mime().into(),
        codecs: if codec.kind() == Kind::Video { codecs } else { Vec::new() },
        stereo: request.stereo,
        disable_red: true,
        encryption: request.encryption,
        stream: request.stream.clone(),
        ..Default::default()
    }
}

impl Room {
    pub(crate) fn track(&self, sid: &TrackSid) -> Option<&Track> {
        self.participants.get(self.owners.get(sid)?)?.tracks.get(sid)
    }

    pub(crate) fn track_mut(&mut self, sid: &TrackSid) -> Option<&mut Track> {
        self.participants.get_mut(self.owners.get(sid)?)?.tracks.get_mut(sid)
    }

    /// A client announces a track.
    pub(crate) fn add_track<R: CryptoRng + ?Sized>(
        &mut self,
        cx: &mut Cx<'_>,
        rng: &mut R,
        sid: &ParticipantSid,
        request: lk::AddTrackRequest,
    ) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let (source, codec) = match check(participant, &request) {
            Ok(allowed) => allowed,
            Err(reason) => {
                self.refuse_request(cx, sid, reason, (0, Request::AddTrack(shortened(request))));
                return;
            }
        };
        // The same id announced twice is one track: clients repeat themselves after a resume.
        let announced = participant.pending.entry(request.cid.clone()).or_insert_with(|| {
            let track = TrackSid::from(draw("TR_", rng));
            Announced { source, codec, layered: request.layers.len() > 1, info: track_info(&track, &request, codec) }
        });
        let published = lk::TrackPublishedResponse { cid: request.cid, track: Some(announced.info.clone()) };
        self.tell(cx, sid, Message::TrackPublished(published));
        self.match_pending(cx, sid);
    }

    /// Announced tracks whose media section is known become published. The section's kind must be the source's.
    pub(crate) fn match_pending(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let mut published = false;
        for section in participant.sections.iter().filter(|section| section.sends) {
            let Some(cid) = &section.cid else { continue };
            let fits = |announced: &Announced| announced.source.kind() == section.kind;
            if !participant.pending.get(cid).is_some_and(fits) {
                continue;
            }
            let Some(Announced { source, codec, layered, mut info }) = participant.pending.remove(cid) else {
                continue;
            };
            info.mid.clone_from(&section.mid);
            let (track_sid, key) = (TrackSid::from(info.sid.as_str()), cx.counters.track());
            let mid = section.mid.clone();
            let track = Track {
                key,
                source,
                codec,
                mid,
                info,
                layered,
                heard_of: false,
                key_frame_at: 0,
                key_frame_wanted: false,
            };
            cx.table.publish(key, source.kind(), track.open(&participant.rights));
            for (ssrc, stream) in participant.streams.iter().filter(|(_, stream)| stream.mid == section.mid) {
                cx.table.bind((participant.publisher, *ssrc), (key, layered), stream.payloads.clone());
            }
            participant.tracks.insert(track_sid.clone(), track);
            self.owners.insert(track_sid.clone(), sid.clone());
            self.fresh.push(track_sid);
            published = true;
        }
        if published {
            self.touch(sid);
        }
    }

    /// Tracks whose section sends no longer, or is another announced track's now, end: clients say it in no other way.
    pub(crate) fn end_stopped(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get(sid) else { return };
        let stopped = |track: &Track| {
            let section = participant.sections.iter().find(|section| section.mid == track.mid);
            let renewed = |cid: &String| participant.pending.contains_key(cid);
            section.is_none_or(|section| !section.sends || section.cid.as_ref().is_some_and(renewed))
        };
        let ended: Vec<_> =
            participant.tracks.iter().filter(|(_, track)| stopped(track)).map(|(track, _)| track.clone()).collect();
        for track in ended {
            self.unpublish(cx, sid, &track);
            self.touch(sid);
        }
    }

    /// Mutes or opens a track of this participant. Returns whether there is such a track.
    pub(crate) fn set_muted(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, track: &TrackSid, muted: bool) -> bool {
        let Some(participant) = self.participants.get_mut(sid) else { return false };
        let rights = participant.rights.clone();
        if let Some(announced) = participant.pending.values_mut().find(|a| a.info.sid == track.as_str()) {
            announced.info.muted = muted;
            return true;
        }
        let Some(found) = participant.tracks.get_mut(track) else { return false };
        if found.info.muted != muted {
            found.info.muted = muted;
            cx.table.set_open(found.key, found.open(&rights));
            self.touch(sid);
            if !muted {
                self.want_key_frame(cx, track);
            }
        }
        true
    }

    /// Gives a participant other rights; what they do not cover ends now.
    pub(crate) fn set_rights(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, rights: Rights) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        participant.rights = rights;
        self.apply_rights(cx, sid);
        self.touch(sid);
        if let Some(participant) = self.participants.get(sid) {
            // Others hear of it in the next round; the participant itself at once, before it acts on its new role.
            let info = participant.info(lk::participant_info::State::Active);
            self.tell(cx, sid, Message::Update(lk::ParticipantUpdate { participants: vec![info] }));
        }
    }

    /// Withdraws what the participant's rights do not cover.
    pub(crate) fn apply_rights(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let rights = participant.rights.clone();
        participant.pending.retain(|_, announced| rights.publish.contains(&announced.source));
        let kept = |track: &Track| rights.publish.contains(&track.source);
        let ended: Vec<_> =
            participant.tracks.iter().filter(|(_, track)| !kept(track)).map(|(track, _)| track.clone()).collect();
        for track in ended {
            self.unpublish(cx, sid, &track);
            let unpublished = lk::TrackUnpublishedResponse { track_sid: track.to_string() };
            self.tell(cx, sid, Message::TrackUnpublished(unpublished));
            self.touch(sid);
        }
        if rights.subscribe {
            self.subscribe_to_all(cx, sid);
        } else {
            self.unsubscribe_from_all(cx, sid);
        }
    }

    /// A track ends for everybody.
    pub(crate) fn unpublish(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, track: &TrackSid) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let Some(ended) = participant.tracks.remove(track) else { return };
        cx.table.unpublish(ended.key);
        self.owners.remove(track);
        self.fresh.retain(|fresh| fresh != track);
        let receivers: Vec<_> = self
            .participants
            .values_mut()
            .filter_map(|receiver| {
                let subscription = receiver.subscriptions.remove(track)?;
                Some((receiver.sid.clone(), receiver.subscriber, subscription))
            })
            .collect();
        for (receiver, peer, subscription) in receivers {
            if subscription.attached {
                cx.out.push(Output::Peer { peer, command: PeerCommand::Detach(subscription.slot) });
                self.negotiate_later(&receiver);
            }
        }
    }
}
