//! What an observer could write down, and what must not be found in it.
//!
//! | Module | Reads |
//! |---|---|
//! | this one | a daemon's `--capture`: every packet of its links, above TLS |
//! | [`quic`] | datagrams of links: what their handshakes offered and chose |
//! | [`tcp`] | a libp2p connection: what its handshake offered and chose |
//! | [`tls`] | the two messages of TLS that stand in the clear, or nearly |
//! | [`tap`] | proxies that sit between two daemons and keep copies |
//! | [`tunnel`] | a host's `--capture-tunnels`, the same form: what streams of its rooms carried |
//! | [`watch`] | all of these of a whole network: the rules that hold for its links |
//!
//! ```text
//! file    "PARSCAP1" 8 | record*
//! record  direction1 (0 sent, 1 received) | opener1 (0 the daemon, 1 the other end) | link16 | length4, big endian | bytes
//! ```
//!
//! `link` is the connection's delivery token, the same in the captures of both ends: one packet that two daemons captured is
//! one packet of one link.

pub mod quic;
pub mod shared;
pub mod tap;
pub mod tcp;
pub mod tls;
pub mod tunnel;
pub mod watch;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};

pub use shared::{Shared, shared_string};

const MAGIC: &[u8; 8] = b"PARSCAP1";
const HEAD: usize = 22;
/// Bytes of every packet of a link.
pub const PACKET: usize = 16_384;

/// What a packet is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Version 0: fills a slot.
    Fill,
    /// An onion packet, at this position of its path.
    Onion(u8),
    /// A frame between two replicas of a mailbox: one object goes to several of them, so frames do share bytes.
    Frame,
    /// Nothing that is known.
    Other,
}

/// One packet of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The daemon sent it; otherwise it came.
    pub sent: bool,
    /// The daemon opened the link; otherwise the other end did.
    pub opened: bool,
    /// Which connection.
    pub link: [u8; 16],
    /// What went over it.
    pub bytes: Vec<u8>,
}

/// A capture, as far as it is on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// Packets in the order in which they were written down.
    pub packets: Vec<Packet>,
    /// Bytes of a last record that is not whole: its daemon still runs, or was killed.
    pub cut: usize,
}

impl Packet {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self.bytes.as_slice() {
            [0, ..] => Kind::Fill,
            [1, position @ 0..=4, ..] => Kind::Onion(*position),
            [2, ..] => Kind::Frame,
            _ => Kind::Other,
        }
    }
}

