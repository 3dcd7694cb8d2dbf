//! What the daemons of a member and of the host tell each other. A packet is what one length prefix of the control stream
//! holds; frames travel inside numbered packets ([`super::link`]).
//!
//! ```text
//! packet = 1 ‖ join | 2 ‖ reply | 3 ‖ seat2 ‖ grant_id16 ‖ resume16 | 4 ‖ reason1 (0: it stands) | 5 ‖ number4 ‖ acknowledged4 ‖ frame | 6 ‖ acknowledged4
//!        | 7 ‖ join
//! frame  = 1 ‖ seat2 ‖ statement | 2 ‖ seat2 ‖ reason1 | 3 ‖ envelope | 4 ‖ record ‖ count2 ‖ seat2^count | 5 ‖ seat2 ‖ rh32 ‖ wrap48
//!        | 6 ‖ connection | 7 ‖ signed message | 8 ‖ ping4 | 9 ‖ pong4 | 10 | 11 ‖ target2 ‖ reason1 | 12 ‖ reason1
//! ```
//!
//! The resume bytes are drawn by the member and bound by its first attach: who shows them again is the same seat. Roster
//! entries of a record are named by seat alone: everybody knows their statements, and the root binds them.

use pars_proto::room::{EpochHash, GrantId, SeatNo, SignedConnection, SignedRecord, Statement, WRAP};
use pars_proto::signal::Envelope;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::io::{EndReason, GoneReason, OrderRefusal};

/// Bytes of a packet at most: a join of an identified member, and a record of a full Town Hall, fit.
pub const MAX_PACKET: usize = 16 * 1_024;

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// A sealed join, whether the room is recorded or not.
    Join(Vec<u8>),
    /// A sealed reply.
    Reply(Vec<u8>),
    /// This connection is that of a granted seat.
    Attach(Attach),
    /// The host takes it, or says why the seat is gone.
    Attached(Result<(), GoneReason>),
    /// A frame.
    Data {
        /// Its number.
        number: u32,
        /// What came from the other end, without a gap.
        acknowledged: u32,
        /// The frame.
        frame: Vec<u8>,
    },
    /// An acknowledgement alone.
    Acknowledge {
        /// What came from the other end, without a gap.
        acknowledged: u32,
    },
    /// A sealed join that takes no seat while somebody records: then it is refused with that reason.
    Ask(Vec<u8>),
}

/// Which seat a connection belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attach {
    pub(super) seat: SeatNo,
    pub(super) grant: GrantId,
    pub(super) resume: [u8; 16],
}

/// What is said over a control link.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// A seat of the roster.
    Seat(SeatNo, Box<Statement>),
    /// A seat went.
    Gone(SeatNo, GoneReason),
    /// Of a pair channel.
    Pair(Envelope),
    /// An epoch record and the seats of its roster.
    Record(Box<SignedRecord>, Vec<SeatNo>),
    /// An epoch secret, wrapped: from the host its maker, to the host its reader.
    Wrap(SeatNo, EpochHash, [u8; WRAP]),
    /// A connection of a seat.
    Connection(Box<SignedConnection>),
    /// A signed message: an order, a beat, an answer.
    Message(Vec<u8>),
    /// Are you there, and is everything told?
    Ping(u32),
    /// Everything before this was told.
    Pong(u32),
    /// The newcomer knows everything now.
    Synced,
    /// An order or an acceptance comes to nothing.
    Refused(SeatNo, OrderRefusal),
    /// It is over.
    Ended(EndReason),
}

