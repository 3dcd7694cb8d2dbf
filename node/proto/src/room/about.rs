//! The last field of the metadata object: what people read about a room, public or under a key.
//!
//! ```text
//! description = lp(title) | n1 { minutes2 | lp(text) }^n | m1 { lp(language) }^m | starts8 | ends8
//! sealed      = GCM(K, N; AAD everything in front, with the byte `sealed`; description)
//! K|N         = KDF(ns, meta_key, "pars-room-meta-v1"; room_id, seq; 44)
//! ```

use std::fmt;

use pars_crypto::CryptoRng;
use pars_crypto::aead::{OneUse, TAG};
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::SharedSecret;
use pars_wire::RoomId;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::line::Line;
use super::metadata::{MetadataError, listed};

/// Points of an agenda at most.
pub const MAX_AGENDA: usize = 32;
/// Languages of a room at most.
pub const MAX_LANGUAGES: usize = 16;

/// A point of the agenda.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgendaItem {
    /// How long it may take; 0 is open.
    pub minutes: u16,
    /// What it is about.
    pub text: Line<200>,
}

impl Wire for AgendaItem {
    fn write(&self, out: &mut Writer) {
        out.u16(self.minutes);
        self.text.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { minutes: from.u16("minutes of an agenda item")?, text: Line::read(from)? })
    }
}

/// What people read about a room. At most 32 agenda items and 16 languages (BCP 47); further ones are not written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Description {
    /// Its name.
    pub title: Line<200>,
    /// In order.
    pub agenda: Vec<AgendaItem>,
    /// BCP 47 tags, the main one first.
    pub languages: Vec<Line<35>>,
    /// Announced begin, Unix seconds; 0 is open.
    pub starts_at: u64,
    /// Announced end, Unix seconds; 0 is open.
    pub ends_at: u64,
}

impl Wire for Description {
    fn write(&self, out: &mut Writer) {
        let agenda = self.agenda.iter().take(MAX_AGENDA);
        let languages = self.languages.iter().take(MAX_LANGUAGES);
        self.title.write(out);
        out.u8(agenda.len() as u8);
        agenda.for_each(|item| item.write(out));
        out.u8(languages.len() as u8);
        languages.for_each(|tag| tag.write(out));
        out.u64(self.starts_at).u64(self.ends_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            title: Line::read(from)?,
            agenda: listed(from, MAX_AGENDA, "count of agenda items")?,
            languages: listed(from, MAX_LANGUAGES, "count of languages")?,
            starts_at: from.u64("announced begin")?,
            ends_at: from.u64("announced end")?,
        })
    }
}

/// `meta_key`: what an invitation link carries in its fragment. 32 bytes, redacted, wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct MetadataKey(SharedSecret);

impl MetadataKey {
    /// A fresh key.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(SharedSecret::generate(rng))
    }

    /// Take over the bytes of a link.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SharedSecret::from_bytes(bytes))
    }

    /// The bytes, for a link or [`pars_crypto::Sealed`]; never for a log.
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    fn one_use(&self, (room, seq): (RoomId, u32)) -> OneUse {
        let fields: [&[u8]; 2] = [room.0.as_slice(), &seq.to_be_bytes()];
        kdf::<{ OneUse::SIZE }>(NO_SALT, &[self.expose()], KdfLabel::ROOM_METADATA, &fields).one_use::<0>()
    }
}

impl fmt::Debug for MetadataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetadataKey(redacted)")
    }
}

/// The last field as it stands in the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    Public(Description),
    Sealed(Vec<u8>),
}

impl About {
    pub(super) fn seal(description: &Description, key: &MetadataKey, number: (RoomId, u32), front: &[u8]) -> Self {
        Self::Sealed(key.one_use(number).seal(front, &description.encode()))
    }

    pub(super) fn open(
        &self,
        key: Option<&MetadataKey>,
        number: (RoomId, u32),
        front: &[u8],
    ) -> Result<Description, MetadataError> {
        let sealed = match self {
            Self::Public(description) => return Ok(description.clone()),
            Self::Sealed(sealed) => sealed,
        };
        let key = key.ok_or(MetadataError::KeyNeeded)?;
        let text = key.one_use(number).open(front, sealed).map_err(|_| MetadataError::WrongKey)?;
        Ok(Description::decode(&text)?)
    }

    pub(super) fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Public(description) => description.encode(),
            Self::Sealed(sealed) => sealed.clone(),
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let sealed = from.u8("sealed")?;
        let bytes = from.lp("description")?;
        match sealed {
            0 => Description::decode(bytes).map(Self::Public),
            1 if bytes.len() > TAG => Ok(Self::Sealed(bytes.to_vec())),
            1 => Err(DecodeError::Short { what: "sealed description", need: TAG + 1, have: bytes.len() }),
            other => Err(DecodeError::Value { what: "sealed", value: other.into() }),
        }
    }
}
