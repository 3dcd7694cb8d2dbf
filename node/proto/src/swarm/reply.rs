//! What a node answers: `op1|status1|count1|more1|minute4|cursor8|items`, 16 bytes and items, zeros behind (SESSION section 6).
//!
//! Items: of PUT, PUT_INBOX and STAT receipts (100 each); of GET `obj_id32|class1|cursor8|stored_min4|object`, of an inbox
//! `obj_id32|class1 + 16|cursor8|stored_min4|hc_nonce8|object`, so that its owner can count the work;
//! of DIR_GET lp(record). A bad signature, an unknown and an empty mailbox give the same bytes: status 0, no items, the asked
//! cursor.

use pars_wire::codec::{DecodeError, Minute, Reader, Wire, Writer};
use pars_wire::limits::ONION_ROOM;

use super::command::Op;
use super::mailbox::{Class, ObjectId};
use super::receipt::Receipt;

/// Bytes in front of the items.
pub const HEADER: usize = 16;
/// Bytes for items.
pub const ROOM: usize = ONION_ROOM - HEADER;
/// Bytes of a GET item in front of its object, without the work of an inbox's.
pub const ITEM_HEADER: usize = 45;
/// Of the class byte: the nonce of the object's work follows.
const WORKED: u8 = 16;

/// How a command went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[repr(u8)]
pub enum Status {
    /// Done, or nothing to tell.
    #[error("done")]
    Ok = 0,
    /// The mailbox day or the node is full; nothing stored is dropped for something new.
    #[error("the mailbox or the node is full")]
    Full = 1,
    /// No right, a day or time to live out of range, or a record that does not verify.
    #[error("the command was refused")]
    Refused = 2,
    /// Too little work.
    #[error("the proof of work is too small")]
    Effort = 3,
    /// This node does not hold this tag on that day.
    #[error("this node is no replica of that mailbox")]
    NotPlaced = 4,
    /// An operation of a later version.
    #[error("this node does not know the operation")]
    NotSupported = 5,
    /// Too much at once.
    #[error("the node is busy")]
    Busy = 6,
    /// An end of the mailbox deleted this object: it has arrived.
    #[error("the object was deleted by an end of the mailbox")]
    Gone = 7,
}

impl Status {
    /// The status with this number.
    ///
    /// # Errors
    /// [`DecodeError::Value`].
    pub fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        use Status::{Busy, Effort, Full, Gone, NotPlaced, NotSupported, Ok as Done, Refused};
        let found =
            [Done, Full, Refused, Effort, NotPlaced, NotSupported, Busy, Gone].into_iter().find(|s| *s as u8 == byte);
        found.ok_or(DecodeError::Value { what: "status", value: byte.into() })
    }
}

/// One object of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ObjectId,
    /// Its cursor at this node.
    pub cursor: u64,
    /// When it was stored, rounded up to an hour.
    pub stored: Minute,
    /// The nonce of the work it came with; none in mailboxes of contacts.
    pub work: Option<[u8; 8]>,
    /// The object.
    pub object: Vec<u8>,
}

/// What follows the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items {
    /// Of PUT, PUT_INBOX, STAT.
    Receipts(Vec<Receipt>),
    /// Of GET.
    Objects(Vec<Item>),
    /// Of DIR_GET: the record asked for; for a leaf its batch, then the leaf.
    Records(Vec<Vec<u8>>),
    /// Of all others.
    None,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// To which operation.
    pub op: Op,
    /// How it went.
    pub status: Status,
    /// Whether more items lie behind the last one.
    pub more: bool,
    /// The node's clock, by which a client corrects its own.
    pub minute: Minute,
    /// Of GET: the cursor behind which these items lie; each item names its own. So two replies to one reading, which may
    /// come in any order, still tell whether something lies between them.
    pub cursor: u64,
    /// The rest.
    pub items: Items,
}

