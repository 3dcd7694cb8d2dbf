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

/// Whether anything stands behind the lines: then a security protocol was spoken, and its hello must be there to read.
pub fn is_begun(mut stream: &[u8]) -> bool {
    while let Some((_, rest)) = line(stream) {
        stream = rest;
    }
    !stream.is_empty()
}

/// The next line without its end, and what follows it.
fn line(stream: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = stream.split_first()?;
    let (line, rest) = rest.split_at_checked(length.into())?;
    match line {
        [line @ .., b'\n'] if line.len() + 1 < LINE && line.first() == Some(&b'/') => Some((line, rest)),
        _ => None,
    }
}

/// What follows the lines `length1 | text | newline`: the security protocol is chosen by them.
fn skip_lines(mut stream: &[u8]) -> Option<&[u8]> {
    let mut chosen = false;
    while let Some((line, rest)) = line(stream) {
        chosen |= line.starts_with(b"/tls/");
        stream = rest;
    }
    (chosen && !stream.is_empty()).then_some(stream)
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
        assert!(
            is_begun(b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20"),
            "another protocol is spoken, and not overlooked"
        );
        assert!(!is_begun(b"") && !is_begun(b"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n"), "lines alone choose nothing");
    }
}
