//! Registered nodes, running networks, and waiting for what they report.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use pars_crypto::hash::sha3;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::secret::Ed25519Seed;
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::{DSA87_PUBLIC, Libcrux};
use pars_daemon::net::{self, Net, NetConfig, NetIn, NetOut, ServiceLink};
use pars_daemon::room::objects::Objects;
use pars_engine::Link;
use pars_engine::registry::Network;
use pars_proto::onion::Descriptor;
use pars_proto::onion::descriptor::{Body, Registration};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};
use pars_wire::limits::PACKET;
use pars_wire::machine::UnixMinute;
use tokio::time::timeout;

/// Long enough that only a fault reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node's operator.
pub(crate) struct Operator {
    pub(crate) keys: HybridSecret,
    pub(crate) registration: Registration,
    rng: ChaCha20Rng,
}

/// A descriptor and the key it verifies under.
pub(crate) type Signed = (Vec<u8>, Box<[u8; DSA87_PUBLIC]>);

impl Operator {
    pub(crate) fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let keys = HybridSecret::generate(&Libcrux, &mut rng);
        let registration = Registration {
            node: NodeId(sha3(&[&seed.to_be_bytes()]).into()),
            operator: [1; 32],
            identity_hash: sha3(&[keys.public().dsa()]),
            transport_key: *keys.public().ed25519().as_bytes(),
            stake: 1,
        };
        Self { keys, registration, rng }
    }

    pub(crate) const fn node(&self) -> NodeId {
        self.registration.node
    }

    /// A descriptor of today with new keys.
    pub(crate) fn descriptor(&mut self, addresses: &[SocketAddr]) -> Signed {
        self.descriptor_of(today(), addresses)
    }

    pub(crate) fn descriptor_of(&mut self, day: Day, addresses: &[SocketAddr]) -> Signed {
        let public = Xw768Secret::generate(&Libcrux, &mut self.rng).public();
        let keys = [public.clone(), public.clone(), public.clone(), public];
        let body = Body { node: self.node(), day, keys, addresses: addresses.to_vec() };
        let signed = Descriptor::sign(&Libcrux, body, &self.keys, &mut self.rng).unwrap();
        (signed.encode(), Box::new(*self.keys.public().dsa()))
    }

    /// Its keys for links.
    pub(crate) fn service(&self) -> ServiceLink {
        ServiceLink { node: self.node(), seed: self.keys.ed25519_seed().clone() }
    }
}

#[expect(clippy::disallowed_methods, reason = "descriptors of today are refused on any other day")]
pub(crate) fn today() -> Day {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Day::at(UnixMinute(u32::try_from(seconds / 60).unwrap()))
}

pub(crate) fn config() -> NetConfig {
    NetConfig {
        network: Network::Dev,
        listen: "/ip4/127.0.0.1/tcp/0".parse().unwrap(),
        service: None,
        bootstrap: Vec::new(),
        advertise: Vec::new(),
        capture: None,
        refresh: Duration::from_millis(300),
    }
}

/// A running network and who it is.
pub(crate) struct Running {
    pub(crate) net: Net,
}

impl Running {
    pub(crate) async fn start(config: NetConfig, registry: &[Registration]) -> Self {
        let running = Self { net: net::start(config, Objects::default()).await.unwrap() };
        running.tell(NetIn::Registry(registry.to_vec())).await;
        running
    }

    /// A service node that published its descriptor of today; the first bootstrap node if none is given.
    pub(crate) async fn service(operator: &mut Operator, bootstrap: &[Multiaddr], registry: &[Registration]) -> Self {
        let config = NetConfig { service: Some(operator.service()), bootstrap: bootstrap.to_vec(), ..config() };
        let running = Self::start(config, registry).await;
        let signed = operator.descriptor(&running.net.addresses);
        running.publish(&signed).await;
        running
    }

    pub(crate) async fn member(bootstrap: &[Multiaddr], registry: &[Registration]) -> Self {
        Self::start(NetConfig { bootstrap: bootstrap.to_vec(), ..config() }, registry).await
    }

