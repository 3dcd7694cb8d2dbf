//! One sitting, one lock, one nullifier: a new commitment during a sitting buys nothing.

use anyhow::{Result, ensure};

use super::{PAYLOAD, World};
use crate::{parsctl::text, proof::ProofFile, report::Report};

/// Runs the steps.
pub(super) fn run(report: &mut Report, world: &World, proof: &ProofFile) {
    report.part(|report| steps(report, world, proof));
}

fn steps(report: &mut Report, world: &World, proof: &ProofFile) -> Result<()> {
    let holder = world.stack.person(1);
    let fresh = holder.at_home(&world.stack.path("home-1-rotated"));
    report.step("a holder rotates its commitment while the sitting runs", |facts| {
        let registered = fresh.run(&["register", "--rotate"])?;
        facts.add("commitment", text(&registered, "/commitment")?);
        facts.add("index", registered.get("index").cloned().unwrap_or_default());
        world.stack.synced()
    })?;
    report.step("the new secret cannot prove under the pinned root", |facts| {
        let words = ["eligibility", "prove", "--room", &world.forum, "--payload", PAYLOAD];
        let refusal = fresh.without_chain().refused_as("commitment_mismatch", &words)?;
        facts.add("code", refusal.code);
        facts.add("message", refusal.message);
        Ok(())
    })?;
    report.step("the old secret still proves the one nullifier: no second seat", |facts| {
        let (again, _) = world.prove(&holder, &world.forum, "proof-1-again.json")?;
        let nullifier = text(&again, "/nullifier")?;
        ensure!(nullifier == proof.text("nullifier")?, "a second nullifier: {nullifier}");
        let file = world.stack.path("proof-1-again.json").display().to_string();
        world.stack.person(9).run(&["eligibility", "check", "--room", &world.forum, "--proof", &file])?;
        facts.add("nullifier", nullifier);
        Ok(())
    })
}
