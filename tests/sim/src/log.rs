//! The event log: one line for each thing that happened, and a hash over all of them. Lines are hashed always, the last are
//! kept for a failure's report, and a replay prints those it was asked for.

use std::collections::VecDeque;

use pars_crypto::hash::sha3;

/// Which lines a replay prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printing {
    Nothing,
    All,
    /// Those around one line, by its number.
    Around {
        line: u64,
        context: u64,
    },
}

/// Lines in order.
#[derive(Debug)]
pub struct Log {
    hash: [u8; 32],
    count: u64,
    last: VecDeque<String>,
    printing: Printing,
}

/// Lines that a failure prints.
const TAIL: usize = 40;

impl Default for Log {
    fn default() -> Self {
        Self { hash: [0; 32], count: 0, last: VecDeque::new(), printing: Printing::Nothing }
    }
}

impl Log {
    /// A log that prints every line as it comes, so that a run that fails shows its way there.
    pub fn printing() -> Self {
        Self { printing: Printing::All, ..Self::default() }
    }

    /// A log that prints line number `line` and `context` lines before and after it.
    pub fn around(line: u64, context: u64) -> Self {
        Self { printing: Printing::Around { line, context }, ..Self::default() }
    }

    /// One more line.
    pub fn push(&mut self, line: String) {
        self.hash = sha3(&[&self.hash, line.as_bytes()]);
        if self.shows(self.count) {
            println!("{:>7} {line}", self.count);
        }
        self.count += 1;
        if self.last.len() >= TAIL {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// Whether a replay prints the line of this number; they count from 0.
    pub const fn shows(&self, number: u64) -> bool {
        match self.printing {
            Printing::Nothing => false,
            Printing::All => true,
            Printing::Around { line, context } => number.abs_diff(line) <= context,
        }
    }

    /// The audit hash of everything so far, in hexadecimal digits.
    pub fn audit(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// How many lines.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The last lines, each with its number, for a failure's report.
    pub fn tail(&self) -> String {
        let first = self.count - self.last.len() as u64;
        let lines = (first..).zip(&self.last).map(|(number, line)| format!("{number:>7} {line}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}
