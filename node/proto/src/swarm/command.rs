//! What a client asks of a node: `op1|ver1|nsurb1|flag1| …`, reply blocks last, zeros between (SESSION section 6).
//! The blocks are opaque here: 4,800 bytes each, carried back to the onion with the reply.

use pars_wire::codec::{Day, DecodeError, Reader, Wire, Writer};
use pars_wire::limits::{MAX_DELETIONS, ONION_ROOM, SURB};

use super::auth::{Auth, Scope};
use super::directory::What;
use super::mailbox::{Class, DayKey, Flag, ObjectId};
use pars_wire::NodeId;
use pars_wire::machine::UnixMinute;

/// Version byte of commands.
pub const VERSION: u8 = 1;
/// Reply blocks of one command at most.
pub const MAX_SURBS: u8 = 2;

/// The operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Op {
    /// Store an object in a mailbox of a contact.
    Put = 1,
    /// Store an object in the inbox of a stranger.
    PutInbox = 2,
    /// Read a mailbox behind a cursor.
    Get = 3,
    /// Keep reply blocks and use them as objects arrive (later part: answered with "not supported").
    Subscribe = 4,
    /// Delete objects.
    Del = 5,
    /// Who holds an object.
    Stat = 6,
    /// Read a slot of the directory.
    DirGet = 7,
    /// Publish a record.
    DirPut = 8,
    /// Nothing: cover.
    Nop = 9,
    /// Reach a room's host (later part: answered with "not supported").
    Rendezvous = 10,
}

impl Op {
    /// The operation with this number.
    ///
    /// # Errors
    /// [`DecodeError::Value`].
    pub fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        use Op::{Del, DirGet, DirPut, Get, Nop, Put, PutInbox, Rendezvous, Stat, Subscribe};
        let all = [Put, PutInbox, Get, Subscribe, Del, Stat, DirGet, DirPut, Nop, Rendezvous];
        let found = all.into_iter().find(|op| *op as u8 == byte);
        found.ok_or(DecodeError::Value { what: "operation", value: byte.into() })
    }
}

/// A command without its reply blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// 118 + object.
    Put {
        /// Of the mailbox.
        flag: Flag,
        /// How long to keep it, in hours.
        ttl_hours: u16,
        /// For the whole swarm.
        auth: Auth,
        /// Of the class that its length says.
        object: Vec<u8>,
    },
    /// 50 + object.
    PutInbox {
        /// How long to keep it, in hours.
        ttl_hours: u16,
        /// Whose inbox.
        inbox: [u8; 32],
        /// Which day of it.
        day: Day,
        /// The work.
        nonce: [u8; 8],
        /// Of the class that its length says.
        object: Vec<u8>,
    },
    /// 124.
    Get {
        /// Of the mailbox.
        flag: Flag,
        /// For one node.
        auth: Auth,
        /// Items behind it are wanted; 0: all.
        cursor: u64,
    },
    /// 117 + 32 for each.
    Del {
        /// Of the mailbox.
        flag: Flag,
        /// For the whole swarm.
        auth: Auth,
        /// Which, at most 64.
        objects: Vec<ObjectId>,
    },
    /// 36.
    Stat {
        /// Which.
        object: ObjectId,
    },
    /// 48.
    DirGet {
        /// The identity.
        identity: [u8; 32],
        /// The week whose nodes are asked.
        week: u32,
        /// The slot.
        what: What,
    },
    /// 44 + record.
    DirPut {
        /// The identity.
        identity: [u8; 32],
        /// The work, for an identity's first record.
        nonce: [u8; 8],
        /// One record, or an upload of leaves.
        record: Vec<u8>,
    },
    /// Cover (NOP), or an operation of a later part (SUBSCRIBE, RENDEZVOUS): the bytes are kept and not looked at.
    Opaque {
        /// Which.
        op: Op,
        /// The flag byte.
        flag: u8,
        /// Everything up to the reply blocks: there is no telling what is padding.
        rest: Vec<u8>,
    },
}

