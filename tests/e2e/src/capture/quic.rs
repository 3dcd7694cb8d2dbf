//! QUIC version 1 Initial packets (RFC 9000 section 17.2.2): their keys follow from a connection id that stands in the clear
//! (RFC 9001 section 5.2), so an observer reads both hellos out of datagrams.

use std::collections::BTreeMap;

use aes::Aes128;
use aes::cipher::BlockCipherEncrypt;
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

use super::tls::{ClientHello, Hello, Reader, ServerHello, hello};

/// The salt of version 1.
const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const TAG: usize = 16;

/// Who sent a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Who opened the connection.
    Client,
    /// Who accepted it.
    Server,
}

/// Keys of one side's Initial packets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Keys {
    key: [u8; 16],
    iv: [u8; 12],
    hp: [u8; 16],
}

/// One connection, as its Initial packets show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handshake {
    /// What the client offered.
    pub client: Option<ClientHello>,
    /// What the server chose.
    pub server: Option<ServerHello>,
    /// The server began to answer. One that is dead, or that turns a client away, chooses nothing.
    pub answered: bool,
}

struct Connection {
    keys: BTreeMap<Side, Keys>,
    crypto: BTreeMap<Side, BTreeMap<usize, Vec<u8>>>,
    handshake: Handshake,
}

/// Reads the datagrams of one or more connections.
#[derive(Default)]
pub struct Observer {
    connections: Vec<Connection>,
    unread: usize,
}

/// An Initial packet, its protection still on.
struct Initial<'a> {
    dcid: &'a [u8],
    /// From the first byte to the end of the payload.
    bytes: &'a [u8],
    /// Where the packet number begins.
    number: usize,
}

fn expand<const N: usize>(secret: &[u8; 32], label: &str) -> [u8; N] {
    let label = format!("tls13 {label}");
    let mut info = vec![(N >> 8) as u8, N as u8, label.len() as u8];
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let mut out = [0; N];
    if let Ok(prk) = Hkdf::<Sha256>::from_prk(secret) {
        // N is far below 255 blocks.
        let _ = prk.expand(&info, &mut out);
    }
    out
}

impl Keys {
    fn of(dcid: &[u8], side: Side) -> Self {
        let (initial, _) = Hkdf::<Sha256>::extract(Some(&SALT), dcid);
        let mut secret = [0; 32];
        secret.copy_from_slice(&initial);
        let secret: [u8; 32] = expand(&secret, if side == Side::Client { "client in" } else { "server in" });
        Self { key: expand(&secret, "quic key"), iv: expand(&secret, "quic iv"), hp: expand(&secret, "quic hp") }
    }

    fn mask(&self, sample: [u8; 16]) -> [u8; 16] {
        let mut block = sample.into();
        Aes128::new(&self.hp.into()).encrypt_block(&mut block);
        block.into()
    }

    fn nonce(&self, number: u32) -> Nonce<aes_gcm::aead::consts::U12> {
        let mut nonce = self.iv;
        for (to, from) in nonce[8..].iter_mut().zip(number.to_be_bytes()) {
            *to ^= from;
        }
        Nonce::from(nonce)
    }

    /// The frames of a packet, if it is under these keys.
    fn open(&self, packet: &Initial<'_>) -> Option<Vec<u8>> {
        let sample = packet.bytes.get(packet.number + 4..packet.number + 20)?.try_into().ok()?;
        let mask = self.mask(sample);
        let mut header = packet.bytes.get(..packet.number)?.to_vec();
        header[0] ^= mask[0] & 0x0f;
        let length = usize::from(header[0] & 3) + 1;
        let mut number = 0;
        for (byte, mask) in packet.bytes.get(packet.number..packet.number + length)?.iter().zip(&mask[1..]) {
            header.push(byte ^ mask);
            number = (number << 8) | u32::from(byte ^ mask);
        }
        let sealed = packet.bytes.get(packet.number + length..)?;
        let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
        let (mut text, tag): (Vec<u8>, [u8; TAG]) = (text.to_vec(), tag.try_into().ok()?);
        Aes128Gcm::new(&self.key.into())
            .decrypt_inout_detached(&self.nonce(number), &header, text.as_mut_slice().into(), &tag.into())
            .ok()?;
        Some(text)
    }
}

/// A variable-length integer (RFC 9000 section 16).
fn varint(reader: &mut Reader<'_>) -> Option<usize> {
    let first = reader.number(1)?;
    let rest = [0, 1, 3, 7][first >> 6];
    Some(((first & 0x3f) << (8 * rest)) | reader.number(rest)?)
}

