//! The host's side of tunnels: who is accepted, what a connection may have before a seat is admitted over it, and where its
//! streams go.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pars_crypto::secret::Ed25519Seed;
use pars_engine::room::{LinkId, MAX_PACKET};
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use quinn::{Connection, Endpoint, EndpointConfig, RecvStream, SendStream, ServerConfig, TokioRuntime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::records::{Pair, Records};
use super::watch::Watch;
use super::{ALPN, HANDSHAKE, MAX_RECORD, STREAMS, StreamKind, read, transport, write};
use crate::net::capture::{Capture, Direction};
use crate::net::links::tls;

/// Connections at once: a full Town Hall, and some that join.
const CONNECTIONS: usize = 1_280;
/// Handshakes at once; above, they are refused.
const OPENING: usize = 128;
/// Packets that wait for one member: more, and its stream is ended.
const QUEUE: usize = 1_024;
/// What a connection may send before the host has answered a join and an attach over it.
const STRANGER_BYTES: usize = 96 * 1_024;
/// And how long it may stay so: a join is verified, the attach follows.
const STRANGER_TIME: Duration = Duration::from_secs(45);
/// And how many streams it may open meanwhile for what strangers have not: a seat of a full Town Hall asks for everybody's records.
const STRANGER_STREAMS: usize = 4_096;
/// Packets of the host after which a connection is no stranger's: the reply to its join, and to its attach.
const KNOWN: u32 = 2;
/// One piece of a signalling connection that does not move is ended after this.
const RECORD: Duration = Duration::from_secs(10);
/// Bytes of signalling that are carried at once.
const PIECE: usize = 8 * 1_024;

/// What comes over tunnels.
#[derive(Debug)]
pub enum FromLink {
    /// A packet.
    Packet(LinkId, Vec<u8>),
    /// A control stream ended.
    Gone(LinkId),
}

/// Control streams that stand, for sending.
#[derive(Clone, Debug, Default)]
pub struct Links(Arc<Mutex<BTreeMap<LinkId, Out>>>);

#[derive(Debug)]
struct Out {
    packets: mpsc::Sender<Vec<u8>>,
    told: Arc<AtomicU32>,
}

impl Links {
    fn held<T>(&self, with: impl FnOnce(&mut BTreeMap<LinkId, Out>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Queue a packet; a link that does not read is ended.
    pub fn send(&self, to: LinkId, packet: Vec<u8>) {
        self.held(|links| {
            let Some(out) = links.get(&to) else { return };
            if out.packets.try_send(packet).is_err() {
                links.remove(&to);
            } else {
                out.told.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// End a link, after what waits was sent.
    pub fn end(&self, link: LinkId) {
        self.held(|links| links.remove(&link));
    }
}

/// Where tunnels of one sitting end.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where what streams carry is written down; nowhere off the development network.
    pub capture: Option<Capture>,
}

/// What every connection uses.
#[derive(Clone, Debug)]
struct Shared {
    links: Links,
    records: Records,
    out: mpsc::Sender<FromLink>,
    sfu: SocketAddr,
    next: Arc<AtomicU64>,
    capture: Option<Capture>,
}

impl Listener {
    /// Take a port for a host's key.
    ///
    /// # Errors
    /// The port is taken, or TLS refuses the key.
    pub fn bind(address: SocketAddr, seed: &Ed25519Seed) -> io::Result<Self> {
        let tls = tls::server(tls::provider(), seed, ALPN).map_err(io::Error::other)?;
        let mut config = ServerConfig::with_crypto(Arc::new(tls));
        config.transport_config(Arc::new(transport(STREAMS))).migration(false).max_incoming(OPENING);
        let socket = UdpSocket::bind(address)?;
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime))?;
        let address = endpoint.local_addr()?;
        Ok(Self { endpoint, address, capture: None })
    }

    /// Serve until the future is dropped; signalling goes to `sfu`.
    pub async fn serve(self, (links, records): (Links, Records), out: mpsc::Sender<FromLink>, sfu: SocketAddr) {
        let shared = Shared { links, records, out, sfu, next: Arc::default(), capture: self.capture.clone() };
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut tasks = JoinSet::new();
        while let Some(incoming) = self.endpoint.accept().await {
            while tasks.try_join_next().is_some() {}
            let Ok(place) = room.clone().try_acquire_owned() else {
                incoming.refuse();
                continue;
            };
            let shared = shared.clone();
            tasks.spawn(async move {
                if let Ok(Ok(connection)) = timeout(HANDSHAKE, incoming).await {
                    serve(connection, shared).await;
                }
                drop(place);
            });
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.endpoint.close(0_u8.into(), &[]);
    }
}

/// A stream that a member opened.
struct Stream {
    send: SendStream,
    recv: RecvStream,
    watch: Watch,
}

impl Stream {
    /// Not now. A stream that is only dropped would look like one that was answered to its end.
    async fn reset(self) {
        let Self { mut send, mut recv, watch } = self;
        // Fails when the other end has closed it already.
        let _ = send.reset(0_u8.into());
        let _ = recv.stop(0_u8.into());
        watch.ended().await;
    }
}

/// One member's connection.
async fn serve(connection: Connection, shared: Shared) {
    let told = Arc::new(AtomicU32::new(0));
    let (mut controls, mut tasks, mut early) = (JoinSet::new(), JoinSet::new(), 0);
    let stranger = tokio::time::sleep(STRANGER_TIME);
    tokio::pin!(stranger);
    loop {
        let (send, mut recv) = tokio::select! {
            stream = connection.accept_bi() => match stream {
                Ok(stream) => stream,
                Err(_) => break,
            },
            () = &mut stranger, if told.load(Ordering::Relaxed) < KNOWN => break,
        };
        while tasks.try_join_next().is_some() || controls.try_join_next().is_some() {}
        let mut kind = [0];
        if timeout(HANDSHAKE, recv.read_exact(&mut kind)).await.is_err() {
            break;
        }
        let watch = Watch::new(shared.capture.clone(), &connection, recv.id());
        watch.note(Direction::Received, &kind).await;
        let [kind] = kind;
        let known = told.load(Ordering::Relaxed) >= KNOWN;
        let stream = Stream { send, recv, watch };
        match StreamKind::read(kind) {
            Some(StreamKind::Control) => {
                controls.spawn(control(shared.clone(), told.clone(), stream));
            }
            Some(StreamKind::Put) => {
                tasks.spawn(put(shared.records.clone(), stream));
            }
            // A member's page and its questions may be faster than the answer to its attach.
            Some(StreamKind::Signalling | StreamKind::Get) if !known && early < STRANGER_STREAMS => {
                early += 1;
                stream.reset().await;
            }
            Some(StreamKind::Signalling) if known => {
                tasks.spawn(signalling(shared.sfu, stream));
            }
            Some(StreamKind::Get) if known => {
                tasks.spawn(get(shared.records.clone(), stream));
            }
            _ => break,
        }
    }
    connection.close(0_u8.into(), &[]);
    // Each says that its link is gone, or the seat would stay for ever; whatever else is carried ends here.
    while controls.join_next().await.is_some() {}
}

/// A control stream: packets in, packets out.
async fn control(shared: Shared, told: Arc<AtomicU32>, stream: Stream) {
    let Stream { mut send, mut recv, watch } = stream;
    let link = LinkId(shared.next.fetch_add(1, Ordering::Relaxed));
    let (packets, mut queue) = mpsc::channel::<Vec<u8>>(QUEUE);
    shared.links.held(|links| links.insert(link, Out { packets, told: told.clone() }));
    let out = shared.out.clone();
    let watch = &watch;
    let read = async move {
        let mut strange = 0;
        while let Ok(Some(packet)) = read(&mut recv, MAX_PACKET).await {
            watch.note(Direction::Received, &packet).await;
            strange += packet.len();
            if told.load(Ordering::Relaxed) < KNOWN && strange > STRANGER_BYTES
                || out.send(FromLink::Packet(link, packet)).await.is_err()
            {
                break;
            }
        }
    };
    let written = async move {
        while let Some(packet) = queue.recv().await {
            watch.note(Direction::Sent, &packet).await;
            if write(&mut send, &packet).await.is_err() {
                return;
            }
        }
        // The machine ended the link: what was sent arrives.
        let _ = send.finish();
        let _ = timeout(HANDSHAKE, send.stopped()).await;
    };
    tokio::select! {
        () = read => {}
        () = written => {}
    }
    shared.links.end(link);
    watch.ended().await;
    // The host may have ended.
    let _ = shared.out.send(FromLink::Gone(link)).await;
}

/// Bytes of a page's connection, to the SFU and back, unseen.
async fn signalling(sfu: SocketAddr, Stream { send, recv, watch }: Stream) {
    let Ok(Ok(mut page)) = timeout(HANDSHAKE, TcpStream::connect(sfu)).await else { return };
    let _ = page.set_nodelay(true);
    let (from_sfu, to_sfu) = page.split();
    let there = carry(recv, to_sfu, (&watch, Direction::Received));
    let back = carry(from_sfu, send, (&watch, Direction::Sent));
    // How a page ends is its own affair.
    let _ = tokio::try_join!(there, back);
    watch.ended().await;
}

/// One way of it; the end is handed on.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    (watch, direction): (&Watch, Direction),
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        let Some(bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        watch.note(direction, bytes).await;
        to.write_all(bytes).await?;
    }
    to.shutdown().await
}

async fn put(records: Records, Stream { mut send, mut recv, watch }: Stream) {
    let both = async {
        let record = read(&mut recv, MAX_RECORD).await.ok()??;
        let certificate = read(&mut recv, MAX_RECORD).await.ok()??;
        watch.note(Direction::Received, &record).await;
        watch.note(Direction::Received, &certificate).await;
        Some((record, certificate))
    };
    let Ok(Some(pair)) = timeout(RECORD, both).await else { return };
    let taken = tokio::task::spawn_blocking(move || records.put(pair)).await.unwrap_or_default();
    let answer = [u8::from(taken)];
    watch.note(Direction::Sent, &answer).await;
    if send.write_all(&answer).await.is_ok() {
        let _ = send.finish();
        let _ = timeout(HANDSHAKE, send.stopped()).await;
    }
    watch.ended().await;
}

async fn get(records: Records, Stream { mut send, mut recv, watch }: Stream) {
    let (mut identity, mut device) = ([0; 32], [0; 16]);
    let asked = async {
        recv.read_exact(&mut identity).await.ok()?;
        recv.read_exact(&mut device).await.ok()
    };
    let Ok(Some(())) = timeout(RECORD, asked).await else { return };
    watch.note(Direction::Received, &[identity.as_slice(), &device].concat()).await;
    let written = match records.get(IdentityId(identity), DeviceId(device)) {
        Some(pair) => {
            let (record, certificate): &Pair = &pair;
            watch.note(Direction::Sent, record).await;
            watch.note(Direction::Sent, certificate).await;
            async {
                write(&mut send, record).await?;
                write(&mut send, certificate).await
            }
            .await
        }
        None => write(&mut send, &[]).await,
    };
    if written.is_err() {
        return;
    }
    let _ = send.finish();
    let _ = timeout(HANDSHAKE, send.stopped()).await;
    watch.ended().await;
}
