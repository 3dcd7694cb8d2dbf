//! One line of text in a record: bounded, not empty, without control characters.

use std::fmt;

use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

/// Why a text is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing in it, or too much.
    #[error("a text has {have} bytes, this one may have 1 to {most}; shorten it")]
    Length {
        /// Its bytes.
        have: usize,
        /// The most.
        most: usize,
    },
    /// A line break, an escape, or another control character.
    #[error("a text may not hold control characters; remove them")]
    Control,
}

/// UTF-8, 1 to `MAX` bytes, no control characters. On the wire `lp(text)`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    /// Check a text.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn new(text: &str) -> Result<Self, LineError> {
        const { assert!(MAX <= u16::MAX as usize, "a line fits its length") };
        if text.is_empty() || text.len() > MAX {
            return Err(LineError::Length { have: text.len(), most: MAX });
        }
        if text.chars().any(char::is_control) { Err(LineError::Control) } else { Ok(Self(text.to_owned())) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Wire for Line<MAX> {
    fn write(&self, out: &mut Writer) {
        // At most MAX bytes, which fits.
        out.u16(self.0.len() as u16).bytes(self.0.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let malformed = DecodeError::Malformed { what: "line of text" };
        let text = str::from_utf8(from.lp("line of text")?).map_err(|_| malformed)?;
        Self::new(text).map_err(|_| malformed)
    }
}

impl<const MAX: usize> fmt::Debug for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MAX: usize> fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
