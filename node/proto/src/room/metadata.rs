//! The metadata object: what a room's hash on chain stands for (TOWNHALL section 2, "Creation"). At most 16 KiB.
//!
//! ```text
//! "PSRM"4 | room_id32 | seq4 | n1 | { x_pk1216 | s_vk32 | session_id32 | lp(reach) }^n
//!         | m1 | { backend1 | lp(region) | lp(address) }^m | sealed1 | lp(about)
//! reach = 1 | node_id32 | token16        rendezvous at a service node
//!       | 2 | socket address as text     development network only
//! ```
//!
//! Hosts and SFUs stand in order of preference. `metadataHash = H("pars-room-object-v1"; object)`; the sitting pins it, so
//! who serves the object cannot change a key in it.

use std::net::SocketAddr;

use alloy_primitives::B256;
use pars_crypto::hash::{equal, hash};
use pars_crypto::hkem::Xw768Public;
use pars_crypto::label::HashLabel;
use pars_crypto::sign::Ed25519Public;
use pars_identity::id::IdentityId;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::{NodeId, RoomId};

use super::about::{About, Description, MetadataKey};
use super::line::Line;
use super::scope::StatementHash;

const MAGIC: &[u8] = b"PSRM";
const RENDEZVOUS: u8 = 1;
const DIRECT: u8 = 2;

/// Bytes of the whole object at most.
pub const MAX_OBJECT: usize = 16 * 1024;
/// Hosts at most.
pub const MAX_HOSTS: usize = 8;
/// SFUs at most.
pub const MAX_SFUS: usize = 8;

/// Why an object is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No canonical encoding.
    #[error("the metadata object is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// More than 16 KiB, eight hosts or eight SFUs.
    #[error("a metadata object has at most 16 KiB, 8 hosts and 8 SFUs; shorten it")]
    TooLarge,
    /// Another object than the chain names.
    #[error("the metadata object is not the one whose hash stands on chain; fetch it elsewhere")]
    OtherHash,
    /// An object of another room.
    #[error("the metadata object belongs to another room")]
    OtherRoom,
    /// The description is encrypted, and no key was given.
    #[error("the room's description is encrypted; ask its host, or use an invitation link")]
    KeyNeeded,
    /// The key does not open it.
    #[error("this key does not open the room's description")]
    WrongKey,
}

/// How a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// At a service node, where the host keeps a rendezvous open.
    Rendezvous {
        /// The service node.
        node: NodeId,
        /// The rendezvous.
        token: [u8; 16],
    },
    /// At its own address: development network only.
    Direct(SocketAddr),
}

impl Reach {
    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Rendezvous { node, token } => [&[RENDEZVOUS], node.0.as_slice(), token].concat(),
            Self::Direct(address) => [&[DIRECT], address.to_string().as_bytes()].concat(),
        }
    }

    fn decoded(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        match from.u8("kind of reach")? {
            RENDEZVOUS => {
                let (node, token) = (NodeId(from.array::<32>("node")?.into()), from.array("rendezvous token")?);
                from.finish()?;
                Ok(Self::Rendezvous { node, token })
            }
            DIRECT => {
                let malformed = DecodeError::Malformed { what: "socket address of a host" };
                let text = str::from_utf8(from.rest()).map_err(|_| malformed)?;
                let address: SocketAddr = text.parse().map_err(|_| malformed)?;
                // One address, one text.
                if address.to_string() == text { Ok(Self::Direct(address)) } else { Err(malformed) }
            }
            other => Err(DecodeError::Value { what: "kind of reach", value: other.into() }),
        }
    }
}

/// A host and its keys of this sitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// Joins are sealed to it.
    pub x_pk: Xw768Public,
    /// Its grants verify under it.
    pub s_vk: Ed25519Public,
    /// Its owner's identity.
    pub session: IdentityId,
    /// Where it is.
    pub reach: Reach,
}

impl HostEntry {
    /// `st_host = H("pars-room-host-v1"; entry)`.
    pub fn hash(&self) -> StatementHash {
        StatementHash(hash(HashLabel::ROOM_HOST, &[&self.encode()]))
    }
}

impl Wire for HostEntry {
    fn write(&self, out: &mut Writer) {
        let reach = self.reach.encoded();
        out.bytes(&self.x_pk.to_bytes()).bytes(self.s_vk.as_bytes()).bytes(&self.session.0);
        // A kind and at most 64 bytes, which fits its length.
        out.u16(reach.len() as u16).bytes(&reach);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let x_pk = x_pk(from)?;
        let s_vk = s_vk(from)?;
        let session = IdentityId(from.array("identity of a host")?);
        Ok(Self { x_pk, s_vk, session, reach: Reach::decoded(from.lp("reach of a host")?)? })
    }
}

pub(super) fn x_pk(from: &mut Reader<'_>) -> Result<Xw768Public, DecodeError> {
    let bytes = from.array_ref("X-Wing key of a seat")?;
    Xw768Public::from_bytes(bytes).map_err(|_| DecodeError::Malformed { what: "X-Wing key of a seat" })
}

pub(super) fn s_vk(from: &mut Reader<'_>) -> Result<Ed25519Public, DecodeError> {
    let bytes = from.array_ref("signing key of a seat")?;
    Ed25519Public::from_bytes(bytes).map_err(|_| DecodeError::Malformed { what: "signing key of a seat" })
}

