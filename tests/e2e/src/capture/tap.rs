//! Proxies that sit between two programs and keep copies: of datagrams, and of TCP streams. They live as long as the driver.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use super::quic::{Observer, Side};
use super::tcp::{first_hello, is_begun};
use super::tls::{ClientHello, Hello, ServerHello};

/// The largest datagram there is.
const DATAGRAM: usize = 65_535;
/// Bytes kept of each direction of a TCP connection: hellos stand at its beginning.
const KEPT: usize = 64 * 1_024;

type Target = Arc<Mutex<Option<SocketAddr>>>;
type Log<T> = Arc<Mutex<Vec<T>>>;

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a datagram begins with a long header (RFC 9000 section 17.2), as all do that hold an Initial packet.
const fn is_long(datagram: &[u8]) -> bool {
    matches!(datagram, [first, ..] if *first & 0x80 != 0)
}

/// What went through a [`UdpTap`] in one direction, handshakes and all else. As small as this, however much that is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many datagrams.
    pub datagrams: u64,
    /// Their bytes together, headers of UDP and IP not counted.
    pub bytes: u64,
    /// Bytes of the smallest; 0 if there was none.
    pub smallest: usize,
    /// Bytes of the largest.
    pub largest: usize,
}

impl Traffic {
    fn add(&mut self, length: usize) {
        self.smallest = if self.datagrams == 0 { length } else { self.smallest.min(length) };
        self.largest = self.largest.max(length);
        self.datagrams += 1;
        self.bytes += length as u64;
    }
}

/// What a tap keeps.
#[derive(Debug, Default)]
struct Record {
    handshakes: Vec<(Side, Vec<u8>)>,
    traffic: BTreeMap<Side, Traffic>,
}

/// Sits before a node's links: the node advertises [`UdpTap::address`], the tap sends on to where the node listens. It counts
/// every datagram before it sends it on, and keeps those of handshakes, which begin with a long header: few, however much a
/// link carries.
#[derive(Debug, Clone)]
pub struct UdpTap {
    address: SocketAddr,
    target: Target,
    record: Arc<Mutex<Record>>,
}

impl UdpTap {
    /// On a port of the system; datagrams are dropped before [`UdpTap::aim`].
    pub fn start() -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let tap = Self { address: socket.local_addr()?, target: Target::default(), record: Arc::default() };
        let own = tap.clone();
        thread::spawn(move || own.forward(&socket));
        Ok(tap)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where datagrams go on to, from now on.
    pub fn aim(&self, at: SocketAddr) {
        *locked(&self.target) = Some(at);
    }

    /// Every datagram of a handshake so far.
    pub fn datagrams(&self) -> Vec<(Side, Vec<u8>)> {
        locked(&self.record).handshakes.clone()
    }

    /// What this side sent so far.
    pub fn traffic(&self, side: Side) -> Traffic {
        locked(&self.record).traffic.get(&side).copied().unwrap_or_default()
    }

    /// What every handshake so far offered and chose.
    pub fn observer(&self) -> Observer {
        let mut observer = Observer::default();
        for (side, datagram) in self.datagrams() {
            observer.datagram(side, &datagram);
        }
        observer
    }

    fn keep(&self, side: Side, datagram: &[u8]) {
        let mut record = locked(&self.record);
        record.traffic.entry(side).or_default().add(datagram.len());
        if is_long(datagram) {
            record.handshakes.push((side, datagram.to_vec()));
        }
    }

    fn forward(&self, socket: &UdpSocket) -> Option<()> {
        let mut clients: BTreeMap<SocketAddr, UdpSocket> = BTreeMap::new();
        let mut buffer = vec![0; DATAGRAM];
        loop {
            // A client that went away must not end the tap (an ICMP message arrives as an error).
            let Ok((length, client)) = socket.recv_from(&mut buffer) else { continue };
            let Some(target) = *locked(&self.target) else { continue };
            let onward = match clients.entry(client) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.onward(socket, client).ok()?),
            };
            self.keep(Side::Client, &buffer[..length]);
            let _ = onward.send_to(&buffer[..length], target);
        }
    }

    /// A socket of its own for each client, so that the server tells them apart.
    fn onward(&self, socket: &UdpSocket, client: SocketAddr) -> Result<UdpSocket> {
        let onward = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let (own, back, replies) = (self.clone(), socket.try_clone()?, onward.try_clone()?);
        thread::spawn(move || own.answer(&replies, &back, client));
        Ok(onward)
    }

    fn answer(&self, replies: &UdpSocket, back: &UdpSocket, client: SocketAddr) {
        let mut buffer = vec![0; DATAGRAM];
        loop {
            let Ok((length, _)) = replies.recv_from(&mut buffer) else { continue };
            self.keep(Side::Server, &buffer[..length]);
            let _ = back.send_to(&buffer[..length], client);
        }
    }
}

