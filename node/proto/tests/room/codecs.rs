//! TH-M1: what a media server holds after SRTP, given to the parsers of the codecs. Two things limit the row's words "fails every
//! codec parser". The first bytes of a frame stay readable (`Codec`), so its kind, and a key frame's size in pixels, may be
//! read. And Opus has packets that no parser refuses: of code 0, any bytes are a frame (RFC 6716 3.2.2). So what must hold is
//! that a parser refuses the sealed frame or finds something else in it: no frame and no field behind the readable bytes is
//! the plain one's.

use pars_crypto::secret::SharedSecret;
use pars_proto::media::{Codec, Sealer};

/// Seals of each frame, each under another iv.
const SEALS: usize = 1_000;
/// Bytes that do not stand in both by chance.
const RUN: usize = 8;

/// The frames of an Opus packet (RFC 6716 3.2, R1 to R7).
fn opus(packet: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (toc, rest) = packet.split_first()?;
    let frames: Vec<&[u8]> = match toc & 3 {
        0 => vec![rest],
        1 if rest.len() % 2 == 0 => rest.chunks(rest.len() / 2).collect(),
        1 => return None,
        2 => {
            let (length, rest) = opus_length(rest)?;
            let (first, second) = rest.split_at_checked(length)?;
            vec![first, second]
        }
        _ => return opus_many(rest),
    };
    frames.iter().all(|frame| frame.len() <= 1_275).then(|| frames.into_iter().map(<[u8]>::to_vec).collect())
}

/// A length of one or two bytes (RFC 6716 3.2.1).
fn opus_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [first, rest @ ..] if *first < 252 => Some((usize::from(*first), rest)),
        [first, second, rest @ ..] => Some((usize::from(*second) * 4 + usize::from(*first), rest)),
        _ => None,
    }
}

/// Code 3: a count, whether lengths differ, padding, lengths (RFC 6716 3.2.5).
fn opus_many(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (head, mut rest) = bytes.split_first()?;
    let (count, mut padded, varies) = (usize::from(head & 0x3f), head & 0x40 != 0, head & 0x80 != 0);
    let mut padding = 0;
    while padded {
        let (byte, after) = rest.split_first()?;
        (rest, padded) = (after, *byte == 255);
        padding += usize::from((*byte).min(254));
    }
    let mut lengths = Vec::new();
    for _ in 1..if varies { count } else { 1 } {
        let (length, after) = opus_length(rest)?;
        (lengths, rest) = ([lengths, vec![length]].concat(), after);
    }
    let mut rest = &rest[..rest.len().checked_sub(padding)?];
    if !varies {
        if count == 0 || rest.len() % count != 0 || rest.len() / count > 1_275 {
            return None;
        }
        return Some(rest.chunks((rest.len() / count).max(1)).map(<[u8]>::to_vec).collect());
    }
    let mut frames = Vec::new();
    for length in lengths {
        let (frame, after) = rest.split_at_checked(length)?;
        (frames, rest) = ([frames, vec![frame.to_vec()]].concat(), after);
    }
    (count > 0 && rest.len() <= 1_275).then(|| [frames, vec![rest.to_vec()]].concat())
}

/// The boolean decoder of VP8 (RFC 6386 7.3), for values of even probability.
struct Bools<'a> {
    bytes: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    shifted: u32,
}

impl<'a> Bools<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut bytes = bytes.iter();
        let value = u32::from(*bytes.next()?) << 8 | u32::from(*bytes.next()?);
        Some(Self { bytes, value, range: 255, shifted: 0 })
    }

    fn flag(&mut self) -> u32 {
        let split = 1 + (((self.range - 1) * 128) >> 8);
        let set = self.value >= split << 8;
        (self.value, self.range) =
            if set { (self.value - (split << 8), self.range - split) } else { (self.value, split) };
        while self.range < 128 {
            (self.value, self.range, self.shifted) = (self.value << 1, self.range << 1, self.shifted + 1);
            if self.shifted == 8 {
                self.shifted = 0;
                self.value |= self.bytes.next().map_or(0, |byte| u32::from(*byte));
            }
        }
        u32::from(set)
    }

    fn literal(&mut self, bits: u32) -> u32 {
        (0..bits).fold(0, |value, _| value << 1 | self.flag())
    }

    /// A signed value that may be there.
    fn delta(&mut self, bits: u32) -> u32 {
        if self.flag() == 1 { self.literal(bits) << 1 | self.flag() | 1 << 31 } else { 0 }
    }
}

