//! A libp2p connection over TCP: a few lines of multistream-select in the clear, then TLS records (RFC 8446 section 5.1).
//! The hellos stand in records of their own kind that are not encrypted.

use super::tls::{Hello, Reader, hello};

/// TLS handshake record.
const HANDSHAKE: usize = 22;
/// Lines of multistream-select are shorter than this.
const LINE: usize = 64;

/// The hello that one direction of a connection begins with; none if it is not whole yet, or there is none.
pub fn first_hello(stream: &[u8]) -> Option<Hello> {
    let mut reader = Reader(skip_lines(stream)?);
    let mut handshake = Vec::new();
    while let Some(HANDSHAKE) = reader.number(1) {
        reader.take(2)?;
        handshake.extend_from_slice(reader.vector(2)?.0);
        if let Some(hello) = hello(&handshake) {
            return Some(hello);
        }
    }
    None
}

/// What follows the lines `length1 | text | newline`: the security protocol is chosen by them.
fn skip_lines(mut stream: &[u8]) -> Option<&[u8]> {
    let mut chosen = false;
    loop {
        let (&length, rest) = stream.split_first()?;
        let length = usize::from(length);
        match rest.get(..length) {
            Some([line @ .., b'\n']) if length < LINE && line.first() == Some(&b'/') => {
                chosen |= line.starts_with(b"/tls/");
                stream = &rest[length..];
            }
            _ => return chosen.then_some(stream),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_tls_has_no_hello() {
        assert_eq!(skip_lines(b"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n\x16\x03\x01"), Some(&b"\x16\x03\x01"[..]));
        assert_eq!(first_hello(b"\x13/multistream/1.0.0\n\x07/noise\n\x16\x03\x01\x00\x00"), None);
        assert_eq!(first_hello(b"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n\x16\x03\x01\x01\x00\x01"), None);
        assert_eq!(first_hello(b""), None);
    }
}