/// One TCP connection: the beginning of what each side sent.
#[derive(Debug, Clone, Default)]
struct Streams {
    client: Log<u8>,
    server: Log<u8>,
}

/// What a TCP connection showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    /// What the client offered.
    pub client: Option<ClientHello>,
    /// What the server chose.
    pub server: Option<ServerHello>,
    /// Each side spoke a security protocol.
    pub secured: bool,
}

/// Sits before a node's discovery: others are given [`TcpTap::address`] as the bootstrap node's.
#[derive(Debug, Clone)]
pub struct TcpTap {
    address: SocketAddr,
    connections: Log<Streams>,
}

impl TcpTap {
    /// On a port of the system, before a server.
    pub fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let tap = Self { address: listener.local_addr()?, connections: Log::default() };
        let connections = Arc::clone(&tap.connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let streams = Streams::default();
                locked(&connections).push(streams.clone());
                thread::spawn(move || relay(&client, target, &streams));
            }
        });
        Ok(tap)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The hellos of every connection so far that are whole: clients' and servers'.
    pub fn hellos(&self) -> Vec<Hello> {
        let both = |dialogue: Dialogue| [dialogue.client.map(Hello::Client), dialogue.server.map(Hello::Server)];
        self.dialogues().into_iter().flat_map(both).flatten().collect()
    }

    /// What every connection so far showed.
    pub fn dialogues(&self) -> Vec<Dialogue> {
        let connections = locked(&self.connections).clone();
        connections.iter().map(|streams| dialogue(&locked(&streams.client), &locked(&streams.server))).collect()
    }
}

fn dialogue(client: &[u8], server: &[u8]) -> Dialogue {
    let secured = is_begun(client) && is_begun(server);
    let client = match first_hello(client) {
        Some(Hello::Client(hello)) => Some(hello),
        _ => None,
    };
    let server = match first_hello(server) {
        Some(Hello::Server(hello)) => Some(hello),
        _ => None,
    };
    Dialogue { client, server, secured }
}

fn relay(client: &TcpStream, target: SocketAddr, streams: &Streams) -> Option<()> {
    let server = TcpStream::connect(target).ok()?;
    let (from, to, log) = (server.try_clone().ok()?, client.try_clone().ok()?, Arc::clone(&streams.server));
    thread::spawn(move || copy(from, to, &log));
    copy(client.try_clone().ok()?, server, &streams.client)
}

fn copy(mut from: TcpStream, mut to: TcpStream, log: &Mutex<Vec<u8>>) -> Option<()> {
    let mut buffer = vec![0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let mut log = locked(log);
        let room = KEPT.saturating_sub(log.len());
        log.extend_from_slice(&buffer[..length.min(room)]);
        drop(log);
        to.write_all(&buffer[..length]).ok()?;
    }
    to.shutdown(Shutdown::Write).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_carries_every_datagram_both_ways_and_keeps_those_with_a_long_header() {
        let [server, client] = [0_u16; 2].map(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
        let tap = UdpTap::start().unwrap();
        tap.aim(server.local_addr().unwrap());
        let mut buffer = [0; 8];
        for datagram in [[0xc0, 1], [0x40, 2], [0xf0, 3], [0x7f, 4]] {
            client.send_to(&datagram, tap.address()).unwrap();
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!(buffer[..length], datagram);
            server.send_to(&datagram, from).unwrap();
            assert_eq!(client.recv_from(&mut buffer).unwrap(), (2, tap.address()));
            assert_eq!(buffer[..length], datagram);
        }
        let both = |datagram: [u8; 2]| [(Side::Client, datagram.to_vec()), (Side::Server, datagram.to_vec())];
        assert_eq!(tap.datagrams(), [both([0xc0, 1]), both([0xf0, 3])].concat());
    }

    #[test]
    fn a_tap_counts_every_datagram_by_who_sent_it_whatever_its_header() {
        let [server, client] = [0_u16; 2].map(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
        let tap = UdpTap::start().unwrap();
        assert_eq!([Side::Client, Side::Server].map(|side| tap.traffic(side)), [Traffic::default(); 2]);
        tap.aim(server.local_addr().unwrap());
        let mut buffer = [0; 2_048];
        for (asked, answered) in [(300, 1_452), (1_200, 25), (40, 60)] {
            client.send_to(&vec![0x40; asked], tap.address()).unwrap();
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!(length, asked);
            server.send_to(&vec![0x40; answered], from).unwrap();
            assert_eq!(client.recv_from(&mut buffer).unwrap().0, answered);
        }
        let counted = |bytes, smallest, largest| Traffic { datagrams: 3, bytes, smallest, largest };
        assert_eq!(tap.traffic(Side::Client), counted(1_540, 40, 1_200));
        assert_eq!(tap.traffic(Side::Server), counted(1_537, 25, 1_452));
        assert_eq!(tap.datagrams(), [], "none of a handshake");
    }
}
