//! What is agreed to, in words: the terms of a recording hold the hashes of these two texts (ELIGIBILITY 4.2). Who is asked to
//! agree to other texts is not asked: this daemon cannot show what they say.

use alloy::primitives::{B256, keccak256};
use pars_proto::room::recording::{MAX_VALIDITY, Terms};

/// What is recorded, and in which form.
const CODEC: &str = "Sound (Opus) and pictures (VP8) as they arrive, one WebM for each track, sealed in chunks of 65,536 bytes \
                     under one key for each span.";
/// Where it is kept.
const STORAGE: &str = "Sealed blocks in the store of the member who records and of whoever fetches them, and at IPFS nodes that \
                       the member who records names. The key is wrapped for everybody who agreed, and for nobody else.";

fn hashes() -> (B256, B256) {
    (keccak256(CODEC), keccak256(STORAGE))
}

/// Terms of a recording that begins now; all times in seconds, `now` and `ends_at` since 1970. It ends with the sitting.
pub(in crate::room) fn terms((retention_seconds, valid_seconds): (u64, u64), now: u64, ends_at: u64) -> Terms {
    let (codec, storage) = hashes();
    let valid_until = now.saturating_add(valid_seconds.min(MAX_VALIDITY)).min(ends_at);
    Terms { codec, storage, retention_seconds, valid_until }
}

/// Whether this daemon can say in words what would be agreed to.
pub(in crate::room) fn are_known(terms: &Terms) -> bool {
    (terms.codec, terms.storage) == hashes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_ends_with_the_sitting_and_within_a_day() {
        let until = |valid, ends_at| terms((60, valid), 1_000, ends_at).valid_until;
        assert_eq!((until(60, 5_000), until(60_000, 5_000)), (1_060, 5_000));
        assert_eq!(until(u64::MAX, u64::MAX), 1_000 + MAX_VALIDITY);
    }

    #[test]
    fn other_words_are_not_known() {
        let ours = terms((60, 60), 1_000, 5_000);
        assert!(are_known(&ours) && are_known(&Terms { retention_seconds: 9, ..ours }));
        assert!(!are_known(&Terms { codec: B256::ZERO, ..ours }) && !are_known(&Terms { storage: B256::ZERO, ..ours }));
    }
}