/// A command with its reply blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// What is asked.
    pub command: Command,
    /// Where answers go, 4,800 bytes each.
    pub surbs: Vec<&'a [u8]>,
}

impl Command {
    /// Which operation.
    pub const fn op(&self) -> Op {
        match self {
            Self::Put { .. } => Op::Put,
            Self::PutInbox { .. } => Op::PutInbox,
            Self::Get { .. } => Op::Get,
            Self::Del { .. } => Op::Del,
            Self::Stat { .. } => Op::Stat,
            Self::DirGet { .. } => Op::DirGet,
            Self::DirPut { .. } => Op::DirPut,
            Self::Opaque { op, .. } => *op,
        }
    }

    /// The flag byte.
    pub(super) fn flag_byte(&self) -> u8 {
        match self {
            Self::Put { flag, object, .. } => flag.with(Class::of(object).unwrap_or(Class::L)),
            Self::PutInbox { object, .. } => Flag::Inbox.with(Class::of(object).unwrap_or(Class::L)),
            Self::Get { flag, .. } | Self::Del { flag, .. } => *flag as u8,
            Self::Opaque { flag, .. } => *flag,
            _ => 0,
        }
    }

    fn write_rest(&self, out: &mut Writer) {
        match self {
            Self::Put { object, .. } => out.bytes(object),
            Self::Get { cursor, .. } => out.u64(*cursor),
            Self::Opaque { rest, .. } => out.bytes(rest),
            Self::Del { objects, .. } => {
                out.u8(objects.len() as u8);
                objects.iter().fold(out, |out, object| out.bytes(&object.0))
            }
            _ => out,
        };
    }

