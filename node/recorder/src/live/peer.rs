//! The receiving connection of a recorder, without I/O: descriptions and datagrams in and out, frames out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;
use livekit_protocol as lk;
use rtc::peer_connection::event::{RTCPeerConnectionEvent, RTCTrackEvent};
use rtc::peer_connection::message::{RTCMessage, TaggedRTCMessage};
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::RTCRtpReceiverId;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;

use super::connection::{Connection, GCM, opus, vp8};
use super::frames::{Frames, Held};
use crate::webm::Codec;

/// Streams that are followed at most: four for each of 1,000 seats.
const MAX_STREAMS: usize = 4_096;
/// Sections of one connection at most: as many.
const MAX_SECTIONS: u32 = 4_096;

/// What the connection reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Media is connected.
    Connected,
    /// It cannot be, or is no longer.
    Failed,
    /// A frame of a track.
    Frame { track: String, codec: Codec, rtp: u32, bytes: Vec<u8> },
}

/// A stream that comes in.
#[derive(Debug)]
struct Stream {
    mid: String,
    codec: Codec,
    receiver: RTCRtpReceiverId,
    frames: Frames,
}

/// The connection.
pub(super) struct Peer {
    connection: Connection,
    streams: BTreeMap<u32, Stream>,
    held: Held,
    /// Tracks of the sections, by their mid, as the last answer names them.
    tracks: BTreeMap<String, String>,
    /// How many sections it has offered to receive on.
    sections: u32,
    events: Vec<Event>,
}

impl Peer {
    pub(super) fn new(now: Instant, local: SocketAddr) -> Result<Self, Error> {
        let codecs = vec![(opus(), RtpCodecKind::Audio), (vp8(), RtpCodecKind::Video)];
        let connection = Connection::new(now, local, codecs, GCM.to_vec())?;
        Ok(Self {
            connection,
            streams: BTreeMap::new(),
            held: Held::default(),
            tracks: BTreeMap::new(),
            sections: 0,
            events: Vec::new(),
        })
    }

    pub(super) fn offer(&mut self, now: Instant) -> Result<lk::SessionDescription, Error> {
        self.connection.offer(now)
    }

    pub(super) const fn wants_offer(&self) -> bool {
        self.connection.wants_offer()
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.connection.is_waiting()
    }

    pub(super) fn answer(&mut self, now: Instant, answer: lk::SessionDescription) -> Result<(), Error> {
        for (mid, track) in answer.mid_to_track_id {
            if self.tracks.len() < MAX_STREAMS || self.tracks.contains_key(&mid) {
                self.tracks.insert(mid, track);
            }
        }
        self.connection.answer(now, answer.sdp)
    }

    /// So many more receiving sections. Whether one connection may have them all; else it has none of them.
    pub(super) fn receive(&mut self, audios: u32, videos: u32) -> Result<bool, Error> {
        let sections = self.sections.saturating_add(audios).saturating_add(videos);
        if sections > MAX_SECTIONS {
            return Ok(false);
        }
        self.sections = sections;
        self.connection.receive(audios, videos).map(|()| true)
    }

    pub(super) fn read(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.connection.read(now, from, datagram);
        self.gather(now);
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        self.connection.timeout(now);
        self.gather(now);
    }

    pub(super) fn deadline(&mut self, now: Instant) -> Instant {
        self.connection.deadline(now)
    }

    pub(super) fn datagrams(&mut self) -> Vec<(SocketAddr, BytesMut)> {
        self.connection.datagrams()
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn gather(&mut self, now: Instant) {
        while let Some(event) = self.connection.rtc().poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(RTCPeerConnectionState::Connected) => {
                    self.events.push(Event::Connected);
                }
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(
                    RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed,
                ) => self.events.push(Event::Failed),
                RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(init)) => self.open(init.ssrc, init.receiver_id),
                _ => {}
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.connection.rtc().poll_read() {
            let RTCMessage::RtpPacket(_, packet) = message else { continue };
            let ssrc = packet.header.ssrc;
            let Some(stream) = self.streams.get_mut(&ssrc) else { continue };
            let frames = self.held.push(&mut stream.frames, packet);
            if let Some(track) = self.tracks.get(&stream.mid) {
                let codec = stream.codec;
                let event = |frame: super::frames::Whole| Event::Frame {
                    track: track.clone(),
                    codec,
                    rtp: frame.rtp,
                    bytes: frame.bytes,
                };
                self.events.extend(frames.into_iter().map(event));
            }
            if stream.codec == Codec::Vp8 && stream.frames.has_lost() {
                let lost = PictureLossIndication { sender_ssrc: 0, media_ssrc: ssrc };
                if let Some(mut receiver) = self.connection.rtc().rtp_receiver(stream.receiver) {
                    // The next picture that is missed asks again.
                    let _ = receiver.write_rtcp(now, vec![Box::new(lost)]);
                }
            }
        }
    }

    /// Fires at the first packet of a stream, and again after a new description.
    fn open(&mut self, ssrc: u32, receiver: RTCRtpReceiverId) {
        let mid =
            self.connection.rtc().rtp_transceiver(receiver.into()).and_then(|transceiver| transceiver.mid().clone());
        let mut track = self.connection.rtc().rtp_receiver(receiver);
        let kind = track.as_mut().map(|receiver| receiver.track().kind());
        let (Some(mid), Some(kind)) = (mid, kind) else { return };
        let codec = if kind == RtpCodecKind::Video { Codec::Vp8 } else { Codec::Opus };
        if self.streams.len() < MAX_STREAMS || self.streams.contains_key(&ssrc) {
            let frames = || Frames::new(codec);
            let stream = self.streams.entry(ssrc).or_insert_with(|| Stream {
                mid: mid.clone(),
                codec,
                receiver,
                frames: frames(),
            });
            (stream.mid, stream.receiver) = (mid, receiver);
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({} streams)", self.streams.len())
    }
}
