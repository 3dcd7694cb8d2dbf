//! A room, its participants and their tracks, and how they are described to clients.

use std::collections::{BTreeMap, BTreeSet};

use livekit_protocol as lk;
use lk::participant_info::State;

use crate::{
    bucket::Bucket,
    id::{ConnectionId, Identity, ParticipantSid, PeerId, RoomName, Slot, TrackKey, TrackSid},
    io::{Grant, Output, Refusal},
    limits::{
        DATA_BURST, DATA_BYTES_BURST, DATA_BYTES_PER_SECOND, DATA_PER_SECOND, MAX_PARTICIPANTS, SIGNAL_BURST,
        SIGNALS_PER_SECOND,
    },
    orders::Orders,
    rights::{Kind, Rights, Source},
    sdp::Section,
    sfu::Cx,
    table::Codec,
};

/// Bytes of the trailer of server-injected frames. Clients demand one; it is drawn and never used.
const SIF_TRAILER: usize = 16;

/// A room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    pub(crate) sid: String,
    pub(crate) capacity: usize,
    pub(crate) created: u64,
    /// Milliseconds without a participant after which it ends; zero never.
    pub(crate) empty_timeout: u64,
    pub(crate) empty_since: u64,
    pub(crate) sif_trailer: [u8; SIF_TRAILER],
    pub(crate) participants: BTreeMap<ParticipantSid, Participant>,
    pub(crate) identities: BTreeMap<Identity, ParticipantSid>,
    pub(crate) owners: BTreeMap<TrackSid, ParticipantSid>,
    /// What the host decided about identities, which older tokens do not undo.
    pub(crate) orders: Orders,
    /// Whom others are to be told of anew.
    pub(crate) changed: BTreeSet<ParticipantSid>,
    /// Who has left and must be told of; kept for the resume window.
    pub(crate) gone: Vec<Gone>,
    /// Tracks that nobody has been subscribed to yet.
    pub(crate) fresh: Vec<TrackSid>,
    /// Who needs a new description.
    pub(crate) negotiate: BTreeSet<ParticipantSid>,
    pub(crate) flushed: u64,
}

/// A participant that left.
#[derive(Debug)]
pub(crate) struct Gone {
    pub(crate) at: u64,
    pub(crate) told: bool,
    /// What it had left of its allowance, which is its identity's.
    pub(crate) signals: Bucket,
    pub(crate) info: lk::ParticipantInfo,
}

/// A participant.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) sid: ParticipantSid,
    pub(crate) identity: Identity,
    pub(crate) rights: Rights,
    pub(crate) joined: u64,
    pub(crate) version: u32,
    pub(crate) single: bool,
    pub(crate) auto_subscribe: bool,
    /// None while its socket is lost.
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) lost: Option<u64>,
    pub(crate) connected: bool,
    pub(crate) publisher: PeerId,
    pub(crate) subscriber: PeerId,
    pub(crate) pending: BTreeMap<String, Announced>,
    pub(crate) sections: Vec<Section>,
    pub(crate) section_count: usize,
    /// Sections that it made so far.
    pub(crate) made: usize,
    pub(crate) tracks: BTreeMap<TrackSid, Track>,
    /// Streams that arrived, by SSRC. They are told of once, maybe before their track is announced.
    pub(crate) streams: BTreeMap<u32, Stream>,
    pub(crate) subscriptions: BTreeMap<TrackSid, Subscription>,
    pub(crate) next_slot: u32,
    pub(crate) negotiation: Negotiation,
    pub(crate) signals: Bucket,
    pub(crate) data: Bucket,
    pub(crate) data_bytes: Bucket,
}

/// A track that was announced and has no media section yet.
#[derive(Debug, Clone)]
pub(crate) struct Announced {
    pub(crate) source: Source,
    pub(crate) codec: Codec,
    pub(crate) layered: bool,
    pub(crate) info: lk::TrackInfo,
}

/// A published track.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) key: TrackKey,
    pub(crate) source: Source,
    pub(crate) codec: Codec,
    pub(crate) mid: String,
    pub(crate) info: lk::TrackInfo,
    /// Whether several streams carry it in different sizes.
    pub(crate) layered: bool,
    pub(crate) heard_of: bool,
    /// When a key frame was last asked for.
    pub(crate) key_frame_at: u64,
    pub(crate) key_frame_wanted: bool,
}

/// A stream that a client sends.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) mid: String,
    pub(crate) payloads: Vec<(u8, Codec)>,
}

/// A track that is received.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) slot: Slot,
    pub(crate) kind: Kind,
    /// False while it waits for a media section.
    pub(crate) attached: bool,
}

/// Where the exchange of descriptions stands.
#[derive(Debug, Default)]
pub(crate) struct Negotiation {
    /// Version 0: number of our newest offer.
    pub(crate) offer_id: u32,
    /// Version 0: our offer waits for its answer.
    pub(crate) outstanding: bool,
    /// Version 0: what we offered, to be repeated after a resume.
    pub(crate) offered: Option<lk::SessionDescription>,
    /// Something changed since our last offer.
    pub(crate) needed: bool,
    /// Version 1, audio and video: sections asked for that the client has not made yet.
    pub(crate) asked: [u32; 2],
    /// Version 1: how far the newest request for sections got.
    pub(crate) request: Request,
    /// Version 1: the client's offer is not answered yet.
    pub(crate) answering: bool,
}

