//! The client's peer connection.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use livekit_protocol as lk;
use prost::Message as _;
use rtc::{
    data_channel::{RTCDataChannelId, RTCDataChannelInit},
    interceptor::Registry,
    media_stream::MediaStreamTrack,
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{media_engine::MediaEngine, setting_engine::SettingEngineBuilder},
        event::RTCPeerConnectionEvent,
        message::{RTCMessage, TaggedRTCMessage},
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
        transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate},
    },
    rtp::{Header, Packet},
    rtp_transceiver::{
        RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit,
        rtp_sender::{
            RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
        },
    },
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol, error::Error},
    statistics::StatsSelector,
};

use super::{Report, Srtp};

/// Opus, as every client numbers it.
const OPUS: u8 = 111;
/// Samples of a packet of 20 ms.
const STEP: u32 = 960;
/// Longest sleep.
const IDLE: Duration = Duration::from_millis(100);

#[expect(clippy::disallowed_methods, reason = "a client lives in real time; this is its one reading")]
pub fn instant() -> Instant {
    Instant::now()
}

fn codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: "audio/opus".into(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".into(),
        rtcp_feedback: Vec::new(),
    }
}

fn init(direction: RTCRtpTransceiverDirection) -> Option<RTCRtpTransceiverInit> {
    Some(RTCRtpTransceiverInit { direction, streams: Vec::new(), send_encodings: Vec::new() })
}

/// Packets of a client's connection.
#[derive(Debug, Default)]
pub struct Counts {
    pub heard: AtomicU64,
    /// Numbers that were passed over in what was heard.
    pub skipped: AtomicU64,
    pub spoken: AtomicU64,
}

/// The connection, its track, and what it heard.
pub(super) struct Media {
    connection: RTCPeerConnection,
    local: SocketAddr,
    reliable: RTCDataChannelId,
    track: Option<(RTCRtpSenderId, u32)>,
    sequence: u16,
    /// Streams that were heard, each with its newest number.
    streams: BTreeMap<u32, u16>,
    pub(super) counts: Arc<Counts>,
    reports: Vec<Report>,
    /// An offer waits for its answer.
    outstanding: bool,
    /// Something is to be offered.
    wanted: bool,
    offers: u32,
    fingerprint: String,
}

