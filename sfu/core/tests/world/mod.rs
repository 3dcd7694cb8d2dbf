//! A machine, clients and fake peers: what a room looks like without a network.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::{BTreeMap, VecDeque};

use chacha20::{ChaCha20Rng, rand_core::SeedableRng as _};
use livekit_protocol as lk;
use lk::{signal_request::Message as Asked, signal_response::Message};
use pars_sfu_core::{
    Channel, Codec, ConnectionId, Dropped, Grant, Input, Join, Kind, Offer, Output, PeerCommand, PeerEvent, PeerId,
    PeerRole, Rights, RtpHead, Sfu, Source, TrackSid, Write,
    admin::{AdminError, AdminReply, AdminRequest},
    forward,
};

pub const ROOM: &str = "room";
pub const START: u64 = 1_800_000_000_000;

/// A peer that agrees to everything.
#[derive(Debug, Default)]
struct FakePeer {
    role: Option<PeerRole>,
    attached: BTreeMap<u32, TrackSid>,
    key_frames: Vec<u32>,
}

/// One client as the test sees it.
#[derive(Debug, Clone)]
pub struct Client {
    pub connection: ConnectionId,
    pub sid: String,
    pub publisher: PeerId,
    pub subscriber: PeerId,
}

pub struct World {
    pub sfu: Sfu,
    pub now: u64,
    rng: ChaCha20Rng,
    peers: BTreeMap<PeerId, FakePeer>,
    pub created: Vec<PeerId>,
    pub inbox: BTreeMap<ConnectionId, Vec<Message>>,
    pub closed: Vec<ConnectionId>,
    pub data: Vec<(PeerId, Channel, lk::DataPacket)>,
    /// Messages sent, counted once per receiver.
    pub messages: usize,
    next: u64,
    seed: u64,
}

/// Rights to publish these sources, to receive, and to send data.
pub fn rights(publish: &[Source]) -> Rights {
    Rights { publish: publish.iter().copied().collect(), subscribe: true, data: true, hidden: false }
}

pub fn grant(identity: &str, rights: Rights) -> Grant {
    Grant { room: ROOM.into(), identity: identity.into(), rights, issued: START / 1_000 }
}

/// An offer with one sending section per track: kind and client id.
pub fn offer(tracks: &[(Kind, &str)]) -> Offer {
    let mut sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_owned();
    for (mid, (kind, cid)) in tracks.iter().enumerate() {
        let media = if *kind == Kind::Audio { "audio" } else { "video" };
        sdp += &format!("m={media} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=sendonly\r\na=msid:- {cid}\r\n");
    }
    Offer { id: 1, sdp }
}

pub fn add_track(source: Source, cid: &str) -> lk::AddTrackRequest {
    let kind = if source.kind() == Kind::Audio { lk::TrackType::Audio } else { lk::TrackType::Video };
    lk::AddTrackRequest {
        cid: cid.into(),
        r#type: kind as i32,
        source: source.proto() as i32,
        encryption: lk::encryption::Type::Gcm as i32,
        ..Default::default()
    }
}

pub fn payloads(kind: Kind) -> Vec<(u8, Codec)> {
    match kind {
        Kind::Audio => vec![(111, Codec::Opus)],
        Kind::Video => vec![(96, Codec::Vp8), (108, Codec::H264)],
    }
}

pub fn head(ssrc: u32, payload_type: u8) -> RtpHead {
    RtpHead { ssrc, payload_type, sequence: 1, timestamp: 2, marker: false }
}

impl World {
    /// A room for `capacity` (0: the server's limit).
    pub fn new(seed: u64, capacity: u32) -> Self {
        println!("seed {seed}");
        let mut world = Self {
            sfu: Sfu::new(),
            now: START,
            rng: ChaCha20Rng::seed_from_u64(seed),
            peers: BTreeMap::new(),
            created: Vec::new(),
            inbox: BTreeMap::new(),
            closed: Vec::new(),
            data: Vec::new(),
            messages: 0,
            next: 0,
            seed,
        };
        let room = lk::CreateRoomRequest { name: ROOM.into(), max_participants: capacity, ..Default::default() };
        world.admin(AdminRequest::CreateRoom(room.into())).expect("the room opens");
        world
    }

    pub fn admin(&mut self, request: AdminRequest) -> Result<AdminReply, AdminError> {
        let mut out = Vec::new();
        let reply = self.sfu.admin(self.now, &mut self.rng, request, &mut out);
        self.act(out);
        reply
    }

    pub fn input(&mut self, input: Input) {
        let mut out = Vec::new();
        self.sfu.handle(self.now, &mut self.rng, input, &mut out);
        self.act(out);
    }

    fn act(&mut self, out: Vec<Output>) {
        let mut queue = VecDeque::from(out);
        while let Some(output) = queue.pop_front() {
            match output {
                Output::Signal { to, message } => {
                    self.messages += to.len();
                    for connection in to {
                        self.inbox.entry(connection).or_default().push(message.clone());
                    }
                }
                Output::Close { connection } => self.closed.push(connection),
                Output::Data { to, channel, bytes } => {
                    let packet = <lk::DataPacket as prost::Message>::decode(bytes.as_slice()).expect("a data packet");
                    self.data.extend(to.into_iter().map(|peer| (peer, channel, packet.clone())));
                }
                Output::Peer { peer, command } => {
                    if let Some(event) = self.obey(peer, command) {
                        let mut out = Vec::new();
                        self.sfu.handle(self.now, &mut self.rng, Input::Peer { peer, event }, &mut out);
                        queue.extend(out);
                    }
                }
            }
        }
    }

