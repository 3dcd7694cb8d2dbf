//! Everything put together: ports, tasks, and the order in which they end.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use pars_crypto::secret::Zeroizing;
use pars_engine::registry::Network;
use pars_proto::onion::descriptor::MAX_ADDRESSES;
use tokio::sync::{mpsc, watch};

use super::capture::Capture;
use super::directory::Routes;
use super::discovery::{Discovery, DiscoveryConfig, address, parts};
use super::links::transport::{self, Dialer};
use super::links::{Links, LinksConfig};
use super::{IN_QUEUE, Net, NetConfig, NetError, OUT_QUEUE};
use crate::room::objects::{ObjectClient, Objects};

/// Attempts to find a number that is free for both UDP and TCP.
const PORTS: usize = 16;
/// Registries and descriptors that wait for discovery.
const TOLD: usize = 64;

/// Start the network.
///
/// # Errors
/// [`NetError`]: an address or a file is refused, or a port is taken.
pub async fn start(config: NetConfig, objects: Objects) -> Result<Net, NetError> {
    let (ip, port) = match parts(&config.listen) {
        Some((ip, port, None)) => (ip, port),
        _ => return Err(NetError::Listen(config.listen)),
    };
    if config.advertise.len() > MAX_ADDRESSES {
        return Err(NetError::TooManyAddresses(config.advertise.len()));
    }
    if config.service.is_some() && config.advertise.is_empty() && ip.is_unspecified() {
        return Err(NetError::NoAddress);
    }
    if config.capture.is_some() && config.network != Network::Dev {
        return Err(NetError::CaptureForbidden);
    }
    let (out, from) = mpsc::channel(OUT_QUEUE);
    let (routes, routed) = watch::channel(Routes::default());
    let (client, asks) = ObjectClient::new();
    let key = key(&config)?;
    let peer = key.public().to_peer_id();
    let mut discovery = Discovery::new(DiscoveryConfig {
        key,
        network: config.network,
        serves: config.service.is_some(),
        bootstrap: bootstrap(&config.bootstrap)?,
        refresh: config.refresh,
        out: out.clone(),
        routes,
        objects: (objects, asks),
    })?;
    let (socket, at) = bind(&mut discovery, ip, port, config.service.is_some()).await?;
    let endpoint = match (&config.service, socket) {
        (Some(service), Some(socket)) => Some(transport::server(socket, &service.seed)?),
        _ => None,
    };
    let addresses = match (&endpoint, config.advertise.is_empty()) {
        (None, _) => Vec::new(),
        (Some(_), false) => config.advertise.clone(),
        (Some(endpoint), true) => endpoint.local_addr().into_iter().collect(),
    };
    let (capture, writer) = match &config.capture {
        Some(path) => Capture::start(path).await.map(|(capture, writer)| (Some(capture), Some(writer)))?,
        None => (None, None),
    };
    let (told, tell) = mpsc::channel(TOLD);
    let (to, inputs) = mpsc::channel(IN_QUEUE);
    let dialer = Dialer::new()?;
    let links =
        LinksConfig { network: config.network, dialer, endpoint, routes: routed, out, discovery: told, capture };
    let ended = tokio::spawn(async move {
        // Links hold the ways to discovery and to the capture: both end after them.
        tokio::join!(Links::new(links).run(inputs), discovery.run(tell));
        if let Some(writer) = writer {
            let _ = writer.await;
        }
    });
    Ok(Net { to, from, listen: at.with(Protocol::P2p(peer)), addresses, objects: client, ended })
}

/// A service node's transport key; a key of this start for a member.
fn key(config: &NetConfig) -> Result<Keypair, NetError> {
    let mut seed = Zeroizing::new([0; 32]);
    match &config.service {
        Some(service) => seed.copy_from_slice(service.seed.expose()),
        None => getrandom::fill(&mut *seed).map_err(NetError::Random)?,
    }
    Ok(Keypair::ed25519_from_bytes(&mut *seed)?)
}

fn bootstrap(addresses: &[Multiaddr]) -> Result<Vec<(PeerId, Multiaddr)>, NetError> {
    let read = |given: &Multiaddr| match parts(given) {
        Some((ip, port, Some(peer))) => Ok((peer, address(ip, port))),
        _ => Err(NetError::Bootstrap(given.clone())),
    };
    addresses.iter().map(read).collect()
}

/// One number for links and discovery: a service node's links listen on UDP where its discovery listens on TCP.
async fn bind(
    discovery: &mut Discovery,
    ip: IpAddr,
    port: u16,
    service: bool,
) -> Result<(Option<UdpSocket>, Multiaddr), NetError> {
    let refused = |what| move |source| NetError::Bind { what, source };
    let mut attempts = PORTS;
    loop {
        attempts -= 1;
        let socket =
            if service { Some(UdpSocket::bind(SocketAddr::new(ip, port)).map_err(refused("links"))?) } else { None };
        let number = match &socket {
            Some(socket) => socket.local_addr().map_err(refused("links"))?.port(),
            None => port,
        };
        match listen(discovery, ip, number).await {
            Ok(at) => return Ok((socket, at)),
            Err(_) if port == 0 && attempts > 0 => {}
            Err(source) => return Err(NetError::Bind { what: "discovery", source }),
        }
    }
}

/// libp2p shares a port with whoever listens on it already (SO_REUSEPORT): a port is asked for alone first.
async fn listen(discovery: &mut Discovery, ip: IpAddr, port: u16) -> io::Result<Multiaddr> {
    drop(TcpListener::bind(SocketAddr::new(ip, port))?);
    discovery.listen(address(ip, port)).await
}