impl Capture {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("the capture {} is not readable", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} is no capture", path.display()))
    }

    /// Reads what a file holds behind so many bytes, which end with a record ([`Self::end`]).
    pub fn read_from(path: &Path, end: u64) -> Result<Self> {
        let read = || -> Result<Self> {
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            ensure!(length >= end, "it has {length} bytes");
            file.seek(SeekFrom::Start(end))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Self::records(&bytes)
        };
        read().with_context(|| format!("the capture {} behind byte {end}", path.display()))
    }

    /// Where the last whole record of a file ends. Of the records only the heads are read.
    pub fn end(path: &Path) -> Result<u64> {
        let read = || -> Result<u64> {
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            let (mut magic, mut head) = ([0; 8], [0; HEAD]);
            file.read_exact(&mut magic)?;
            ensure!(magic == *MAGIC, "it does not begin with PARSCAP1");
            let mut end = magic.len() as u64;
            while length - end >= HEAD as u64 {
                file.seek(SeekFrom::Start(end))?;
                file.read_exact(&mut head)?;
                let [0 | 1, 0 | 1, .., a, b, c, d] = head else { bail!("the record at byte {end} is malformed") };
                let next = end + HEAD as u64 + u64::from(u32::from_be_bytes([a, b, c, d]));
                if next > length {
                    break;
                }
                end = next;
            }
            Ok(end)
        };
        read().with_context(|| format!("the end of the capture {}", path.display()))
    }

    /// Reads bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::records(bytes.strip_prefix(MAGIC).context("it does not begin with PARSCAP1")?)
    }

    fn records(mut rest: &[u8]) -> Result<Self> {
        let mut packets = Vec::new();
        while let Some((head, body)) = rest.split_first_chunk::<HEAD>() {
            let [direction @ (0 | 1), opener @ (0 | 1), ..] = *head else {
                bail!("record {} is malformed", packets.len())
            };
            let mut link = [0; 16];
            link.copy_from_slice(&head[2..18]);
            let length = u32::from_be_bytes([head[18], head[19], head[20], head[21]]) as usize;
            let Some(bytes) = body.get(..length) else { break };
            packets.push(Packet { sent: direction == 0, opened: opener == 0, link, bytes: bytes.to_vec() });
            rest = &body[length..];
        }
        Ok(Self { packets, cut: rest.len() })
    }

    /// Fails unless every packet has 16,384 bytes and a known kind, and there is at least one.
    pub fn check_sizes(&self) -> Result<()> {
        ensure!(!self.packets.is_empty(), "the capture is empty: nothing was shown");
        for (index, packet) in self.packets.iter().enumerate() {
            ensure!(packet.bytes.len() == PACKET, "packet {index} has {} bytes, not {PACKET}", packet.bytes.len());
            ensure!(packet.kind() != Kind::Other, "packet {index} is of no known kind: {:02x?}", &packet.bytes[..2]);
        }
        Ok(())
    }

    /// Fails if one of these byte strings stands anywhere in a packet; each comes with its name.
    pub fn check_absent(&self, strings: &[(&str, &[u8])]) -> Result<()> {
        let wanted = Wanted::of(strings)?;
        for (index, packet) in self.packets.iter().enumerate() {
            if let Some((name, at)) = wanted.find(&packet.bytes) {
                bail!("{name} stands in packet {index} ({:?}) at byte {at}", packet.kind());
            }
        }
        Ok(())
    }

    /// Links that carried something.
    pub fn links(&self) -> std::collections::BTreeSet<[u8; 16]> {
        self.packets.iter().map(|packet| packet.link).collect()
    }
}

/// Packets of links, and which ends wrote each of them down: both, once it has arrived and both captures are on disk.
#[derive(Debug)]
pub struct Ends<'a>(BTreeMap<[u8; 16], BTreeMap<&'a [u8], [bool; 2]>>);

impl<'a> Ends<'a> {
    /// Of these packets; no capture was looked at yet.
    pub fn of(packets: impl IntoIterator<Item = &'a Packet>) -> Self {
        let mut links = BTreeMap::<_, BTreeMap<_, _>>::new();
        for packet in packets {
            links.entry(packet.link).or_default().insert(packet.bytes.as_slice(), [false; 2]);
        }
        Self(links)
    }

    /// Looks through the capture of one daemon.
    pub fn look(&mut self, capture: &Capture) {
        for packet in &capture.packets {
            let ends = self.0.get_mut(&packet.link).and_then(|link| link.get_mut(packet.bytes.as_slice()));
            if let Some([sent, received]) = ends {
                *(if packet.sent { sent } else { received }) = true;
            }
        }
    }

    /// How many were not seen both as sent and as received.
    pub fn missing(&self) -> usize {
        self.0.values().flat_map(BTreeMap::values).filter(|ends| **ends != [true; 2]).count()
    }
}

/// Byte strings that are looked for all at once, each with its name.
struct Wanted<'a> {
    strings: &'a [(&'a str, &'a [u8])],
    /// Whether one of them begins with these two bytes.
    begins: Vec<bool>,
}

impl<'a> Wanted<'a> {
    /// An error if one of them is so short that it stands somewhere by chance.
    fn of(strings: &'a [(&'a str, &'a [u8])]) -> Result<Self> {
        let mut begins = vec![false; 1 << 16];
        for (name, string) in strings {
            ensure!(string.len() >= 8, "{name} has only {} bytes: its absence says little", string.len());
            begins[first_two(string)] = true;
        }
        Ok(Self { strings, begins })
    }