impl Items {
    fn count(&self) -> usize {
        match self {
            Self::Receipts(items) => items.len(),
            Self::Objects(items) => items.len(),
            Self::Records(items) => items.len(),
            Self::None => 0,
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::Receipts(items) => items.iter().for_each(|item| item.write(out)),
            Self::Objects(items) => {
                for item in items {
                    let class = Class::of(&item.object).unwrap_or(Class::L) as u8;
                    let worked = if item.work.is_some() { WORKED } else { 0 };
                    out.bytes(&item.id.0).u8(class + worked).u64(item.cursor).minute(item.stored);
                    out.bytes(item.work.as_ref().map_or(&[][..], |nonce| nonce)).bytes(&item.object);
                }
            }
            Self::Records(items) => {
                for item in items {
                    // A record longer than 65,535 bytes fits no reply; the store keeps none.
                    out.u16(item.len() as u16).bytes(item);
                }
            }
            Self::None => {}
        }
    }

    fn read(from: &mut Reader<'_>, op: Op, count: u8) -> Result<Self, DecodeError> {
        let each = 0..count;
        Ok(match op {
            Op::Put | Op::PutInbox | Op::Stat => {
                Self::Receipts(each.map(|_| Receipt::read(from)).collect::<Result<_, _>>()?)
            }
            Op::Get => Self::Objects(each.map(|_| Item::read(from)).collect::<Result<_, _>>()?),
            Op::DirGet => Self::Records(each.map(|_| from.lp("record").map(<[u8]>::to_vec)).collect::<Result<_, _>>()?),
            _ if count == 0 => Self::None,
            _ => return Err(DecodeError::Value { what: "item count", value: count.into() }),
        })
    }
}

impl Item {
    /// Bytes it takes in a reply.
    pub const fn size(&self) -> usize {
        let work = if self.work.is_some() { 8 } else { 0 };
        ITEM_HEADER + work + self.object.len()
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = ObjectId(from.array("object id")?);
        let class = from.u8("object class")?;
        let (worked, class) = (class & WORKED != 0, Class::from_byte(class & !WORKED)?);
        let (cursor, stored) = (from.u64("cursor")?, from.minute("store time")?);
        let work = if worked { Some(from.array("work")?) } else { None };
        Ok(Self { id, cursor, stored, work, object: from.take(class.size(), "object")?.to_vec() })
    }
}

impl Reply {
    /// A reply without items.
    pub const fn bare(op: Op, status: Status, minute: Minute) -> Self {
        Self { op, status, more: false, minute, cursor: 0, items: Items::None }
    }

    /// The body of a reply packet: 11,614 bytes. What does not fit is cut off; the store never makes such a reply.
    pub fn encode(&self) -> Box<[u8; ONION_ROOM]> {
        let mut out = Writer::with_capacity(ONION_ROOM);
        out.u8(self.op as u8).u8(self.status as u8).u8(self.items.count() as u8).u8(self.more.into());
        out.minute(self.minute).u64(self.cursor);
        self.items.write(&mut out);
        let mut body = Box::new([0; ONION_ROOM]);
        body.iter_mut().zip(out.as_bytes()).for_each(|(to, from)| *to = *from);
        body
    }

    /// Take apart a reply.
    ///
    /// # Errors
    /// [`DecodeError`]: the node answers something else than this protocol.
    pub fn decode(body: &[u8; ONION_ROOM]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(body);
        let op = Op::from_byte(from.u8("operation")?)?;
        let status = Status::from_byte(from.u8("status")?)?;
        let (count, more) = (from.u8("item count")?, from.u8("more")?);
        if more > 1 {
            return Err(DecodeError::Value { what: "more", value: more.into() });
        }
        let (minute, cursor) = (from.minute("minute")?, from.u64("cursor")?);
        let items = Items::read(&mut from, op, count)?;
        from.zeros(from.remaining(), "reply padding")?;
        Ok(Self { op, status, more: more == 1, minute, cursor, items })
    }
}
