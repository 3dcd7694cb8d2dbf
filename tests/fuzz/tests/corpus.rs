//! The committed corpus: complete, fresh, small, and harmless to every target.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pars_fuzz::corpus::{files, folder, seeds};
use pars_fuzz::{Outcome, TARGETS};

/// Bytes the whole corpus may have.
const LARGEST: usize = 1_500_000;

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "two targets of one name");
    let folders = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), targets);
    for target in targets {
        let files = files(&target).unwrap();
        assert!(files.len() >= 3 && files.values().any(|bytes| bytes.len() > 1), "{target} has next to no corpus");
    }
}

#[test]
fn the_committed_seeds_are_those_the_program_makes() {
    let mut made = BTreeMap::<_, BTreeSet<_>>::new();
    for seed in seeds() {
        let (target, name) = (seed.target, seed.name);
        assert!(made.entry(target).or_default().insert(name.clone()), "{target} has {name} twice");
        let committed = files(target).unwrap();
        let same = committed.get(&name).is_some_and(|bytes| *bytes == seed.bytes);
        assert!(same, "{target}/{name} is stale: run `cargo run -p pars-fuzz --example corpus`");
    }
    assert_eq!(made.len(), TARGETS.len());
}

#[test]
fn the_corpus_stays_small() {
    let sizes = TARGETS.iter().flat_map(|(name, _)| files(name).unwrap().into_values().map(|bytes| bytes.len()));
    let total: usize = sizes.sum();
    assert!(total <= LARGEST, "{total} bytes");
}

/// What every target said of every file, when somebody last looked: `target/file accepted` or `… refused`, a line each.
const OUTCOMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/outcomes.txt");

#[test]
fn every_file_of_the_corpus_is_replayed_and_every_target_accepts_and_refuses_what_it_did() {
    let mut said = BTreeSet::new();
    for (name, target) in TARGETS {
        let outcomes: Vec<_> = files(name)
            .unwrap()
            .into_iter()
            .map(|(file, bytes)| {
                println!("{name}/{file}");
                let outcome = target(&bytes);
                let word = if outcome == Outcome::Accepted { "accepted" } else { "refused" };
                said.insert(format!("{name}/{file} {word}"));
                outcome
            })
            .collect();
        assert!(outcomes.contains(&Outcome::Accepted), "{name}: no file is valid, so nothing behind the decoder ran");
        assert!(outcomes.contains(&Outcome::Refused), "{name}: every file is valid");
    }
    if std::env::var_os("PARS_BLESS").is_some() {
        fs::write(OUTCOMES, said.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>()).unwrap();
    }
    let known = fs::read_to_string(OUTCOMES).unwrap();
    let known = known.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (now, then) = (said.difference(&known).collect::<Vec<_>>(), known.difference(&said).collect::<Vec<_>>());
    assert!(
        now.is_empty() && then.is_empty(),
        "now {now:?}, then {then:?}: right, then PARS_BLESS=1; else mend the seed"
    );
}