/// A request for media sections, which an offer of the client may cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Request {
    /// None, or no offer was answered since.
    #[default]
    Sent,
    /// An offer was answered that lacks sections: it was made before the client read the request.
    Crossed,
    /// The client was reminded of it.
    Repeated,
}

impl Participant {
    pub(crate) fn new(now: u64, sid: ParticipantSid, grant: &Grant, peers: (PeerId, PeerId)) -> Self {
        Self {
            sid,
            identity: grant.identity.clone(),
            rights: grant.rights.clone(),
            joined: now,
            version: 1,
            single: peers.0 == peers.1,
            auto_subscribe: true,
            connection: None,
            lost: None,
            connected: false,
            publisher: peers.0,
            subscriber: peers.1,
            pending: BTreeMap::new(),
            sections: Vec::new(),
            section_count: 0,
            made: 0,
            tracks: BTreeMap::new(),
            streams: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            next_slot: 0,
            negotiation: Negotiation::default(),
            signals: Bucket::new(now, SIGNALS_PER_SECOND, SIGNAL_BURST),
            data: Bucket::new(now, DATA_PER_SECOND, DATA_BURST),
            data_bytes: Bucket::new(now, DATA_BYTES_PER_SECOND, DATA_BYTES_BURST),
        }
    }

    pub(crate) fn info(&self, state: State) -> lk::ParticipantInfo {
        lk::ParticipantInfo {
            sid: self.sid.to_string(),
            identity: self.identity.to_string(),
            state: state as i32,
            tracks: self.tracks.values().map(|track| track.info.clone()).collect(),
            joined_at: i64::try_from(self.joined / 1_000).unwrap_or(i64::MAX),
            joined_at_ms: i64::try_from(self.joined).unwrap_or(i64::MAX),
            version: self.version,
            permission: Some(self.rights.permission()),
            is_publisher: !self.tracks.is_empty(),
            ..Default::default()
        }
    }
}

impl Track {
    /// Whether its packets are passed on.
    pub(crate) fn open(&self, rights: &Rights) -> bool {
        !self.info.muted && rights.publish.contains(&self.source)
    }
}

impl Room {
    pub(crate) fn new(now: u64, name: RoomName, sid: String, sif_trailer: [u8; SIF_TRAILER]) -> Self {
        Self {
            name,
            sid,
            capacity: MAX_PARTICIPANTS,
            created: now,
            empty_timeout: 0,
            empty_since: now,
            sif_trailer,
            participants: BTreeMap::new(),
            identities: BTreeMap::new(),
            owners: BTreeMap::new(),
            orders: Orders::default(),
            changed: BTreeSet::new(),
            gone: Vec::new(),
            fresh: Vec::new(),
            negotiate: BTreeSet::new(),
            flushed: 0,
        }
    }

    pub(crate) fn info(&self) -> lk::Room {
        lk::Room {
            sid: self.sid.clone(),
            name: self.name.to_string(),
            empty_timeout: u32::try_from(self.empty_timeout / 1_000).unwrap_or(u32::MAX),
            max_participants: u32::try_from(self.capacity).unwrap_or(u32::MAX),
            creation_time: i64::try_from(self.created / 1_000).unwrap_or(i64::MAX),
            creation_time_ms: i64::try_from(self.created).unwrap_or(i64::MAX),
            num_participants: u32::try_from(self.participants.len()).unwrap_or(u32::MAX),
            num_publishers: self.participants.values().map(|p| u32::from(!p.tracks.is_empty())).sum(),
            ..Default::default()
        }
    }

    /// Whether a token would be let in: not revoked, and a seat is free or is its own.
    pub(crate) fn admits(&self, grant: &Grant) -> Result<(), Refusal> {
        if self.orders.removed(grant) {
            return Err(Refusal::Revoked);
        }
        if self.participants.len() >= self.capacity && !self.identities.contains_key(&grant.identity) {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    /// What others see of the room's participants.
    pub(crate) fn infos_for(&self, reader: &ParticipantSid) -> Vec<lk::ParticipantInfo> {
        let others = self.participants.values().filter(|other| other.sid != *reader && !other.rights.hidden);
        others.map(|other| other.info(State::Active)).collect()
    }

    pub(crate) fn by_identity(&self, identity: &str) -> Option<&ParticipantSid> {
        self.identities.get(&Identity::from(identity))
    }

    /// Sends one message to one participant, if its socket stands.
    pub(crate) fn tell(&self, cx: &mut Cx<'_>, sid: &ParticipantSid, message: lk::signal_response::Message) {
        let connection = self.participants.get(sid).and_then(|participant| participant.connection);
        if let Some(connection) = connection {
            cx.out.push(Output::Signal { to: vec![connection], message });
        }
    }

    /// Others are to be told of a participant anew.
    pub(crate) fn touch(&mut self, sid: &ParticipantSid) {
        if let Some(participant) = self.participants.get_mut(sid) {
            participant.version = participant.version.saturating_add(1);
            self.changed.insert(sid.clone());
        }
    }
}
