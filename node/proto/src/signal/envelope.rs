//! What the host forwards between two seats: it sees who speaks with whom and how much.

use pars_crypto::aead::TAG;
use pars_crypto::hkem::Xw768Ciphertext;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::pair::MAX_TEXT;

const HELLO: u8 = 1;
const SEALED: u8 = 2;

/// A hello or a frame on its way from one seat to another. It fills its bytes entirely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Whose.
    pub from: u16,
    /// For whom.
    pub to: u16,
    /// What.
    pub cargo: Cargo,
}

/// What an envelope carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cargo {
    /// The sender's ciphertext for a new pair.
    Hello(Box<[u8; Xw768Ciphertext::SIZE]>),
    /// A frame of the pair. 16 to 32,784 bytes.
    Sealed(Vec<u8>),
}

impl Envelope {
    /// Bytes at most.
    pub const MAX: usize = 1 + 2 + 2 + MAX_TEXT + TAG;
}

impl Wire for Envelope {
    fn write(&self, out: &mut Writer) {
        let (kind, bytes): (u8, &[u8]) = match &self.cargo {
            Cargo::Hello(ciphertext) => (HELLO, &ciphertext[..]),
            Cargo::Sealed(frame) => (SEALED, frame),
        };
        out.u8(kind).u16(self.from).u16(self.to).bytes(bytes);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = from.u8("kind of envelope")?;
        let (sender, to) = (from.u16("sender")?, from.u16("receiver")?);
        if sender == to {
            return Err(DecodeError::Malformed { what: "receiver of an envelope" });
        }
        let cargo = match kind {
            HELLO => Cargo::Hello(Box::new(from.array("ciphertext of a pair")?)),
            SEALED => {
                let length = from.remaining();
                if !(TAG..=MAX_TEXT + TAG).contains(&length) {
                    return Err(DecodeError::Value { what: "length of a pair's frame", value: length as u64 });
                }
                Cargo::Sealed(from.rest().to_vec())
            }
            other => return Err(DecodeError::Value { what: "kind of envelope", value: other.into() }),
        };
        Ok(Self { from: sender, to, cargo })
    }
}
