//! One message key, one body: `K‖N‖com = Expand(MK; "pars-msg-v1", mkind, r)`, body = GCM(K, N), behind it the commitment.
//!
//! GCM alone lets one ciphertext open under two keys. `com` binds the key and is compared first, in constant time
//! (SESSION R36). `r` makes a message key that was repeated by a silently rolled back disk yield another K and N.

use pars_crypto::hash::equal;
use pars_crypto::kdf::{Okm, expand};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::{MessageKey, Zeroizing};

use super::error::ReceiveError;
use super::layout::{COMMITMENT, MessageKind, RANDOM};

fn derive(key: &MessageKey, kind: MessageKind, r: &[u8; RANDOM]) -> Okm<76> {
    expand(key.expose(), KdfLabel::MESSAGE, &[&[kind as u8], r])
}

/// `body|tag16|com32`. The key is consumed: it seals once.
pub(super) fn seal(key: MessageKey, kind: MessageKind, r: &[u8; RANDOM], aad: &[u8], body: &[u8]) -> Vec<u8> {
    let derived = derive(&key, kind, r);
    let mut sealed = derived.one_use::<0>().seal(aad, body);
    sealed.extend_from_slice(&derived.part::<44, COMMITMENT>());
    sealed
}

/// What [`seal`] sealed.
pub(super) fn open(
    key: MessageKey,
    kind: MessageKind,
    r: &[u8; RANDOM],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ReceiveError> {
    let (text, commitment) = sealed.split_last_chunk::<COMMITMENT>().ok_or(ReceiveError::Forged)?;
    let derived = derive(&key, kind, r);
    if !equal(&derived.part::<44, COMMITMENT>(), commitment) {
        return Err(ReceiveError::Forged);
    }
    derived.one_use::<0>().open(aad, text).map_err(|_| ReceiveError::Forged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MessageKey {
        MessageKey::from_bytes([byte; 32])
    }

    #[test]
    fn a_body_opens_under_its_own_key_kind_randomness_and_data_only() {
        let sealed = seal(key(1), MessageKind::Msg, &[2; 16], b"aad", b"text");
        assert_eq!(sealed.len(), 4 + 16 + 32);
        assert_eq!(open(key(1), MessageKind::Msg, &[2; 16], b"aad", &sealed).unwrap()[..], b"text"[..]);
        for refused in [
            open(key(3), MessageKind::Msg, &[2; 16], b"aad", &sealed),
            open(key(1), MessageKind::Reply, &[2; 16], b"aad", &sealed),
            open(key(1), MessageKind::Msg, &[4; 16], b"aad", &sealed),
            open(key(1), MessageKind::Msg, &[2; 16], b"add", &sealed),
        ] {
            assert_eq!(refused, Err(ReceiveError::Forged));
        }
    }

    #[test]
    fn a_body_that_gcm_would_open_is_refused_when_the_commitment_is_of_another_key() {
        let mut sealed = seal(key(1), MessageKind::Msg, &[2; 16], b"aad", b"text");
        let other = derive(&key(9), MessageKind::Msg, &[2; 16]).part::<44, 32>();
        let at = sealed.len() - 32;
        sealed[at..].copy_from_slice(&other);
        assert_eq!(open(key(1), MessageKind::Msg, &[2; 16], b"aad", &sealed), Err(ReceiveError::Forged));
        assert_eq!(open(key(9), MessageKind::Msg, &[2; 16], b"aad", &sealed), Err(ReceiveError::Forged));
    }
}
