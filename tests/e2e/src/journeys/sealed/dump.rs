//! What the media server saw, as it wrote it down ([`traces::records`]).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};

use super::TONES;
use crate::{
    report::Facts,
    sound,
    traces::{self, Trace},
};

/// What stays readable of a frame at its beginning, and behind its tag: at most the header of a VP8 key frame with the RTP
/// payload's own descriptor, and iv, its length and key index.
const READABLE: (usize, usize) = (16, 14);
/// Bytes of a piece that is looked for again. Of random bytes two are hardly ever equal.
const PIECE: usize = 6;
/// Bytes at a packet's end by which one that is sent again is known: tag and iv of a sealed frame are among them.
const END: usize = 40;
/// Packets that are compared.
const PACKETS: usize = 400;
/// Tenths of a second of a tone that are no accident.
const LEAST_TONES: usize = 20;

/// A text stands nowhere, nor in the forms in which programs carry texts.
pub(super) fn without(seen: &[u8], text: &str) -> Result<()> {
    traces::search_bytes("what the media server saw", seen, &[Trace::new(format!("{text:?}"), text)?])
}

/// Sealed media, before a place in the dump, have no pattern; clear ones, behind it, have. Pieces of packets are looked for
/// again in others, of sound and of pictures each; and a decoder of Opus, which makes of clear packets the tones that every
/// microphone hears here, makes none of sealed ones.
pub(super) fn compare(seen: &[u8], place: usize, (sealed, clear): (&str, &str), facts: &mut Facts) -> Result<()> {
    without(seen, sealed)?;
    ensure!(holds(seen, clear.as_bytes()), "the dump does not even hold what was sent in the clear");
    let Some((before, behind)) = seen.split_at_checked(place) else { bail!("the dump became shorter") };
    for kind in ["audio", "video"] {
        let (sealed, clear) = (patterns(before, kind), patterns(behind, kind));
        for (name, of) in [("sealed", &sealed), ("clear", &clear)] {
            facts.add(&format!("{name}{kind}Packets"), of.packets);
            facts.add(&format!("{name}{kind}Repeated"), of.repeated);
        }
        ensure!(sealed.packets > 100 && clear.packets > 100, "too few packets of {kind} to compare");
        ensure!(sealed.repeated == 0, "pieces of sealed packets of {kind} repeat");
        ensure!(clear.repeated > 0, "not even clear packets of {kind} repeat: this comparison shows nothing");
    }
    let (sealed, clear) = (tones(before)?, tones(behind)?);
    facts.add("sealedTones", format!("{} of {}", sealed.0, sealed.1));
    facts.add("clearTones", format!("{} of {}", clear.0, clear.1));
    ensure!(clear.0 > LEAST_TONES, "not even in clear packets are the tones heard: this comparison shows nothing");
    ensure!(sealed.0 == 0, "a decoder of Opus hears the tones in sealed packets");
    Ok(())
}

/// Tenths of a second that are one of the tones, and all, in what a decoder makes of the packets of sound.
fn tones(seen: &[u8]) -> Result<(usize, usize)> {
    let pieces = sound::decoded(&packets(seen, "audio"))?;
    let tones = pieces.iter().filter(|piece| TONES.iter().any(|tone| piece.is_tone(*tone)));
    Ok((tones.count(), pieces.len()))
}

/// Pieces of packets' bodies that stand in more than one packet.
struct Patterns {
    packets: usize,
    repeated: usize,
}

fn patterns(seen: &[u8], kind: &str) -> Patterns {
    let mut ends = BTreeSet::new();
    let bodies: Vec<&[u8]> = packets(seen, kind)
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

/// The payloads of RTP of tracks of `audio` or `video`, in their order.
fn packets<'a>(seen: &'a [u8], of: &str) -> Vec<&'a [u8]> {
    let is_of = |kind: &str| kind.strip_prefix("rtp ") == Some(of);
    traces::records(seen).into_iter().filter(|(kind, _)| is_of(kind)).map(|(_, bytes)| bytes).collect()
}

fn holds(seen: &[u8], part: &[u8]) -> bool {
    seen.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(of: &[&[u8]]) -> Vec<u8> {
        of.iter().flat_map(|bytes| [format!("\n== rtp video {}\n", bytes.len()).as_bytes(), bytes].concat()).collect()
    }

    #[test]
    fn packets_are_read_back_and_repetitions_are_found() {
        let (one, other) = ([[1; 20], [2; 20], [3; 20]].concat(), [[4; 20], [2; 20], [5; 20]].concat());
        let seen = [&dump(&[&one, b"\n== rtp 3\n", &other])[..], b"\n== rtp audio 2\nab\n== rtp 2\ncd"].concat();
        assert_eq!(packets(&seen, "video"), [one.as_slice(), b"\n== rtp 3\n", &other]);
        assert_eq!(packets(&seen, "audio"), [b"ab"]);
        assert!(patterns(&seen, "video").repeated > 0 && patterns(&seen, "audio").repeated == 0);
        let different: Vec<Vec<u8>> =
            (0..9_u8).map(|n| (0..60_u8).map(|m| n.wrapping_mul(31) ^ m.wrapping_mul(n | 1)).collect()).collect();
        let different: Vec<&[u8]> = different.iter().map(Vec::as_slice).collect();
        assert_eq!(patterns(&dump(&different), "video").packets, 9);
    }
}
