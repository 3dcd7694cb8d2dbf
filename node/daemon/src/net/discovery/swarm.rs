//! libp2p put together: TCP, TLS, yamux; identify and the descriptors' protocol; limits of connections.
//!
//! TLS offers X25519MLKEM768 first and cannot be limited to it (decision O-50): a test reads the group of a captured
//! handshake. No `noise`, no names looked up, no relaying, no guessing of addresses.

use std::net::IpAddr;
use std::time::Duration;

use libp2p::connection_limits::{Behaviour as Limits, ConnectionLimits};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, ProtocolSupport, cbor};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, tcp, tls, yamux};
use pars_engine::registry::Network;

use super::addresses::Addresses;
use super::wire::{PROTOCOL, REQUEST, RESPONSE, Request, Response};
use crate::net::NetError;
use crate::net::admission::Admission;

/// What every daemon says it is: the same, whatever its version.
const AGENT: &str = "pars";
/// Connections that others may hold with this node.
const INCOMING: u32 = 1_024;
/// Of these, of one address; no limit on a development network.
const OF_ADDRESS: usize = 16;
/// Connections that are being opened by others.
const PENDING: u32 = 128;
/// Connections with one peer.
const OF_ONE: u32 = 4;
/// Requests of one connection at once.
const STREAMS: usize = 6;
/// An unused connection is closed after this.
const IDLE: Duration = Duration::from_secs(30);
/// One request and its answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What runs over discovery's connections.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: Limits,
    pub(super) addresses: Addresses,
    identify: identify::Behaviour,
    pub(super) descriptors: cbor::Behaviour<Request, Response>,
}

/// A swarm that listens nowhere yet.
pub(super) fn swarm(key: &Keypair, network: Network) -> Result<Swarm<Behaviour>, NetError> {
    let failed = |error: &dyn std::error::Error| NetError::Discovery(error.to_string());
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING))
        .with_max_established_incoming(Some(INCOMING))
        .with_max_established_per_peer(Some(OF_ONE));
    let codec = cbor::codec::Codec::default().set_request_size_maximum(REQUEST).set_response_size_maximum(RESPONSE);
    let descriptors =
        request_response::Config::default().with_request_timeout(TIMEOUT).with_max_concurrent_streams(STREAMS);
    let protocol = [(StreamProtocol::new(PROTOCOL), ProtocolSupport::Full)];
    let identify = identify::Config::new("pars/1".into(), key.public())
        .with_agent_version(AGENT.into())
        .with_hide_listen_addrs(true)
        .with_cache_size(0);
    let of_address = if network == Network::Dev { INCOMING as usize } else { OF_ADDRESS };
    let behaviour = Behaviour {
        limits: Limits::new(limits),
        addresses: Addresses::new(Admission::new(INCOMING as usize + PENDING as usize, of_address)),
        identify: identify::Behaviour::new(identify),
        descriptors: cbor::Behaviour::with_codec(codec, protocol, descriptors),
    };
    let swarm = SwarmBuilder::with_existing_identity(key.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), tls::Config::new, yamux::Config::default)
        .map_err(|error| failed(&error))?
        .with_behaviour(move |_| behaviour)
        .map_err(|error| failed(&error))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .build();
    Ok(swarm)
}

/// `/ip4|ip6/ADDRESS/tcp/PORT`, perhaps with `/p2p/ID`.
pub(in crate::net) fn parts(address: &Multiaddr) -> Option<(IpAddr, u16, Option<PeerId>)> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else { return None };
    let peer = match parts.next() {
        None => None,
        Some(Protocol::P2p(peer)) => Some(peer),
        Some(_) => return None,
    };
    parts.next().is_none().then_some((ip, port, peer))
}

/// The reverse.
pub(in crate::net) fn address(ip: IpAddr, port: u16) -> Multiaddr {
    Multiaddr::from(ip).with(Protocol::Tcp(port))
}
