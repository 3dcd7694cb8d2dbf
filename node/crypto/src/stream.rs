//! AES-256-CTR with iv 0 (SESSION SD9, closed list of exceptions): onion header padding and the LIONESS stream.
//! The key is used for one text only, or for a key stream that both ends compute alike.

use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};

use crate::secret::StreamKey;

/// XOR the key stream onto `data`; doing it twice gives `data` back.
pub fn apply(key: &StreamKey, data: &mut [u8]) {
    apply_raw(key.expose(), data);
}

pub(crate) fn apply_raw(key: &[u8; 32], data: &mut [u8]) {
    ctr::Ctr128BE::<Aes256>::new(key.into(), &[0; 16].into()).apply_keystream(data);
}
