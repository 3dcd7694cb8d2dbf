//! Every target survives damaged inputs. `PARS_FUZZ_ROUNDS` sets how many each target gets, `PARS_FUZZ_SEED` where they
//! begin; both are printed, and a failure prints its round and its input.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pars_fuzz::corpus::files;
use pars_fuzz::mutate::Mutator;
use pars_fuzz::{Outcome, TARGETS, Target};

/// Rounds of a target unless the environment says otherwise.
const ROUNDS: u64 = 1_000;
/// Where mutations begin unless the environment says otherwise.
const SEED: u64 = 20_261_121;
/// Bytes of an input that a failure shows.
const SHOWN: usize = 512;

fn environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect()
}

fn survive(name: &str, target: Target, rounds: u64, seed: u64) {
    let corpus: Vec<_> = files(name).unwrap().into_values().collect();
    let mut mutator = Mutator::new(seed, &corpus);
    let mut accepted = 0;
    for round in 0..rounds {
        let input = mutator.next_input();
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(outcome) => accepted += u64::from(outcome == Outcome::Accepted),
            Err(panic) => {
                println!("{name}: seed {seed}, round {round}, {} bytes: {}", input.len(), hex(&input));
                resume_unwind(panic);
            }
        }
    }
    println!("{name}: {accepted} of {rounds} accepted");
}

/// All targets whose names begin like this.
fn survive_all(prefix: &str) {
    let (rounds, seed) = (environment("PARS_FUZZ_ROUNDS", ROUNDS), environment("PARS_FUZZ_SEED", SEED));
    println!("seed {seed}, {rounds} rounds");
    let targets: Vec<_> = TARGETS.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    assert!(!targets.is_empty());
    for (name, target) in targets {
        survive(name, *target, rounds, seed);
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
    proofs_and_key_files_survive_damage = "circuits-";
    actions_and_their_receipts_survive_damage = "action-";
    rooms_survive_damage = "room-";
    pairs_survive_damage = "signal-";
    frames_and_data_survive_damage = "media-";
    logs_and_reverts_survive_damage = "bindings-";
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