/// The Initial packets of a datagram; packets of other kinds are skipped.
fn initials(datagram: &[u8]) -> Vec<Initial<'_>> {
    let (mut found, mut rest) = (Vec::new(), datagram);
    while let Some((packet, next)) = long_packet(rest) {
        found.extend(packet);
        rest = next;
    }
    found
}

/// The next packet with a long header, and what follows it. Retry has no length: it is alone in its datagram.
fn long_packet(bytes: &[u8]) -> Option<(Option<Initial<'_>>, &[u8])> {
    let mut reader = Reader(bytes);
    let first = reader.number(1)?;
    let version = reader.number(4)?;
    if first & 0x80 == 0 || version != 1 {
        return None;
    }
    let kind = (first >> 4) & 3;
    let dcid = reader.vector(1)?.0;
    reader.vector(1)?;
    if kind == 3 {
        return None;
    }
    if kind == 0 {
        let token = varint(&mut reader)?;
        reader.take(token)?;
    }
    let length = varint(&mut reader)?;
    let number = bytes.len() - reader.0.len();
    reader.take(length)?;
    let (packet, next) = bytes.split_at_checked(number + length)?;
    Some(((kind == 0).then_some(Initial { dcid, bytes: packet, number }), next))
}

/// CRYPTO frames: where they belong in the handshake, and their bytes (RFC 9000 section 19).
fn crypto_frames(frames: &[u8]) -> Option<Vec<(usize, Vec<u8>)>> {
    let (mut reader, mut found) = (Reader(frames), Vec::new());
    while !reader.0.is_empty() {
        match varint(&mut reader)? {
            0 | 1 => {}
            kind @ (2 | 3) => {
                varint(&mut reader)?;
                varint(&mut reader)?;
                let ranges = varint(&mut reader)?;
                varint(&mut reader)?;
                for _ in 0..ranges.checked_mul(2)? {
                    varint(&mut reader)?;
                }
                for _ in 0..if kind == 3 { 3 } else { 0 } {
                    varint(&mut reader)?;
                }
            }
            6 => {
                let (offset, length) = (varint(&mut reader)?, varint(&mut reader)?);
                found.push((offset, reader.take(length)?.to_vec()));
            }
            0x1c => {
                varint(&mut reader)?;
                varint(&mut reader)?;
                let reason = varint(&mut reader)?;
                reader.take(reason)?;
            }
            _ => return None,
        }
    }
    Some(found)
}

/// The bytes from 0 on that are here without a hole.
fn contiguous(pieces: &BTreeMap<usize, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (offset, piece) in pieces {
        if *offset > bytes.len() {
            break;
        }
        bytes.extend(piece.iter().skip(bytes.len() - offset));
    }
    bytes
}

impl Connection {
    fn of(dcid: &[u8]) -> Self {
        let keys = [Side::Client, Side::Server].map(|side| (side, Keys::of(dcid, side)));
        Self { keys: keys.into(), crypto: BTreeMap::new(), handshake: Handshake::default() }
    }

    /// False if the packet is not of this connection.
    fn take(&mut self, side: Side, packet: &Initial<'_>) -> bool {
        let Some(frames) = self.keys.get(&side).and_then(|keys| keys.open(packet)) else { return false };
        let pieces = self.crypto.entry(side).or_default();
        pieces.extend(crypto_frames(&frames).unwrap_or_default());
        self.handshake.answered |= side == Side::Server && !pieces.is_empty();
        match hello(&contiguous(pieces)) {
            Some(Hello::Client(hello)) if side == Side::Client => self.handshake.client = Some(hello),
            Some(Hello::Server(hello)) if side == Side::Server => self.handshake.server = Some(hello),
            _ => {}
        }
        true
    }
}

impl Observer {
    /// Look at a datagram. What is no Initial packet says nothing; one of a connection whose beginning was not seen is counted.
    pub fn datagram(&mut self, side: Side, bytes: &[u8]) {
        for packet in initials(bytes) {
            if self.connections.iter_mut().any(|connection| connection.take(side, &packet)) {
                continue;
            }
            let mut new = Connection::of(packet.dcid);
            if side == Side::Client && new.take(side, &packet) {
                self.connections.push(new);
            } else {
                self.unread += 1;
            }
        }
    }

    /// Initial packets that belong to no handshake.
    pub const fn unread(&self) -> usize {
        self.unread
    }

    /// What the handshakes showed so far.
    pub fn handshakes(&self) -> Vec<&Handshake> {
        self.connections.iter().map(|connection| &connection.handshake).collect()
    }
}

#[cfg(test)]
mod tests;
