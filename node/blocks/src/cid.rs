//! The name of a block: CIDv1, SHA-256, written in base32.
//!
//! `version1 = 1 ‖ codec1 ‖ 0x12 ‖ 0x20 ‖ digest32`: 36 bytes, 59 characters (multiformats: CID, multihash, multibase RFC 4648
//! base32 without padding). Other versions, hashes and bases exist; what this project stores needs none of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Lower-case base32 (RFC 4648), five bits a character.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Multibase prefix of lower-case base32.
const BASE32: char = 'b';
/// Characters after the prefix.
const TEXT: usize = 58;
/// CID version.
const VERSION: u8 = 1;
/// Multihash code and length of SHA-256.
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// What the bytes of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Codec {
    /// Bytes, no links (multicodec 0x55).
    Raw = 0x55,
    /// A node with links (multicodec 0x70).
    DagPb = 0x70,
}

impl Codec {
    /// Its name in the APIs of IPFS.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::DagPb => "dag-pb",
        }
    }
}

/// Why bytes or a text are no CID of the kind used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidError {
    /// Too short or too long.
    #[error("a CID has 59 characters or 36 bytes; give a CIDv1 in base32")]
    Length,
    /// Not `b`, or a character outside of base32.
    #[error("this is no CIDv1 in lower-case base32 (b…); convert it with `ipfs cid base32`")]
    Base,
    /// Not 1.
    #[error("CID version {0} is not used here; convert it to version 1")]
    Version(u8),
    /// Neither raw nor dag-pb.
    #[error("multicodec 0x{0:02x} is not used here; only raw (0x55) and dag-pb (0x70) are")]
    Codec(u8),
    /// Not SHA-256.
    #[error("the CID's hash is not SHA-256 of 32 bytes; only that is used here")]
    Hash,
}

/// A CIDv1 over SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cid {
    codec: Codec,
    digest: [u8; 32],
}

impl Cid {
    /// Bytes of the binary form.
    pub const SIZE: usize = 36;

    /// The name of these bytes.
    pub fn of(codec: Codec, data: &[u8]) -> Self {
        Self { codec, digest: Sha256::digest(data).into() }
    }

    /// What the block is.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether these are the bytes that it names.
    pub fn names(&self, data: &[u8]) -> bool {
        Self::of(self.codec, data) == *self
    }

    /// The binary form.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let head = [VERSION, self.codec as u8, SHA2_256[0], SHA2_256[1]];
        bytes.iter_mut().zip(head.iter().chain(&self.digest)).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Read the binary form.
    ///
    /// # Errors
    /// [`CidError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CidError> {
        let (&[version, codec, hash, length], digest) = bytes.split_first_chunk().ok_or(CidError::Length)?;
        if version != VERSION {
            return Err(CidError::Version(version));
        }
        let codec = match codec {
            0x55 => Codec::Raw,
            0x70 => Codec::DagPb,
            other => return Err(CidError::Codec(other)),
        };
        if [hash, length] != SHA2_256 {
            return Err(CidError::Hash);
        }
        Ok(Self { codec, digest: digest.try_into().map_err(|_| CidError::Length)? })
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(TEXT + 1);
        text.push(BASE32);
        let (mut bits, mut held) = (0_u32, 0);
        for byte in self.to_bytes() {
            (bits, held) = ((bits << 8) | u32::from(byte), held + 8);
            while held >= 5 {
                held -= 5;
                text.push(character(bits >> held));
            }
        }
        // 288 bits are 57 characters and three bits.
        text.push(character(bits << (5 - held)));
        f.write_str(&text)
    }
}

fn character(bits: u32) -> char {
    ALPHABET.get((bits & 31) as usize).copied().map_or('a', char::from)
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Cid {
    type Err = CidError;

    fn from_str(text: &str) -> Result<Self, CidError> {
        let digits = text.strip_prefix(BASE32).ok_or(CidError::Base)?;
        if digits.len() != TEXT {
            return Err(CidError::Length);
        }
        let mut bytes = Vec::with_capacity(Self::SIZE);
        let (mut bits, mut held) = (0_u32, 0);
        for digit in digits.bytes() {
            let value = ALPHABET.iter().position(|character| *character == digit).ok_or(CidError::Base)?;
            (bits, held) = ((bits << 5) | u32::try_from(value).map_err(|_| CidError::Base)?, held + 5);
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
            }
        }
        // The two bits that are left are zero in the canonical form.
        if bits & ((1 << held) - 1) != 0 {
            return Err(CidError::Base);
        }
        Self::from_bytes(&bytes)
    }
}

impl TryFrom<String> for Cid {
    type Error = CidError;

    fn try_from(text: String) -> Result<Self, CidError> {
        text.parse()
    }
}

impl From<Cid> for String {
    fn from(cid: Cid) -> Self {
        cid.to_string()
    }
}
