//! What a host's tunnels carried (`--capture-tunnels`), as the programs at their ends read it: frames of a WebSocket unmasked
//! (RFC 6455, 5.2 and 5.3), the claims of passes beside the passes.
//!
//! ```text
//! link16  connection8 | stream8
//! bytes   first the stream's kind, then one packet, record or certificate, or a piece of signalling; none: it has ended
//! ```

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

use super::{Capture, position};
use crate::jwt;

/// How a pass stands in the address of a request.
const PASS: &[u8] = b"access_token=";
/// The end of the head of a request or an answer.
const HEAD: &[u8] = b"\r\n\r\n";

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Packets of a room's machines.
    Control,
    /// A page's connection with the media server.
    Signalling,
    /// Records of an identity that a member gives.
    Put,
    /// And asks for.
    Get,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What for.
    pub kind: Kind,
    /// What the member sent.
    pub came: Vec<u8>,
    /// What the host sent.
    pub sent: Vec<u8>,
}

/// The streams of a capture, by connection and number.
///
/// # Errors
/// It is no capture of tunnels.
pub fn streams(capture: &Capture) -> Result<Vec<Stream>> {
    let mut all = BTreeMap::<[u8; 16], Stream>::new();
    for packet in &capture.packets {
        ensure!(!packet.opened, "a host opens no stream");
        if let Some(stream) = all.get_mut(&packet.link) {
            (if packet.sent { &mut stream.sent } else { &mut stream.came }).extend_from_slice(&packet.bytes);
            continue;
        }
        let kind = match (packet.sent, packet.bytes.as_slice()) {
            (false, [1]) => Kind::Control,
            (false, [2]) => Kind::Signalling,
            (false, [3]) => Kind::Put,
            (false, [4]) => Kind::Get,
            (_, bytes) => bail!("a stream begins with {bytes:02x?}"),
        };
        all.insert(packet.link, Stream { kind, came: Vec::new(), sent: Vec::new() });
    }
    let read = |stream: Stream| match stream.kind {
        Kind::Signalling => Stream { came: opened(&stream.came), sent: opened(&stream.sent), ..stream },
        _ => stream,
    };
    Ok(all.into_values().map(read).collect())
}

/// A connection's bytes: the head, the claims of the pass in it, and what its frames hold.
fn opened(bytes: &[u8]) -> Vec<u8> {
    let Some(end) = position(bytes, HEAD) else { return bytes.to_vec() };
    let (head, frames) = bytes.split_at(end + HEAD.len());
    let mut all = head.to_vec();
    if let Some(at) = position(head, PASS) {
        let mut words = head[at + PASS.len()..].split(|byte| matches!(byte, b'&' | b' '));
        let pass = String::from_utf8_lossy(words.next().unwrap_or_default());
        // What is no pass says nothing.
        all.extend(jwt::claims(&pass).map(|claims| claims.to_string()).unwrap_or_default().bytes());
    }
    all.extend(unmasked(frames));
    all
}

/// The payloads of a WebSocket's frames one after another; of a last one that is not whole what is there.
fn unmasked(mut frames: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let [_, second, rest @ ..] = frames {
        let wide = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((wider, rest)) = rest.split_at_checked(wide) else { break };
        let length = match wide {
            0 => u64::from(second & 0x7f),
            _ => wider.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let Some((mask, rest)) = rest.split_at_checked(if second & 0x80 == 0 { 0 } else { 4 }) else { break };
        let (payload, rest) = rest.split_at(usize::try_from(length).unwrap_or(usize::MAX).min(rest.len()));
        let key = |place: usize| if mask.is_empty() { 0 } else { mask[place % 4] };
        all.extend(payload.iter().enumerate().map(|(place, byte)| byte ^ key(place)));
        frames = rest;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Packet;

    fn record(sent: bool, stream: u8, bytes: &[u8]) -> Packet {
        Packet { sent, opened: false, link: [stream; 16], bytes: bytes.to_vec() }
    }

    #[test]
    fn pieces_of_a_stream_are_joined_and_what_a_mask_hides_is_read() {
        let head = b"GET /rtc/v1?access_token=e30.eyJzdWIiOiJBbmEifQ.c2ln&x=1 HTTP/1.1\r\nHost: sfu\r\n\r\n";
        // Masked, 3 and 130 bytes; then one that is cut.
        let short = [0x82, 0x83, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3];
        let long = [[0x82, 0xfe, 0, 130, 0, 0, 0, 0].as_slice(), &[b'z'; 130]].concat();
        let came = [head.as_slice(), &short, &long, &[0x82, 0x85, 0, 0, 0, 0, b'e']].concat();
        let mut packets = vec![record(false, 7, &[2])];
        packets.extend(came.chunks(11).map(|piece| record(false, 7, piece)));
        packets.push(record(false, 8, &[1]));
        packets.push(record(true, 7, b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x82\x05hello"));
        packets.push(record(false, 8, b"join"));
        packets.push(record(true, 8, b""));
        let streams = streams(&Capture { packets, cut: 0 }).unwrap();
        let [signalling, control] = streams.as_slice() else { panic!("{streams:?}") };
        assert_eq!((signalling.kind, control.kind), (Kind::Signalling, Kind::Control));
        assert_eq!(control.came, b"join");
        assert!(signalling.sent.ends_with(b"\r\n\r\nhello"));
        let came = String::from_utf8(signalling.came.clone()).unwrap();
        let read = came.strip_prefix(std::str::from_utf8(head).unwrap()).unwrap();
        assert_eq!(read, format!("{{\"sub\":\"Ana\"}}abc{}e", "z".repeat(130)));
    }

    #[test]
    fn what_is_no_tunnel_is_refused() {
        let refused = |packet: Packet| streams(&Capture { packets: vec![packet], cut: 0 }).is_err();
        assert!(refused(record(false, 1, &[9])) && refused(record(true, 1, &[1])) && refused(record(false, 1, b"")));
        assert!(refused(Packet { opened: true, ..record(false, 1, &[1]) }));
    }
}
