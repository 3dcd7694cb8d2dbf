//! A peer's interceptors as one. The crate's chain hands every packet through all of them, and keeps a queue of packets at
//! each: a tenth of what a forwarded packet costs. Here each is given what it looks at.
//!
//! | Interceptor | Of what is received | Of what is sent |
//! |---|---|---|
//! | requests to repeat, arrival times, receiver reports | all | – |
//! | repeats | RTCP | video |
//! | sender reports | – | media |
//!
//! The application sees received RTCP: requests for key frames are passed on to the publisher. Reports of one moment go out
//! together: the crate would make a datagram for each voice that a seat hears, every second, and the queues behind would
//! keep room for that many.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Instant,
};

use rtc::{
    interceptor::{
        Attribute, BoxedInterceptor, Interceptor, NackGeneratorBuilder, NackResponderBuilder, NackResponderInterceptor,
        Packet, ReceiverReportBuilder, Registry, SenderReportBuilder, SenderReportInterceptor, Slot, StreamInfo,
        TaggedPacket,
    },
    peer_connection::configuration::{
        interceptor_registry::{configure_nack, configure_simulcast_extension_headers, configure_twcc_receiver_only},
        media_engine::MediaEngine,
    },
    sansio::Protocol,
    shared::error::Error,
};

/// Most packets of RTCP that are put together. A sender report without reception reports has 28 bytes (RFC 3550 section
/// 6.4.1).
const TOGETHER: usize = 32;

pub(crate) struct Interceptors {
    receiving: BoxedInterceptor,
    repeats: NackResponderInterceptor,
    /// Streams that are kept for repeating: those of video.
    repeated: BTreeSet<u32>,
    reports: SenderReportInterceptor,
    written: VecDeque<TaggedPacket>,
}

impl Interceptors {
    /// The crate's default ones, and what descriptions say of them.
    pub(crate) fn new(engine: &mut MediaEngine) -> Result<Self, Error> {
        // For what it writes into the engine: the interceptors in its registry are made below.
        let _ = configure_nack(Registry::new(), engine);
        configure_simulcast_extension_headers(engine)?;
        let receiving = configure_twcc_receiver_only(Registry::new(), engine)?
            .with(Slot::NackGenerator, NackGeneratorBuilder::new().build())
            .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build());
        Ok(Self {
            receiving: Box::new(receiving.build()),
            repeats: NackResponderBuilder::new().build(),
            repeated: BTreeSet::new(),
            reports: SenderReportBuilder::new().build(),
            written: VecDeque::new(),
        })
    }

    /// What they say by themselves.
    fn gather(&mut self) {
        while let Some(packet) = self.reports.poll_write() {
            self.queue(packet);
        }
        while let Some(packet) = self.repeats.poll_write() {
            self.queue(packet);
        }
        while let Some(packet) = self.receiving.poll_write() {
            self.queue(packet);
        }
    }

    fn queue(&mut self, mut packet: TaggedPacket) {
        if let Some(last) = self.written.back_mut()
            && let (Packet::Rtcp(last), Packet::Rtcp(more)) = (&mut last.message.packet, &mut packet.message.packet)
            && last.len() + more.len() <= TOGETHER
        {
            last.append(more);
        } else {
            self.written.push_back(packet);
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Interceptors {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, mut packet: TaggedPacket) -> Result<(), Error> {
        if matches!(packet.message.packet, Packet::Rtcp(_)) {
            packet.message.add(Attribute::DeliverToApplication);
            self.repeats.handle_read(packet)?;
            while let Some(packet) = self.repeats.poll_read() {
                self.receiving.handle_read(packet)?;
            }
        } else {
            self.receiving.handle_read(packet)?;
        }
        self.gather();
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.receiving.poll_read()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        let Packet::Rtp(media) = &packet.message.packet else {
            self.queue(packet);
            return Ok(());
        };
        let repeated = !self.repeated.is_empty() && self.repeated.contains(&media.header.ssrc);
        self.reports.handle_write(packet)?;
        while let Some(packet) = self.reports.poll_write() {
            if repeated {
                self.repeats.handle_write(packet)?;
                while let Some(packet) = self.repeats.poll_write() {
                    self.queue(packet);
                }
            } else {
                self.queue(packet);
            }
        }
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.written.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.reports.handle_timeout(now)?;
        self.receiving.handle_timeout(now)?;
        self.gather();
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.reports.poll_timeout().into_iter().chain(self.receiving.poll_timeout()).min()
    }
}

impl Interceptor for Interceptors {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        self.reports.bind_local_stream(info);
        self.repeats.bind_local_stream(info);
        if info.rtcp_feedback.iter().any(|wish| wish.typ == "nack" && wish.parameter.is_empty()) {
            self.repeated.insert(info.ssrc);
        }
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.reports.unbind_local_stream(info);
        self.repeats.unbind_local_stream(info);
        self.repeated.remove(&info.ssrc);
    }

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        self.receiving.bind_remote_stream(info);
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.receiving.unbind_remote_stream(info);
    }
}

