//! The host's side of tunnels: who is accepted, what a connection may have before a seat is admitted over it, and where its
//! streams go.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pars_crypto::secret::Ed25519Seed;
use pars_engine::room::{LinkId, MAX_PACKET, is_seated};
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use quinn::{Connection, Endpoint, EndpointConfig, RecvStream, SendStream, ServerConfig, TokioRuntime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::records::{Guest, Pair, Records};
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
/// What a connection may send before the host has said over it that a seat stands.
const STRANGER_BYTES: usize = 96 * 1_024;
/// And how long it may stay so: a join is verified, the attach follows.
const STRANGER_TIME: Duration = Duration::from_secs(45);
/// And how many streams it may open meanwhile for what strangers have not: a seat of a full Town Hall asks for everybody's records.
const STRANGER_STREAMS: usize = 4_096;
/// How often a connection may put its records: each time costs signature checks.
const PUTS: usize = 4;
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
    seated: Arc<AtomicBool>,
}

impl Links {
    fn held<T>(&self, with: impl FnOnce(&mut BTreeMap<LinkId, Out>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Queue a packet; a link that does not read is ended.
    pub fn send(&self, to: LinkId, packet: Vec<u8>) {
        self.held(|links| {
            let Some(out) = links.get(&to) else { return };
            // Before it is sent: what the member does next comes after it.
            if is_seated(&packet) {
                out.seated.store(true, Ordering::Release);
            }
            if out.packets.try_send(packet).is_err() {
                links.remove(&to);
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
                    serve(connection, shared, tokio::time::sleep(STRANGER_TIME)).await;
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

/// One member's connection; a stranger's ends with the time that strangers have.
async fn serve(connection: Connection, shared: Shared, stranger: impl Future<Output = ()>) {
    let seated = Arc::<AtomicBool>::default();
    let guest = Arc::new(shared.records.guest(seated.clone()));
    let (mut controls, mut tasks, mut early, mut puts) = (JoinSet::new(), JoinSet::new(), 0, 0);
    tokio::pin!(stranger);
    loop {
        let (send, mut recv) = tokio::select! {
            stream = connection.accept_bi() => match stream {
                Ok(stream) => stream,
                Err(_) => break,
            },
            // Looked at again: a seat may have been admitted since this began to wait, and it need not open another stream.
            () = &mut stranger, if !seated.load(Ordering::Acquire) => match seated.load(Ordering::Acquire) {
                true => continue,
                false => break,
            },
        };
        while tasks.try_join_next().is_some() || controls.try_join_next().is_some() {}
        let mut kind = [0];
        if timeout(HANDSHAKE, recv.read_exact(&mut kind)).await.is_err() {
            break;
        }
        let watch = Watch::new(shared.capture.clone(), &connection, recv.id());
        watch.note(Direction::Received, &kind).await;
        let [kind] = kind;
        let known = seated.load(Ordering::Acquire);
        let stream = Stream { send, recv, watch };
        match StreamKind::read(kind) {
            Some(StreamKind::Control) => {
                controls.spawn(control(shared.clone(), seated.clone(), stream));
            }
            Some(StreamKind::Put) if puts < PUTS => {
                puts += 1;
                tasks.spawn(put(guest.clone(), stream));
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
async fn control(shared: Shared, seated: Arc<AtomicBool>, stream: Stream) {
    let Stream { mut send, mut recv, watch } = stream;
    let link = LinkId(shared.next.fetch_add(1, Ordering::Relaxed));
    let (packets, mut queue) = mpsc::channel::<Vec<u8>>(QUEUE);
    shared.links.held(|links| links.insert(link, Out { packets, seated: seated.clone() }));
    let out = shared.out.clone();
    let watch = &watch;
    let read = async move {
        let mut strange = 0;
        while let Ok(Some(packet)) = read(&mut recv, MAX_PACKET).await {
            watch.note(Direction::Received, &packet).await;
            strange += packet.len();
            if !seated.load(Ordering::Acquire) && strange > STRANGER_BYTES
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

async fn put(guest: Arc<Guest>, Stream { mut send, mut recv, watch }: Stream) {
    let both = async {
        let record = read(&mut recv, MAX_RECORD).await.ok()??;
        let certificate = read(&mut recv, MAX_RECORD).await.ok()??;
        watch.note(Direction::Received, &record).await;
        watch.note(Direction::Received, &certificate).await;
        Some((record, certificate))
    };
    let Ok(Some(pair)) = timeout(RECORD, both).await else { return };
    let taken = tokio::task::spawn_blocking(move || guest.put(pair)).await.unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use pars_proto::room::{HostEntry, HostSecrets, Reach};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::driver::SUITE;
    use crate::random;
    use crate::room::tunnel::dial::{ControlRecv, ControlSend, Dialer, Tunnel};

    /// What the host says to a connection whose seat stands.
    const STANDS: [u8; 2] = [4, 0];
    const DEVICE: (IdentityId, DeviceId) = (IdentityId([1; 32]), DeviceId([2; 16]));

    /// A member's connection, its control stream, and the end of the time that strangers have.
    struct World {
        links: Links,
        link: LinkId,
        tunnel: Tunnel,
        control: (ControlSend, ControlRecv),
        time: oneshot::Sender<()>,
        /// The connection has seen that the time is over.
        over: oneshot::Receiver<()>,
        served: JoinHandle<()>,
        _host: (Listener, mpsc::Receiver<FromLink>),
    }

    impl World {
        async fn new() -> Self {
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let secrets = HostSecrets::generate(SUITE, &mut random::system());
            let listener = Listener::bind(([127, 0, 0, 1], 0).into(), secrets.seeds().1).unwrap();
            let (session, reach) = (IdentityId([0; 32]), Reach::Direct(listener.address));
            let entry = HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session, reach };
            let (links, (out, mut from), sfu) = (Links::default(), mpsc::channel(8), ([127, 0, 0, 1], 9).into());
            let records = Records::default();
            let shared = Shared { links: links.clone(), records, out, sfu, next: Arc::default(), capture: None };
            let dialer = Dialer::new().unwrap();
            let accepted = async { listener.endpoint.accept().await.unwrap().await.unwrap() };
            let (connection, tunnel) = tokio::join!(accepted, dialer.dial(&entry));
            let tunnel = tunnel.unwrap();
            let ((time, end), (told, over)) = (oneshot::channel(), oneshot::channel());
            let stranger = async move {
                let _ = end.await;
                let _ = told.send(());
            };
            let served = tokio::spawn(serve(connection, shared, stranger));
            let mut control = tunnel.control().await.unwrap().split();
            control.0.send(b"join").await.unwrap();
            let Some(FromLink::Packet(link, _)) = from.recv().await else { panic!("the link does not stand") };
            Self { links, link, tunnel, control, time, over, served, _host: (listener, from) }
        }

        /// The host says something, which arrives.
        async fn said(&mut self, packet: &[u8]) {
            self.links.send(self.link, packet.to_vec());
            assert_eq!(self.control.1.recv().await.unwrap().as_deref(), Some(packet));
        }

        async fn is_served(&self) -> bool {
            self.tunnel.get(DEVICE.0, DEVICE.1).await.is_ok()
        }
    }

    #[tokio::test]
    async fn whoever_is_only_refused_stays_a_stranger() {
        let mut world = World::new().await;
        for _ in 0..3 {
            world.said(&[2, 0]).await;
            assert!(!world.is_served().await);
        }
        world.time.send(()).unwrap();
        world.served.await.unwrap();
        assert!(world.control.1.recv().await.is_err(), "its time is over");
    }

    #[tokio::test]
    async fn a_seat_that_opens_nothing_more_keeps_its_connection() {
        let mut world = World::new().await;
        world.said(&STANDS).await;
        world.time.send(()).unwrap();
        world.over.await.unwrap();
        assert!(world.tunnel.get(DEVICE.0, DEVICE.1).await.is_ok());
        assert!(!world.served.is_finished());
    }

    #[tokio::test]
    async fn records_are_put_so_often_and_no_more() {
        let world = World::new().await;
        for _ in 0..PUTS {
            let refused = world.tunnel.put(&(b"none".to_vec(), b"none".to_vec())).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        }
        let ended = world.tunnel.put(&(b"none".to_vec(), b"none".to_vec())).await.unwrap_err();
        assert_ne!(ended.kind(), io::ErrorKind::PermissionDenied);
        world.served.await.unwrap();
    }
}
