//! RTP packets become frames, in order: Opus (RFC 7587), VP8 (RFC 7741; the payload's own layout is read by `rtc`).
//!
//! A packet that is missing is waited for until [`WINDOW`] later ones have come; then what it was part of is left out. A server
//! that sends beginnings only is not followed beyond [`MAX_HELD`].

use std::collections::BTreeMap;

use bytes::Bytes;
use rtc::rtp::Packet;
use rtc::rtp::codec::vp8::Vp8Packet;
use rtc::rtp::packetizer::Depacketizer;

use crate::webm::{Codec, MAX_FRAME};

/// Packets that are held while one before them is missing.
const WINDOW: usize = 64;

/// Bytes that wait in all streams together: a packet missing in each of 500, or 4 pictures of the largest size.
const MAX_HELD: usize = 64 << 20;

/// A frame as its sender sealed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) rtp: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Puts the frames of one stream together.
#[derive(Debug)]
pub(crate) struct Frames {
    codec: Codec,
    /// By their numbers, counted on beyond 16 bits.
    waiting: BTreeMap<u64, Packet>,
    next: Option<u64>,
    /// Time and bytes of the VP8 frame that has begun.
    partial: Option<(u32, Vec<u8>)>,
    has_lost: bool,
    /// Bytes of packets that wait.
    waits: usize,
}

/// How much waits in all streams of a connection.
#[derive(Debug, Default)]
pub(crate) struct Held(usize);

impl Held {
    /// [`Frames::push`]; a stream with which too much would wait gives up what it holds.
    pub(crate) fn push(&mut self, frames: &mut Frames, packet: Packet) -> Vec<Whole> {
        self.0 = self.0.saturating_sub(frames.held());
        let out = frames.push(packet);
        if self.0.saturating_add(frames.held()) > MAX_HELD {
            frames.give_up();
        }
        self.0 = self.0.saturating_add(frames.held());
        out
    }
}

impl Frames {
    pub(crate) fn new(codec: Codec) -> Self {
        Self { codec, waiting: BTreeMap::new(), next: None, partial: None, has_lost: false, waits: 0 }
    }

    /// Bytes that wait here.
    fn held(&self) -> usize {
        self.waits + self.partial.as_ref().map_or(0, |(_, bytes)| bytes.capacity())
    }

    /// Leave out what waits.
    fn give_up(&mut self) {
        (self.partial, self.waits, self.has_lost) = (None, 0, true);
        self.waiting.clear();
    }

    /// Take a packet; gives the frames that are whole now.
    pub(crate) fn push(&mut self, packet: Packet) -> Vec<Whole> {
        let number = self.number(packet.header.sequence_number);
        let mut next = *self.next.get_or_insert(number);
        let mut out = Vec::new();
        if number < next {
            return out;
        }
        self.waits += size(&packet);
        if let Some(twice) = self.waiting.insert(number, packet) {
            self.waits -= size(&twice);
        }
        loop {
            if let Some(packet) = self.waiting.remove(&next) {
                next += 1;
                self.waits -= size(&packet);
                self.take(&packet, &mut out);
            } else if self.waiting.len() > WINDOW {
                next = self.waiting.first_key_value().map_or(next, |(first, _)| *first);
                self.partial = None;
                self.has_lost = true;
            } else {
                break;
            }
        }
        self.next = Some(next);
        out
    }

    /// Whether something was left out since this was asked: pictures then need a key frame.
    pub(crate) fn has_lost(&mut self) -> bool {
        std::mem::take(&mut self.has_lost)
    }

    /// A 16-bit number in the count: the nearest to what is expected.
    fn number(&self, sequence: u16) -> u64 {
        // So far from 0 that nothing before the first packet falls below it.
        let expected = self.next.unwrap_or(1 << 32 | u64::from(sequence));
        let step = sequence.wrapping_sub(expected as u16).cast_signed();
        expected.saturating_add_signed(step.into())
    }

    fn take(&mut self, packet: &Packet, out: &mut Vec<Whole>) {
        let rtp = packet.header.timestamp;
        match self.codec {
            Codec::Opus if packet.payload.is_empty() => {}
            Codec::Opus => out.push(Whole { rtp, bytes: packet.payload.to_vec() }),
            Codec::Vp8 => {
                let mut head = Vp8Packet::default();
                let part: Bytes = match head.depacketize(&packet.payload) {
                    Ok(part) => part,
                    // Padding has no payload, and belongs to no frame.
                    Err(_) if packet.payload.is_empty() => return,
                    Err(_) => {
                        self.partial = None;
                        return;
                    }
                };
                if head.s == 1 && head.pid == 0 {
                    self.partial = Some((rtp, Vec::new()));
                }
                let fits = |(at, bytes): &(u32, Vec<u8>)| *at == rtp && bytes.len() + part.len() <= MAX_FRAME;
                let Some((_, mut bytes)) = self.partial.take().filter(fits) else { return };
                bytes.extend_from_slice(&part);
                if packet.header.marker {
                    out.push(Whole { rtp, bytes });
                } else {
                    self.partial = Some((rtp, bytes));
                }
            }
        }
    }
}

/// What a packet takes while it waits.
const fn size(packet: &Packet) -> usize {
    size_of::<Packet>() + packet.payload.len()
}

#[cfg(test)]
mod tests {
    use rtc::rtp::Header;
    use rtc::rtp::codec::vp8::Vp8Payloader;
    use rtc::rtp::packetizer::Payloader;

    use super::*;

    fn packet(sequence: u16, timestamp: u32, marker: bool, payload: Bytes) -> Packet {
        Packet { header: Header { sequence_number: sequence, timestamp, marker, ..Default::default() }, payload }
    }

