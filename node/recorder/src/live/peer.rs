//! The receiving connection of a recorder, without I/O: descriptions and datagrams in and out, frames out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use livekit_protocol as lk;
use rtc::data_channel::RTCDataChannelInit;
use rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile as Srtp;
use rtc::interceptor::Registry;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::{RTCPeerConnectionEvent, RTCTrackEvent};
use rtc::peer_connection::message::{RTCMessage, TaggedRTCMessage};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpReceiverId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

use super::frames::Frames;
use crate::webm::Codec;

/// Payload types, as every client numbers them.
const OPUS: u8 = 111;
const VP8: u8 = 96;
/// Streams that are followed at most: four for each of 1,000 seats.
const MAX_STREAMS: usize = 4_096;
/// Longest sleep.
const IDLE: Duration = Duration::from_millis(100);

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
    connection: RTCPeerConnection,
    local: SocketAddr,
    streams: BTreeMap<u32, Stream>,
    /// Tracks of the sections, by their mid, as the last answer names them.
    tracks: BTreeMap<String, String>,
    events: Vec<Event>,
    /// An offer waits for its answer.
    is_waiting: bool,
    /// Something is to be offered.
    is_due: bool,
    offers: u32,
}

impl Peer {
    pub(super) fn new(now: Instant, local: SocketAddr) -> Result<Self, Error> {
        let mut engine = MediaEngine::default();
        for (codec, kind) in [(opus(), RtpCodecKind::Audio), (vp8(), RtpCodecKind::Video)] {
            engine.register_codec(codec, kind)?;
        }
        let srtp = vec![Srtp::Srtp_Aead_Aes_256_Gcm, Srtp::Srtp_Aead_Aes_128_Gcm];
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(SettingEngineBuilder::new().with_srtp_protection_profiles(srtp).build())
            .with_interceptor_registry(Registry::new())
            .build(now)?;
        let base_config = CandidateConfig {
            network: "udp".into(),
            address: local.ip().to_string(),
            port: local.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host()?;
        connection.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)?;
        // LiveKit's clients always open it: with it there is something to offer before the first track.
        connection
            .create_data_channel("_reliable", Some(RTCDataChannelInit { ordered: true, ..Default::default() }))?;
        let (streams, tracks, events) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Ok(Self { connection, local, streams, tracks, events, is_waiting: false, is_due: false, offers: 0 })
    }

    pub(super) fn offer(&mut self, now: Instant) -> Result<lk::SessionDescription, Error> {
        (self.is_waiting, self.is_due) = (true, false);
        self.offers += 1;
        let offer = self.connection.create_offer(None)?;
        self.connection.set_local_description(now, offer)?;
        let sdp = self.connection.local_description().map(|description| description.sdp).unwrap_or_default();
        Ok(lk::SessionDescription { r#type: "offer".into(), sdp, id: self.offers, ..Default::default() })
    }

    /// Whether an offer is due and may be made now.
    pub(super) const fn wants_offer(&self) -> bool {
        self.is_due && !self.is_waiting
    }

    pub(super) fn answer(&mut self, now: Instant, answer: lk::SessionDescription) -> Result<(), Error> {
        self.is_waiting = false;
        self.tracks.extend(answer.mid_to_track_id);
        self.connection.set_remote_description(now, RTCSessionDescription::answer(answer.sdp)?)
    }

    /// So many more receiving sections.
    pub(super) fn receive(&mut self, audios: u32, videos: u32) -> Result<(), Error> {
        for (kind, count) in [(RtpCodecKind::Audio, audios), (RtpCodecKind::Video, videos)] {
            for _ in 0..count {
                let direction = RTCRtpTransceiverDirection::Recvonly;
                let init = RTCRtpTransceiverInit { direction, streams: Vec::new(), send_encodings: Vec::new() };
                self.connection.add_transceiver_from_kind(kind, Some(init))?;
                self.is_due = true;
            }
        }
        Ok(())
    }

    pub(super) fn read(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let transport = TransportContext {
            local_addr: self.local,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        // What a stranger sends is not taken, and is no failure.
        let _ = self.connection.handle_read(TaggedBytesMut { now, transport, message: BytesMut::from(datagram) });
        self.gather(now);
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        let _ = self.connection.handle_timeout(now);
        self.gather(now);
    }

    pub(super) fn deadline(&mut self, now: Instant) -> Instant {
        let idle = now + IDLE;
        self.connection.poll_timeout().map_or(idle, |at| at.min(idle))
    }

    pub(super) fn datagrams(&mut self) -> Vec<(SocketAddr, BytesMut)> {
        std::iter::from_fn(|| self.connection.poll_write()).map(|w| (w.transport.peer_addr, w.message)).collect()
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn gather(&mut self, now: Instant) {
        while let Some(event) = self.connection.poll_event() {
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
        while let Some(TaggedRTCMessage { message, .. }) = self.connection.poll_read() {
            let RTCMessage::RtpPacket(_, packet) = message else { continue };
            let ssrc = packet.header.ssrc;
            let Some(stream) = self.streams.get_mut(&ssrc) else { continue };
            let frames = stream.frames.push(packet);
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
                if let Some(mut receiver) = self.connection.rtp_receiver(stream.receiver) {
                    // The next picture that is missed asks again.
                    let _ = receiver.write_rtcp(now, vec![Box::new(lost)]);
                }
            }
        }
    }

    /// Fires at the first packet of a stream, and again after a new description.
    fn open(&mut self, ssrc: u32, receiver: RTCRtpReceiverId) {
        let mid = self.connection.rtp_transceiver(receiver.into()).and_then(|transceiver| transceiver.mid().clone());
        let mut track = self.connection.rtp_receiver(receiver);
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

fn opus() -> RTCRtpCodecParameters {
    let rtp_codec = RTCRtpCodec {
        mime_type: "audio/opus".into(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".into(),
        rtcp_feedback: Vec::new(),
    };
    RTCRtpCodecParameters { rtp_codec, payload_type: OPUS }
}

fn vp8() -> RTCRtpCodecParameters {
    let feedback = |parameter: &str| RTCPFeedback { typ: "nack".into(), parameter: parameter.into() };
    let rtp_codec = RTCRtpCodec {
        mime_type: "video/VP8".into(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: String::new(),
        rtcp_feedback: vec![feedback("pli")],
    };
    RTCRtpCodecParameters { rtp_codec, payload_type: VP8 }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({} streams)", self.streams.len())
    }
}
