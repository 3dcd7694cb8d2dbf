//! The request of signalling version 1: a `JoinRequest`, gzipped or not, wrapped, in base64 of the URL's alphabet.

use std::io::Read as _;

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use flate2::read::GzDecoder;
use livekit_protocol as lk;
use lk::wrapped_join_request::Compression;
use pars_sfu_core::{Grant, Join, Offer, limits::MAX_SIGNAL, limits::MAX_TRACKS};
use prost::Message as _;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// Reads a request of at most 128 KiB, unpacked.
pub(super) fn decode(text: &str) -> Option<lk::JoinRequest> {
    let wrapped = lk::WrappedJoinRequest::decode(BASE64.decode(text).ok()?.as_slice()).ok()?;
    let bytes = match Compression::try_from(wrapped.compression).ok()? {
        Compression::None => wrapped.join_request,
        Compression::Gzip => {
            let mut unpacked = Vec::new();
            let limit = u64::try_from(MAX_SIGNAL).ok()? + 1;
            GzDecoder::new(wrapped.join_request.as_slice()).take(limit).read_to_end(&mut unpacked).ok()?;
            unpacked
        }
    };
    if bytes.len() > MAX_SIGNAL {
        return None;
    }
    lk::JoinRequest::decode(bytes.as_slice()).ok()
}

/// What the machine is told. Name, metadata and attributes that a client claims are not.
pub(super) fn join(grant: Grant, request: lk::JoinRequest) -> Join {
    let auto_subscribe = request.connection_settings.is_none_or(|settings| settings.auto_subscribe);
    let mut tracks = request.add_track_requests;
    tracks.truncate(MAX_TRACKS);
    Join {
        grant,
        single: true,
        auto_subscribe,
        resume: request.reconnect.then(|| request.participant_sid.into()),
        offer: request.publisher_offer.map(|offer| Offer { id: offer.id, sdp: offer.sdp }),
        tracks,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn wrapped(compression: Compression, join_request: Vec<u8>) -> String {
        BASE64.encode(lk::WrappedJoinRequest { compression: compression as i32, join_request }.encode_to_vec())
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_request_is_read_packed_or_not_padded_or_not() {
        let request = lk::JoinRequest { reconnect: true, participant_sid: "PA_x".into(), ..Default::default() };
        let bytes = request.encode_to_vec();
        for text in [wrapped(Compression::None, bytes.clone()), wrapped(Compression::Gzip, packed(&bytes))] {
            assert_eq!(decode(&text), Some(request.clone()));
            assert_eq!(decode(text.trim_end_matches('=')), Some(request.clone()));
        }
    }

    #[test]
    fn rubbish_and_what_unpacks_to_too_much_is_refused() {
        assert_eq!(decode("***"), None);
        assert_eq!(decode(&wrapped(Compression::Gzip, b"not gzip".to_vec())), None);
        assert_eq!(decode(&wrapped(Compression::Gzip, packed(&vec![0; 64 << 20]))), None);
    }
}
