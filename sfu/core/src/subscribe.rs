//! Who receives which track, and the descriptions that carry them. In version 0 the server offers; in version 1 the
//! client does, and the server says how many sections it lacks.

use livekit_protocol as lk;
use lk::signal_response::Message;

use crate::{
    id::{ParticipantSid, Slot, TrackSid},
    io::Output,
    limits::{MAX_LIVE_BEFORE_RECONNECT, MAX_SECTIONS, MAX_SUBSCRIPTIONS, MAX_WISHES},
    peer::{Attach, PeerCommand},
    rights::Kind,
    room::{Request, Room, Subscription},
    sdp::Description,
    sfu::Cx,
};

fn index(kind: Kind) -> usize {
    match kind {
        Kind::Audio => 0,
        Kind::Video => 1,
    }
}

/// Takes up to one of a pair of counts.
fn take_one(counts: &mut [u32; 2], kind: Kind) -> bool {
    let Some(count) = counts.get_mut(index(kind)) else { return false };
    let taken = *count > 0;
    *count = count.saturating_sub(1);
    taken
}

fn add(counts: &mut [u32; 2], kind: Kind, more: u32) {
    if let Some(count) = counts.get_mut(index(kind)) {
        *count = count.saturating_add(more);
    }
}

impl Room {
    /// A description is due for this participant at the next flush.
    pub(crate) fn negotiate_later(&mut self, sid: &ParticipantSid) {
        if let Some(participant) = self.participants.get_mut(sid) {
            participant.negotiation.needed = true;
            self.negotiate.insert(sid.clone());
        }
    }

    /// Subscribes to every track that is there, if the participant wants that.
    pub(crate) fn subscribe_to_all(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        if self.participants.get(sid).is_some_and(|participant| participant.auto_subscribe) {
            let tracks: Vec<_> = self.owners.keys().filter(|track| !self.fresh.contains(track)).cloned().collect();
            for track in tracks {
                self.subscribe(cx, sid, &track);
            }
        }
    }

    /// New tracks to everybody who wants all.
    pub(crate) fn subscribe_all_to_fresh(&mut self, cx: &mut Cx<'_>) {
        for track in std::mem::take(&mut self.fresh) {
            let receivers: Vec<_> =
                self.participants.values().filter(|p| p.auto_subscribe).map(|p| p.sid.clone()).collect();
            for receiver in receivers {
                self.subscribe(cx, &receiver, &track);
            }
        }
    }

    /// What a client asks to receive or not to receive.
    pub(crate) fn change_subscriptions(
        &mut self,
        cx: &mut Cx<'_>,
        sid: &ParticipantSid,
        wish: &lk::UpdateSubscription,
    ) {
        let by_participant = wish.participant_tracks.iter().flat_map(|tracks| &tracks.track_sids);
        for track in wish.track_sids.iter().chain(by_participant).take(MAX_WISHES) {
            let track = TrackSid::from(track.as_str());
            if wish.subscribe {
                self.subscribe(cx, sid, &track);
            } else {
                self.unsubscribe(cx, sid, &track);
            }
        }
    }

    fn subscribe(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, track: &TrackSid) {
        let Some(owner) = self.owners.get(track).cloned().filter(|owner| owner != sid) else { return };
        let Some((kind, codec, key, heard_of)) =
            self.track(track).map(|found| (found.source.kind(), found.codec, found.key, found.heard_of))
        else {
            return;
        };
        let Some(participant) = self.participants.get_mut(sid) else { return };
        if !participant.rights.subscribe || participant.subscriptions.contains_key(track) {
            return;
        }
        let slot = Slot(participant.next_slot);
        if participant.next_slot >= MAX_SUBSCRIPTIONS {
            // Media sections are never used twice. Where most lie idle, a new connection gives room again.
            if participant.subscriptions.len() < MAX_LIVE_BEFORE_RECONNECT {
                self.send_for_anew(cx, sid);
            }
            return;
        }
        participant.next_slot = participant.next_slot.saturating_add(1);
        let single = participant.single;
        participant.subscriptions.insert(track.clone(), Subscription { slot, kind, attached: !single });
        if !single {
            let peer = participant.subscriber;
            let attach = Attach { slot, track: track.clone(), owner: owner.clone(), kind, codec };
            cx.table.add_sink(key, peer, slot);
            cx.out.push(Output::Peer { peer, command: PeerCommand::Attach(attach) });
        }
        self.negotiate_later(sid);
        if !heard_of {
            if let Some(found) = self.track_mut(track) {
                found.heard_of = true;
            }
            self.tell(cx, &owner, Message::TrackSubscribed(lk::TrackSubscribed { track_sid: track.to_string() }));
        }
    }

    fn unsubscribe(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, track: &TrackSid) {
        let key = self.track(track).map(|track| track.key);
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let (peer, ended) = (participant.subscriber, participant.subscriptions.remove(track));
        if let Some(key) = key {
            cx.table.remove_sink(key, peer);
        }
        if let Some(subscription) = ended.filter(|subscription| subscription.attached) {
            cx.out.push(Output::Peer { peer, command: PeerCommand::Detach(subscription.slot) });
            self.negotiate_later(sid);
        }
    }

