//! Every target survives damaged inputs.

use pars_fuzz::TARGETS;
use pars_fuzz::corpus::files;
use pars_fuzz::mutate::{Mutator, survive};

/// All targets whose names begin like this.
fn survive_all(prefix: &str) {
    let targets: Vec<_> = TARGETS.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    assert!(!targets.is_empty());
    for (name, target) in targets {
        survive(name, &files(name).unwrap().into_values().collect::<Vec<_>>(), target);
    }
}

macro_rules! survivors {
    ($($test:ident = $prefix:literal;)+) => {
        $(#[test]
        fn $test() {
            survive_all($prefix);
        })+

        #[test]
        fn every_target_is_damaged_in_one_of_these_tests() {
            let prefixes = [$($prefix),+];
            for (name, _) in TARGETS {
                assert_eq!(prefixes.iter().filter(|prefix| name.starts_with(**prefix)).count(), 1, "{name}");
            }
        }
    };
}

survivors! {
    the_codec_survives_damage = "wire-";
    texts_survive_damage = "text-";
    keys_and_ciphertexts_survive_damage = "crypto-";
    records_survive_damage = "identity-";
    sessions_survive_damage = "session-";
    packets_survive_damage = "onion-";
    commands_and_replies_survive_damage = "swarm-";
    snapshots_survive_damage = "engine-snapshot";
    rows_survive_damage = "engine-row";
    rows_of_a_store_survive_damage = "engine-store-row";
    links_survive_damage = "engine-link";
    requests_answers_and_events_survive_damage = "rpc-";
    proofs_and_key_files_survive_damage = "circuits-";
    actions_and_their_receipts_survive_damage = "action-";
    rooms_survive_damage = "room-";
    pairs_survive_damage = "signal-";
    frames_and_data_survive_damage = "media-";
    logs_and_reverts_survive_damage = "bindings-";
    blocks_survive_damage = "blocks-";
    recordings_survive_damage = "recorder-";
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let corpus = files("identity-core").unwrap().into_values().collect::<Vec<_>>();
    let inputs = |seed| {
        let mut mutator = Mutator::new(seed, &corpus);
        (0..50).map(|_| mutator.next_input()).collect::<Vec<_>>()
    };
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
    assert!(inputs(1).iter().any(|input| !corpus.contains(input)));
}
