//! Counting: what each test runner says of itself, added up into the one closing line.

use serde_json::Value;

/// Passed and failed tests of one stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed; a stage that fails without running a test counts as one.
    pub failed: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The number in front of `word` in `line`: `number_before("3 passed", "passed")` is 3.
fn number_before(line: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|w| !w.is_empty()).collect();
    words.windows(2).find(|pair| pair[1].trim_end_matches('.') == word).and_then(|pair| pair[0].parse().ok())
}

/// `test result: ok. 3 passed; 0 failed; …` of cargo test, one line per binary.
pub fn cargo_test(text: &str) -> Count {
    sum(text.lines().filter(|line| line.starts_with("test result:")))
}

/// `Summary [ 1.2s] 3 tests run: 3 passed, 0 skipped` of nextest (which prints no `failed` when there is none).
pub fn nextest(text: &str) -> Count {
    sum(text.lines().filter(|line| line.contains("Summary [")))
}

/// `Ran 9 test suites in …: 78 tests passed, 0 failed, 0 skipped (78 total tests)` of forge.
pub fn forge(text: &str) -> Count {
    let line = text.lines().rfind(|line| line.starts_with("Ran ") && line.contains("total tests"));
    line.map_or_else(Count::default, |line| Count {
        passed: number_before(&line.replace("tests passed", "passed"), "passed").unwrap_or(0),
        failed: number_before(line, "failed").unwrap_or(0),
    })
}

/// `# pass 3` and `# fail 0` (or `ℹ pass 3`) of node's own runner.
pub fn node(text: &str) -> Count {
    let after = |word: &str| {
        text.lines()
            .filter_map(|line| line.trim_start_matches(['#', 'ℹ', ' ']).strip_prefix(word)?.trim().parse::<u64>().ok())
            .sum()
    };
    Count { passed: after("pass "), failed: after("fail ") }
}

/// One JSON object per step, `"ok": true | false`.
pub fn journeys(text: &str) -> Count {
    let steps = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("ok")?.as_bool());
    steps.fold(Count::default(), |mut count, ok| {
        count += if ok { Count { passed: 1, failed: 0 } } else { Count { passed: 0, failed: 1 } };
        count
    })
}

/// One line per seed of the simulator, `<seed> Report …`.
pub fn seeds(text: &str) -> Count {
    let is_seed = |line: &&str| line.split_once(" Report").is_some_and(|(seed, _)| seed.parse::<u64>().is_ok());
    Count { passed: text.lines().filter(is_seed).count() as u64, failed: 0 }
}

fn sum<'a>(lines: impl Iterator<Item = &'a str>) -> Count {
    lines.fold(Count::default(), |mut count, line| {
        count += Count {
            passed: number_before(line, "passed").unwrap_or(0),
            failed: number_before(line, "failed").unwrap_or(0),
        };
        count
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_is_read() {
        let some = |passed, failed| Count { passed, failed };
        assert_eq!(
            cargo_test("test result: ok. 3 passed; 1 failed; 0 ignored\ntest result: ok. 2 passed; 0 failed"),
            some(5, 1)
        );
        assert_eq!(nextest("     Summary [   1.203s] 7 tests run: 6 passed (1 slow), 1 failed, 0 skipped"), some(6, 1));
        assert_eq!(nextest("     Summary [   1.203s] 7 tests run: 7 passed, 0 skipped"), some(7, 0));
        assert_eq!(
            forge("Ran 9 test suites in 1.2s (3s CPU time): 78 tests passed, 2 failed, 0 skipped (80 total tests)"),
            some(78, 2)
        );
        assert_eq!(node("ℹ tests 3\nℹ pass 2\nℹ fail 1\n# pass 4\n# fail 0"), some(6, 1));
        assert_eq!(seeds("0 Report { steps: 1 }\n17 Report { steps: 2 }\nthread panicked"), some(2, 0));
        assert_eq!(journeys("{\"ok\":true}\nnoise\n{\"ok\":false}"), some(1, 1));
    }
}