    /// What the signature of this command covers, when it is meant for `node` (none: the swarm).
    fn scoped<T>(&self, node: Option<NodeId>, with: impl FnOnce(&Scope<'_>) -> T) -> T {
        let mut written = Writer::default();
        let rest = if let Self::Put { object, .. } = self {
            object.as_slice()
        } else {
            self.write_rest(&mut written);
            written.as_bytes()
        };
        with(&Scope { op: self.op() as u8, flag: self.flag_byte(), node, rest })
    }

    /// Replace the signature by one with this key for `node` (none: the swarm). Commands without AUTH stay as they are.
    #[must_use]
    pub fn signed(mut self, key: &DayKey, node: Option<NodeId>, minute: UnixMinute, nonce: [u8; 8]) -> Self {
        let signature = self.scoped(node, |scope| Auth::sign(key, scope, minute, nonce));
        if let Self::Put { auth, .. } | Self::Get { auth, .. } | Self::Del { auth, .. } = &mut self {
            *auth = signature;
        }
        self
    }

    /// Check the signature, if this command has one: that of GET for `node`, those of PUT and DEL for the swarm.
    ///
    /// # Errors
    /// [`super::auth::AuthError`].
    pub fn verify(&self, node: NodeId, now: UnixMinute) -> Result<(), super::auth::AuthError> {
        match self {
            Self::Put { auth, .. } | Self::Del { auth, .. } => self.scoped(None, |scope| auth.verify(scope, now)),
            Self::Get { auth, .. } => self.scoped(Some(node), |scope| auth.verify(scope, now)),
            _ => Ok(()),
        }
    }

    /// The bytes in front of the padding, for `surbs` reply blocks that the onion appends.
    pub fn encode(&self, surbs: u8) -> Vec<u8> {
        let mut out = Writer::with_capacity(ONION_ROOM);
        out.u8(self.op() as u8).u8(VERSION).u8(surbs).u8(self.flag_byte());
        match self {
            Self::Put { ttl_hours, auth, .. } => {
                out.u16(*ttl_hours);
                auth.write(&mut out);
            }
            Self::PutInbox { ttl_hours, inbox, day, nonce, object } => {
                out.u16(*ttl_hours).bytes(inbox).day(*day).bytes(nonce).bytes(object);
            }
            Self::Get { auth, .. } | Self::Del { auth, .. } => auth.write(&mut out),
            Self::Stat { object } => {
                out.bytes(&object.0);
            }
            Self::DirGet { identity, week, what } => {
                out.bytes(identity).u32(*week);
                what.write(&mut out);
            }
            Self::DirPut { identity, nonce, record } => {
                out.bytes(identity).bytes(nonce).bytes(record);
            }
            Self::Opaque { .. } => {}
        }
        self.write_rest(&mut out);
        out.into_bytes()
    }

    fn read(from: &mut Reader<'_>, op: Op, flag_byte: u8) -> Result<Self, DecodeError> {
        let (flag, class) = Flag::split(flag_byte)?;
        let plain = |flag_byte| if flag_byte == 0 { Ok(()) } else { Err(DecodeError::NotZero { what: "flag byte" }) };
        let small = || if class == Class::S { Ok(flag) } else { Err(DecodeError::NotZero { what: "object class" }) };
        Ok(match op {
            Op::Put if flag == Flag::Inbox => {
                return Err(DecodeError::Value { what: "mailbox flag", value: flag_byte.into() });
            }
            Op::Put => {
                let (ttl_hours, auth) = (from.u16("ttl")?, Auth::read(from)?);
                Self::Put { flag, ttl_hours, auth, object: from.take(class.size(), "object")?.to_vec() }
            }
            Op::PutInbox if flag != Flag::Inbox => {
                return Err(DecodeError::Value { what: "mailbox flag", value: flag_byte.into() });
            }
            Op::PutInbox => Self::PutInbox {
                ttl_hours: from.u16("ttl")?,
                inbox: from.array("inbox key")?,
                day: from.day("inbox day")?,
                nonce: from.array("work")?,
                object: from.take(class.size(), "object")?.to_vec(),
            },
            Op::Get => Self::Get { flag: small()?, auth: Auth::read(from)?, cursor: from.u64("cursor")? },
            Op::Del => {
                let (flag, auth, count) = (small()?, Auth::read(from)?, from.u8("object count")?);
                if usize::from(count) > MAX_DELETIONS {
                    return Err(DecodeError::Value { what: "object count", value: count.into() });
                }
                let objects = (0..count).map(|_| from.array("object id").map(ObjectId)).collect::<Result<_, _>>()?;
                Self::Del { flag, auth, objects }
            }
            Op::Stat => {
                plain(flag_byte)?;
                Self::Stat { object: ObjectId(from.array("object id")?) }
            }
            Op::DirGet => {
                plain(flag_byte)?;
                Self::DirGet { identity: from.array("identity")?, week: from.u32("week")?, what: What::read(from)? }
            }
            Op::DirPut => {
                plain(flag_byte)?;
                let (identity, nonce) = (from.array("identity")?, from.array("work")?);
                Self::DirPut { identity, nonce, record: super::directory::take_record(from)?.to_vec() }
            }
            Op::Nop | Op::Subscribe | Op::Rendezvous => {
                Self::Opaque { op, flag: flag_byte, rest: from.rest().to_vec() }
            }
        })
    }
}

impl<'a> Received<'a> {
    /// Take apart a body of the onion: 11,614 bytes, or the same without reply blocks inside a node-link frame.
    ///
    /// # Errors
    /// [`DecodeError`]: the command is not answered, because its reply blocks cannot be trusted to be there.
    pub fn decode(body: &'a [u8; ONION_ROOM]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(body);
        let op = Op::from_byte(from.u8("operation")?)?;
        from.magic(&[VERSION], "command version")?;
        let count = from.u8("reply blocks")?;
        if count > MAX_SURBS {
            return Err(DecodeError::Value { what: "reply blocks", value: count.into() });
        }
        let flag_byte = from.u8("flag byte")?;
        let room = from.remaining().saturating_sub(usize::from(count) * SURB);
        let mut head = Reader::new(from.take(room, "command")?);
        let command = Command::read(&mut head, op, flag_byte)?;
        head.zeros(head.remaining(), "command padding")?;
        let surbs = (0..count).map(|_| from.take(SURB, "reply block")).collect::<Result<_, _>>()?;
        from.finish()?;
        Ok(Self { command, surbs })
    }
}
