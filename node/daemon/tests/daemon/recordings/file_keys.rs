//! File keys.

use pars_crypto::hkem::Xw768Secret;
use pars_crypto::suite::Libcrux;
use pars_recorder::{play, wraps};

use super::*;

/// THREATS K8.
#[tokio::test]
async fn every_span_has_a_file_key_of_its_own_also_of_one_recording_and_the_same_participants() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let secret = Xw768Secret::from_seed(&Libcrux, seed(1));
    let mut keys = BTreeSet::new();
    // Two of one recording, which differ in when the consent ends, and one of another.
    for (tag, until) in [(0xb7, 2_000_000_000), (0xb7, 2_000_000_001), (0xb8, 2_000_000_000)] {
        let (recording, _) = draft(tag, &[1, 2], until);
        let (cid, hash) = sealed(&ana, recording).await;
        let made = play::open(&ana.blobs, Cid::from_bytes(&cid).unwrap()).await.unwrap();
        let key = wraps::unwrap(&Libcrux, &made, hash.0, &secret).unwrap();
        assert!(made.timeline(&ana.blobs, &key).await.unwrap().is_some(), "it is the key that opens the files");
        keys.insert(*key.expose());
    }
    assert_eq!(keys.len(), 3);
}
