//! How much of a frame stays readable for an SFU and a depacketizer, by codec.

use std::borrow::Cow;

use super::MediaError;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Audio.
    Opus,
    /// Video.
    Vp8,
    /// Video in Annex B form.
    H264,
}

impl Codec {
    /// Header and rest of a frame; the header as it will be authenticated and sent.
    ///
    /// # Errors
    /// [`MediaError::Short`], [`MediaError::NoSlice`].
    pub(super) fn split(self, frame: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), MediaError> {
        let first = *frame.first().ok_or(MediaError::Short)?;
        let length = match self {
            Self::Opus => 1,
            Self::Vp8 if first & 1 == 0 => 10,
            Self::Vp8 => 3,
            Self::H264 => slice_header(frame)?,
        };
        let (header, rest) = frame.split_at_checked(length).ok_or(MediaError::Short)?;
        let header = if self == Self::H264 { long_start_codes(header) } else { Cow::Borrowed(header) };
        Ok((header, rest))
    }

    /// What follows the header on its way, from what was sealed.
    pub(super) fn escape(self, sealed: Vec<u8>) -> Vec<u8> {
        if self == Self::H264 { with_emulation_prevention(&sealed) } else { sealed }
    }

    /// What was sealed, from what follows the header.
    pub(super) fn unescape(self, received: &[u8]) -> Cow<'_, [u8]> {
        if self == Self::H264 { Cow::Owned(without_emulation_prevention(received)) } else { Cow::Borrowed(received) }
    }
}

/// The end of the second byte of the first slice.
fn slice_header(frame: &[u8]) -> Result<usize, MediaError> {
    let leads = matches!(frame, [0, 0, 1, ..] | [0, 0, 0, 1, ..]);
    let units = frame.windows(4).enumerate().filter(|(_, window)| matches!(window, [0, 0, 1, _]));
    let mut slices = units.filter(|(_, window)| window.last().is_some_and(|byte| matches!(byte & 0x1f, 1 | 5)));
    match slices.next() {
        Some((at, _)) if leads => Ok(at + 5),
        _ => Err(MediaError::NoSlice),
    }
}

/// Every start code of 3 bytes as one of 4: a depacketizer writes those, and the header must arrive as it was authenticated.
fn long_start_codes(header: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(header.len() + 8);
    let mut zeros = 0;
    for byte in header {
        if *byte == 1 && zeros == 2 {
            out.push(0);
        }
        // A longer run of zeros is a long start code already.
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    if out.len() == header.len() { Cow::Borrowed(header) } else { Cow::Owned(out) }
}

fn with_emulation_prevention(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 64);
    let mut zeros = 0;
    for byte in bytes {
        if *byte <= 3 && zeros >= 2 {
            out.push(3);
            zeros = 0;
        }
        out.push(*byte);
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
    }
    out
}

fn without_emulation_prevention(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for byte in bytes {
        if *byte == 3 && zeros >= 2 {
            zeros = 0;
            continue;
        }
        out.push(*byte);
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vp8_header_is_longer_in_a_key_frame() {
        let frame = [0x10; 20];
        assert_eq!(Codec::Vp8.split(&frame).unwrap().0.len(), 10);
        assert_eq!(Codec::Vp8.split(&[0x11; 20]).unwrap().0.len(), 3);
        assert_eq!(Codec::Vp8.split(&frame[..9]), Err(MediaError::Short));
        assert_eq!(Codec::Opus.split(&[]), Err(MediaError::Short));
    }

    #[test]
    fn an_h264_header_ends_behind_the_first_slice_header_with_long_start_codes() {
        let frame = [0, 0, 0, 1, 0x67, 9, 0, 0, 1, 0x68, 8, 0, 0, 1, 0x65, 0xb8, 7, 7];
        let (header, rest) = Codec::H264.split(&frame).unwrap();
        assert_eq!(&*header, [0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 8, 0, 0, 0, 1, 0x65, 0xb8]);
        assert_eq!(rest, [7, 7]);
        assert_eq!(Codec::H264.split(&frame[4..]), Err(MediaError::NoSlice));
        assert_eq!(Codec::H264.split(&frame[..12]), Err(MediaError::NoSlice));
    }

    #[test]
    fn emulation_prevention_leaves_no_start_code_and_comes_off_again() {
        let bytes = [0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0];
        let escaped = with_emulation_prevention(&bytes);
        assert!(!escaped.windows(3).any(|window| matches!(window, [0, 0, 0..=2])));
        assert_eq!(without_emulation_prevention(&escaped), bytes);
    }
}
