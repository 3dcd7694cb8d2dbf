//! Steps and their results: one JSON object a step, or a table for people.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::{Map, Value, json};

/// What a step found out: hashes, sizes, error codes.
#[derive(Debug, Default)]
pub struct Facts(Map<String, Value>);

impl Facts {
    /// Adds a fact.
    pub fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }
}

/// Collects and prints steps.
#[derive(Debug)]
pub struct Report {
    as_json: bool,
    journey: u32,
    passed: u32,
    failed: u32,
}

impl Report {
    /// An empty report in one of the two forms.
    pub fn new(as_json: bool) -> Self {
        Self { as_json, journey: 0, passed: 0, failed: 0 }
    }

    /// Begins a journey.
    pub fn begin(&mut self, number: u32, title: &str) {
        self.journey = number;
        if !self.as_json {
            say(&format!("\nJourney {number}: {title}"));
        }
    }

    /// Runs one step, prints its line, and hands back its result so that dependent steps can stop.
    pub fn step<T>(&mut self, name: &str, run: impl FnOnce(&mut Facts) -> Result<T>) -> Result<T> {
        let (started, mut facts) = (Stopwatch::start(), Facts::default());
        let result = run(&mut facts);
        if let Err(error) = &result {
            facts.add("error", format!("{error:#}"));
        }
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.print(name, result.is_ok(), ms, facts);
        result
    }

    fn print(&mut self, name: &str, ok: bool, ms: u64, facts: Facts) {
        if ok {
            self.passed += 1
        } else {
            self.failed += 1
        }
        if self.as_json {
            let mut line = json!({"journey": self.journey, "step": name, "ok": ok, "ms": ms});
            for (fact, value) in facts.0 {
                line[fact] = value;
            }
            say(&line.to_string());
            return;
        }
        say(&format!("{} {ms:>6} ms  {name}", if ok { "  ok  " } else { "FAILED" }));
        for (fact, value) in facts.0 {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            say(&format!("                   {fact} {value}"));
        }
    }

    /// Prints the closing line and says whether every step passed. No step at all is no success.
    pub fn finish(self) -> bool {
        let line = format!("{} passed, {} failed", self.passed, self.failed);
        if self.as_json {
            eprintln!("{line}")
        } else {
            say(&format!("\n{line}"))
        }
        self.failed == 0 && self.passed > 0
    }
}

/// A line on standard output; a closed pipe is not this driver's failure.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Measures real time: the driver's only use of the clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "steps are timed and patience ends; every caller comes here")]
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_with_a_failed_step_or_without_steps_is_no_success() {
        assert!(!Report::new(true).finish());
        let mut report = Report::new(true);
        report.step("good", |_| Ok(())).unwrap();
        assert!(report.step("bad", |_| -> Result<()> { anyhow::bail!("broken") }).is_err());
        assert!(!report.finish());
        let mut report = Report::new(true);
        report.step("good", |_| Ok(())).unwrap();
        assert!(report.finish());
    }
}