    /// A member with a capture.
    pub(crate) async fn captured(bootstrap: &[Multiaddr], registry: &[Registration], capture: PathBuf) -> Self {
        let config = NetConfig { bootstrap: bootstrap.to_vec(), capture: Some(capture), ..config() };
        Self::start(config, registry).await
    }

    pub(crate) async fn tell(&self, input: NetIn) {
        timeout(PATIENCE, self.net.to.send(input)).await.expect("the network takes inputs").unwrap();
    }

    pub(crate) async fn publish(&self, (bytes, dsa): &Signed) {
        self.tell(NetIn::Publish { bytes: bytes.clone(), dsa: dsa.clone() }).await;
    }

    pub(crate) async fn send(&self, to: Link, bytes: Vec<u8>) {
        self.tell(NetIn::Send { to, bytes }).await;
    }

    /// The first report that is looked for; others are passed over.
    pub(crate) async fn wait<T>(&mut self, mut wanted: impl FnMut(NetOut) -> Option<T>) -> T {
        let search = async {
            loop {
                let report = self.net.from.recv().await.expect("the network runs");
                if let Some(found) = wanted(report) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.expect("the report comes")
    }

    /// Wait for this descriptor.
    pub(crate) async fn descriptor(&mut self, signed: &Signed) {
        self.wait(|report| match report {
            NetOut::Descriptor { bytes, dsa } if bytes == signed.0 && dsa == signed.1 => Some(()),
            _ => None,
        })
        .await;
    }

    /// Wait for any descriptor of a node.
    pub(crate) async fn descriptor_of(&mut self, node: NodeId) -> Vec<u8> {
        self.wait(|report| match report {
            NetOut::Descriptor { bytes, .. } if Descriptor::decode(&bytes).unwrap().node() == node => Some(bytes),
            _ => None,
        })
        .await
    }

    pub(crate) async fn packet(&mut self) -> (Link, Vec<u8>) {
        self.wait(|report| match report {
            NetOut::Recv { from, bytes } => Some((from, bytes)),
            _ => None,
        })
        .await
    }

    pub(crate) async fn connect(&mut self, to: NodeId) -> [u8; 16] {
        self.tell(NetIn::Connect(to)).await;
        self.wait(|report| match report {
            NetOut::Connected { node, token } => {
                assert_eq!(node, to);
                Some(token)
            }
            NetOut::Disconnected(_) => panic!("the link is opened"),
            _ => None,
        })
        .await
    }

    pub(crate) async fn disconnected(&mut self) -> NodeId {
        self.wait(|report| match report {
            NetOut::Disconnected(node) => Some(node),
            NetOut::Connected { .. } => panic!("the link is not opened"),
            _ => None,
        })
        .await
    }

    pub(crate) fn at(&self) -> Vec<Multiaddr> {
        vec![self.net.listen.clone()]
    }

    /// Where it listens, for UDP and TCP alike.
    pub(crate) fn socket(&self) -> SocketAddr {
        socket(&self.net.listen)
    }

    /// End it, and wait until everything is on disk.
    pub(crate) async fn end(self) {
        let Net { to, from, ended, .. } = self.net;
        drop((to, from));
        timeout(PATIENCE, ended).await.expect("the network ends").unwrap();
    }
}

pub(crate) fn socket(of: &Multiaddr) -> SocketAddr {
    match of.iter().take(2).collect::<Vec<_>>()[..] {
        [Protocol::Ip4(ip), Protocol::Tcp(port)] => (ip, port).into(),
        _ => panic!("{of}"),
    }
}

/// A packet that is told from others by its number.
pub(crate) fn packet(number: u32) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(u64::from(number));
    let mut bytes = vec![0; PACKET];
    chacha20::rand_core::Rng::fill_bytes(&mut rng, &mut bytes);
    bytes[..2].copy_from_slice(&[1, 0]);
    bytes[2..6].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The number of a packet.
pub(crate) fn number(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet[2..6].try_into().unwrap())
}

/// Another key than anybody's.
pub(crate) fn wrong_seed() -> Ed25519Seed {
    Ed25519Seed::from_bytes([0x77; 32])
}
