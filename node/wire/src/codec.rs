//! The canonical encoding of every wire type (SESSION SD9, "Encoding"): integers big-endian and of fixed width, fields
//! one after the other, `lp(x)` = u16 length ‖ x. A value has exactly one encoding: a [`Reader`] refuses what is missing,
//! what is left over, reserved bytes that are not zero, and magics and versions it does not know.
//!
//! Not here: the layouts themselves; each stands beside the type it belongs to.

mod read;
mod units;
mod write;

pub use read::{DecodeError, Reader};
pub use units::{Day, Hour, Minute};
pub use write::{FieldTooLong, Writer};

/// A type with exactly one byte form: `decode(encode(x)) = x`, and `encode(decode(b)) = b` or a refusal (THREATS P8).
pub trait Wire: Sized {
    /// Append the canonical bytes.
    fn write(&self, out: &mut Writer);

    /// Read the canonical bytes and leave the reader behind them.
    ///
    /// # Errors
    /// Whatever makes the bytes no canonical encoding.
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The canonical bytes.
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write(&mut out);
        out.into_bytes()
    }

    /// Read a value that fills `bytes` entirely.
    ///
    /// # Errors
    /// As [`Wire::read`], and [`DecodeError::Trailing`] when bytes are left over.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let value = Self::read(&mut from)?;
        from.finish()?;
        Ok(value)
    }
}
