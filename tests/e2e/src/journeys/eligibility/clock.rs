//! What needs another time, on a chain of its own; that chain also shows that a proof does not cross chains.

use anyhow::{Result, ensure};

use super::{PAYLOAD, World};
use crate::{
    journeys::refusals::refuse,
    parsctl::{number, text},
    proof::ProofFile,
    report::Report,
    stack::{Places, Stack},
};

const HOUR: u64 = 3_600;

/// Runs the steps.
pub(super) fn run(report: &mut Report, world: &World, places: &Places, proof: &ProofFile) {
    report.part(|report| steps(report, world, places, proof));
}

fn steps(report: &mut Report, world: &World, places: &Places, proof: &ProofFile) -> Result<()> {
    let stack = report.step("a second chain is up, whose clock may be moved", |facts| {
        let stack = Stack::start(places, 31337)?;
        stack.facts(facts)?;
        Ok(stack)
    })?;
    let room = report.step("12 hours before a lock ends, a sitting of 20 hours is opened", |facts| {
        let short = stack.person(1).run(&["lock", "--amount", "1000", "--days", "14", "--register"])?;
        stack.person(2).run(&["lock", "--amount", "1000", "--days", "1460", "--register"])?;
        let end = number(&short, "/end")?;
        stack.cast.move_clock(end - 12 * HOUR)?;
        let made = stack.person(2).run(&["room", "create", "--kind", "open-forum"])?;
        let room = text(&made, "/roomId")?;
        let opened = stack.person(2).run(&["room", "sitting", "open", &room, "--hours", "20"])?;
        facts.add("lockEnd", end);
        facts.add("sittingEnd", number(&opened, "/endsAt")?);
        ensure!(number(&opened, "/endsAt")? > end, "the sitting ends before the lock");
        stack.synced()?;
        Ok(room)
    })?;
    let by_name = ["eligibility", "can-join", "--room", &room];
    let prove = ["eligibility", "prove", "--room", &room, "--payload", PAYLOAD];
    let name = "a lock that ends before the sitting does proves nothing";
    refuse(report, name, "lock_ends_before_sitting", &stack.person(1).without_chain(), &prove);
    refuse(report, "nor does it join by name", "lock_ends_before_sitting", &stack.person(1), &by_name);
    let file = report.step("a lock that outlasts the sitting proves on the same chain", |facts| {
        let (file, key) = (stack.path("proof-2.json").display().to_string(), world.key.display().to_string());
        let proven = stack.person(2).without_chain().run(&[&prove[..], &["--key", &key, "--out", &file]].concat())?;
        stack.person(9).run(&["eligibility", "check", "--room", &room, "--proof", &file])?;
        facts.add("nullifier", text(&proven, "/nullifier")?);
        Ok(file)
    })?;
    another_chain(report, &stack, &room, proof)?;
    report.step("the clock passes the sitting's end", |_| {
        stack.cast.move_clock(stack.cast.now()? + 21 * HOUR)?;
        stack.synced()
    })?;
    let check = ["eligibility", "check", "--room", &room, "--proof", &file];
    refuse(report, "after its end the same proof gives no seat", "no_running_sitting", &stack.person(9), &check);
    refuse(report, "nor does the lock by name", "no_running_sitting", &stack.person(2), &by_name);
    Ok(())
}

/// The first chain's proof on this one, as it is and relabelled.
fn another_chain(report: &mut Report, stack: &Stack, room: &str, proof: &ProofFile) -> Result<()> {
    let (plain, relabelled) = (stack.path("foreign.json"), stack.path("relabelled.json"));
    proof.write(&plain)?;
    let edited = proof.relabelled(room, 1)?.with("chainId", stack.chain_id).with("townHall", stack.town_hall.clone());
    edited.write(&relabelled)?;
    for (name, code, file) in [
        ("a proof of another chain is refused", "wrong_chain", plain),
        ("also when it is relabelled for this chain", "wrong_root", relabelled),
    ] {
        let file = file.display().to_string();
        refuse(report, name, code, &stack.person(9), &["eligibility", "check", "--room", room, "--proof", &file]);
    }
    Ok(())
}
