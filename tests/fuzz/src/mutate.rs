//! Deterministic damage: the same seed gives the same inputs on every machine. `PARS_FUZZ_ROUNDS` sets how many inputs each
//! target gets, `PARS_FUZZ_SEED` where they begin; both are printed, and a failure prints its round and its input.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use crate::Outcome;

/// Rounds of a target unless the environment says otherwise.
const ROUNDS: u64 = 1_000;
/// Where mutations begin unless the environment says otherwise.
const SEED: u64 = 20_261_121;
/// Bytes of an input that a failure shows.
const SHOWN: usize = 512;

/// Longest input that mutations grow to; more than every layout has.
const LONGEST: usize = 20_000;

/// Bytes that decoders trip over: ends of ranges, and lengths that lie.
const INTERESTING: [u8; 9] = [0x00, 0x01, 0x02, 0x10, 0x20, 0x7f, 0x80, 0xfe, 0xff];

/// Makes inputs out of the corpus of one target.
#[derive(Debug)]
pub struct Mutator<'a> {
    rng: ChaCha20Rng,
    corpus: &'a [Vec<u8>],
}

impl<'a> Mutator<'a> {
    /// Begin at `seed`; an empty corpus gives random bytes only.
    pub fn new(seed: u64, corpus: &'a [Vec<u8>]) -> Self {
        Self { rng: ChaCha20Rng::seed_from_u64(seed), corpus }
    }

    /// The next input: one to four changes to one file of the corpus.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u64() % bound.max(1) as u64) as usize
    }

    fn pick(&mut self) -> Vec<u8> {
        let index = self.below(self.corpus.len());
        self.corpus.get(index).cloned().unwrap_or_default()
    }

    fn random(&mut self, longest: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(longest + 1)];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// A place that is near the front half of the time: that is where magics, counts and flags stand.
    fn place(&mut self, length: usize) -> usize {
        let near = length.min(64);
        if self.below(2) == 0 { self.below(near) } else { self.below(length) }
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input.len());
        match self.below(8) {
            0 | 1 => {
                let bit = 1 << self.below(8);
                input.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            }
            2 => {
                let value = INTERESTING[self.below(INTERESTING.len())];
                input.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
            }
            3 => input.truncate(at),
            4 => input.extend(self.random(40)),
            5 => {
                let end = (at + 1 + self.below(40)).min(input.len());
                input.drain(at.min(end)..end);
            }
            6 => {
                let inserted = self.random(12);
                input.splice(at..at, inserted);
            }
            _ => self.splice(input, at),
        }
    }

    /// Take over a stretch of another file, or of another place of the same one.
    fn splice(&mut self, input: &mut [u8], at: usize) {
        let other = self.pick();
        let from = if self.below(2) == 0 { at } else { self.place(other.len()) };
        let length = 1 + self.below(200);
        input.iter_mut().skip(at).zip(other.iter().skip(from)).take(length).for_each(|(to, from)| *to = *from);
    }
}

fn environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Give a target damaged inputs.
///
/// # Panics
/// With the target, after printing what it was given.
pub fn survive(name: &str, corpus: &[Vec<u8>], target: impl Fn(&[u8]) -> Outcome) {
    let (rounds, seed) = (environment("PARS_FUZZ_ROUNDS", ROUNDS), environment("PARS_FUZZ_SEED", SEED));
    let mut mutator = Mutator::new(seed, corpus);
    let mut accepted = 0;
    for round in 0..rounds {
        let input = mutator.next_input();
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(outcome) => accepted += u64::from(outcome == Outcome::Accepted),
            Err(panic) => {
                let shown: String = input.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
                println!("{name}: seed {seed}, round {round}, {} bytes: {shown}", input.len());
                resume_unwind(panic);
            }
        }
    }
    println!("{name}: seed {seed}, {accepted} of {rounds} accepted");
}

/// A target outside this crate, whose decoder is its own crate's secret: its inputs, each with whether it is valid, then
/// damaged ones.
///
/// # Panics
/// If the target says something else of an input, or as [`survive`].
pub fn replay_and_damage(name: &str, corpus: &[(Vec<u8>, Outcome)], target: impl Fn(&[u8]) -> Outcome) {
    for said in [Outcome::Accepted, Outcome::Refused] {
        assert!(corpus.iter().any(|(_, outcome)| *outcome == said), "{name}: no input is {said:?}");
    }
    for (number, (input, outcome)) in corpus.iter().enumerate() {
        assert_eq!(target(input), *outcome, "{name}: input {number}");
    }
    let inputs: Vec<_> = corpus.iter().map(|(input, _)| input.clone()).collect();
    survive(name, &inputs, target);
}
