//! Steps and their results: one JSON object a step, or a table for people.

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use crate::pictures::Taken;

/// What every line of `--json` says; no fact may take such a name.
const OWN: [&str; 4] = ["journey", "step", "ok", "ms"];

/// What a step found out: hashes, sizes, error codes.
#[derive(Debug, Default)]
pub struct Facts(Map<String, Value>);

impl Facts {
    /// Adds a fact.
    pub fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Fails if a fact has the name of a line's own key.
    fn named_apart(&self) -> Result<()> {
        let taken = OWN.into_iter().find(|key| self.0.contains_key(*key));
        ensure!(taken.is_none(), "a fact is named `{}`, as the line's own key; rename it", taken.unwrap_or_default());
        Ok(())
    }

    /// The files of pictures that are told of.
    fn pictures(&self) -> impl Iterator<Item = PathBuf> {
        let files = self.0.values().filter_map(Value::as_str).map(PathBuf::from);
        files.filter(|file| file.extension().is_some_and(|ending| ending == "png"))
    }
}

/// Collects and prints steps.
#[derive(Debug)]
pub struct Report {
    as_json: bool,
    journey: u32,
    passed: u32,
    failed: u32,
    pictures: Vec<Taken>,
}

impl Report {
    /// An empty report in one of the two forms.
    pub fn new(as_json: bool) -> Self {
        Self { as_json, journey: 0, passed: 0, failed: 0, pictures: Vec::new() }
    }

    /// Begins a journey.
    pub fn begin(&mut self, number: u32, title: &str) {
        self.journey = number;
        if !self.as_json {
            say(&format!("\nJourney {number}: {title}"));
        }
    }

    /// Runs one step, prints its line, and hands back its result so that dependent steps can stop. A step whose facts
    /// take the name of a line's own key has failed.
    pub fn step<T>(&mut self, name: &str, run: impl FnOnce(&mut Facts) -> Result<T>) -> Result<T> {
        let (started, mut facts) = (Stopwatch::start(), Facts::default());
        let result = run(&mut facts);
        let result = result.and_then(|found| facts.named_apart().map(|()| found));
        if let Err(error) = &result {
            facts.add("error", format!("{error:#}"));
        }
        let journey = self.journey;
        self.pictures.extend(facts.pictures().map(|file| Taken { journey, step: name.to_owned(), file }));
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.print(name, result.is_ok(), ms, facts);
        result
    }

    /// Runs steps on which nothing that follows depends: a journey, or a part of one. An end that no failed step tells
    /// of is a failed step itself, so that steps which are left out are never taken for a success.
    pub fn part(&mut self, run: impl FnOnce(&mut Self) -> Result<()>) {
        let failed = self.failed;
        if let Err(error) = run(self)
            && self.failed == failed
        {
            // The result is told by the step; whoever calls goes on.
            let _ = self.step("the journey ends early", |_| -> Result<()> { Err(error) });
        }
    }

    fn print(&mut self, name: &str, ok: bool, ms: u64, facts: Facts) {
        if ok {
            self.passed += 1
        } else {
            self.failed += 1
        }
        if self.as_json {
            return say(&line(self.journey, name, ok, ms, facts).to_string());
        }
        say(&format!("{} {ms:>6} ms  {name}", if ok { "  ok  " } else { "FAILED" }));
        for (fact, value) in facts.0 {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            say(&format!("                   {fact} {value}"));
        }
    }

    /// The pictures that steps told of, in their order.
    pub fn pictures(&self) -> &[Taken] {
        &self.pictures
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

/// A step's line for machines: the journey's number, the step's name, whether it passed, its milliseconds, and its facts
/// beside them.
fn line(journey: u32, name: &str, ok: bool, ms: u64, Facts(mut line): Facts) -> Value {
    // Last, so that no fact stands in their place.
    for (key, value) in OWN.into_iter().zip([json!(journey), json!(name), json!(ok), json!(ms)]) {
        line.insert(key.into(), value);
    }
    Value::Object(line)
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

    #[test]
    fn a_journey_that_ends_outside_its_steps_is_no_success() {
        let mut report = Report::new(true);
        report.step("good", |_| Ok(())).unwrap();
        report.part(|_| anyhow::bail!("a file is missing"));
        assert_eq!((report.passed, report.failed), (1, 1), "the end is a failed step");
        report.part(|report| report.step("bad", |_| anyhow::bail!("broken")));
        assert_eq!(report.failed, 2, "a step that failed tells of the end already");
        report.part(|_| Ok(()));
        report.part(|_| anyhow::bail!("another file is missing"));
        assert_eq!((report.passed, report.failed), (1, 3), "failures before a part say nothing of it");
        assert!(!report.finish());
    }

    #[test]
    fn pictures_of_which_steps_tell_are_kept_with_the_steps_names() {
        let mut report = Report::new(true);
        report.begin(2, "rooms");
        report
            .step("she enters", |facts| {
                facts.add("picture", "/pictures/2/forum.png");
                facts.add("pictures", "/pictures/2");
                Ok(())
            })
            .unwrap();
        let file = PathBuf::from("/pictures/2/forum.png");
        assert_eq!(report.pictures(), [Taken { journey: 2, step: "she enters".into(), file }]);
    }

    #[test]
    fn a_line_has_the_four_keys_with_their_types_and_the_facts_beside_them() {
        let mut facts = Facts::default();
        facts.add("code", "stranger");
        facts.add("leaves", 3);
        let shown = line(2, "a stranger proves nothing", false, 17, facts);
        let expected = json!({
            "journey": 2, "step": "a stranger proves nothing", "ok": false, "ms": 17, "code": "stranger", "leaves": 3,
        });
        assert_eq!(shown, expected);
        assert!(line(1, "good", true, 0, Facts::default())["ok"] == json!(true));
    }

    #[test]
    fn a_fact_takes_no_key_of_the_line() {
        for key in OWN {
            let mut report = Report::new(true);
            let named = report.step("good", |facts| {
                facts.add(key, "another");
                Ok(())
            });
            assert!(named.unwrap_err().to_string().contains(&format!("`{key}`")));
            assert_eq!((report.passed, report.failed), (0, 1));
            let mut facts = Facts::default();
            facts.add(key, "another");
            assert_eq!(line(1, "good", true, 5, facts), line(1, "good", true, 5, Facts::default()));
        }
    }
}
