//! Why the network does not start.

use std::io;
use std::path::PathBuf;

use libp2p::Multiaddr;

/// Why the network does not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Not an address to listen on.
    #[error("{0} is no address to listen on; give /ip4/ADDRESS/tcp/PORT or /ip6/ADDRESS/tcp/PORT")]
    Listen(Multiaddr),
    /// Not an address of a bootstrap node.
    #[error("{0} is no address of a bootstrap node; give /ip4/ADDRESS/tcp/PORT/p2p/ID")]
    Bootstrap(Multiaddr),
    /// A service node whose descriptor would hold no address.
    #[error("a service node that listens on every address must say where others reach it; advertise an address")]
    NoAddress,
    /// More addresses than a descriptor holds.
    #[error("a descriptor holds 3 addresses, {0} were given; advertise fewer")]
    TooManyAddresses(usize),
    /// The transport key or the TLS settings are refused: a broken build.
    #[error("TLS refuses its settings: {0}")]
    Tls(#[from] rustls::Error),
    /// The transport key is refused by discovery.
    #[error("discovery refuses the transport key: {0}")]
    Key(#[from] libp2p::identity::DecodingError),
    /// The system has no randomness.
    #[error("the system gives no randomness: {0}")]
    Random(getrandom::Error),
    /// A port cannot be had.
    #[error("{what} cannot listen: {source}; is the port taken by another process?")]
    Bind {
        /// Links or discovery.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Discovery cannot be put together.
    #[error("discovery does not start: {0}")]
    Discovery(String),
    /// A capture off the development network.
    #[error("packets are captured on a development network only; leave the capture out")]
    CaptureForbidden,
    /// The capture's file.
    #[error("the capture {} cannot be written: {source}", path.display())]
    Capture {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
