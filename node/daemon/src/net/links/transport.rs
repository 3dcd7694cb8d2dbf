//! QUIC as links use it: one stream the client opens, no datagrams, no migration, no address tokens.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use pars_crypto::secret::Ed25519Seed;
use quinn::{
    ClientConfig, Connection, Endpoint, EndpointConfig, NoneTokenStore, ServerConfig, TokioRuntime, TransportConfig,
    ValidationTokenConfig, VarInt,
};
use rustls::crypto::CryptoProvider;
use tokio::time::timeout;

use super::{limits, tls};
use crate::net::NetError;
use crate::net::directory::Route;

/// Codes a connection is closed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Nothing is wrong.
    Done = 0,
    /// Something else than packets of 16,384 bytes came.
    Format = 1,
    /// A packet began and did not end.
    Slow = 2,
}

/// Why a link was not opened. For local logs: says nothing of addresses.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("TLS refuses its settings: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the node's descriptor holds no address this machine can reach")]
    NoAddress,
    #[error("the attempt is refused here: {0}")]
    Connect(#[from] quinn::ConnectError),
    #[error("the connection failed: {0}")]
    Connection(#[from] quinn::ConnectionError),
    #[error("no answer came in time")]
    Timeout,
}

fn transport(streams: u8) -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from(streams))
        .max_concurrent_uni_streams(VarInt::from(0_u8))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from(limits::WINDOW))
        .receive_window(VarInt::from(limits::WINDOW))
        .send_window(limits::WINDOW.into())
        .max_idle_timeout(limits::SILENT.try_into().ok());
    config
}

/// The listening endpoint of a service node.
pub(in crate::net) fn server(socket: UdpSocket, seed: &Ed25519Seed) -> Result<Endpoint, NetError> {
    let mut config = ServerConfig::with_crypto(Arc::new(tls::server(tls::provider(), seed, tls::ALPN)?));
    let mut tokens = ValidationTokenConfig::default();
    tokens.sent(0);
    config
        .transport_config(Arc::new(transport(1)))
        .migration(false)
        .max_incoming(limits::TRUSTING)
        .validation_token_config(tokens);
    Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime))
        .map_err(|source| NetError::Bind { what: "links", source })
}

/// Opens links, from ports of the system's choice.
#[derive(Clone, Debug)]
pub(in crate::net) struct Dialer {
    v4: Endpoint,
    /// Absent on machines without IPv6.
    v6: Option<Endpoint>,
    provider: Arc<CryptoProvider>,
}

impl Dialer {
    /// Bind the ports.
    pub(in crate::net) fn new() -> Result<Self, NetError> {
        let refused = |source: io::Error| NetError::Bind { what: "links", source };
        let v4 = Endpoint::client((Ipv4Addr::UNSPECIFIED, 0).into()).map_err(refused)?;
        let v6 = Endpoint::client((Ipv6Addr::UNSPECIFIED, 0).into()).ok();
        Ok(Self { v4, v6, provider: tls::provider() })
    }

    /// Open a connection, trying the node's addresses in their order.
    pub(super) async fn dial(&self, route: &Route) -> Result<Connection, DialError> {
        let mut config = ClientConfig::new(Arc::new(tls::client(Arc::clone(&self.provider), &route.key, tls::ALPN)?));
        let mut transport = transport(0);
        transport.keep_alive_interval(Some(limits::KEEP_ALIVE));
        config.transport_config(Arc::new(transport)).token_store(Arc::new(NoneTokenStore));
        let mut error = DialError::NoAddress;
        for &address in &route.addresses {
            match self.reach(config.clone(), address).await {
                Ok(connection) => return Ok(connection),
                Err(other) => error = other,
            }
        }
        Err(error)
    }

    async fn reach(&self, config: ClientConfig, address: SocketAddr) -> Result<Connection, DialError> {
        let endpoint = if address.is_ipv4() { Some(&self.v4) } else { self.v6.as_ref() };
        let connecting = endpoint.ok_or(DialError::NoAddress)?.connect_with(config, address, tls::NAME)?;
        Ok(timeout(limits::DIAL, connecting).await.map_err(|_| DialError::Timeout)??)
    }

    /// Close every connection.
    pub(super) async fn close(&self) {
        close(&self.v4).await;
        if let Some(v6) = &self.v6 {
            close(v6).await;
        }
    }
}

/// Close every connection of an endpoint; other ends that do not confirm are not waited for.
pub(super) async fn close(endpoint: &Endpoint) {
    endpoint.close(VarInt::from(Code::Done as u8), &[]);
    let _ = timeout(limits::CLOSE, endpoint.wait_idle()).await;
}
