//! A proof as somebody types it who wants nothing but a proof: without a payload, on a terminal.

use anyhow::ensure;

use super::World;
use crate::{parsctl::text, proof::ProofFile, report::Report, terminal};

/// The payload of who names none.
const EMPTY: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// Once for a program, once for a person.
pub(super) fn run(report: &mut Report, world: &World) {
    let (file, key) = (world.stack.path("alone.json").display().to_string(), world.key.display().to_string());
    let words = ["eligibility", "prove", "--room", &world.forum, "--key", &key, "--out", &file];
    let _ = report.step("a proof without a payload is of the empty one; both verifiers accept", |facts| {
        let made = world.stack.person(2).without_chain().run(&words)?;
        ensure!(text(&made, "/payload")? == EMPTY, "{made}");
        ensure!(
            ProofFile::read(&world.stack.path("alone.json"))?.text("payload")? == EMPTY,
            "another payload in the file"
        );
        let check = ["eligibility", "check", "--room", &world.forum, "--proof", &file, "--payload", EMPTY];
        let verdict = world.stack.person(9).run(&check)?;
        facts.add("verdicts", verdict.get("verdicts").cloned().unwrap_or_default());
        Ok(())
    });
    let _ = report.step("on a terminal a bar fills while it is proven, and the last word is the proof's", |facts| {
        let screen = terminal::screen(&world.stack.person(2).without_chain(), &words)?;
        let stages = stages(&screen);
        facts.add("stages", stages.clone());
        ensure!(stages.contains(&"proving"), "{screen:?}");
        let after = screen.rsplit_once("Proved a seat in sitting").map(|(_, after)| after);
        ensure!(after.is_some_and(|after| !after.contains("] proving")), "no word at the end: {screen:?}");
        Ok(())
    });
}

/// Of the two slow stages, those that were drawn beside a bar that had filled so far.
fn stages(screen: &str) -> Vec<&'static str> {
    let drawn = |(stage, quarter): &(&str, usize)| {
        let filled = format!("[{}", "=".repeat(6 * quarter));
        screen.split('\r').any(|line| line.contains(&filled) && line.contains(&format!("] {stage} ")))
    };
    let all = [("loading the proving key", 2), ("proving", 3)];
    all.into_iter().filter(drawn).map(|(stage, _)| stage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_counts_when_its_bar_had_filled_so_far() {
        let half = format!("\r⠙ [{}>           ] loading the proving key 0s", "=".repeat(12));
        let more = format!("\r⠙ [{}>     ] proving 1s", "=".repeat(18));
        assert_eq!(stages(&format!("{half}{more}")), ["loading the proving key", "proving"]);
        assert_eq!(stages(&half), ["loading the proving key"]);
        assert!(stages("\r⠙ [=>    ] proving 1s").is_empty() && stages("proving").is_empty());
    }
}