    fn obey(&mut self, peer: PeerId, command: PeerCommand) -> Option<PeerEvent> {
        if let PeerCommand::Create(role) = command {
            self.created.push(peer);
            self.peers.insert(peer, FakePeer { role: Some(role), ..FakePeer::default() });
            return None;
        }
        let fake = self.peers.get_mut(&peer).expect("a command for a peer that was made");
        let sections =
            |fake: &FakePeer| fake.attached.iter().map(|(slot, t)| (format!("s{slot}"), t.clone())).collect();
        match command {
            PeerCommand::TakeOffer { id, attach, .. } => {
                fake.attached.extend(attach.into_iter().map(|a| (a.slot.0, a.track)));
                Some(PeerEvent::Answered { id, sdp: "answer".into(), sections: sections(fake) })
            }
            PeerCommand::MakeOffer { id } => {
                Some(PeerEvent::Offered { id, sdp: "offer".into(), sections: sections(fake) })
            }
            PeerCommand::TakeAnswer { .. } => Some(PeerEvent::Settled),
            PeerCommand::Attach(attach) => {
                fake.attached.insert(attach.slot.0, attach.track);
                None
            }
            PeerCommand::Detach(slot) => {
                fake.attached.remove(&slot.0);
                None
            }
            PeerCommand::WantKeyFrame(ssrc) => {
                fake.key_frames.push(ssrc);
                None
            }
            PeerCommand::Close => {
                self.peers.remove(&peer);
                None
            }
            PeerCommand::Create(_) => None,
        }
    }

    /// Key frames asked of a client.
    pub fn key_frames(&self, client: &Client) -> usize {
        self.peers[&client.publisher].key_frames.len()
    }

    /// Peers that live.
    pub fn live_peers(&self) -> usize {
        self.peers.len()
    }

    pub fn try_join(&mut self, join: Join) -> Client {
        self.next += 1;
        let connection = ConnectionId(self.next);
        self.created.clear();
        self.input(Input::Join { connection, join });
        let sid = match self.inbox.get(&connection).and_then(|inbox| inbox.first()) {
            Some(Message::Join(join)) => join.participant.clone().expect("own info").sid,
            _ => String::new(),
        };
        let publisher = self.created.first().copied().unwrap_or(PeerId(0));
        let subscriber = self.created.last().copied().unwrap_or(PeerId(0));
        Client { connection, sid, publisher, subscriber }
    }

    /// A client of version 0 that has answered the first offer and is connected.
    pub fn join(&mut self, identity: &str, rights: Rights) -> Client {
        self.join_with(grant(identity, rights))
    }

    pub fn join_with(&mut self, grant: Grant) -> Client {
        let client = self.try_join(join_of(grant));
        assert!(!client.sid.is_empty(), "{:?}", self.inbox.get(&client.connection));
        self.answer(&client);
        self.input(Input::Peer { peer: client.subscriber, event: PeerEvent::Connected });
        client
    }

    pub fn ask(&mut self, client: &Client, message: Asked) {
        let request = lk::SignalRequest { message: Some(message) };
        self.input(Input::Signal { connection: client.connection, request });
    }

    /// The client answers our offer.
    pub fn answer(&mut self, client: &Client) {
        self.ask(client, Asked::Answer(lk::SessionDescription { sdp: "v=0\r\n".into(), ..Default::default() }));
    }

    /// Announces a track, offers its section, and sends its first packet with this SSRC. Returns its sid.
    pub fn publish(&mut self, client: &Client, source: Source, ssrc: u32) -> TrackSid {
        let cid = format!("cid-{ssrc}");
        self.ask(client, Asked::AddTrack(add_track(source, &cid)));
        let Offer { id, sdp } = offer(&[(source.kind(), &cid)]);
        self.ask(client, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
        self.stream(client, "0", ssrc, source.kind());
        let sid = self.messages_to(client).iter().rev().find_map(|message| match message {
            Message::TrackPublished(published) if published.cid == cid => published.track.clone(),
            _ => None,
        });
        let sid = TrackSid::from(sid.expect("the track is published").sid);
        self.pass(20);
        sid
    }

    /// A first packet arrives.
    pub fn stream(&mut self, client: &Client, mid: &str, ssrc: u32, kind: Kind) {
        let event = PeerEvent::Stream { mid: mid.into(), ssrc, payloads: payloads(kind) };
        self.input(Input::Peer { peer: client.publisher, event });
    }

    /// Where a packet of this client goes.
    pub fn forward(&self, client: &Client, head: &RtpHead) -> Result<Vec<Write>, Dropped> {
        forward(self.sfu.table(), client.publisher, head).map(Iterator::collect)
    }

    /// The track that a receiver finds in a packet's slot.
    pub fn track_of(&self, write: &Write) -> TrackSid {
        self.peers[&write.peer].attached[&write.slot.0].clone()
    }

    pub fn messages_to(&self, client: &Client) -> &[Message] {
        self.inbox.get(&client.connection).map_or(&[], Vec::as_slice)
    }

    /// Lets time pass, with every deadline met on the way.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(next) = self.sfu.deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.input(Input::Tick);
            if self.sfu.deadline() == Some(next) && next < self.now {
                break;
            }
        }
        self.now = end;
        self.input(Input::Tick);
    }
}

pub fn join_of(grant: Grant) -> Join {
    Join { grant, single: false, auto_subscribe: true, resume: None, offer: None, tracks: Vec::new() }
}

/// The reason of the last leave message.
pub fn left(messages: &[Message]) -> Option<lk::DisconnectReason> {
    messages.iter().rev().find_map(|message| match message {
        Message::Leave(leave) => lk::DisconnectReason::try_from(leave.reason).ok(),
        _ => None,
    })
}