impl Media {
    pub(super) fn new(local: SocketAddr, srtp: Vec<Srtp>) -> Result<Self, Error> {
        let mut engine = MediaEngine::default();
        let rtp_codec = codec();
        engine.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type: OPUS }, RtpCodecKind::Audio)?;
        let settings = SettingEngineBuilder::new().with_srtp_protection_profiles(srtp).build();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_interceptor_registry(Registry::new())
            .build(instant())?;
        let base_config = CandidateConfig {
            network: "udp".into(),
            address: local.ip().to_string(),
            port: local.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host()?;
        connection.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)?;
        let channel = RTCDataChannelInit { ordered: true, ..Default::default() };
        let reliable = connection.create_data_channel("_reliable", Some(channel))?.id();
        Ok(Self {
            connection,
            local,
            reliable,
            track: None,
            sequence: 0,
            streams: BTreeMap::new(),
            counts: Arc::default(),
            reports: Vec::new(),
            outstanding: false,
            wanted: false,
            offers: 0,
            fingerprint: String::new(),
        })
    }

    pub(super) fn offer(&mut self) -> Result<lk::SessionDescription, Error> {
        (self.outstanding, self.wanted) = (true, false);
        self.offers += 1;
        let offer = self.connection.create_offer(None)?;
        self.connection.set_local_description(instant(), offer)?;
        let sdp = self.connection.local_description().map(|description| description.sdp).unwrap_or_default();
        Ok(lk::SessionDescription { r#type: "offer".into(), sdp, id: self.offers, ..Default::default() })
    }

    /// Whether an offer is due and may be made now.
    pub(super) fn wants_offer(&self) -> bool {
        self.wanted && !self.outstanding
    }

    pub(super) fn answer(&mut self, sdp: &str) -> Result<(), Error> {
        self.outstanding = false;
        let named = sdp.lines().find_map(|line| line.strip_prefix("a=fingerprint:sha-256 "));
        self.fingerprint = named.unwrap_or_default().replace(':', "").to_lowercase();
        self.connection.set_remote_description(instant(), RTCSessionDescription::answer(sdp.to_owned())?)
    }

    /// A microphone track; returns its id.
    pub(super) fn publish(&mut self) -> String {
        let ssrc = 0x5000_0000 | u32::from(self.local.port());
        let cid = format!("microphone-{}", self.local.port());
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
            codec: codec(),
            active: true,
            ..Default::default()
        };
        let track =
            MediaStreamTrack::new("stream".into(), cid.clone(), cid.clone(), RtpCodecKind::Audio, vec![encoding]);
        let added = self.connection.add_transceiver_from_track(track, init(RTCRtpTransceiverDirection::Sendonly));
        self.track = added.ok().map(|id| (RTCRtpSenderId::from(id), ssrc));
        self.wanted = true;
        cid
    }

    /// So many more receiving sections.
    pub(super) fn receive(&mut self, audios: u32, videos: u32) {
        for (kind, count) in [(RtpCodecKind::Audio, audios), (RtpCodecKind::Video, videos)] {
            for _ in 0..count {
                let added = self.connection.add_transceiver_from_kind(kind, init(RTCRtpTransceiverDirection::Recvonly));
                self.wanted |= added.is_ok();
            }
        }
    }

    pub(super) fn speak(&mut self, bytes: &[u8]) {
        let Some((id, ssrc)) = self.track else { return };
        let Some(mut sender) = self.connection.rtp_sender(id) else { return };
        self.sequence = self.sequence.wrapping_add(1);
        self.counts.spoken.fetch_add(1, Ordering::Relaxed);
        let header = Header {
            version: 2,
            payload_type: OPUS,
            ssrc,
            sequence_number: self.sequence,
            timestamp: u32::from(self.sequence).wrapping_mul(STEP),
            ..Default::default()
        };
        let _ = sender.write_rtp(instant(), Packet { header, payload: Bytes::copy_from_slice(bytes) });
    }

    pub(super) fn send_data(&mut self, bytes: &[u8]) {
        if let Some(mut channel) = self.connection.data_channel(self.reliable) {
            let _ = channel.send(instant(), BytesMut::from(bytes));
        }
    }

    pub(super) fn read(&mut self, from: SocketAddr, datagram: &[u8]) {
        let transport = TransportContext {
            local_addr: self.local,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let message = BytesMut::from(datagram);
        let _ = self.connection.handle_read(TaggedBytesMut { now: instant(), transport, message });
        self.gather();
    }

    pub(super) fn timeout(&mut self) {
        let _ = self.connection.handle_timeout(instant());
        self.gather();
    }

    pub(super) fn deadline(&mut self) -> Instant {
        let idle = instant() + IDLE;
        self.connection.poll_timeout().map_or(idle, |at| at.min(idle))
    }

    pub(super) fn datagrams(&mut self) -> Vec<(SocketAddr, BytesMut)> {
        std::iter::from_fn(|| self.connection.poll_write()).map(|w| (w.transport.peer_addr, w.message)).collect()
    }

    pub(super) fn reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// The SRTP profile that the DTLS handshake agreed on (RFC 5764 4.1.2, RFC 7714 14.2).
    fn cipher(&mut self) -> String {
        let stats = self.connection.get_stats(instant(), StatsSelector::None);
        stats.transport().map(|transport| transport.srtp_cipher.clone()).unwrap_or_default()
    }

    fn gather(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(RTCPeerConnectionState::Connected) = event {
                let (fingerprint, cipher) = (self.fingerprint.clone(), self.cipher());
                self.reports.push(Report::Connected { fingerprint, cipher });
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.connection.poll_read() {
            match message {
                RTCMessage::RtpPacket(_, Packet { header, .. }) => {
                    self.counts.heard.fetch_add(1, Ordering::Relaxed);
                    match self.streams.insert(header.ssrc, header.sequence_number) {
                        None => self.reports.push(Report::Heard(header.ssrc)),
                        Some(last) => {
                            let ahead = header.sequence_number.wrapping_sub(last);
                            let skipped = if ahead < 1 << 15 { ahead.saturating_sub(1) } else { 0 };
                            self.counts.skipped.fetch_add(u64::from(skipped), Ordering::Relaxed);
                        }
                    }
                }
                RTCMessage::DataChannelMessage(_, message) => {
                    let Ok(packet) = lk::DataPacket::decode(message.data.as_ref()) else { continue };
                    if let Some(lk::data_packet::Value::User(user)) = packet.value {
                        self.reports.push(Report::Data(packet.participant_identity, user.payload));
                    }
                }
                _ => {}
            }
        }
    }
}
