//! What replicas send each other on node links: `ver1 = 2|kind1|req8|from32|…`, zeros behind, 16,384 bytes like every packet.
//! A frame proves nothing by itself: commands carry their own right, receipts their own signature.

use pars_wire::NodeId;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::limits::{ONION_ROOM, PACKET};

use super::mailbox::ObjectId;
use super::receipt::Receipt;
use super::reply::Status;

/// Version byte, by which a link tells frames from onion packets (1) and filler (0).
pub const VERSION: u8 = 2;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Comes back with the answer.
    pub request: u64,
    /// Who asks or answers.
    pub from: NodeId,
    /// What.
    pub body: Body,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Carry out this command as a replica: a client's bytes, without its reply blocks.
    Store(Box<[u8; ONION_ROOM]>),
    /// Do you hold this object?
    Query(ObjectId),
    /// The answer to both.
    Answer(Result<Receipt, Status>),
}

impl Frame {
    /// The 16,384 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(PACKET);
        let kind = match &self.body {
            Body::Store(_) => 1,
            Body::Query(_) => 2,
            Body::Answer(_) => 3,
        };
        out.u8(VERSION).u8(kind).u64(self.request).bytes(&self.from.0.0);
        match &self.body {
            Body::Store(command) => {
                out.bytes(&command[..]);
            }
            Body::Query(object) => {
                out.bytes(&object.0);
            }
            Body::Answer(Ok(receipt)) => {
                out.u8(Status::Ok as u8);
                receipt.write(&mut out);
            }
            Body::Answer(Err(status)) => {
                out.u8(*status as u8);
            }
        }
        out.zeros(PACKET.saturating_sub(out.len()));
        out.into_bytes()
    }

    /// Take apart received bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PACKET {
            return Err(DecodeError::Trailing(bytes.len() - PACKET));
        }
        let mut from = Reader::new(bytes.first_chunk::<PACKET>().ok_or(DecodeError::Short {
            what: "frame",
            need: PACKET,
            have: bytes.len(),
        })?);
        from.magic(&[VERSION], "frame version")?;
        let (kind, request) = (from.u8("frame kind")?, from.u64("request")?);
        let sender = NodeId(from.array::<32>("node id")?.into());
        let body = match kind {
            1 => Body::Store(Box::new(from.array("command")?)),
            2 => Body::Query(ObjectId(from.array("object id")?)),
            3 => Body::Answer(match Status::from_byte(from.u8("status")?)? {
                Status::Ok => Ok(Receipt::read(&mut from)?),
                other => Err(other),
            }),
            value => return Err(DecodeError::Value { what: "frame kind", value: value.into() }),
        };
        from.zeros(from.remaining(), "frame padding")?;
        Ok(Self { request, from: sender, body })
    }
}
