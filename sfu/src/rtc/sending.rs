//! What a client receives: the sections of its descriptions, the tracks in them, reports on them, and what may have to be
//! repeated. The library seals and sends the packets; of the tracks it knows nothing.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use pars_sfu_core::{Attach, Kind, Numbering, ParticipantSid, RtpHead, Slot, TrackSid, Write};
use rand_core::Rng;
use rtc::{
    rtcp::{sender_report::SenderReport, transport_feedbacks::transport_layer_nack::TransportLayerNack},
    rtp::{Header, Packet},
};

use super::{
    codecs::offered,
    description::{Agreed, Own, Place, Section, split, weave},
};
use crate::clock::{System, ntp};

/// How often a stream is reported on.
const REPORT: Duration = Duration::from_secs(1);
/// Packets of a video that are kept for repeating: more than a second of a shared screen.
const KEPT: usize = 512;
/// Packets that are repeated at once. Every packet that is sent allows for one more: who asks for all again and again gets the
/// stream twice at most.
const REPEATED: usize = 64;

/// A section in which the client receives.
struct Receiving {
    mid: String,
    kind: Kind,
    slot: Option<Slot>,
}

/// A track that is sent.
struct Sending {
    track: TrackSid,
    owner: ParticipantSid,
    ssrc: u32,
    /// The SSRC under which packets of video are repeated.
    repeat_ssrc: Option<u32>,
    /// None until the client has agreed to some.
    codecs: Vec<Agreed>,
    numbering: Numbering,
    sent: Sent,
    kept: Option<Kept>,
}

/// What reports tell of a stream.
#[derive(Default)]
struct Sent {
    packets: u32,
    octets: u32,
    /// The newest timestamp, when it was sent first, and units of it per second.
    newest: Option<(u32, Instant, u32)>,
}

/// What is kept of a packet.
#[derive(Clone)]
struct Held {
    number: u16,
    payload_type: u8,
    marker: bool,
    timestamp: u32,
    payload: Bytes,
}

/// The newest packets of a stream, by their numbers.
struct Kept {
    packets: Vec<Option<Held>>,
    allowed: usize,
    /// The next number of a repetition.
    next: u16,
}

/// The receiving side of a client.
#[derive(Default)]
pub(super) struct Outgoing {
    receiving: Vec<Receiving>,
    sending: BTreeMap<Slot, Sending>,
    by_ssrc: BTreeMap<u32, Slot>,
    report_at: Option<Instant>,
}

impl Outgoing {
    fn add(&mut self, attach: Attach) -> Slot {
        let ssrc = System.next_u32() | 1;
        let sending = Sending {
            track: attach.track,
            owner: attach.owner,
            ssrc,
            repeat_ssrc: (attach.kind == Kind::Video).then(|| System.next_u32() & !1),
            codecs: Vec::new(),
            numbering: Numbering::default(),
            sent: Sent::default(),
            kept: None,
        };
        self.by_ssrc.insert(ssrc, attach.slot);
        self.sending.insert(attach.slot, sending);
        attach.slot
    }

    /// Version 0: a track gets a section of the next offer.
    pub(super) fn attach(&mut self, attach: Attach) {
        // The section of data, the only one of the library's, is number 0.
        let mid = (self.receiving.len() + 1).to_string();
        let (kind, slot) = (attach.kind, self.add(attach));
        self.receiving.push(Receiving { mid, kind, slot: Some(slot) });
    }

    /// A track ends. Its section stays, and lies idle.
    pub(super) fn detach(&mut self, slot: Slot) {
        if let Some(ended) = self.sending.remove(&slot) {
            self.by_ssrc.remove(&ended.ssrc);
        }
        self.receiving.iter_mut().filter(|own| own.slot == Some(slot)).for_each(|own| own.slot = None);
    }

    /// Whether a section is one of ours.
    pub(super) fn has(&self, section: &Section<'_>) -> bool {
        self.find(section).is_some()
    }

    fn find(&self, section: &Section<'_>) -> Option<&Receiving> {
        self.receiving.iter().find(|own| own.mid == section.mid() && Some(own.kind) == section.kind())
    }