#[cfg(test)]
mod tests {
    use std::iter::from_fn;

    use rtc::{
        interceptor::{AttributedPacket, RTCPFeedback},
        rtcp::{
            sender_report::SenderReport,
            transport_feedbacks::transport_layer_nack::{NackPair, TransportLayerNack},
        },
        rtp,
        shared::TransportContext,
    };

    use super::*;
    use crate::rtc::codecs::media_engine;

    const VIDEO: u32 = 1;
    const AUDIO: u32 = 2;

    fn interceptors() -> Interceptors {
        Interceptors::new(&mut media_engine().unwrap()).unwrap()
    }

    fn tagged(packet: Packet) -> TaggedPacket {
        let now = crate::clock::instant();
        TaggedPacket { now, transport: TransportContext::default(), message: AttributedPacket::new(packet) }
    }

    fn media(ssrc: u32) -> TaggedPacket {
        let header = rtp::Header { ssrc, sequence_number: 7, ..Default::default() };
        tagged(Packet::Rtp(rtp::Packet { header, payload: vec![5; 9].into() }))
    }

    fn report() -> TaggedPacket {
        tagged(Packet::Rtcp(vec![Box::new(SenderReport::default())]))
    }

    /// How many packets of RTCP each datagram holds; of media 0.
    fn sent(interceptors: &mut Interceptors) -> Vec<usize> {
        let count = |packet: TaggedPacket| match packet.message.packet {
            Packet::Rtcp(packets) => packets.len(),
            _ => 0,
        };
        from_fn(|| interceptors.poll_write()).map(count).collect()
    }

    #[test]
    fn the_reports_of_a_moment_share_a_datagram_and_media_keeps_its_place() {
        let mut interceptors = interceptors();
        for _ in 0..TOGETHER + 3 {
            interceptors.handle_write(report()).unwrap();
        }
        interceptors.handle_write(media(AUDIO)).unwrap();
        interceptors.handle_write(report()).unwrap();
        assert_eq!(sent(&mut interceptors), [TOGETHER, 3, 0, 1]);
    }

    #[test]
    fn every_voice_is_reported_on_in_one_datagram_a_second() {
        let mut interceptors = interceptors();
        for ssrc in 10..20 {
            interceptors.bind_local_stream(&StreamInfo { ssrc, clock_rate: 48_000, ..Default::default() });
            interceptors.handle_write(media(ssrc)).unwrap();
        }
        assert_eq!(sent(&mut interceptors), [0; 10]);
        let due = interceptors.poll_timeout().unwrap();
        interceptors.handle_timeout(due).unwrap();
        assert_eq!(sent(&mut interceptors), [10]);
    }

    #[test]
    fn lost_video_is_repeated_once_for_each_request_and_audio_is_not() {
        let mut interceptors = interceptors();
        let nack = RTCPFeedback { typ: "nack".into(), parameter: String::new() };
        let video = StreamInfo { ssrc: VIDEO, rtcp_feedback: vec![nack], ..Default::default() };
        interceptors.bind_local_stream(&video);
        interceptors.bind_local_stream(&StreamInfo { ssrc: AUDIO, ..Default::default() });
        for (ssrc, repeats) in [(VIDEO, 1), (AUDIO, 0)] {
            interceptors.handle_write(media(ssrc)).unwrap();
            assert_eq!(sent(&mut interceptors), [0]);
            let nacks = vec![NackPair { packet_id: 7, lost_packets: 0 }];
            let lost = TransportLayerNack { sender_ssrc: 9, media_ssrc: ssrc, nacks };
            interceptors.handle_read(tagged(Packet::Rtcp(vec![Box::new(lost)]))).unwrap();
            assert_eq!(sent(&mut interceptors), vec![0; repeats]);
            assert!(interceptors.poll_read().is_some(), "the application sees the request");
        }
    }
}