    fn sound(sequence: u16) -> Packet {
        packet(sequence, u32::from(sequence) * 960, false, Bytes::from(sequence.to_be_bytes().to_vec()))
    }

    fn numbers(frames: Vec<Whole>) -> Vec<u16> {
        frames.into_iter().map(|frame| u16::from_be_bytes([frame.bytes[0], frame.bytes[1]])).collect()
    }

    #[test]
    fn packets_come_out_in_order_once_and_round_the_end_of_their_numbers() {
        let mut frames = Frames::new(Codec::Opus);
        let mut out = Vec::new();
        for sequence in [65_533, 65_535, 65_534, 65_534, 1, 0, 65_532, 2] {
            out.extend(numbers(frames.push(sound(sequence))));
        }
        assert_eq!(out, [65_533, 65_534, 65_535, 0, 1, 2]);
        assert!(!frames.has_lost());
    }

    #[test]
    fn a_missing_packet_is_waited_for_so_long_and_no_longer() {
        let mut frames = Frames::new(Codec::Opus);
        frames.push(sound(0));
        for sequence in 2..=65 {
            assert!(frames.push(sound(sequence)).is_empty());
        }
        assert!(!frames.has_lost());
        assert_eq!(numbers(frames.push(sound(66))), (2..=66).collect::<Vec<_>>());
        assert!(frames.has_lost() && !frames.has_lost());
        assert!(frames.push(sound(1)).is_empty() && frames.waiting.is_empty());
    }

    /// Packets of pictures of 3,000 bytes each, in three packets, by `rtc`'s own payloader.
    fn pictures(count: u16) -> Vec<Packet> {
        let mut payloader = Vp8Payloader::default();
        payloader.enable_picture_id = true;
        let mut packets = Vec::new();
        for i in 0..count {
            let parts = payloader.payload(1_200, &Bytes::from(vec![i as u8; 3_000])).unwrap();
            let last = parts.len() - 1;
            for (at, part) in parts.into_iter().enumerate() {
                packets.push(packet(packets.len() as u16, u32::from(i) * 3_000, at == last, part));
            }
        }
        packets
    }

    #[test]
    fn a_picture_is_whole_or_left_out() {
        let whole = |frames: &mut Frames, packets: Vec<Packet>| -> Vec<u8> {
            let out = packets.into_iter().flat_map(|packet| frames.push(packet)).collect::<Vec<_>>();
            assert!(out.iter().all(|frame| frame.bytes == vec![frame.bytes[0]; 3_000]));
            assert!(out.iter().all(|frame| frame.rtp == u32::from(frame.bytes[0]) * 3_000));
            out.into_iter().map(|frame| frame.bytes[0]).collect()
        };
        let packets = pictures(40);
        assert_eq!(packets.len(), 120);
        assert_eq!(whole(&mut Frames::new(Codec::Vp8), packets.clone()), (0..40).collect::<Vec<_>>());
        for missing in [3, 4, 5] {
            let mut some = packets.clone();
            some.remove(missing);
            let mut frames = Frames::new(Codec::Vp8);
            assert_eq!(whole(&mut frames, some), (0..40).filter(|i| *i != 1).collect::<Vec<_>>(), "{missing}");
            assert!(frames.has_lost());
        }
        // Begun in the middle of one.
        assert_eq!(whole(&mut Frames::new(Codec::Vp8), packets[1..].to_vec()), (1..40).collect::<Vec<_>>());
    }

    #[test]
    fn beginnings_without_end_in_every_stream_are_held_up_to_a_bound() {
        let part = |start: u8| Bytes::from([&[start][..], &[7; 60_000]].concat());
        let (mut held, mut streams, mut honest) = (Held::default(), Vec::new(), Frames::new(Codec::Vp8));
        let whole: Vec<_> = pictures(3).into_iter().flat_map(|packet| held.push(&mut honest, packet)).collect();
        assert_eq!((whole.len(), held.0), (3, 0), "what is whole waits no more");
        for _ in 0..500 {
            let mut frames = Frames::new(Codec::Vp8);
            for (sequence, start) in [(0, 0x10), (1, 0), (2, 0), (9, 0)] {
                assert!(held.push(&mut frames, packet(sequence, 9, false, part(start))).is_empty());
            }
            streams.push(frames);
        }
        let sum: usize = streams.iter().map(Frames::held).sum();
        assert_eq!((sum, sum <= MAX_HELD), (held.0, true));
        assert!(sum > MAX_HELD / 2 && streams.iter().filter(|frames| frames.has_lost).count() > 100);
        // What ends is let go, and others have its place.
        for frames in streams.iter_mut().filter(|frames| frames.partial.is_some()) {
            held.push(frames, packet(3, 9, true, part(0)));
        }
        assert!(held.0 < sum);
    }

    #[test]
    fn rubbish_is_no_frame_and_a_frame_without_end_is_given_up() {
        let mut frames = Frames::new(Codec::Vp8);
        for (sequence, payload) in [&[][..], &[0x90], &[0xff; 3], &[0; 40]].into_iter().enumerate() {
            let bytes = Bytes::copy_from_slice(payload);
            assert!(frames.push(packet(sequence as u16, 0, true, bytes)).is_empty());
        }
        let part = |start: u8| Bytes::from([&[start][..], &[7; 60_000]].concat());
        assert!(frames.push(packet(4, 9, false, part(0x10))).is_empty());
        for sequence in 5..60 {
            assert!(frames.push(packet(sequence, 9, false, part(0))).is_empty());
        }
        assert_eq!(frames.partial, None);
    }
}
