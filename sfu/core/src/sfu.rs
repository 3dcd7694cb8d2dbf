//! The control plane as one value.

use std::collections::BTreeMap;

use rand_core::CryptoRng;

use crate::{
    id::{ConnectionId, ParticipantSid, PeerId, RoomName, TrackKey},
    io::{Grant, Input, Output, Refusal},
    limits::MAX_NAME,
    room::Room,
    table::Table,
};

/// Numbers given so far. None is used twice.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    peer: u64,
    track: u64,
}

impl Counters {
    pub(crate) fn peer(&mut self) -> PeerId {
        self.peer += 1;
        PeerId(self.peer)
    }

    pub(crate) fn track(&mut self) -> TrackKey {
        self.track += 1;
        TrackKey(self.track)
    }
}

/// Who owns a peer or a connection.
pub(crate) type Owner = (RoomName, ParticipantSid);

/// What a step may use beside its room.
pub(crate) struct Cx<'a> {
    pub(crate) now: u64,
    pub(crate) table: &'a mut Table,
    pub(crate) counters: &'a mut Counters,
    pub(crate) connections: &'a mut BTreeMap<ConnectionId, Owner>,
    pub(crate) peers: &'a mut BTreeMap<PeerId, Owner>,
    pub(crate) out: &'a mut Vec<Output>,
}

/// All rooms of one server.
#[derive(Debug, Default)]
pub struct Sfu {
    pub(crate) rooms: BTreeMap<RoomName, Room>,
    pub(crate) connections: BTreeMap<ConnectionId, Owner>,
    pub(crate) peers: BTreeMap<PeerId, Owner>,
    pub(crate) table: Table,
    pub(crate) counters: Counters,
}

impl Sfu {
    /// A server without rooms: [`admin`](crate::admin) opens them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input at `now` (milliseconds since the Unix epoch; they only rise) and appends what is to be done.
    /// Randomness names participants and tracks.
    pub fn handle<R: CryptoRng + ?Sized>(&mut self, now: u64, rng: &mut R, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Join { connection, join } => self.join(now, rng, (connection, join), out),
            Input::Signal { connection, request } => {
                self.at_connection(now, connection, out, |room, cx, sid| room.signal(cx, rng, sid, request));
            }
            Input::Closed { connection } => {
                self.at_connection(now, connection, out, |room, cx, sid| room.lost(cx, sid, connection));
                self.connections.remove(&connection);
            }
            Input::Peer { peer, event } => {
                let Some((name, sid)) = self.peers.get(&peer).cloned() else { return };
                self.at_room(now, &name, out, |room, cx| room.peer_event(cx, &sid, (peer, event)));
            }
            Input::Tick => self.tick(now, out),
        }
    }

    /// Where packets go.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// When to send [`Input::Tick`], in milliseconds since the Unix epoch.
    pub fn deadline(&self) -> Option<u64> {
        self.rooms.values().filter_map(Room::deadline).min()
    }

    /// Whether a token would be let in now. Joining itself asks again.
    pub fn admits(&self, grant: &Grant) -> Result<(), Refusal> {
        let identity = grant.identity.as_str();
        if identity.is_empty() || identity.len() > MAX_NAME {
            return Err(Refusal::Identity);
        }
        self.rooms.get(&grant.room).ok_or(Refusal::NoRoom)?.admits(grant)
    }

    /// Rooms, connections and peers, for checks that nothing is left behind.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.rooms.len(), self.connections.len(), self.peers.len())
    }

    fn at_connection(
        &mut self,
        now: u64,
        connection: ConnectionId,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Room, &mut Cx<'_>, &ParticipantSid),
    ) {
        let Some((name, sid)) = self.connections.get(&connection).cloned() else { return };
        self.at_room(now, &name, out, |room, cx| step(room, cx, &sid));
    }

    pub(crate) fn at_room<T>(
        &mut self,
        now: u64,
        name: &RoomName,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Room, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let room = self.rooms.get_mut(name)?;
        let mut cx = Cx {
            now,
            table: &mut self.table,
            counters: &mut self.counters,
            connections: &mut self.connections,
            peers: &mut self.peers,
            out,
        };
        let result = step(room, &mut cx);
        room.flush_if_due(&mut cx);
        Some(result)
    }
}
