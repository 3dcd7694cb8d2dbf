//! Journey 2, verdict only: holders prove anonymously, a Safe's owner joins by name, everybody else is refused by name.
//!
//! Account 1 holds much, 2 enough, 3 little, 4 registers late and admits its committee through the Safe of 5 and 6,
//! 9 is a stranger. `refusals` holds the dishonest half, `clock` what needs another time, `asked` what the indexer learned,
//! `liar` a chain's node that lies, `alone` a proof typed on a terminal.

mod alone;
mod asked;
mod clock;
mod liar;
mod rotation;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::refusals;
use crate::{
    parsctl::{Parsctl, number, text},
    proof::ProofFile,
    report::Report,
    safe::Safe,
    stack::{Places, Stack},
};

/// What the seat keys of an honest joiner hash to.
pub(super) const PAYLOAD: &str = "0x5ea7000000000000000000000000000000000000000000000000000000000001";

/// Everything the steps share.
pub(super) struct World {
    pub(super) stack: Stack,
    /// Development proving key, made once.
    pub(super) key: PathBuf,
    pub(super) forum: String,
    pub(super) other_forum: String,
    pub(super) hall: String,
    pub(super) committee: String,
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let stack = report.step("chain, contracts and indexer are up", |facts| {
        let stack = Stack::start(places, 7072)?;
        stack.facts(facts)?;
        Ok(stack)
    })?;
    let world = prepare(report, stack, places)?;
    let proof = admitted(report, &world)?;
    refusals::by_name(report, &world);
    refusals::of_proofs(report, &world, &proof);
    liar::run(report, &world, &proof);
    alone::run(report, &world);
    rotation::run(report, &world, &proof);
    clock::run(report, &world, places, &proof);
    refusals::another_sitting(report, &world, &proof);
    report.step("the indexer was asked for whole leaf sets only, never about a member", |facts| {
        asked::unlinkable(&world, facts)
    })
}

impl World {
    /// Proves for a room at this person's home and returns the document and the file.
    pub(super) fn prove(&self, person: &Parsctl, room: &str, name: &str) -> Result<(Value, ProofFile)> {
        let (file, key) = (self.stack.path(name).display().to_string(), self.key.display().to_string());
        let words = ["eligibility", "prove", "--room", room, "--payload", PAYLOAD, "--key", &key, "--out", &file];
        // No chain endpoint: proving asks nobody but the index.
        let document = person.without_chain().run(&words)?;
        Ok((document, ProofFile::read(&self.stack.path(name))?))
    }
}

fn prepare(report: &mut Report, stack: Stack, places: &Places) -> Result<World> {
    let key = stack.path("dev.key");
    report.step("the development proving key is made", |facts| {
        let made = stack.person(0).run(&["ceremony", "dev-key", "--out", &key.display().to_string()])?;
        facts.add("verifierKeyHash", text(&made, "/verifierKeyHash")?);
        let deployed = text(&stack.deployed, "/deployment/verifierKeyHash")?;
        ensure!(text(&made, "/verifierKeyHash")? == deployed, "the deployed verifier is of key {deployed}");
        Ok(())
    })?;
    report.step("holders lock PARS and register a commitment in the same transaction", |facts| {
        for (account, amount) in [(1, "1000"), (2, "500"), (3, "2")] {
            let lock = stack.person(account).run(&["lock", "--amount", amount, "--days", "1460", "--register"])?;
            facts.add(&format!("leaf{account}"), lock.pointer("/leaf/index").cloned().unwrap_or_default());
            facts.add(&format!("gasUsed{account}"), number(&lock, "/transaction/gasUsed")?);
        }
        stack.person(4).run(&["lock", "--amount", "1000", "--days", "1460"]).map(drop)
    })?;
    let safe = report.step("a real Safe of accounts 5 and 6 is deployed", |facts| {
        let safe = Safe::deploy(&stack.cast, &places.node_modules, &[5, 6], 1)?;
        facts.add("safe", safe.address.clone());
        Ok(safe.address)
    })?;
    let room = |account: usize, words: &[&str]| {
        let made = stack.person(account).run(&[&["room", "create"], words].concat())?;
        let id = text(&made, "/roomId")?;
        stack.person(account).run(&["room", "sitting", "open", &id, "--hours", "3"])?;
        anyhow::Ok(id)
    };
    let [forum, hall, other_forum, committee] =
        report.step("four rooms are created and their sittings opened", |facts| {
            let rooms = [
                room(1, &["--kind", "open-forum"])?,
                room(2, &["--kind", "town-hall", "--min-balance", "400"])?,
                room(3, &["--kind", "open-forum"])?,
                room(4, &["--kind", "committee", "--safe", &safe])?,
            ];
            facts.add("rooms", rooms.to_vec());
            stack.synced()?;
            Ok(rooms)
        })?;
    Ok(World { stack, key, forum, other_forum, hall, committee })
}

fn admitted(report: &mut Report, world: &World) -> Result<ProofFile> {
    let (first, proof) = holder_joins(report, world, 1, &world.forum, "an Open Forum")?;
    let (second, _) = holder_joins(report, world, 2, &world.forum, "an Open Forum")?;
    report.step("two holders have two nullifiers under one root", |facts| {
        ensure!(first.get("nullifier") != second.get("nullifier"), "the nullifiers are equal");
        ensure!(first.get("root") == second.get("root"), "the roots differ");
        facts.add("root", text(&first, "/root")?);
        Ok(())
    })?;
    holder_joins(report, world, 2, &world.hall, "the Town Hall's minimum")?;
    report.step("an owner of the Safe may join the Committee by name", |facts| {
        let owner = world.stack.cast.account(5)?;
        let words = ["eligibility", "can-join", "--room", &world.committee, "--account", &owner];
        world.stack.person(5).run(&words)?;
        facts.add("account", owner);
        Ok(())
    })?;
    Ok(proof)
}

/// A holder proves, and both verifiers accept.
fn holder_joins(
    report: &mut Report,
    world: &World,
    account: usize,
    room: &str,
    what: &str,
) -> Result<(Value, ProofFile)> {
    report.step(&format!("account {account} proves for {what}; both verifiers accept"), |facts| {
        let name = format!("proof-{account}-{}.json", &room[2..10]);
        let (document, proof) = world.prove(&world.stack.person(account), room, &name)?;
        let file = world.stack.path(&name).display().to_string();
        let words = ["eligibility", "check", "--room", room, "--proof", &file, "--payload", PAYLOAD];
        let verdict = world.stack.person(9).run(&words)?;
        facts.add("nullifier", text(&document, "/nullifier")?);
        facts.add("k", number(&document, "/k")?);
        facts.add("leaves", number(&document, "/leaves")?);
        facts.add("proofBytes", number(&document, "/proofBytes")?);
        facts.add("verdicts", verdict.get("verdicts").cloned().unwrap_or_default());
        Ok((document, proof))
    })
}
