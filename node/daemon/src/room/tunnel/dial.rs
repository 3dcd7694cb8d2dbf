//! The member's side of a tunnel.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use pars_engine::room::MAX_PACKET;
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use pars_proto::room::{HostEntry, Reach};
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, NoneTokenStore, RecvStream, SendStream};
use tokio::time::timeout;

use super::records::Pair;
use super::{ALPN, HANDSHAKE, KEEP_ALIVE, MAX_RECORD, StreamKind, read, transport, write};
use crate::net::links::tls;

/// TLS alerts stand in this range of QUIC's error codes (RFC 9001 section 4.8).
const TLS_ALERTS: std::ops::RangeInclusive<u64> = 0x100..=0x1ff;

/// Why a host is not reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Its metadata names a way that this build does not go.
    #[error("the room's host is reached over a rendezvous, which this build does not support yet")]
    NotSupported,
    /// Nobody answers, or somebody closes.
    #[error("the room's host does not answer")]
    Unreachable,
    /// Somebody else answers.
    #[error("whoever answers at the host's address does not hold the key that the chain names; do not join")]
    OtherKey,
}

/// Opens tunnels.
#[derive(Clone, Debug)]
pub struct Dialer {
    v4: Endpoint,
    v6: Option<Endpoint>,
}

impl Dialer {
    /// Bind the ports.
    ///
    /// # Errors
    /// The system gives none.
    pub fn new() -> io::Result<Self> {
        let v4 = Endpoint::client((Ipv4Addr::UNSPECIFIED, 0).into())?;
        // Absent on machines without IPv6.
        Ok(Self { v4, v6: Endpoint::client((Ipv6Addr::UNSPECIFIED, 0).into()).ok() })
    }

    /// A tunnel to the host of an entry, and to nobody else.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self, host: &HostEntry) -> Result<Tunnel, DialError> {
        let Reach::Direct(address) = host.reach else { return Err(DialError::NotSupported) };
        let tls = tls::client(tls::provider(), host.s_vk.as_bytes(), ALPN).map_err(|_| DialError::OtherKey)?;
        let mut config = ClientConfig::new(Arc::new(tls));
        let mut transport = transport(0);
        transport.keep_alive_interval(Some(KEEP_ALIVE));
        config.transport_config(Arc::new(transport)).token_store(Arc::new(NoneTokenStore));
        let connecting = self.endpoint(address)?.connect_with(config, address, tls::NAME);
        let connecting = connecting.map_err(|_| DialError::Unreachable)?;
        let connection = timeout(HANDSHAKE, connecting).await.map_err(|_| DialError::Unreachable)?;
        Ok(Tunnel(connection.map_err(|error| refused(&error))?))
    }

    fn endpoint(&self, address: SocketAddr) -> Result<&Endpoint, DialError> {
        match address {
            SocketAddr::V4(_) => Ok(&self.v4),
            SocketAddr::V6(_) => self.v6.as_ref().ok_or(DialError::Unreachable),
        }
    }
}

fn refused(error: &ConnectionError) -> DialError {
    match error {
        ConnectionError::TransportError(error) if TLS_ALERTS.contains(&u64::from(error.code)) => DialError::OtherKey,
        _ => DialError::Unreachable,
    }
}

/// A tunnel that stands. Clones are the same one; it closes with [`Tunnel::close`], or with the last clone.
#[derive(Clone, Debug)]
pub struct Tunnel(Connection);

/// Both directions of a control stream.
#[derive(Debug)]
pub struct Control {
    send: SendStream,
    recv: RecvStream,
}

impl Tunnel {
    async fn open(&self, kind: StreamKind) -> io::Result<(SendStream, RecvStream)> {
        let (mut send, recv) = timeout(HANDSHAKE, self.0.open_bi()).await.map_err(io::Error::other)??;
        send.write_all(&[kind as u8]).await?;
        Ok((send, recv))
    }

    /// The control stream.
    ///
    /// # Errors
    /// The tunnel is gone.
    pub async fn control(&self) -> io::Result<Control> {
        let (send, recv) = self.open(StreamKind::Control).await?;
        Ok(Control { send, recv })
    }

    /// A connection with the SFU.
    ///
    /// # Errors
    /// The tunnel is gone.
    pub async fn signalling(&self) -> io::Result<tokio::io::Join<RecvStream, SendStream>> {
        let (send, recv) = self.open(StreamKind::Signalling).await?;
        Ok(tokio::io::join(recv, send))
    }

    /// Have the host serve an identity's records.
    ///
    /// # Errors
    /// The tunnel is gone, or the host does not take them.
    pub async fn put(&self, (record, certificate): &Pair) -> io::Result<()> {
        let (mut send, mut recv) = self.open(StreamKind::Put).await?;
        write(&mut send, record).await?;
        write(&mut send, certificate).await?;
        send.finish().map_err(io::Error::other)?;
        let mut taken = [0];
        timeout(HANDSHAKE, recv.read_exact(&mut taken)).await.map_err(io::Error::other)?.map_err(io::Error::other)?;
        if taken == [1] { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// What the host serves of a device; not verified yet. None only if the host says so: a stream that just ends says nothing.
    ///
    /// # Errors
    /// The tunnel is gone, the host has not answered over it yet, or what came is too long.
    pub async fn get(&self, identity: IdentityId, device: DeviceId) -> io::Result<Option<Pair>> {
        let (mut send, mut recv) = self.open(StreamKind::Get).await?;
        send.write_all(&identity.0).await?;
        send.write_all(&device.0).await?;
        send.finish().map_err(io::Error::other)?;
        let both = async {
            let record = read(&mut recv, MAX_RECORD).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if record.is_empty() {
                return Ok(None);
            }
            let certificate = read(&mut recv, MAX_RECORD).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            Ok(Some((record, certificate)))
        };
        timeout(HANDSHAKE, both).await.map_err(io::Error::other)?
    }

    /// Close it.
    pub fn close(&self) {
        self.0.close(0_u8.into(), &[]);
    }
}

impl Control {
    /// Two halves that are used by two tasks.
    pub fn split(self) -> (ControlSend, ControlRecv) {
        (ControlSend(self.send), ControlRecv(self.recv))
    }
}

/// Sends packets.
#[derive(Debug)]
pub struct ControlSend(SendStream);

/// Receives packets.
#[derive(Debug)]
pub struct ControlRecv(RecvStream);

impl ControlSend {
    /// One packet.
    ///
    /// # Errors
    /// The tunnel is gone.
    pub async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        write(&mut self.0, packet).await
    }
}

impl ControlRecv {
    /// The next packet; none at the end.
    ///
    /// # Errors
    /// The tunnel is gone, or the packet is too long.
    pub async fn recv(&mut self) -> io::Result<Option<Vec<u8>>> {
        read(&mut self.0, MAX_PACKET).await
    }
}
