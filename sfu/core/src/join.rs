//! Joining, replacing, resuming, losing the socket, leaving.

use livekit_protocol as lk;
use lk::{DisconnectReason, leave_request::Action, participant_info::State, signal_response::Message};
use rand_core::CryptoRng;

use crate::{
    id::{ConnectionId, ParticipantSid, draw},
    io::{Join, Output, Refusal},
    limits::{PING_INTERVAL_S, PING_TIMEOUT_S, SIGNALS_PER_JOIN},
    peer::{PeerCommand, PeerRole},
    room::{Gone, Participant, Request, Room},
    sfu::{Cx, Sfu},
    table::Codec,
};

/// Signalling version that clients are told.
const PROTOCOL: i32 = 16;
/// Version of LiveKit whose behaviour is followed; clients choose features by it.
const VERSION: &str = "1.9.0";

impl Sfu {
    pub(crate) fn join<R: CryptoRng + ?Sized>(
        &mut self,
        now: u64,
        rng: &mut R,
        (connection, join): (ConnectionId, Join),
        out: &mut Vec<Output>,
    ) {
        if let Err(refusal) = self.admits(&join.grant) {
            refuse(connection, refusal, out);
            return;
        }
        let name = join.grant.room.clone();
        self.at_room(now, &name, out, |room, cx| match join.resume.clone() {
            Some(sid) => room.resume(cx, rng, &sid, (connection, join)),
            None => room.enter(cx, rng, (connection, join)),
        });
    }
}

fn refuse(connection: ConnectionId, refusal: Refusal, out: &mut Vec<Output>) {
    let reason = match refusal {
        Refusal::Revoked => DisconnectReason::ParticipantRemoved,
        Refusal::NoRoom => DisconnectReason::RoomClosed,
        Refusal::Full | Refusal::Identity | Refusal::Often => DisconnectReason::JoinFailure,
    };
    out.push(Output::Signal { to: vec![connection], message: leave_message(reason, Action::Disconnect) });
    out.push(Output::Close { connection });
}

pub(crate) fn leave_message(reason: DisconnectReason, action: Action) -> Message {
    Message::Leave(lk::LeaveRequest {
        can_reconnect: action != Action::Disconnect,
        reason: reason as i32,
        action: action as i32,
        ..Default::default()
    })
}

fn server_info() -> lk::ServerInfo {
    lk::ServerInfo { version: VERSION.into(), protocol: PROTOCOL, ..Default::default() }
}

impl Room {
    fn enter<R: CryptoRng + ?Sized>(&mut self, cx: &mut Cx<'_>, rng: &mut R, (connection, join): (ConnectionId, Join)) {
        let old = self.identities.get(&join.grant.identity).cloned();
        // The allowance goes with the identity: a new seat gives no new one, nor does leaving before.
        let mut signals = match &old {
            Some(old) => self.participants.get(old).map(|old| old.signals),
            None => {
                let same = |gone: &&Gone| gone.info.identity == join.grant.identity.as_str();
                self.gone.iter().rev().find(same).map(|gone| gone.signals)
            }
        };
        if signals.as_mut().is_some_and(|signals| !signals.take_many(cx.now, SIGNALS_PER_JOIN)) {
            refuse(connection, Refusal::Often, cx.out);
            return;
        }
        if let Some(old) = old {
            self.leave(cx, &old, DisconnectReason::DuplicateIdentity);
        }
        let sid = ParticipantSid::from(draw("PA_", rng));
        let publisher = cx.counters.peer();
        let subscriber = if join.single { publisher } else { cx.counters.peer() };
        let mut participant = Participant::new(cx.now, sid.clone(), &join.grant, (publisher, subscriber));
        participant.rights = self.orders.rights(&join.grant);
        participant.auto_subscribe = join.auto_subscribe;
        participant.connection = Some(connection);
        participant.signals = signals.unwrap_or(participant.signals);
        let roles = if join.single {
            vec![(publisher, PeerRole::Single)]
        } else {
            vec![(publisher, PeerRole::Publisher), (subscriber, PeerRole::Subscriber)]
        };
        for (peer, role) in roles {
            cx.peers.insert(peer, (self.name.clone(), sid.clone()));
            cx.out.push(Output::Peer { peer, command: PeerCommand::Create(role) });
        }
        cx.connections.insert(connection, (self.name.clone(), sid.clone()));
        self.identities.insert(join.grant.identity, sid.clone());
        let own = participant.info(State::Joined);
        self.participants.insert(sid.clone(), participant);
        self.tell(cx, &sid, Message::Join(self.join_response(&sid, own, !join.single)));
        for request in join.tracks {
            self.add_track(cx, rng, &sid, request);
        }
        if let Some(offer) = join.offer {
            self.take_offer(cx, &sid, offer);
        }
        self.changed.insert(sid.clone());
        self.subscribe_to_all(cx, &sid);
        if !join.single {
            self.negotiate_later(&sid);
        }
    }

