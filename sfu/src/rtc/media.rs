//! What of SRTP and SRTCP (RFC 3711) is read before a peer reads them.

/// Packet types of RTCP where both share a socket (RFC 5761).
const RTCP: std::ops::RangeInclusive<u8> = 192..=223;

/// Whether a datagram is media or a report on it (RFC 7983: first byte 128 to 191).
pub(crate) fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..=191).contains(first))
}

/// The SSRC of who sends a packet of media or a report. It is not sealed, and nobody has vouched for it yet.
pub(crate) fn sender_ssrc(datagram: &[u8]) -> Option<u32> {
    let place = if RTCP.contains(datagram.get(1)?) { 4..8 } else { 8..12 };
    datagram.get(place)?.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_stands_elsewhere_in_a_report_and_nowhere_in_what_is_cut() {
        let packet = [0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9];
        let report = [0x81, 201, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9];
        assert!(is_media(&packet) && is_media(&report));
        assert_eq!((sender_ssrc(&packet), sender_ssrc(&report)), (Some(3), Some(2)));
        assert_eq!((sender_ssrc(&packet[..11]), sender_ssrc(&report[..7]), sender_ssrc(&[0x80])), (None, None, None));
        assert!(!is_media(&[]) && !is_media(&[22, 254, 253]) && !is_media(&[1, 1, 0, 0]));
    }
}
