//! What the media server saw, as it wrote it down: `\n== KIND LENGTH\n` and the bytes, again and again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};

use crate::report::Facts;

/// What stays readable of a frame at its beginning, and behind its tag: at most the header of a VP8 key frame with the RTP
/// payload's own descriptor, and iv, its length and key index.
const READABLE: (usize, usize) = (16, 14);
/// Bytes of a piece that is looked for again. Of random bytes two are hardly ever equal.
const PIECE: usize = 6;
/// Bytes at a packet's end by which one that is sent again is known: tag and iv of a sealed frame are among them.
const END: usize = 40;
/// Packets that are compared.
const PACKETS: usize = 400;

/// A text stands nowhere, nor in the forms in which programs carry texts.
pub(super) fn without(seen: &[u8], text: &str) -> Result<()> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (form, bytes) in
        [("as it is", text.as_bytes().to_vec()), ("in hex", hex::encode(text).into_bytes()), ("as UTF-16", utf16)]
    {
        ensure!(!holds(seen, &bytes), "the media server saw {text:?} {form}");
    }
    Ok(())
}

/// Sealed media, before a place in the dump, have no pattern; clear ones, behind it, have.
pub(super) fn compare(seen: &[u8], place: usize, (sealed, clear): (&str, &str), facts: &mut Facts) -> Result<()> {
    without(seen, sealed)?;
    ensure!(holds(seen, clear.as_bytes()), "the dump does not even hold what was sent in the clear");
    let Some((before, behind)) = seen.split_at_checked(place) else { bail!("the dump became shorter") };
    let (sealed, clear) = (patterns(before), patterns(behind));
    for (name, of) in [("sealed", &sealed), ("clear", &clear)] {
        facts.add(&format!("{name}Packets"), of.packets);
        facts.add(&format!("{name}Repeated"), of.repeated);
    }
    ensure!(sealed.packets > 100 && clear.packets > 100, "too few packets to compare");
    ensure!(sealed.repeated == 0, "pieces of sealed packets repeat");
    ensure!(clear.repeated > 0, "not even clear packets repeat: this comparison shows nothing");
    Ok(())
}

/// Pieces of packets' bodies that stand in more than one packet.
struct Patterns {
    packets: usize,
    repeated: usize,
}

fn patterns(seen: &[u8]) -> Patterns {
    let mut ends = BTreeSet::new();
    let bodies: Vec<&[u8]> = packets(seen)
        .into_iter()
        .filter(|packet| ends.insert(packet.get(packet.len().saturating_sub(END)..)))
        .filter_map(|packet| packet.get(READABLE.0..packet.len().checked_sub(READABLE.1)?))
        .filter(|body| body.len() >= PIECE)
        .take(PACKETS)
        .collect();
    let mut first = BTreeMap::new();
    let mut repeated = 0;
    for (number, body) in bodies.iter().enumerate() {
        for piece in body.windows(PIECE) {
            repeated += usize::from(*first.entry(piece).or_insert(number) != number);
        }
    }
    Patterns { packets: bodies.len(), repeated }
}

/// The payloads of RTP, in their order.
fn packets(mut seen: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mark = b"\n== ";
    while let Some(at) = seen.windows(mark.len()).position(|window| window == mark) {
        seen = seen.get(at + mark.len()..).unwrap_or_default();
        let Some(end) = seen.iter().take(40).position(|byte| *byte == b'\n') else { continue };
        let (head, rest) = seen.split_at(end);
        let head = String::from_utf8_lossy(head);
        let Some((kind, Ok(length))) = head.rsplit_once(' ').map(|(kind, length)| (kind, length.parse::<usize>()))
        else {
            continue;
        };
        let Some(bytes) = rest.get(1..=length) else { continue };
        if kind == "rtp" {
            all.push(bytes);
        }
        seen = rest.get(1 + length..).unwrap_or_default();
    }
    all
}

fn holds(seen: &[u8], part: &[u8]) -> bool {
    seen.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(of: &[&[u8]]) -> Vec<u8> {
        of.iter().flat_map(|bytes| [format!("\n== rtp {}\n", bytes.len()).as_bytes(), bytes].concat()).collect()
    }

    #[test]
    fn packets_are_read_back_and_repetitions_are_found() {
        let (one, other) = ([[1; 20], [2; 20], [3; 20]].concat(), [[4; 20], [2; 20], [5; 20]].concat());
        let seen = dump(&[&one, b"\n== rtp 3\n", &other]);
        assert_eq!(packets(&seen), [one.as_slice(), b"\n== rtp 3\n", &other]);
        assert!(patterns(&seen).repeated > 0);
        let different: Vec<Vec<u8>> =
            (0..9_u8).map(|n| (0..60_u8).map(|m| n.wrapping_mul(31) ^ m.wrapping_mul(n | 1)).collect()).collect();
        let different: Vec<&[u8]> = different.iter().map(Vec::as_slice).collect();
        assert_eq!(patterns(&dump(&different)).packets, 9);
    }

    #[test]
    fn a_text_is_found_in_every_form() {
        assert!(without(b"nothing here", "canary").is_ok());
        for seen in [b"a canary!".as_slice(), b"63616e617279", b"c\0a\0n\0a\0r\0y\0"] {
            assert!(without(seen, "canary").is_err());
        }
    }
}
