//! Packets of Opus as a file that foreign programs read: Ogg (RFC 3533) with one stream, as RFC 7845 puts Opus into it.

/// What stands before the sound: version 1, two channels, nothing to skip, 48 kHz, no gain, the usual mapping.
const HEAD: &[u8] = b"OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0";
/// No vendor and no comments.
const TAGS: &[u8] = b"OpusTags\0\0\0\0\0\0\0\0";
/// Samples of a packet as browsers send them: 20 ms at 48 kHz.
const SAMPLES: u64 = 960;
/// The mark of a first page.
const FIRST: u8 = 2;
/// The polynomial of a page's checksum.
const POLYNOMIAL: u32 = 0x04c1_1db7;

/// The file, a page for each packet. Each is shorter than 255 times 255 bytes.
pub fn file(packets: &[&[u8]]) -> Vec<u8> {
    let sound = (1..).zip(packets).map(|(number, packet)| (number * SAMPLES, *packet));
    let all = [(0, HEAD), (0, TAGS)].into_iter().chain(sound);
    (0_u32..).zip(all).flat_map(|(number, (position, packet))| page(number, position, packet)).collect()
}

fn page(number: u32, position: u64, packet: &[u8]) -> Vec<u8> {
    let mut segments = vec![255; packet.len() / 255];
    segments.push((packet.len() % 255) as u8);
    let kind = if number == 0 { FIRST } else { 0 };
    let begin = [b"OggS\0", &[kind][..], &position.to_le_bytes(), &1_u32.to_le_bytes(), &number.to_le_bytes()].concat();
    let rest = [&[segments.len() as u8][..], &segments, packet].concat();
    let sum = checksum(&[&begin[..], &[0; 4], &rest].concat());
    [&begin[..], &sum.to_le_bytes(), &rest].concat()
}

fn checksum(page: &[u8]) -> u32 {
    let shift = |sum: u32, _| if sum >> 31 == 1 { sum << 1 ^ POLYNOMIAL } else { sum << 1 };
    page.iter().fold(0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte) << 24, shift))
}
