//! What of STUN (RFC 8489) is read before a peer is known.

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const USERNAME: u16 = 6;
const SUCCESS: [u8; 2] = [0x01, 0x01];

/// Whether a datagram is a STUN message (RFC 7983: first byte 0 to 3, magic cookie).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER && datagram.first().is_some_and(|first| *first < 4) && datagram.get(4..8) == Some(&COOKIE)
}

/// Whether a message is a successful answer to a check: whoever it goes to has proven that it knows our password.
pub(crate) fn is_success(datagram: &[u8]) -> bool {
    is_stun(datagram) && datagram.get(..2) == Some(&SUCCESS)
}

/// Our fragment: what stands before the colon of the username.
pub(crate) fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    let mut rest = datagram.get(HEADER..)?;
    loop {
        let (head, body) = rest.split_at_checked(4)?;
        let [k0, k1, l0, l1] = head.try_into().ok()?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if u16::from_be_bytes([k0, k1]) == USERNAME {
            return std::str::from_utf8(body.get(..length)?).ok()?.split(':').next();
        }
        rest = body.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(attributes: &[u8]) -> Vec<u8> {
        [&[0, 1, 0, 0][..], &COOKIE, &[7; 12], attributes].concat()
    }

    #[test]
    fn the_username_is_found_behind_padded_attributes() {
        let checked = message(b"\x80\x22\x00\x05hello\0\0\0\x00\x06\x00\x07ours:hi\0");
        assert!(is_stun(&checked) && !is_success(&checked));
        assert_eq!(local_ufrag(&checked), Some("ours"));
    }

    #[test]
    fn cut_and_lying_messages_give_nothing() {
        let whole = message(b"\x00\x06\x00\x07ours:hi\0");
        for length in 0..whole.len() - 1 {
            assert_eq!(local_ufrag(&whole[..length]), None, "{length}");
        }
        assert_eq!(local_ufrag(&message(b"\x00\x06\xff\xffours")), None);
        assert_eq!(local_ufrag(&message(b"\x00\x06\x00\x02\xff\xfe\0\0")), None);
        assert!(!is_stun(&[0; 19]) && !is_stun(&[0x80; 40]));
    }
}