    pub(crate) fn unsubscribe_from_all(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        let tracks: Vec<_> =
            self.participants.get(sid).map(|p| p.subscriptions.keys().cloned().collect()).unwrap_or_default();
        for track in tracks {
            self.unsubscribe(cx, sid, &track);
        }
    }

    /// Version 1: waiting tracks for the receiving sections that an offer brings, oldest first. A section that nothing
    /// waits for any more stays idle.
    pub(crate) fn tracks_for_sections(
        &mut self,
        cx: &mut Cx<'_>,
        sid: &ParticipantSid,
        description: &Description,
    ) -> Vec<Attach> {
        let Some(participant) = self.participants.get_mut(sid).filter(|p| p.single) else { return Vec::new() };
        let known: Vec<_> = participant.sections.iter().map(|section| section.mid.clone()).collect();
        let mut made = [0u32; 2];
        for section in &description.sections {
            if section.receives && !section.sends && !known.contains(&section.mid) {
                take_one(&mut participant.negotiation.asked, section.kind);
                add(&mut made, section.kind, 1);
            }
        }
        let peer = participant.subscriber;
        let mut waiting: Vec<_> = participant.subscriptions.iter_mut().filter(|(_, s)| !s.attached).collect();
        waiting.sort_by_key(|(_, subscription)| subscription.slot);
        let mut taken = Vec::new();
        for (track, subscription) in waiting {
            if take_one(&mut made, subscription.kind) {
                subscription.attached = true;
                taken.push((track.clone(), subscription.slot, subscription.kind));
            }
        }
        let attach = taken.into_iter().filter_map(|(track, slot, kind)| {
            let (owner, found) = (self.owners.get(&track)?.clone(), self.track(&track)?);
            cx.table.add_sink(found.key, peer, slot);
            Some(Attach { slot, track, owner, kind, codec: found.codec })
        });
        attach.collect()
    }

    /// Version 1: an offer is answered. What was subscribed to while it was on its way waits for the next one.
    pub(crate) fn next_offer(&mut self, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid).filter(|p| p.single) else { return };
        participant.negotiation.answering = false;
        if participant.subscriptions.values().all(|subscription| subscription.attached) {
            return;
        }
        let negotiation = &mut participant.negotiation;
        if negotiation.asked != [0, 0] && negotiation.request == Request::Sent {
            negotiation.request = Request::Crossed;
        }
        self.negotiate_later(sid);
    }

    /// Asks for or makes the description that is due.
    pub(crate) fn negotiate(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        if !std::mem::take(&mut participant.negotiation.needed) {
            return;
        }
        if participant.single {
            self.ask_for_sections(cx, sid);
        } else if participant.negotiation.outstanding {
            participant.negotiation.needed = true;
        } else {
            participant.negotiation.outstanding = true;
            participant.negotiation.offer_id = participant.negotiation.offer_id.saturating_add(1);
            let command = PeerCommand::MakeOffer { id: participant.negotiation.offer_id };
            cx.out.push(Output::Peer { peer: participant.subscriber, command });
        }
    }

    fn ask_for_sections(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        // The answer goes first: LiveKit's native client stops reading for good when it is to make another offer before the
        // one it joined with is answered.
        let Some(participant) = self.participants.get_mut(sid).filter(|p| !p.negotiation.answering) else { return };
        let mut lacking = [0u32; 2];
        for subscription in participant.subscriptions.values().filter(|subscription| !subscription.attached) {
            add(&mut lacking, subscription.kind, 1);
        }
        let waiting = lacking;
        let mut room = u32::try_from(MAX_SECTIONS.saturating_sub(participant.section_count)).unwrap_or(0);
        let mut asked = participant.negotiation.asked;
        for (lacking, asked) in lacking.iter_mut().zip(&mut asked) {
            room = room.saturating_sub(*asked);
            *lacking = lacking.saturating_sub(*asked).min(room);
            room -= *lacking;
            *asked += *lacking;
        }
        let live = participant.tracks.len() + participant.subscriptions.len();
        let negotiation = &mut participant.negotiation;
        negotiation.asked = asked;
        // Not everything finds room in its description, own sections that lie idle included.
        if live < MAX_LIVE_BEFORE_RECONNECT && asked.iter().zip(&waiting).any(|(asked, waiting)| asked < waiting) {
            self.send_for_anew(cx, sid);
            return;
        }
        let [num_audios, num_videos] = lacking;
        if num_audios + num_videos > 0 {
            negotiation.request = Request::Sent;
        } else if negotiation.request == Request::Crossed {
            // A request for none makes a client offer what it has. One that is asked while it makes an offer adds the sections
            // too late for that one, and LiveKit's native client then waits for another reason to offer. The next offer has
            // them in any case: the request came before the answer. So once is enough.
            negotiation.request = Request::Repeated;
        } else {
            return;
        }
        let requirement = lk::MediaSectionsRequirement { num_audios, num_videos };
        self.tell(cx, sid, Message::MediaSectionsRequirement(requirement));
    }
}
