//! The event log: one line for each thing that happened, and a hash over all of them. Lines are hashed always, the last are
//! kept for a failure's report, and a replay prints all.

use pars_crypto::hash::sha3;

/// Lines in order.
#[derive(Debug, Default)]
pub struct Log {
    hash: [u8; 32],
    count: u64,
    last: std::collections::VecDeque<String>,
    printing: bool,
}

/// Lines that a failure prints.
const TAIL: usize = 40;

impl Log {
    /// A log that prints every line as it comes, so that a run that fails shows its way there.
    pub fn printing() -> Self {
        Self { printing: true, ..Self::default() }
    }

    /// One more line.
    pub fn push(&mut self, line: String) {
        self.hash = sha3(&[&self.hash, line.as_bytes()]);
        self.count += 1;
        if self.printing {
            println!("{line}");
        }
        if self.last.len() >= TAIL {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// The audit hash of everything so far, in hexadecimal digits.
    pub fn audit(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// How many lines.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The last lines, for a failure's report.
    pub fn tail(&self) -> String {
        self.last.iter().cloned().collect::<Vec<_>>().join("\n")
    }
}
