//! Mailboxes certify themselves: a day key made from a shared secret is the right to read, write and delete (SESSION
//! section 6). Nothing is registered, and two days or two contacts share no value.

use pars_crypto::hash::hash;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::{Ed25519Seed, MailboxSecret};
use pars_crypto::sign::Ed25519Secret;
use pars_wire::codec::{Day, DecodeError};
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S};

/// Where objects lie. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(
    /// The bytes.
    pub [u8; 32],
);

/// H("pars-obj-v1"; tag, object): storing is idempotent by it. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(
    /// The bytes.
    pub [u8; 32],
);

impl ObjectId {
    /// The id of these bytes in this mailbox.
    pub fn of(tag: &Tag, object: &[u8]) -> Self {
        Self(hash(HashLabel::OBJECT, &[&tag.0, object]))
    }
}

/// What a mailbox is for; its quota follows. The low 4 bits of a command's flag byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Flag {
    /// Between two contacts.
    Pair = 0,
    /// Of a group's epoch; nobody may delete.
    Group = 1,
    /// One chunk of a file.
    File = 2,
    /// One chunk of a file in a group; nobody may delete.
    GroupFile = 3,
    /// The strangers' inbox of an identity.
    Inbox = 4,
}

/// The size of an object. The high 4 bits of a command's flag byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// 4,096 bytes.
    S = 0,
    /// 6,144 bytes.
    M = 1,
    /// 11,136 bytes.
    L = 2,
}

impl Class {
    /// Bytes of an object.
    pub const fn size(self) -> usize {
        match self {
            Self::S => BUCKET_S,
            Self::M => BUCKET_M,
            Self::L => BUCKET_L,
        }
    }

    /// The class of an object by its length: other lengths do not exist.
    pub fn of(object: &[u8]) -> Option<Self> {
        [Self::S, Self::M, Self::L].into_iter().find(|class| class.size() == object.len())
    }

    /// The class with this number.
    ///
    /// # Errors
    /// [`DecodeError::Value`].
    pub fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        let found = [Self::S, Self::M, Self::L].into_iter().find(|class| *class as u8 == byte);
        found.ok_or(DecodeError::Value { what: "object class", value: byte.into() })
    }
}

impl Flag {
    /// The flag byte of a command.
    pub const fn with(self, class: Class) -> u8 {
        self as u8 + 16 * class as u8
    }

    /// Flag and class of a command's flag byte.
    ///
    /// # Errors
    /// [`DecodeError::Value`].
    pub fn split(byte: u8) -> Result<(Self, Class), DecodeError> {
        let flags = [Self::Pair, Self::Group, Self::File, Self::GroupFile, Self::Inbox];
        let flag = flags.into_iter().find(|flag| *flag as u8 == byte & 15);
        Ok((flag.ok_or(DecodeError::Value { what: "mailbox flag", value: byte.into() })?, Class::from_byte(byte >> 4)?))
    }

    /// The tag of the mailbox that this key opens on this day.
    pub fn tag(self, key: &[u8; 32], day: Day) -> Tag {
        match self {
            Self::Inbox => inbox_tag(key, day),
            other => Tag(hash(HashLabel::MAILBOX_TAG, &[&[other as u8], key])),
        }
    }

    /// Whether those who can read may also delete.
    pub const fn deletable(self) -> bool {
        matches!(self, Self::Pair | Self::File | Self::Inbox)
    }
}

/// H("pars-inbox-tag-v1"; inbox_vk, day): public, like the key.
pub fn inbox_tag(key: &[u8; 32], day: Day) -> Tag {
    Tag(hash(HashLabel::INBOX_TAG, &[key, &day.to_bytes()]))
}

/// The right to one mailbox on one day.
#[derive(Clone, Debug)]
pub struct DayKey {
    /// The day.
    pub day: Day,
    /// What the mailbox is for.
    pub flag: Flag,
    pub(super) secret: Ed25519Secret,
}

impl DayKey {
    /// The day key of a mailbox whose secret the two ends share: Ed25519(KDF(s; "pars-mbx-v1"; day)).
    pub fn derive(secret: &MailboxSecret, flag: Flag, day: Day) -> Self {
        let seed = kdf::<32>(NO_SALT, &[secret.expose()], KdfLabel::MAILBOX, &[&day.to_bytes()]);
        Self { day, flag, secret: Ed25519Secret::from_seed(Ed25519Seed::from_bytes(seed.part::<0, 32>())) }
    }

    /// An owner's key to a day of the strangers' inbox.
    pub const fn inbox(secret: Ed25519Secret, day: Day) -> Self {
        Self { day, flag: Flag::Inbox, secret }
    }

    /// The public half, as commands name it.
    pub fn public(&self) -> [u8; 32] {
        *self.secret.public().as_bytes()
    }

    /// Where its objects lie.
    pub fn tag(&self) -> Tag {
        self.flag.tag(&self.public(), self.day)
    }
}
