//! `bench proof`: the eligibility circuit at depth 24 (goals of ELIGIBILITY 1), and the check of a whole roster (TOWNHALL 3).
//!
//! - `prove cpu`, `prove wall`: witness to checked proof (synthesis, FFTs, multi-scalar multiplications, verification
//!   of the own proof), for a holder in a tree of 1,000 leaves; each run another payload and seed.
//! - `first prove cpu`: the same of the first proof of a process, which makes the circuit's shape too.
//! - `verify`: CPU of six words and eight words to a verdict, range, curve and subgroup checks included.
//! - `key load`: CPU of a proving key file (read, hash, points, preparation of the verifying half), in the page cache.
//! - `1,000 unnamed entries`, `1,000 named entries`: CPU of what a publisher checks of each seat that is new to it before it sends
//!   ([`seats`]).
//!
//! Proving and verifying are to be compared with snarkjs on the equal circuit. It is not installed with this repository: its
//! rows name it with a null value and ratio, and standard error says so. No program reads our key file: beside its loading
//! stands what no loader can leave out, reading the file and its SHA3-256. A roster stands beside its proofs alone.

pub(crate) mod first;
mod seats;

use std::{fs, path::Path};

use alloy_primitives::{Address, B256, U256};
use anyhow::{Context, Result};
use pars_circuits::{
    Deadline, Leaf, LeafSet, Proof, ProvingKey, Purpose, Request, Secret, Sitting, Threshold, Witness,
};
use sha3::{Digest, Sha3_256};

use crate::{
    clock::{Cost, median, middle, repeat, run_id},
    row::Row,
};

const LEAVES: u16 = 1_000;
const PROVER: u16 = 613;
const AT: u64 = 1_800_000_000;
const YEAR: u64 = 365 * 86_400;

/// What proving and verifying are compared with (ELIGIBILITY 1).
const PEER: &str = "snarkjs";

/// What loading a key is compared with.
const LIMIT: &str = "read and SHA3-256";

/// Verifications that are timed as one, so that a clock's error does not show.
const BATCH: usize = 20;

