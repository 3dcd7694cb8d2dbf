//! Which address each connection is of, and how many one address may hold: those that are being opened count as well.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::net::admission::{Admission, Slot};

/// A connection over its address's limit, or of no address.
#[derive(Debug, thiserror::Error)]
#[error("its address holds as many connections as it may")]
struct Crowded;

/// Where a connection comes from; of an incoming one also its place among those of its address.
struct Origin {
    ip: IpAddr,
    _slot: Option<Slot>,
}

/// Counts incoming connections by address.
pub(super) struct Addresses {
    admission: Admission,
    connections: BTreeMap<ConnectionId, Origin>,
}

impl Addresses {
    pub(super) const fn new(admission: Admission) -> Self {
        Self { admission, connections: BTreeMap::new() }
    }

    /// The other end's address.
    pub(super) fn of(&self, connection: ConnectionId) -> Option<IpAddr> {
        self.connections.get(&connection).map(|from| from.ip)
    }
}

fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

impl NetworkBehaviour for Addresses {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let crowded = || ConnectionDenied::new(Crowded);
        let ip = ip(remote).ok_or_else(crowded)?;
        let slot = self.admission.admit(ip).ok_or_else(crowded)?;
        self.connections.insert(connection, Origin { ip, _slot: Some(slot) });
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        _: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if let Some(ip) = ip(remote) {
            self.connections.insert(connection, Origin { ip, _slot: None });
        }
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let over = match event {
            FromSwarm::ConnectionClosed(closed) => closed.connection_id,
            FromSwarm::ListenFailure(failed) => failed.connection_id,
            FromSwarm::DialFailure(failed) => failed.connection_id,
            _ => return,
        };
        self.connections.remove(&over);
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
