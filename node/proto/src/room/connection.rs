//! A seat's connection to the media: `conn = RS68 | seat2 | conn_seq4 | conn_nonce16`, `Sig("pars-room-conn-v1", conn)` by
//! the seat. A reload draws a new nonce, and with it new sender keys; a receiver's number only rises.

use pars_crypto::CryptoRng;
use pars_crypto::hash::random;
use pars_crypto::label::SignatureLabel;
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Public, Ed25519Secret};
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::scope::{Scope, SeatNo};

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// Another room, sitting or seat.
    #[error("the connection is of another room, sitting or seat")]
    OtherScope,
    /// Not above the last one.
    #[error("connection {0} is not newer than the one known; it may be a replay")]
    Old(u32),
    /// Not the seat's signature.
    #[error("the seat did not sign this connection")]
    Signature,
}

/// What a seat says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// RS.
    pub scope: Scope,
    /// Whose.
    pub seat: SeatNo,
    /// Rises with every connection of the seat.
    pub seq: u32,
    /// Random: makes the sender keys of this connection.
    pub nonce: [u8; 16],
}

impl Connection {
    /// How many bytes.
    pub const SIZE: usize = Scope::SIZE + 2 + 4 + 16;

    /// A connection with a fresh nonce.
    pub fn fresh(rng: &mut (impl CryptoRng + ?Sized), scope: Scope, seat: SeatNo, seq: u32) -> Self {
        Self { scope, seat, seq, nonce: random(rng) }
    }
}

impl Wire for Connection {
    fn write(&self, out: &mut Writer) {
        self.scope.write(out);
        out.u16(self.seat.0).u32(self.seq).bytes(&self.nonce);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (scope, seat) = (Scope::read(from)?, SeatNo(from.u16("seat")?));
        Ok(Self { scope, seat, seq: from.u32("number of a connection")?, nonce: from.array("connection nonce")? })
    }
}

/// A connection and its seat's signature; says nothing until [`SignedConnection::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedConnection {
    connection: Connection,
    signature: [u8; ED25519_SIGNATURE],
}

impl SignedConnection {
    /// How many bytes.
    pub const SIZE: usize = Connection::SIZE + ED25519_SIGNATURE;

    /// Sign as the seat.
    pub fn sign(connection: Connection, seat: &Ed25519Secret) -> Self {
        Self { connection, signature: seat.sign(SignatureLabel::ROOM_CONNECTION, &connection.encode()) }
    }

    /// What it says; nothing of it is checked.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection, if `seat` signed it with its key for this sitting and its number is above the `last` one known.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub fn check(
        &self,
        scope: &Scope,
        (seat, key): (SeatNo, &Ed25519Public),
        last: Option<u32>,
    ) -> Result<&Connection, ConnectionError> {
        let Self { connection, signature } = self;
        if connection.scope != *scope || connection.seat != seat {
            return Err(ConnectionError::OtherScope);
        }
        if last.is_some_and(|last| connection.seq <= last) {
            return Err(ConnectionError::Old(connection.seq));
        }
        let verified = key.verify(SignatureLabel::ROOM_CONNECTION, &connection.encode(), signature);
        verified.map(|()| connection).map_err(|_| ConnectionError::Signature)
    }
}

impl Wire for SignedConnection {
    fn write(&self, out: &mut Writer) {
        self.connection.write(out);
        out.bytes(&self.signature);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { connection: Connection::read(from)?, signature: from.array("signature of a connection")? })
    }
}