/// The header of a VP8 key frame behind its ten readable bytes, as far as the quantizer (RFC 6386 9.2 to 9.6).
fn vp8(frame: &[u8]) -> Option<Vec<u32>> {
    let readable = frame.first_chunk::<10>()?;
    if readable[0] & 1 != 0 || readable[3..6] != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let first = u32::from_le_bytes([readable[0], readable[1], readable[2], 0]) >> 5;
    let mut bools = Bools::new(frame.get(10..10 + usize::try_from(first).ok()?)?)?;
    let mut fields = vec![bools.literal(1), bools.literal(1)];
    if bools.flag() == 1 {
        let (map, data) = (bools.flag(), bools.flag());
        fields.extend([1, map, data]);
        if data == 1 {
            fields.push(bools.flag());
            fields.extend((0..4).map(|_| bools.delta(7)).collect::<Vec<_>>());
            fields.extend((0..4).map(|_| bools.delta(6)).collect::<Vec<_>>());
        }
        if map == 1 {
            fields.extend((0..3).map(|_| if bools.flag() == 1 { bools.literal(8) } else { 255 }).collect::<Vec<_>>());
        }
    }
    // Loop filter: kind, level, sharpness, and its changes.
    fields.extend([bools.literal(1), bools.literal(6), bools.literal(3)]);
    if bools.flag() == 1 && bools.flag() == 1 {
        fields.extend((0..8).map(|_| bools.delta(6)).collect::<Vec<_>>());
    }
    // Partitions, quantizer and its changes.
    fields.extend([bools.literal(2), bools.literal(7)]);
    fields.extend((0..5).map(|_| bools.delta(4)).collect::<Vec<_>>());
    Some(fields)
}

/// A picture of one pixel, as libwebp encodes it.
const PICTURE: &str = "3001009d012a0100010003003425a400037000fefb940000";

fn counting(head: &[u8], length: u8) -> Vec<u8> {
    [head, &(1..=length).collect::<Vec<_>>()].concat()
}

/// Whether a stretch of the plain frame stands in what was made of it.
fn shows(plain: &[u8], found: &[u8]) -> bool {
    plain.windows(RUN).any(|run| found.windows(RUN).any(|window| window == run))
}

fn seals(codec: Codec, frame: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut sealer = Sealer::new(1, &SharedSecret::from_bytes([7; 32]));
    (0..SEALS).map(move |_| sealer.frame(codec, 5, frame).unwrap())
}

#[test]
fn a_parser_of_opus_finds_none_of_a_sealed_packets_frames() {
    // One frame, two of one length, two of two lengths, three of one length, three of their own lengths.
    let packets = [
        (counting(&[0x78], 60), 1),
        (counting(&[0x79], 60), 2),
        (counting(&[0x7a, 20], 60), 2),
        (counting(&[0x7b, 0x03], 60), 3),
        (counting(&[0x7b, 0x83, 20, 15], 60), 3),
    ];
    for (packet, count) in packets {
        let plain = opus(&packet).unwrap();
        assert_eq!((plain.len(), plain.concat().len()), (count, 60));
        for sealed in seals(Codec::Opus, &packet) {
            assert_eq!(sealed[0], packet[0]);
            for frame in opus(&sealed).into_iter().flatten() {
                assert!(!plain.contains(&frame) && !plain.iter().any(|plain| shows(plain, &frame)), "{packet:?}");
            }
        }
    }
}

#[test]
fn a_parser_of_vp8_reads_no_field_behind_the_readable_bytes_of_a_sealed_key_frame() {
    let picture = hex::decode(PICTURE).unwrap();
    let plain = vp8(&picture).unwrap();
    println!("the plain frame's fields: {plain:?}");
    let mut read = 0;
    for sealed in seals(Codec::Vp8, &picture) {
        assert!(sealed[..10] == picture[..10] && !shows(&picture[10..], &sealed));
        let found = vp8(&sealed);
        read += usize::from(found.is_some());
        assert_ne!(found.as_ref(), Some(&plain));
    }
    assert_eq!(read, SEALS, "the parser reached the fields, so it compared them");
}