    /// Version 1: the client offers these sections. New ones in which it receives get the tracks, in their order.
    pub(super) fn take_offer(&mut self, sections: &[Section<'_>], attach: Vec<Attach>) {
        let mut known = std::mem::take(&mut self.receiving);
        let mut attach: Vec<_> = attach.into_iter().map(Some).collect();
        self.sending.values_mut().for_each(|sending| sending.codecs.clear());
        for section in sections {
            let (Some(kind), mid) = (section.kind(), section.mid()) else { continue };
            let place = known.iter().position(|own| own.mid == mid && own.kind == kind);
            if mid.is_empty() || !(section.has("a=recvonly") || (place.is_some() && section.has("a=inactive"))) {
                continue;
            }
            let slot = match place {
                Some(place) => known.swap_remove(place).slot,
                None => {
                    let wanted = attach.iter_mut().find(|one| one.as_ref().is_some_and(|one| one.kind == kind));
                    wanted.and_then(Option::take).map(|attach| self.add(attach))
                }
            };
            self.agree(slot, section);
            self.receiving.push(Receiving { mid: mid.to_owned(), kind, slot });
        }
        // Those that no section came for are known by their slots all the same.
        for left in attach.into_iter().flatten() {
            self.add(left);
        }
    }

    /// Version 0: the client answers these sections.
    pub(super) fn take_answer(&mut self, sections: &[Section<'_>]) {
        self.sending.values_mut().for_each(|sending| sending.codecs.clear());
        for section in sections {
            let slot = self.find(section).and_then(|own| own.slot);
            self.agree(slot, section);
        }
    }

    fn agree(&mut self, slot: Option<Slot>, section: &Section<'_>) {
        if let Some(sending) = slot.and_then(|slot| self.sending.get_mut(&slot))
            && section.has("a=recvonly")
        {
            sending.codecs = section.agreed();
        }
    }

    /// The answer to the sections that were offered: the library's, `local`, and ours.
    pub(super) fn answer(&self, local: &str, sections: &[Section<'_>]) -> String {
        let places: Vec<_> = sections
            .iter()
            .map(|section| {
                let Some(own) = self.find(section) else { return Place::Library(section) };
                let agreed = section.agreed();
                if agreed.is_empty() {
                    return Place::Refused(section);
                }
                let (formats, codecs) = section.codecs(&agreed);
                let sending = own.slot.and_then(|slot| self.sending.get(&slot));
                let sending = sending.filter(|sending| !sending.codecs.is_empty());
                let repeats = agreed.iter().any(|one| one.repeat.is_some());
                let source = sending.map(|sending| sending.source(repeats));
                Place::Own(Own { kind: own.kind, mid: own.mid.clone(), formats, codecs, source })
            })
            .collect();
        weave(local, &places)
    }

    /// The offer: the library's sections, `local`, and ours behind them.
    pub(super) fn offer(&self, local: &str) -> String {
        let (_, sections) = split(local);
        let own = self.receiving.iter().map(|own| {
            let (formats, codecs) = offered(own.kind);
            let sending = own.slot.and_then(|slot| self.sending.get(&slot));
            let source = sending.map(|sending| sending.source(true));
            Place::Own(Own { kind: own.kind, mid: own.mid.clone(), formats, codecs, source })
        });
        let places: Vec<_> = sections.iter().map(Place::Library).chain(own).collect();
        weave(local, &places)
    }

    /// The sections that carry tracks.
    pub(super) fn carried(&self) -> BTreeMap<String, TrackSid> {
        let carried = self.receiving.iter().filter_map(|own| {
            let sending = self.sending.get(&own.slot?)?;
            Some((own.mid.clone(), sending.track.clone()))
        });
        carried.collect()
    }

    pub(super) fn slot(&self, ssrc: u32) -> Option<Slot> {
        self.by_ssrc.get(&ssrc).copied()
    }

    /// A packet as this client gets it; none if it must not: no codec agreed for it, a copy, or nothing in it.
    pub(super) fn packet(
        &mut self,
        now: Instant,
        write: &Write,
        (head, payload): (&RtpHead, &Bytes),
    ) -> Option<Packet> {
        let sending = self.sending.get_mut(&write.slot)?;
        let agreed = *sending.codecs.iter().find(|agreed| agreed.codec == write.codec)?;
        let numbers = sending.numbering.number(now, (write.run, write.codec), head, payload.is_empty());
        let (number, timestamp) = numbers?;
        let (payload_type, marker) = (agreed.payload_type, head.marker);
        let held = Held { number, payload_type, marker, timestamp, payload: payload.clone() };
        sending.sent.count(now, (timestamp, payload.len()), write.codec.clock_rate());
        if agreed.asks {
            sending.kept.get_or_insert_with(Kept::new).keep(held.clone());
        }
        self.report_at.get_or_insert(now + REPORT);
        Some(held.packet(sending.ssrc))
    }

    /// What a client asks for again.
    pub(super) fn repeated(&mut self, lost: &TransportLayerNack) -> Vec<Packet> {
        let slot = self.slot(lost.media_ssrc);
        let Some(sending) = slot.and_then(|slot| self.sending.get_mut(&slot)) else { return Vec::new() };
        let Some(kept) = sending.kept.as_mut() else { return Vec::new() };
        let numbers = lost.nacks.iter().flat_map(|pair| {
            let behind = (0..16u16).filter(move |bit| pair.lost_packets & (1u16 << *bit) != 0);
            std::iter::once(pair.packet_id).chain(behind.map(move |bit| pair.packet_id.wrapping_add(bit + 1)))
        });
        let mut repeated = Vec::new();
        for number in numbers {
            let Some(held) = kept.find(number).filter(|_| kept.allowed > 0).cloned() else { continue };
            kept.allowed -= 1;
            let codec = sending.codecs.iter().find(|codec| codec.payload_type == held.payload_type);
            let way = sending.repeat_ssrc.zip(codec.and_then(|codec| codec.repeat));
            repeated.push(match way {
                Some((ssrc, payload_type)) => kept.wrapped(held, payload_type).packet(ssrc),
                None => held.packet(sending.ssrc),
            });
        }
        repeated
    }

    /// When [`Self::reports`] has something to tell.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.report_at
    }

    /// Reports on all streams, if it is time for them.
    pub(super) fn reports(&mut self, now: Instant) -> Vec<SenderReport> {
        if self.report_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        let ntp_time = ntp();
        let report = |sending: &Sending| sending.sent.report(now, (sending.ssrc, ntp_time));
        let reports: Vec<_> = self.sending.values().filter_map(report).collect();
        // Where all have ended, the next packet begins anew.
        self.report_at = (!reports.is_empty()).then(|| now + REPORT);
        reports
    }
}

impl Sending {
    /// Lines that tell whose it is. Clients read the participant from the stream's id.
    fn source(&self, repeats: bool) -> String {
        let Self { track, owner, ssrc, .. } = self;
        let stream = format!("{owner}|{track}");
        let repeat = self.repeat_ssrc.filter(|_| repeats);
        let mut lines = format!("a=msid:{stream} {track}\r\n");
        if let Some(repeat) = repeat {
            lines += &format!("a=ssrc-group:FID {ssrc} {repeat}\r\n");
        }
        for ssrc in [Some(*ssrc), repeat].into_iter().flatten() {
            lines += &format!("a=ssrc:{ssrc} cname:{stream}\r\na=ssrc:{ssrc} msid:{stream} {track}\r\n");
        }
        lines
    }
}

impl Sent {
    fn count(&mut self, now: Instant, (timestamp, length): (u32, usize), rate: u32) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u32::try_from(length).unwrap_or(u32::MAX));
        // The first packet of a picture tells when it was sent; what comes late tells nothing.
        let ahead = self.newest.is_none_or(|(newest, ..)| (1..1 << 31).contains(&timestamp.wrapping_sub(newest)));
        if ahead {
            self.newest = Some((timestamp, now, rate));
        }
    }

