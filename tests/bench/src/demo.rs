//! `bench demo`: what a user waits for in a room (goals of the card: p95 at most 1 s over loopback, the proof included).
//!
//! - `click to first audio p95`: from the press on "Enter" in Chromium until the sound of somebody in the room was decoded and
//!   played, wall time, the value that 95 of 100 presses do not exceed.
//! - `click to first audio`: the same, the median.
//!
//! Chain, indexer, service node, media server and a daemon for each of three people run as processes of their own on this
//! machine, and share it with the browser; `clicks` of `tests/e2e` starts them and presses. There is no peer: no program at hand
//! lets somebody in by a proof.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::{
    clock::{quantile, run_id},
    row::Row,
};

/// The program that presses, beside this one.
const CLICKS: &str = "clicks";
/// The card's goal, in ms.
const GOAL: f64 = 1_000.0;

#[derive(Debug, Deserialize)]
struct Press {
    ms: f64,
}

/// All rows of the benchmark.
pub(crate) fn measure(runs: usize) -> Result<Vec<Row>> {
    let program = beside(&std::env::current_exe()?)?;
    let told = Command::new(&program)
        .args(["--runs", &runs.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} does not start", program.display()))?;
    ensure!(told.status.success(), "{} failed ({})", program.display(), told.status);
    rows(&presses(&String::from_utf8(told.stdout)?, runs)?)
}

fn beside(own: &Path) -> Result<PathBuf> {
    let program = own.parent().context("this program lies nowhere")?.join(CLICKS);
    ensure!(program.exists(), "{} is missing: `cargo xtask bench demo` builds it", program.display());
    Ok(program)
}

fn presses(lines: &str, runs: usize) -> Result<Vec<f64>> {
    let each = lines.lines().map(|line| Ok(serde_json::from_str::<Press>(line)?.ms));
    let each = each.collect::<Result<Vec<_>>>().context("the presses cannot be read")?;
    ensure!(each.len() == runs, "{} of {runs} presses were told", each.len());
    Ok(each)
}

fn rows(presses: &[f64]) -> Result<Vec<Row>> {
    ensure!(!presses.is_empty(), "nobody pressed");
    eprintln!("no other program joins these rooms by proof: the time to the first sound has no peer");
    let run = run_id();
    let row = |metric, share| Row::new("demo", (metric, "ms"), quantile(presses, share), Some(GOAL), &run);
    Ok(vec![row("click to first audio p95", 0.95), row("click to first audio", 0.5)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_quantiles_of_all_presses_and_a_missing_one_is_an_error() {
        let lines: String = (1..=20).map(|n| format!("{{\"ms\":{}.5}}\n", n * 10)).collect();
        let rows = rows(&presses(&lines, 20).unwrap()).unwrap();
        let named: Vec<_> = rows.iter().map(|row| (row.metric, row.value)).collect();
        assert_eq!(named, [("click to first audio p95", 190.5), ("click to first audio", 100.5)]);
        assert!(presses(&lines, 21).is_err() && presses("no JSON", 1).is_err());
    }
}
