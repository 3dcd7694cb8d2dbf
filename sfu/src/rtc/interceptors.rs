//! What stands between a peer's transport and its tracks, as one interceptor. The crate's chain hands every packet through
//! all of its own, and keeps a queue of packets at each: a tenth of what a forwarded packet costs.
//!
//! What is received goes through the crate's interceptors that ask for repetitions, tell arrival times, and report. What is
//! sent goes through none. Of what receivers report, requests for key frames and for packets are put aside for
//! [`Outgoing`](super::sending::Outgoing), which alone knows what they are about.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use rtc::{
    interceptor::{
        BoxedInterceptor, Interceptor, NackGeneratorBuilder, Packet, ReceiverReportBuilder, Registry, Slot, StreamInfo,
        TaggedPacket,
    },
    peer_connection::configuration::{
        interceptor_registry::{configure_nack, configure_simulcast_extension_headers, configure_twcc_receiver_only},
        media_engine::MediaEngine,
    },
    rtcp::{
        self,
        payload_feedbacks::{full_intra_request::FullIntraRequest, picture_loss_indication::PictureLossIndication},
        sender_report::SenderReport,
        transport_feedbacks::transport_layer_nack::TransportLayerNack,
    },
    sansio::Protocol,
    shared::error::Error,
};

/// What a receiver asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A key frame of the stream with this SSRC.
    KeyFrame(u32),
    /// Packets that it lost.
    Repeat(TransportLayerNack),
}

/// What receivers asked for and nobody has looked at yet: that of one datagram.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<Vec<Asked>>>);

impl Inbox {
    pub(super) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, packet: &dyn rtcp::Packet) {
        let any = packet.as_any();
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lost) = any.downcast_ref::<PictureLossIndication>() {
            asked.push(Asked::KeyFrame(lost.media_ssrc));
        } else if let Some(wanted) = any.downcast_ref::<FullIntraRequest>() {
            asked.extend(wanted.fir.iter().map(|entry| Asked::KeyFrame(entry.ssrc)));
        } else if let Some(lost) = any.downcast_ref::<TransportLayerNack>() {
            asked.push(Asked::Repeat(lost.clone()));
        }
    }
}

pub(super) struct Interceptors {
    receiving: BoxedInterceptor,
    inbox: Inbox,
    written: VecDeque<TaggedPacket>,
}

impl Interceptors {
    /// The crate's default ones, and what descriptions say of them.
    pub(super) fn new(engine: &mut MediaEngine, inbox: Inbox) -> Result<Self, Error> {
        // For what it writes into the engine: the interceptor in its registry is made below.
        let _ = configure_nack(Registry::new(), engine);
        configure_simulcast_extension_headers(engine)?;
        let receiving = configure_twcc_receiver_only(Registry::new(), engine)?
            .with(Slot::NackGenerator, NackGeneratorBuilder::new().build())
            .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build());
        Ok(Self { receiving: Box::new(receiving.build()), inbox, written: VecDeque::new() })
    }

    /// What they say by themselves.
    fn gather(&mut self) {
        self.written.extend(std::iter::from_fn(|| self.receiving.poll_write()));
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Interceptors {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            packets.iter().for_each(|packet| self.inbox.put(packet.as_ref()));
            // The rest is of no use to them, and their queues keep room for what passes through.
            if !packets.iter().any(|packet| packet.as_any().is::<SenderReport>()) {
                return Ok(());
            }
        }
        self.receiving.handle_read(packet)?;
        self.gather();
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.receiving.poll_read()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.written.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.written.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.receiving.handle_timeout(now)?;
        self.gather();
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.receiving.poll_timeout()
    }
}

impl Interceptor for Interceptors {
    // The library sends no tracks.
    fn bind_local_stream(&mut self, _: &StreamInfo) {}

    fn unbind_local_stream(&mut self, _: &StreamInfo) {}

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        self.receiving.bind_remote_stream(info);
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.receiving.unbind_remote_stream(info);
    }
}

#[cfg(test)]
mod tests {
    use rtc::{
        interceptor::AttributedPacket,
        rtcp::{
            payload_feedbacks::full_intra_request::FirEntry, receiver_report::ReceiverReport,
            transport_feedbacks::transport_layer_nack::NackPair,
        },
        rtp,
        shared::TransportContext,
    };

    use super::*;
    use crate::rtc::codecs::media_engine;

    fn interceptors() -> (Interceptors, Inbox) {
        let inbox = Inbox::default();
        (Interceptors::new(&mut media_engine().unwrap(), inbox.clone()).unwrap(), inbox)
    }

    fn tagged(packet: Packet) -> TaggedPacket {
        let now = crate::clock::instant();
        TaggedPacket { now, transport: TransportContext::default(), message: AttributedPacket::new(packet) }
    }

    #[test]
    fn what_receivers_ask_for_is_put_aside_once_and_nothing_else_is() {
        let (mut interceptors, inbox) = interceptors();
        let nacks = vec![NackPair { packet_id: 7, lost_packets: 5 }];
        let lost = TransportLayerNack { sender_ssrc: 9, media_ssrc: 3, nacks };
        let entry = |ssrc| FirEntry { ssrc, sequence_number: 0 };
        let packets: Vec<Box<dyn rtcp::Packet>> = vec![
            Box::new(ReceiverReport::default()),
            Box::new(PictureLossIndication { sender_ssrc: 9, media_ssrc: 1 }),
            Box::new(FullIntraRequest { sender_ssrc: 9, media_ssrc: 0, fir: vec![entry(2), entry(4)] }),
            Box::new(lost.clone()),
        ];
        interceptors.handle_read(tagged(Packet::Rtcp(packets))).unwrap();
        let asked = [Asked::KeyFrame(1), Asked::KeyFrame(2), Asked::KeyFrame(4), Asked::Repeat(lost)];
        assert_eq!(inbox.take(), asked);
        assert_eq!((inbox.take(), interceptors.poll_read().is_some()), (Vec::new(), false));
    }

    #[test]
    fn media_passes_to_its_tracks_and_what_is_sent_as_it_is() {
        let (mut interceptors, inbox) = interceptors();
        let media = || tagged(Packet::Rtp(rtp::Packet { payload: vec![5; 9].into(), ..Default::default() }));
        interceptors.handle_read(media()).unwrap();
        assert!(interceptors.poll_read().is_some() && interceptors.poll_write().is_none());
        interceptors.handle_write(media()).unwrap();
        let sent: Vec<_> = std::iter::from_fn(|| interceptors.poll_write()).map(|sent| sent.message.packet).collect();
        assert_eq!((sent, inbox.take()), (vec![media().message.packet], Vec::new()));
    }
}
