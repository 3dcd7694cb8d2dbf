//! All peers over one socket: whose datagram it is, when each wants time, what each has to send.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use pars_sfu_core::{Channel, MediaPeer, PeerCommand, PeerEvent, PeerId, Write};
use tokio::net::UdpSocket;

use crate::{
    clock::instant,
    rtc::{Received, RtcPeer, Setup, is_media, is_stun, is_success, local_ufrag, sender_ssrc},
};

/// How long an address stays with a peer that is silent before another may have it.
const ADDRESS_HOLD: Duration = Duration::from_secs(5);

/// Addresses that one peer proves in its life: a few for each network that its client comes to. Each is kept, here and in the
/// library.
const MAX_ADDRESSES: usize = 64;

/// SSRCs that one peer hears of in its life: three layers of each track and what repeats them, published anew a few times, and
/// reports. For each the library keeps state for good, and makes it before it knows who sent the packet.
const MAX_SSRCS: usize = 256;

/// Packets to one peer that wait before they are sent. Its dozen queues keep for good the room that their longest burst took.
const BURST: usize = 4;

struct Entry {
    peer: RtcPeer,
    ufrag: String,
    deadline: Option<Instant>,
    heard: Instant,
    /// Packets since something was sent.
    waiting: usize,
    /// Addresses that have proven that they know the password.
    addresses: BTreeSet<SocketAddr>,
    /// Senders of media and of reports.
    ssrcs: BTreeSet<u32>,
}

impl Entry {
    /// Whether a datagram may be read: it comes from an address, and has an SSRC, that is known or that there is room for.
    fn takes(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        if !self.has_room_for(from) {
            return false;
        }
        if !is_media(datagram) {
            return true;
        }
        let Some(ssrc) = sender_ssrc(datagram) else { return false };
        self.ssrcs.contains(&ssrc) || (self.ssrcs.len() < MAX_SSRCS && self.ssrcs.insert(ssrc))
    }

    fn has_room_for(&self, address: SocketAddr) -> bool {
        self.addresses.len() < MAX_ADDRESSES || self.addresses.contains(&address)
    }

    /// Sends what there is; returns who was told that a check of its password has succeeded.
    fn drain(&mut self, socket: &UdpSocket) -> Vec<SocketAddr> {
        let mut answered = Vec::new();
        while let Some((to, datagram)) = self.peer.datagram() {
            if is_success(&datagram) {
                answered.push(to);
            }
            // A full socket buffer is a loss like any other.
            let _ = socket.try_send_to(&datagram, to);
        }
        self.waiting = 0;
        answered
    }
}

/// All peers.
pub(crate) struct Peers {
    setup: Setup,
    /// Boxed: a peer has ten kilobytes, and a tree's nodes are half empty.
    peers: BTreeMap<PeerId, Box<Entry>>,
    by_ufrag: BTreeMap<String, PeerId>,
    by_address: BTreeMap<SocketAddr, PeerId>,
    timers: BTreeSet<(Instant, PeerId)>,
    /// Peers with something to send or a new deadline.
    dirty: BTreeSet<PeerId>,
    /// Peers that may have something to report.
    reporting: BTreeSet<PeerId>,
    /// Peers that end once their last words are sent.
    closing: Vec<PeerId>,
}

impl Peers {
    pub(crate) fn new(setup: Setup) -> Self {
        Self {
            setup,
            peers: BTreeMap::new(),
            by_ufrag: BTreeMap::new(),
            by_address: BTreeMap::new(),
            timers: BTreeSet::new(),
            dirty: BTreeSet::new(),
            reporting: BTreeSet::new(),
            closing: Vec::new(),
        }
    }

    /// When the first peer wants time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Carries out a command of the machine.
    pub(crate) fn command(&mut self, id: PeerId, command: PeerCommand) {
        let now = instant();
        if let PeerCommand::Create(role) = command {
            match RtcPeer::new(now, &self.setup, role) {
                Ok(peer) => {
                    let ufrag = peer.ufrag().to_owned();
                    self.by_ufrag.insert(ufrag.clone(), id);
                    let (addresses, ssrcs) = (BTreeSet::new(), BTreeSet::new());
                    let entry = Entry { peer, ufrag, deadline: None, heard: now, waiting: 0, addresses, ssrcs };
                    self.peers.insert(id, Box::new(entry));
                    self.dirty.insert(id);
                }
                Err(error) => tracing::error!(%error, "no peer could be made"),
            }
            return;
        }
        let Some(entry) = self.peers.get_mut(&id) else { return };
        let last = command == PeerCommand::Close;
        entry.peer.command(now, command);
        if entry.peer.ufrag() != entry.ufrag {
            self.by_ufrag.remove(&entry.ufrag);
            entry.ufrag = entry.peer.ufrag().to_owned();
            self.by_ufrag.insert(entry.ufrag.clone(), id);
        }
        self.dirty.insert(id);
        if last {
            self.closing.push(id);
        } else {
            self.reporting.insert(id);
        }
    }