/// All rows of the benchmark.
pub(crate) fn measure(runs: usize) -> Result<Vec<Row>> {
    let key = ProvingKey::generate_insecure_dev()?;
    let story = Story::new()?;
    let (proving, witness, proof) = prove(&key, &story, runs)?;
    let verifying = verify(&key, &witness, &proof, runs)?;
    let file = std::env::temp_dir().join(format!("pars-bench-{}.key", std::process::id()));
    fs::write(&file, key.to_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    let (loading, first) = (load(&file, runs), first::measure(&file, runs));
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    let ((loading, hashing), first) = (loading?, first?);
    let entries = seats::measure(&key, &story, seats::BATCH, runs)?;
    eprintln!("{PEER} is not installed with this repository: prove and verify have no ratio");
    Ok(rows(&Medians {
        prove_cpu: median(&proving, |cost| cost.cpu),
        first_prove: middle(first),
        prove_wall: median(&proving, |cost| cost.wall),
        verify: median(&verifying, |cost| cost.cpu) / BATCH as f64,
        key_load: median(&loading, |cost| cost.cpu),
        read_and_hash: median(&hashing, |cost| cost.cpu),
        entries,
    }))
}

/// What was measured, in milliseconds.
struct Medians {
    prove_cpu: f64,
    first_prove: f64,
    prove_wall: f64,
    verify: f64,
    key_load: f64,
    read_and_hash: f64,
    /// Of one unnamed entry of a roster, and of one named.
    entries: [f64; 2],
}

/// Entries of a full Town Hall.
const ROSTER: f64 = 1_000.0;

fn rows(medians: &Medians) -> Vec<Row> {
    let run = run_id();
    let row = |metric, value, peer, goal| Row { peer, ..Row::new("proof", (metric, "ms"), value, goal, &run) };
    let roster = |metric, entry: f64| {
        row(metric, ROSTER * entry, None, Some(2_000.0)).beside("their proofs alone", ROSTER * medians.verify)
    };
    vec![
        row("prove cpu", medians.prove_cpu, Some(PEER), Some(350.0)),
        row("first prove cpu", medians.first_prove, Some(PEER), Some(350.0)),
        row("prove wall", medians.prove_wall, Some(PEER), None),
        row("verify", medians.verify, Some(PEER), Some(1.5)),
        row("key load", medians.key_load, None, Some(10.0)).beside(LIMIT, medians.read_and_hash),
        roster("1,000 unnamed entries", medians.entries[0]),
        roster("1,000 named entries", medians.entries[1]),
    ]
}

struct Story {
    set: LeafSet,
    sitting: Sitting,
    secret: Secret,
}

impl Story {
    fn new() -> Result<Self> {
        let leaf = |i: u16| -> Result<Leaf> {
            Ok(Leaf {
                account: account(i),
                commitment: secret(i)?.commitment(),
                weight: 5_000_000_000_000,
                end: Deadline::new(AT + 3 * YEAR)?,
            })
        };
        let set = LeafSet::new((0..LEAVES).map(leaf).collect::<Result<_>>()?)?;
        let sitting = Sitting {
            chain_id: 7072,
            town_hall: Address::repeat_byte(0x11),
            room_id: B256::repeat_byte(0x22),
            sitting_id: 1,
            root: set.root(),
            threshold: Threshold::new(U256::from(2_500_000_000_000u64) * U256::from(4 * YEAR))?,
            at: Deadline::new(AT)?,
        };
        Ok(Self { set, sitting, secret: secret(PROVER)? })
    }

    fn witness(&self, run: usize) -> Result<Witness> {
        let request = Request {
            account: account(PROVER),
            secret: &self.secret,
            purpose: Purpose::Join,
            payload: U256::from(run).into(),
            issued_at: AT - 3_600,
        };
        Ok(Witness::new(&self.set, &self.sitting, &request)?)
    }
}

/// The secret of a leaf.
fn secret(i: u16) -> Result<Secret> {
    let mut entropy = [1; 64];
    entropy[62..].copy_from_slice(&i.to_be_bytes());
    Ok(Secret::from_entropy(&entropy)?)
}

fn account(i: u16) -> Address {
    Address::left_padding_from(&i.to_be_bytes())
}

fn prove(key: &ProvingKey, story: &Story, runs: usize) -> Result<(Vec<Cost>, Witness, Proof)> {
    let witnesses = (0..=runs).map(|run| story.witness(run)).collect::<Result<Vec<_>>>()?;
    let mut last = None;
    let costs = repeat(runs, |run| {
        let witness = witnesses.get(run).context("one witness a run")?;
        let seed = U256::from(run).to_be_bytes();
        last = Some((witness.clone(), key.prove(witness, &seed)?));
        Ok(())
    })?;
    let (witness, proof) = last.context("at least one run")?;
    Ok((costs, witness, proof))
}

fn verify(key: &ProvingKey, witness: &Witness, proof: &Proof, runs: usize) -> Result<Vec<Cost>> {
    let (inputs, points) = (witness.statement().inputs(), proof.points());
    repeat(runs, |_| {
        for _ in 0..BATCH {
            key.verifying_key().verify(&inputs, &points)?;
        }
        Ok(())
    })
}

/// Loading, and what bounds it.
fn load(file: &Path, runs: usize) -> Result<(Vec<Cost>, Vec<Cost>)> {
    let loading = repeat(runs, |_| Ok(ProvingKey::from_bytes(&fs::read(file)?)?))?;
    let hashing = repeat(runs, |_| Ok(Sha3_256::digest(fs::read(file)?)))?;
    Ok((loading, hashing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_unit_and_goal_and_an_absent_peer_leaves_value_and_ratio_null() {
        let medians = Medians {
            prove_cpu: 1.0,
            first_prove: 1.5,
            prove_wall: 2.0,
            verify: 3.0,
            key_load: 4.0,
            read_and_hash: 2.0,
            entries: [4.5, 6.0],
        };
        let rows = rows(&medians);
        let told: Vec<_> =
            rows.iter().map(|row| (row.bench, row.metric, row.value, row.unit, row.goal, row.peer)).collect();
        let expected = [
            ("proof", "prove cpu", 1.0, "ms", Some(350.0), Some("snarkjs")),
            ("proof", "first prove cpu", 1.5, "ms", Some(350.0), Some("snarkjs")),
            ("proof", "prove wall", 2.0, "ms", None, Some("snarkjs")),
            ("proof", "verify", 3.0, "ms", Some(1.5), Some("snarkjs")),
            ("proof", "key load", 4.0, "ms", Some(10.0), Some(LIMIT)),
            ("proof", "1,000 unnamed entries", 4_500.0, "ms", Some(2_000.0), Some("their proofs alone")),
            ("proof", "1,000 named entries", 6_000.0, "ms", Some(2_000.0), Some("their proofs alone")),
        ];
        assert_eq!(told, expected);
        assert_eq!(rows[4..].iter().map(|row| row.ratio).collect::<Vec<_>>(), [Some(2.0), Some(1.5), Some(2.0)]);
        for row in &rows[..4] {
            assert!(row.peer_value.is_none() && row.ratio.is_none() && row.run == rows[0].run, "{row:?}");
        }
    }
}
