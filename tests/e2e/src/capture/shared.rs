//! Do two links carry the same 16 bytes anywhere? Exact: every window of 16 bytes at every offset of every packet is compared
//! with every other link's, in as many rounds as memory asks for.

use std::collections::BTreeMap;

use super::Packet;

/// Bytes of a string that must not be shared.
pub const STRING: usize = 16;
/// Windows of one round: about 128 MB.
const WINDOWS: usize = 1 << 22;

/// A string that two links carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// The two links.
    pub links: [[u8; 16]; 2],
    /// What both carried.
    pub string: [u8; STRING],
}

/// The first 16-byte string found on two links, or none. What two captures hold of one link is compared with other links only.
pub fn shared_string<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> Option<Shared> {
    search(packets, WINDOWS)
}

fn search<'a>(packets: impl IntoIterator<Item = &'a Packet>, room: usize) -> Option<Shared> {
    let packets: Vec<&Packet> = packets.into_iter().collect();
    let mut numbers = BTreeMap::new();
    for packet in &packets {
        let next = numbers.len() as u32;
        numbers.entry(packet.link).or_insert(next);
    }
    let windows: usize = packets.iter().map(|packet| (packet.bytes.len() + 1).saturating_sub(STRING)).sum();
    let rounds = windows.div_ceil(room.max(1)).max(1).next_power_of_two() as u64;
    (0..rounds).find_map(|round| {
        let (string, pair) = search_round(&packets, &numbers, rounds, round)?;
        let name = |number| numbers.iter().find(|(_, of)| **of == number).map(|(link, _)| *link);
        Some(Shared { links: [name(pair[0])?, name(pair[1])?], string })
    })
}

/// One round looks at the windows whose mixed bits say so: the same string falls into the same round wherever it stands.
fn search_round(
    packets: &[&Packet],
    numbers: &BTreeMap<[u8; 16], u32>,
    rounds: u64,
    round: u64,
) -> Option<([u8; STRING], [u32; 2])> {
    let mut found: Vec<(u128, u32)> = Vec::new();
    for packet in packets {
        let number = numbers[&packet.link];
        let mut window = 0_u128;
        for (index, byte) in packet.bytes.iter().enumerate() {
            window = (window << 8) | u128::from(*byte);
            if index + 1 >= STRING && mixed(window) & (rounds - 1) == round {
                found.push((window, number));
            }
        }
    }
    found.sort_unstable();
    found.windows(2).find_map(|pair| match pair {
        [(left, a), (right, b)] if left == right && a != b => Some((left.to_be_bytes(), [*a, *b])),
        _ => None,
    })
}

fn mixed(window: u128) -> u64 {
    let folded = (window as u64) ^ ((window >> 64) as u64);
    folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random, from a seed.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn packet(link: u8, bytes: Vec<u8>) -> Packet {
        Packet { sent: true, opened: true, link: [link; 16], bytes }
    }

    #[test]
    fn one_string_on_two_links_is_found_at_any_offset_in_any_number_of_rounds() {
        for (at, to) in [(0, 1_001), (333, 7), (4_080, 4_080), (1, 2)] {
            let mut packets: Vec<_> = (0..6).map(|i| packet(i, noise(100 + u64::from(i), 4_096))).collect();
            assert_eq!(search(&packets, 1 << 10), None);
            let string = packets[2].bytes[at..at + STRING].to_vec();
            packets[5].bytes[to..to + STRING].copy_from_slice(&string);
            for room in [1 << 10, 1 << 13, WINDOWS] {
                let shared = search(&packets, room).expect("the string is found");
                assert_eq!((shared.string.to_vec(), shared.links), (string.clone(), [[2; 16], [5; 16]]));
            }
        }
    }

    #[test]
    fn fifteen_bytes_and_one_link_are_not_enough() {
        let mut packets: Vec<_> = (0..2).map(|i| packet(i, noise(200 + u64::from(i), 4_096))).collect();
        let string = packets[0].bytes[50..50 + STRING - 1].to_vec();
        packets[1].bytes[90..90 + STRING - 1].copy_from_slice(&string);
        assert_ne!(packets[0].bytes[50 + STRING - 1], packets[1].bytes[90 + STRING - 1]);
        assert_ne!(packets[0].bytes[49], packets[1].bytes[89]);
        packets.push(packet(0, packets[0].bytes.clone()));
        assert_eq!(shared_string(&packets), None);
    }

    #[test]
    fn packets_shorter_than_a_string_share_none() {
        let packets = [packet(0, vec![1; 15]), packet(1, vec![1; 15]), packet(2, Vec::new())];
        assert_eq!(shared_string(&packets), None);
    }
}
