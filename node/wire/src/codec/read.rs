//! Reading, with a typed error for each way in which bytes are not canonical.

use super::units::{Day, Hour, Minute};

/// Why bytes are no canonical encoding. `what` names the type or field that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a field.
    #[error("{what} needs {need} bytes, {have} are left")]
    Short {
        /// The field.
        what: &'static str,
        /// Its width.
        need: usize,
        /// What was left.
        have: usize,
    },
    /// Bytes stand behind the last field.
    #[error("{0} bytes are left over behind the last field")]
    Trailing(usize),
    /// Another type, another version, or no encoding of ours at all.
    #[error("these bytes do not start as {what}")]
    Magic {
        /// What was expected.
        what: &'static str,
    },
    /// A number outside its registry or range.
    #[error("{value} is no valid {what}")]
    Value {
        /// The field.
        what: &'static str,
        /// What stood there.
        value: u64,
    },
    /// Reserved bytes or padding that are not zero.
    #[error("{what} must be zero")]
    NotZero {
        /// The field.
        what: &'static str,
    },
    /// Key material that its own standard refuses (a coefficient too large, a point off the curve).
    #[error("{what} is malformed")]
    Malformed {
        /// The field.
        what: &'static str,
    },
}

/// A cursor over received bytes. Every method advances it, none panics.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Start at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let have = self.rest.len();
        let (head, rest) = self.rest.split_at_checked(n).ok_or(DecodeError::Short { what, need: n, have })?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes by reference.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn array_ref<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], DecodeError> {
        let have = self.rest.len();
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Short { what, need: N, have })?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        self.array_ref::<N>(what).copied()
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// Two bytes, big-endian.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.array(what).map(u64::from_be_bytes)
    }

    /// `lp(x)`: a u16 length, then that many bytes.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn lp(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.u16(what)?;
        self.take(usize::from(length), what)
    }

    /// A day.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn day(&mut self, what: &'static str) -> Result<Day, DecodeError> {
        self.u32(what).map(Day)
    }

    /// An hour.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn hour(&mut self, what: &'static str) -> Result<Hour, DecodeError> {
        self.u32(what).map(Hour)
    }

    /// A minute.
    ///
    /// # Errors
    /// [`DecodeError::Short`].
    pub fn minute(&mut self, what: &'static str) -> Result<Minute, DecodeError> {
        self.u32(what).map(Minute)
    }

    /// Exactly these bytes: a magic or a version.
    ///
    /// # Errors
    /// [`DecodeError::Short`] or [`DecodeError::Magic`].
    pub fn magic(&mut self, expected: &[u8], what: &'static str) -> Result<(), DecodeError> {
        if self.take(expected.len(), what)? == expected { Ok(()) } else { Err(DecodeError::Magic { what }) }
    }

    /// `n` zero bytes: reserved fields and padding.
    ///
    /// # Errors
    /// [`DecodeError::Short`] or [`DecodeError::NotZero`].
    pub fn zeros(&mut self, n: usize, what: &'static str) -> Result<(), DecodeError> {
        // Without a way out in the middle, so that the compiler takes many bytes at once.
        let all = self.take(n, what)?.iter().fold(0, |all, byte| all | byte);
        if all == 0 { Ok(()) } else { Err(DecodeError::NotZero { what }) }
    }

    /// Everything that is left.
    pub const fn rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.rest = &[];
        rest
    }

    /// Refuse left-over bytes.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`].
    pub const fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(self.rest.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_big_endian_and_in_order() {
        let mut from = Reader::new(&[1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 2, 8, 9, 0, 0, 7]);
        assert_eq!((from.u8("a"), from.u16("b"), from.u32("c"), from.u64("d")), (Ok(1), Ok(2), Ok(3), Ok(4)));
        assert_eq!(from.lp("e"), Ok(&[8, 9][..]));
        assert_eq!(from.zeros(2, "f"), Ok(()));
        assert_eq!(from.clone().finish(), Err(DecodeError::Trailing(1)));
        assert_eq!(from.rest(), [7]);
        assert_eq!(from.finish(), Ok(()));
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_consumed() {
        let mut from = Reader::new(&[0, 5, 1]);
        assert_eq!(from.clone().u32("count"), Err(DecodeError::Short { what: "count", need: 4, have: 3 }));
        assert_eq!(from.clone().lp("name"), Err(DecodeError::Short { what: "name", need: 5, have: 1 }));
        assert_eq!(from.take(4, "x").unwrap_err().to_string(), "x needs 4 bytes, 3 are left");
        assert_eq!(from.remaining(), 3);
    }

    #[test]
    fn unknown_magics_and_used_reserved_bytes_are_refused() {
        assert_eq!(Reader::new(b"PSIC").magic(b"PSIC", "core"), Ok(()));
        assert_eq!(Reader::new(b"PSIX").magic(b"PSIC", "core"), Err(DecodeError::Magic { what: "core" }));
        assert_eq!(Reader::new(&[0, 1]).zeros(2, "padding"), Err(DecodeError::NotZero { what: "padding" }));
    }
}
