//! Writing. A writer only grows; lengths that do not fit their field are refused before a byte is written.

use super::units::{Day, Hour, Minute};

/// A field of more than 65,535 bytes cannot be written as `lp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field of {0} bytes does not fit a 16-bit length")]
pub struct FieldTooLong(
    /// Its length.
    pub usize,
);

/// Collects canonical bytes.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer with room for `n` bytes.
    pub fn with_capacity(n: usize) -> Self {
        Self { bytes: Vec::with_capacity(n) }
    }

    /// Bytes as they are: arrays of fixed width, magics, encoded parts.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Four bytes, big-endian.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Eight bytes, big-endian.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A day as four bytes.
    pub fn day(&mut self, day: Day) -> &mut Self {
        self.u32(day.0)
    }

    /// An hour as four bytes.
    pub fn hour(&mut self, hour: Hour) -> &mut Self {
        self.u32(hour.0)
    }

    /// A minute as four bytes.
    pub fn minute(&mut self, minute: Minute) -> &mut Self {
        self.u32(minute.0)
    }

    /// `lp(x)`: a u16 length, then the bytes.
    ///
    /// # Errors
    /// [`FieldTooLong`] above 65,535 bytes; nothing is written then.
    pub fn lp(&mut self, bytes: &[u8]) -> Result<&mut Self, FieldTooLong> {
        let length = u16::try_from(bytes.len()).map_err(|_| FieldTooLong(bytes.len()))?;
        Ok(self.u16(length).bytes(bytes))
    }

    /// `n` zero bytes: reserved fields and padding.
    pub fn zeros(&mut self, n: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len().saturating_add(n), 0);
        self
    }

    /// How many bytes were written.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_big_endian_and_of_fixed_width() {
        let mut out = Writer::default();
        out.u8(1).u16(2).u32(3).u64(4).hour(Hour(5)).zeros(2).bytes(b"x").lp(b"yz").unwrap();
        let expected = [1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, b'x', 0, 2, b'y', b'z'];
        assert_eq!(out.into_bytes(), expected);
    }

    #[test]
    fn a_field_that_does_not_fit_its_length_is_refused_whole() {
        let mut out = Writer::default();
        assert!(out.lp(&[0; 65_535]).is_ok());
        let before = out.len();
        assert_eq!(out.lp(&[0; 65_536]).unwrap_err(), FieldTooLong(65_536));
        assert_eq!(out.len(), before);
    }
}