impl Wire for Packet {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Join(bytes) => out.u8(1).bytes(bytes),
            Self::Reply(bytes) => out.u8(2).bytes(bytes),
            Self::Attach(Attach { seat, grant, resume }) => out.u8(3).u16(seat.0).bytes(&grant.0).bytes(resume),
            Self::Attached(stands) => out.u8(4).u8(stands.err().map_or(0, GoneReason::code)),
            Self::Data { number, acknowledged, frame } => out.u8(5).u32(*number).u32(*acknowledged).bytes(frame),
            Self::Acknowledge { acknowledged } => out.u8(6).u32(*acknowledged),
            Self::Ask(bytes) => out.u8(7).bytes(bytes),
        };
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match from.u8("kind of packet")? {
            1 => Self::Join(from.rest().to_vec()),
            2 => Self::Reply(from.rest().to_vec()),
            3 => Self::Attach(Attach {
                seat: SeatNo(from.u16("seat")?),
                grant: GrantId(from.array("grant id")?),
                resume: from.array("resume bytes")?,
            }),
            4 => Self::Attached(match from.clone().u8("attached")? {
                0 => from.zeros(1, "attached").map(Ok)?,
                _ => Err(GoneReason::read(from)?),
            }),
            5 => Self::Data {
                number: from.u32("number")?,
                acknowledged: from.u32("acknowledged")?,
                frame: from.rest().to_vec(),
            },
            6 => Self::Acknowledge { acknowledged: from.u32("acknowledged")? },
            7 => Self::Ask(from.rest().to_vec()),
            other => return Err(DecodeError::Value { what: "kind of packet", value: other.into() }),
        })
    }
}

impl Wire for Frame {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Seat(seat, statement) => statement.write(out.u8(1).u16(seat.0)),
            Self::Gone(seat, reason) => {
                out.u8(2).u16(seat.0).u8(reason.code());
            }
            Self::Pair(envelope) => envelope.write(out.u8(3)),
            Self::Record(record, seats) => {
                record.write(out.u8(4));
                // A roster has at most 1,001 seats; a longer list would not be read back, and is cut instead of wrapping.
                let count = u16::try_from(seats.len()).unwrap_or(u16::MAX);
                out.u16(count);
                for seat in seats.iter().take(usize::from(count)) {
                    out.u16(seat.0);
                }
            }
            Self::Wrap(seat, rh, wrapped) => {
                out.u8(5).u16(seat.0).bytes(&rh.0).bytes(wrapped);
            }
            Self::Connection(connection) => connection.write(out.u8(6)),
            Self::Message(bytes) => {
                out.u8(7).bytes(bytes);
            }
            Self::Ping(count) => {
                out.u8(8).u32(*count);
            }
            Self::Pong(count) => {
                out.u8(9).u32(*count);
            }
            Self::Synced => {
                out.u8(10);
            }
            Self::Refused(seat, reason) => {
                out.u8(11).u16(seat.0).u8(reason.code());
            }
            Self::Ended(reason) => {
                out.u8(12).u8(reason.code());
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match from.u8("kind of frame")? {
            1 => Self::Seat(SeatNo(from.u16("seat")?), Box::new(Statement::read(from)?)),
            2 => Self::Gone(SeatNo(from.u16("seat")?), GoneReason::read(from)?),
            3 => Self::Pair(Envelope::read(from)?),
            4 => {
                let record = Box::new(SignedRecord::read(from)?);
                let count = from.u16("seats")?;
                let seats = (0..count).map(|_| from.u16("seat").map(SeatNo)).collect::<Result<_, _>>()?;
                Self::Record(record, seats)
            }
            5 => Self::Wrap(SeatNo(from.u16("seat")?), EpochHash(from.array("rh")?), from.array("wrap")?),
            6 => Self::Connection(Box::new(SignedConnection::read(from)?)),
            7 => Self::Message(from.rest().to_vec()),
            8 => Self::Ping(from.u32("ping")?),
            9 => Self::Pong(from.u32("pong")?),
            10 => Self::Synced,
            11 => Self::Refused(SeatNo(from.u16("seat")?), OrderRefusal::read(from)?),
            12 => Self::Ended(EndReason::read(from)?),
            other => return Err(DecodeError::Value { what: "kind of frame", value: other.into() }),
        })
    }
}

/// The packet in these bytes, if they are one.
pub(super) fn packet(bytes: &[u8]) -> Result<Packet, DecodeError> {
    if bytes.len() > MAX_PACKET {
        return Err(DecodeError::Trailing(bytes.len() - MAX_PACKET));
    }
    Packet::decode(bytes)
}

/// Whether a packet of the host's says to a connection that its seat stands. A refused join is answered too: whoever only asks is
/// told nothing of the kind.
pub fn is_seated(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _]) && matches!(packet(bytes), Ok(Packet::Attached(Ok(()))))
}

#[cfg(test)]
mod tests;