    fn report(&self, now: Instant, (ssrc, ntp_time): (u32, u64)) -> Option<SenderReport> {
        let (timestamp, at, rate) = self.newest?;
        let passed = now.saturating_duration_since(at).as_micros().saturating_mul(u128::from(rate)) / 1_000_000;
        let passed = u32::try_from(passed & u128::from(u32::MAX)).unwrap_or(0);
        Some(SenderReport {
            ssrc,
            ntp_time,
            rtp_time: timestamp.wrapping_add(passed),
            packet_count: self.packets,
            octet_count: self.octets,
            ..Default::default()
        })
    }
}

impl Held {
    fn packet(self, ssrc: u32) -> Packet {
        let Self { number, payload_type, marker, timestamp, payload } = self;
        let header =
            Header { version: 2, ssrc, payload_type, marker, sequence_number: number, timestamp, ..Default::default() };
        Packet { header, payload }
    }
}

impl Kept {
    fn new() -> Self {
        Self { packets: vec![None; KEPT], allowed: 0, next: 0 }
    }

    fn keep(&mut self, held: Held) {
        if let Some(place) = self.packets.get_mut(usize::from(held.number) % KEPT) {
            *place = Some(held);
        }
        self.allowed = (self.allowed + 1).min(REPEATED);
    }

    fn find(&self, number: u16) -> Option<&Held> {
        self.packets.get(usize::from(number) % KEPT)?.as_ref().filter(|held| held.number == number)
    }

    /// A packet in one of the stream of repetitions (RFC 4588 section 4): the number it had, then what it held.
    fn wrapped(&mut self, held: Held, payload_type: u8) -> Held {
        let mut payload = BytesMut::with_capacity(2 + held.payload.len());
        payload.put_u16(held.number);
        payload.extend_from_slice(&held.payload);
        let number = self.next;
        self.next = number.wrapping_add(1);
        Held { number, payload_type, payload: payload.freeze(), ..held }
    }
}