    /// The next report of any peer.
    pub(crate) fn event(&mut self) -> Option<(PeerId, PeerEvent)> {
        while let Some(id) = self.reporting.first().copied() {
            if let Some(event) = self.peers.get_mut(&id).and_then(|entry| entry.peer.event()) {
                return Some((id, event));
            }
            self.reporting.remove(&id);
        }
        None
    }

    /// The next packet that a peer received.
    pub(crate) fn packet(&mut self, id: PeerId) -> Option<Received> {
        self.peers.get_mut(&id)?.peer.packet()
    }

    /// A datagram: a check (STUN) belongs to the peer whose fragment it names, everything else to the peer that has
    /// answered a check from its address with success. From elsewhere, and beyond what a peer may have of addresses and streams,
    /// nothing is read and nothing is answered.
    pub(crate) fn read(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<PeerId> {
        let named = if is_stun(datagram) { local_ufrag(datagram) } else { None };
        let id = named.map_or_else(|| self.by_address.get(&from), |ufrag| self.by_ufrag.get(ufrag)).copied()?;
        let entry = self.peers.get_mut(&id)?;
        if !entry.takes(from, datagram) {
            return None;
        }
        let now = instant();
        entry.heard = now;
        entry.peer.read(now, from, datagram);
        self.dirty.insert(id);
        self.reporting.insert(id);
        Some(id)
    }

    /// A packet to a receiver: it waits for [`Self::flush`], unless too many do.
    pub(crate) fn send(&mut self, socket: &UdpSocket, write: Write, packet: &Received) {
        let Some(entry) = self.peers.get_mut(&write.peer) else { return };
        if !entry.peer.send(packet.at, &write, (&packet.head, &packet.payload)) {
            return;
        }
        self.dirty.insert(write.peer);
        entry.waiting += 1;
        if entry.waiting >= BURST {
            let answered = entry.drain(socket);
            self.bind_all(answered, write.peer);
        }
    }

    /// A data packet to receivers.
    pub(crate) fn data(&mut self, to: &[PeerId], channel: Channel, bytes: &[u8]) {
        let now = instant();
        for id in to {
            if let Some(entry) = self.peers.get_mut(id) {
                entry.peer.send_data(now, channel, bytes);
                self.dirty.insert(*id);
            }
        }
    }

    /// Gives time to those that want it; returns them.
    pub(crate) fn pass_time(&mut self) -> Vec<PeerId> {
        let now = instant();
        let mut touched = Vec::new();
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            if let Some(entry) = self.peers.get_mut(&id) {
                entry.deadline = None;
                entry.peer.timeout(now);
                self.dirty.insert(id);
                self.reporting.insert(id);
                touched.push(id);
            }
        }
        touched
    }

    /// Sends what peers have to send and notes when they want time.
    pub(crate) fn flush(&mut self, socket: &UdpSocket) {
        for id in std::mem::take(&mut self.dirty) {
            let Some(entry) = self.peers.get_mut(&id) else { continue };
            let answered = entry.drain(socket);
            let deadline = entry.peer.deadline();
            if deadline != entry.deadline {
                if let Some(old) = entry.deadline.take() {
                    self.timers.remove(&(old, id));
                }
                entry.deadline = deadline;
                self.timers.extend(deadline.map(|at| (at, id)));
            }
            self.bind_all(answered, id);
        }
        for id in std::mem::take(&mut self.closing) {
            self.remove(id);
        }
    }

    /// Addresses have proven that they know a peer's password. None is taken from another peer that is alive.
    fn bind_all(&mut self, addresses: Vec<SocketAddr>, id: PeerId) {
        for address in addresses {
            // Those of one batch may be more than there is room for.
            let Some(entry) = self.peers.get_mut(&id).filter(|entry| entry.has_room_for(address)) else { continue };
            entry.addresses.insert(address);
            let holder = self.by_address.get(&address).filter(|holder| **holder != id);
            let held = holder.and_then(|holder| self.peers.get(holder));
            if held.is_none_or(|entry| instant().saturating_duration_since(entry.heard) > ADDRESS_HOLD) {
                self.by_address.insert(address, id);
            }
        }
    }

    fn remove(&mut self, id: PeerId) {
        if let Some(entry) = self.peers.remove(&id) {
            self.by_ufrag.remove(&entry.ufrag);
            self.by_address.retain(|_, holder| *holder != id);
            if let Some(at) = entry.deadline {
                self.timers.remove(&(at, id));
            }
        }
    }
}