    /// The name of the first that stands in these bytes, and where.
    fn find(&self, bytes: &[u8]) -> Option<(&'a str, usize)> {
        let mut begins = bytes.windows(2).enumerate().filter(|(_, two)| self.begins[first_two(two)]);
        begins.find_map(|(at, _)| {
            let found = self.strings.iter().find(|(_, string)| bytes[at..].starts_with(string));
            found.map(|(name, _)| (*name, at))
        })
    }
}

/// The first two bytes as a number; 0 if there are not two.
fn first_two(bytes: &[u8]) -> usize {
    match bytes {
        [first, second, ..] => usize::from(u16::from_be_bytes([*first, *second])),
        _ => 0,
    }
}

/// Where a byte string begins in another one.
fn position(bytes: &[u8], string: &[u8]) -> Option<usize> {
    let first = string.first()?;
    let mut from = 0;
    while let Some(next) = bytes.get(from..)?.iter().position(|byte| byte == first) {
        from += next;
        if bytes.get(from..)?.starts_with(string) {
            return Some(from);
        }
        from += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(direction: u8, link: u8, bytes: &[u8]) -> Vec<u8> {
        let mut record = vec![direction, 1];
        record.extend_from_slice(&[link; 16]);
        record.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        record.extend_from_slice(bytes);
        record
    }

    fn file(records: &[Vec<u8>]) -> Vec<u8> {
        [MAGIC.to_vec(), records.concat()].concat()
    }

    #[test]
    fn a_capture_is_read_as_it_was_written_and_a_cut_end_is_told() {
        let mut bytes = file(&[record(0, 5, &[1, 0, 7]), record(1, 6, &[2; 40])]);
        let whole = Capture::parse(&bytes).unwrap();
        assert_eq!(whole.packets.len(), 2);
        assert!(whole.packets[0].sent && !whole.packets[0].opened && whole.packets[0].link == [5; 16]);
        assert_eq!(whole.packets[1], Packet { sent: false, opened: false, link: [6; 16], bytes: vec![2; 40] });
        assert_eq!((whole.cut, whole.links().len()), (0, 2));
        bytes.pop();
        let cut = Capture::parse(&bytes).unwrap();
        assert_eq!((cut.packets.len(), cut.cut), (1, HEAD + 39));
        assert!(Capture::parse(b"PARSCAP2").is_err() && Capture::parse(&file(&[record(3, 0, b"")])).is_err());
    }

    #[test]
    fn what_is_written_behind_the_end_of_a_capture_is_read_alone() {
        let path = std::env::temp_dir().join(format!("pars-capture-{}", std::process::id()));
        let (first, second) = (record(0, 5, &[1, 0, 7]), record(1, 6, &[2; 40]));
        let begun = [file(std::slice::from_ref(&first)), second[..9].to_vec()].concat();
        std::fs::write(&path, begun).unwrap();
        let end = Capture::end(&path).unwrap();
        std::fs::write(&path, file(&[first, second.clone()])).unwrap();
        let behind = Capture::read_from(&path, end).unwrap();
        assert_eq!(behind, Capture::parse(&file(&[second])).unwrap());
        assert_eq!(Capture::read_from(&path, Capture::end(&path).unwrap()).unwrap(), Capture::default());
        let cut = std::fs::read(&path).unwrap();
        std::fs::write(&path, &cut[..9]).unwrap();
        assert!(Capture::read_from(&path, end).is_err(), "shorter than it was");
        let malformed = file(&[record(0, 5, &[1, 0, 7]), record(3, 6, &[2; 40])]);
        std::fs::write(&path, malformed).unwrap();
        assert!(Capture::end(&path).is_err(), "as when it is read whole");
        std::fs::write(&path, b"PARSCAP2").unwrap();
        assert!(Capture::end(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(Capture::read_from(&path, end).is_err());
    }

    #[test]
    fn a_damaged_capture_is_read_as_far_as_it_goes_or_refused() {
        let whole = file(&[record(0, 5, &[1, 0, 7]), record(1, 6, &[2; 40])]);
        let told = |bytes: &[u8]| {
            let Ok(capture) = Capture::parse(bytes) else { return false };
            let taken: usize = capture.packets.iter().map(|packet| HEAD + packet.bytes.len()).sum();
            assert_eq!(MAGIC.len() + taken + capture.cut, bytes.len(), "every byte is told of");
            true
        };
        for at in 0..whole.len() {
            assert_eq!(told(&whole[..at]), at >= MAGIC.len(), "cut to {at} bytes");
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                assert!(at >= MAGIC.len() || !told(&damaged), "another magic");
                told(&damaged);
            }
        }
        let mut lying = whole;
        lying[MAGIC.len() + 18..][..4].fill(0xff);
        assert_eq!(Capture::parse(&lying).unwrap().packets, [], "a length beyond the end is a record that is cut");
    }

    #[test]
    fn a_packet_is_whole_once_both_ends_of_its_link_wrote_it_down() {
        let capture = |records: &[Vec<u8>]| Capture::parse(&file(records)).unwrap();
        let sender = capture(&[record(0, 5, &[1, 0]), record(0, 5, &[1, 1])]);
        let mut ends = Ends::of(&sender.packets);
        ends.look(&sender);
        assert_eq!(ends.missing(), 2, "sent, and not received");
        ends.look(&capture(&[record(1, 5, &[1, 0]), record(1, 6, &[1, 1])]));
        assert_eq!(ends.missing(), 1, "the same bytes on another link are another packet");
        ends.look(&capture(&[record(1, 5, &[1, 1])]));
        assert_eq!(ends.missing(), 0);
        let mut received = Ends::of(&sender.packets[..1]);
        received.look(&capture(&[record(1, 5, &[1, 0])]));
        assert_eq!(received.missing(), 1, "received, and its sender has not written it down");
    }

    #[test]
    fn another_size_and_another_kind_are_found() {
        let sizes = |bytes: &[u8]| Capture::parse(&file(&[record(0, 1, bytes)])).unwrap().check_sizes();
        assert!(sizes(&[1; PACKET]).is_ok() && sizes(&[0; PACKET]).is_ok());
        assert!(sizes(&[1; PACKET - 1]).is_err() && sizes(&[9; PACKET]).is_err());
        assert!(Capture::default().check_sizes().is_err(), "an empty capture shows nothing");
    }

    #[test]
    fn a_byte_string_is_found_wherever_it_begins() {
        let mut bytes = vec![1; PACKET];
        bytes[16_000..16_009].copy_from_slice(b"a-session");
        let capture = Capture::parse(&file(&[record(0, 1, &[2; 64]), record(0, 1, &bytes)])).unwrap();
        assert!(capture.check_absent(&[("absent", b"a-sessiom")]).is_ok());
        assert!(capture.check_absent(&[("the id", b"a-session")]).is_err());
        assert!(capture.check_absent(&[("too short", b"abc")]).is_err());
    }

    #[test]
    fn of_many_byte_strings_the_one_that_stands_there_is_named_up_to_the_last_byte() {
        let strings: [(&str, &[u8]); 3] =
            [("longer", b"session-one-more"), ("one", b"session-one"), ("another", b"set-aside")];
        let found = |bytes: &[u8]| {
            let bytes = [&[7; 100][..], bytes].concat();
            Capture::parse(&file(&[record(0, 1, &bytes)])).unwrap().check_absent(&strings).map_err(|e| e.to_string())
        };
        // The same two bytes begin all three, and parts of them stand nowhere or at the very end.
        for bytes in [&b"session-on"[..], b"session-two", b"sesession-on", b"s", b""] {
            found(bytes).unwrap();
        }
        let standing: [(&[u8], &str); 3] =
            [(b"session-one", "one"), (b"sesset-aside", "another"), (b"session-one-more", "longer")];
        for (bytes, name) in standing {
            let told = found(bytes).unwrap_err();
            assert!(told.starts_with(&format!("{name} stands in packet 0")), "{told}");
        }
    }
}