/// Who forwards media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Backend {
    /// Our own SFU.
    Own = 1,
    /// An operator's LiveKit cluster.
    LiveKit = 2,
}

/// A forwarder of media.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SfuEntry {
    /// Whose software.
    pub backend: Backend,
    /// Where in the world, for people.
    pub region: Line<32>,
    /// Where the host finds it.
    pub address: Line<255>,
}

impl Wire for SfuEntry {
    fn write(&self, out: &mut Writer) {
        out.u8(self.backend as u8);
        self.region.write(out);
        self.address.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let backend = match from.u8("media back end")? {
            1 => Backend::Own,
            2 => Backend::LiveKit,
            other => return Err(DecodeError::Value { what: "media back end", value: other.into() }),
        };
        Ok(Self { backend, region: Line::read(from)?, address: Line::read(from)? })
    }
}

/// The object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    front: Front,
    about: About,
}

/// Everything before the description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// The room.
    pub room: RoomId,
    /// Rises with every change.
    pub seq: u32,
    /// Best first.
    pub hosts: Vec<HostEntry>,
    /// Best first.
    pub sfus: Vec<SfuEntry>,
}

impl Metadata {
    /// An object whose description everybody may read.
    ///
    /// # Errors
    /// [`MetadataError::TooLarge`].
    pub fn public(front: Front, description: Description) -> Result<Self, MetadataError> {
        Self { front, about: About::Public(description) }.checked()
    }

    /// An object whose description needs a key. A key seals once for a room and `seq`: the next object has the next `seq`.
    ///
    /// # Errors
    /// [`MetadataError::TooLarge`].
    pub fn sealed(front: Front, description: &Description, key: &MetadataKey) -> Result<Self, MetadataError> {
        let about = About::seal(description, key, (front.room, front.seq), &front.associated(true));
        Self { front, about }.checked()
    }

    fn checked(self) -> Result<Self, MetadataError> {
        let counts = self.front.hosts.len() <= MAX_HOSTS && self.front.sfus.len() <= MAX_SFUS;
        if counts && self.encode().len() <= MAX_OBJECT { Ok(self) } else { Err(MetadataError::TooLarge) }
    }

    /// The object whose hash a chain holds.
    ///
    /// # Errors
    /// [`MetadataError`]: other bytes than the chain names, another room, no canonical encoding.
    pub fn open(bytes: &[u8], pinned: &B256, room: RoomId) -> Result<Self, MetadataError> {
        if bytes.len() > MAX_OBJECT {
            return Err(MetadataError::TooLarge);
        }
        if !equal(&hash(HashLabel::ROOM_OBJECT, &[bytes]), pinned.as_slice()) {
            return Err(MetadataError::OtherHash);
        }
        let object = Self::decode(bytes)?;
        if object.front.room == room { Ok(object) } else { Err(MetadataError::OtherRoom) }
    }

    /// `metadataHash`.
    pub fn hash(&self) -> B256 {
        hash(HashLabel::ROOM_OBJECT, &[&self.encode()]).into()
    }

    /// Room, number, hosts and SFUs.
    pub const fn front(&self) -> &Front {
        &self.front
    }

    /// Whether the description needs a key.
    pub const fn is_sealed(&self) -> bool {
        matches!(self.about, About::Sealed(_))
    }

    /// The description.
    ///
    /// # Errors
    /// [`MetadataError::KeyNeeded`], [`MetadataError::WrongKey`], or a malformed one.
    pub fn description(&self, key: Option<&MetadataKey>) -> Result<Description, MetadataError> {
        self.about.open(key, (self.front.room, self.front.seq), &self.front.associated(true))
    }
}

impl Front {
    /// Everything up to and with the byte `sealed`: the associated data of a sealed description.
    fn associated(&self, sealed: bool) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(MAGIC).bytes(self.room.0.as_slice()).u32(self.seq);
        // Both counts are at most eight in everything that leaves this module.
        out.u8(self.hosts.len() as u8);
        self.hosts.iter().for_each(|host| host.write(&mut out));
        out.u8(self.sfus.len() as u8);
        self.sfus.iter().for_each(|sfu| sfu.write(&mut out));
        out.u8(sealed.into()).as_bytes().to_vec()
    }
}

impl Wire for Metadata {
    fn write(&self, out: &mut Writer) {
        let about = self.about.encoded();
        out.bytes(&self.front.associated(self.is_sealed())).u16(about.len() as u16).bytes(&about);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if from.remaining() > MAX_OBJECT {
            return Err(DecodeError::Value { what: "size of a metadata object", value: from.remaining() as u64 });
        }
        from.magic(MAGIC, "metadata object of a room")?;
        let room = RoomId(from.array::<32>("room")?.into());
        let seq = from.u32("number of a metadata object")?;
        let hosts = listed(from, MAX_HOSTS, "count of hosts")?;
        let sfus = listed(from, MAX_SFUS, "count of SFUs")?;
        let front = Front { room, seq, hosts, sfus };
        Ok(Self { front, about: About::read(from)? })
    }
}

/// A count of one byte, then as many values.
pub(super) fn listed<T: Wire>(from: &mut Reader<'_>, most: usize, what: &'static str) -> Result<Vec<T>, DecodeError> {
    let count = from.u8(what)?;
    if usize::from(count) > most {
        return Err(DecodeError::Value { what, value: count.into() });
    }
    (0..count).map(|_| T::read(from)).collect()
}