    fn join_response(&self, sid: &ParticipantSid, own: lk::ParticipantInfo, primary: bool) -> lk::JoinResponse {
        let codec = |codec: Codec| lk::Codec { mime: codec.mime().into(), ..Default::default() };
        lk::JoinResponse {
            room: Some(self.info()),
            participant: Some(own),
            other_participants: self.infos_for(sid),
            server_version: VERSION.into(),
            subscriber_primary: primary,
            // Version 1: with this a native client's offers follow each other. Without it, it waits 150 ms for each, and a
            // request for sections that meets its own offer on a way of more than that makes it stop reading for good.
            fast_publish: !primary,
            ping_timeout: PING_TIMEOUT_S,
            ping_interval: PING_INTERVAL_S,
            server_info: Some(server_info()),
            sif_trailer: self.sif_trailer.to_vec(),
            enabled_publish_codecs: [Codec::Vp8, Codec::H264, Codec::Opus].map(codec).to_vec(),
            ..Default::default()
        }
    }

    /// A client comes back within the window: same identity, same room, the rights it had. Otherwise it is told to
    /// join anew.
    fn resume<R: CryptoRng + ?Sized>(
        &mut self,
        cx: &mut Cx<'_>,
        rng: &mut R,
        sid: &ParticipantSid,
        (connection, join): (ConnectionId, Join),
    ) {
        let known = self.participants.get_mut(sid);
        let Some(participant) = known.filter(|p| p.identity == join.grant.identity && p.single == join.single) else {
            let message = leave_message(DisconnectReason::StateMismatch, Action::Reconnect);
            cx.out.push(Output::Signal { to: vec![connection], message });
            cx.out.push(Output::Close { connection });
            return;
        };
        if !participant.signals.take_many(cx.now, SIGNALS_PER_JOIN) {
            refuse(connection, Refusal::Often, cx.out);
            return;
        }
        participant.lost = None;
        if let Some(old) = participant.connection.replace(connection) {
            cx.connections.remove(&old);
            cx.out.push(Output::Close { connection: old });
        }
        let offered = participant.negotiation.offered.clone().filter(|_| participant.negotiation.outstanding);
        (participant.negotiation.asked, participant.negotiation.request) = ([0, 0], Request::Sent);
        cx.connections.insert(connection, (self.name.clone(), sid.clone()));
        let reconnect = lk::ReconnectResponse { server_info: Some(server_info()), ..Default::default() };
        self.tell(cx, sid, Message::Reconnect(reconnect));
        // Clients know others by identity: whoever sits here again is not gone, and its own older seats are no news to it.
        let present = |identity: &str| {
            let found = self.by_identity(identity).and_then(|other| self.participants.get(other));
            found.is_some_and(|other| other.sid == *sid || !other.rights.hidden)
        };
        let gone = self.gone.iter().filter(|gone| !present(&gone.info.identity));
        let mut participants: Vec<_> = gone.map(|gone| gone.info.clone()).collect();
        participants.extend(self.infos_for(sid));
        self.tell(cx, sid, Message::Update(lk::ParticipantUpdate { participants }));
        for request in join.tracks {
            self.add_track(cx, rng, sid, request);
        }
        if let Some(offer) = join.offer {
            self.take_offer(cx, sid, offer);
        }
        if let Some(offered) = offered {
            self.tell(cx, sid, Message::Offer(offered));
        }
        self.negotiate_later(sid);
    }

    /// A socket is lost: the seat is kept for the resume window.
    pub(crate) fn lost(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, connection: ConnectionId) {
        if let Some(participant) = self.participants.get_mut(sid).filter(|p| p.connection == Some(connection)) {
            participant.connection = None;
            participant.lost = Some(cx.now);
        }
    }

    /// A client that has used its connection up is asked to begin anew. Until it does, it keeps what it has.
    pub(crate) fn send_for_anew(&self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        self.tell(cx, sid, leave_message(DisconnectReason::StateMismatch, Action::Reconnect));
    }

    /// A client that goes on with a connection that is used up loses its seat; it may begin anew.
    pub(crate) fn begin_anew(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid) {
        self.send_for_anew(cx, sid);
        self.leave(cx, sid, DisconnectReason::ClientInitiated);
    }

    /// Ends a participant with everything it had. The client is told why.
    pub(crate) fn leave(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, reason: DisconnectReason) {
        let tracks: Vec<_> = self.participants.get(sid).map(|p| p.tracks.keys().cloned().collect()).unwrap_or_default();
        for track in tracks {
            self.unpublish(cx, sid, &track);
        }
        let Some(mut participant) = self.participants.remove(sid) else { return };
        self.identities.remove(&participant.identity);
        self.changed.remove(sid);
        self.negotiate.remove(sid);
        for track in participant.subscriptions.keys() {
            if let Some(key) = self.track(track).map(|track| track.key) {
                cx.table.remove_sink(key, participant.subscriber);
            }
        }
        for peer in [participant.publisher, participant.subscriber] {
            if cx.peers.remove(&peer).is_some() {
                cx.out.push(Output::Peer { peer, command: PeerCommand::Close });
            }
        }
        if let Some(connection) = participant.connection.take() {
            cx.connections.remove(&connection);
            if reason != DisconnectReason::ClientInitiated {
                let message = leave_message(reason, Action::Disconnect);
                cx.out.push(Output::Signal { to: vec![connection], message });
            }
            cx.out.push(Output::Close { connection });
        }
        if !participant.rights.hidden {
            participant.version = participant.version.saturating_add(1);
            let mut info = participant.info(State::Disconnected);
            info.disconnect_reason = reason as i32;
            self.gone.push(Gone { at: cx.now, told: false, signals: participant.signals, info });
        }
        if self.participants.is_empty() {
            self.empty_since = cx.now;
        }
    }
}
