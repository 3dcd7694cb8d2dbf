//! The part of Protocol Buffers that dag-pb and UnixFS use: varints in their shortest form, and fields of two wire types.

/// Wire type of a varint.
pub(crate) const VARINT: u8 = 0;
/// Wire type of length-prefixed bytes.
pub(crate) const BYTES: u8 = 2;
/// Bytes of a 64-bit varint at most.
const LONGEST: usize = 10;

/// Append a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes of a varint.
pub(crate) const fn varint_size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Append a field that is a number.
pub(crate) fn put_number(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3 | VARINT);
    put_varint(out, value);
}

/// Append a field that is bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | BYTES);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Take a varint off the front: nothing if it is cut short, longer than it has to be, or above 64 bits.
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(LONGEST).enumerate() {
        let part = u64::from(byte & 0x7f);
        if (at == LONGEST - 1 && *byte > 1) || (at > 0 && *byte == 0) {
            return None;
        }
        value |= part << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = bytes.get(at + 1..)?;
            return Some(value);
        }
    }
    None
}

/// A field's content.
pub(crate) enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Take a field off the front: its number (1 to 15) and content.
pub(crate) fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u8, Content<'a>)> {
    let (&tag, rest) = bytes.split_first()?;
    *bytes = rest;
    let content = match tag & 7 {
        VARINT => Content::Number(varint(bytes)?),
        BYTES => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            let (content, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Content::Bytes(content)
        }
        _ => return None,
    };
    // Fields 16 and up take two bytes; neither format has any.
    if tag < 0x80 { Some((tag >> 3, content)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_has_one_form() {
        for value in [0, 1, 127, 128, 300, 1 << 35, u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), varint_size(value));
            let mut rest = out.as_slice();
            assert_eq!((varint(&mut rest), rest), (Some(value), &[][..]));
        }
        let longer: [&[u8]; 5] = [&[0x80, 0], &[0x81, 0x80, 0], &[0x80], &[], &[0xff; 11]];
        for bytes in longer {
            assert_eq!(varint(&mut &*bytes), None, "{bytes:?}");
        }
        let above = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(varint(&mut above.as_slice()), None);
    }
}
