//! Journey 2's dishonest half: every refusal by its name, and by both verifiers where there is a proof.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::eligibility::{PAYLOAD, World};
use crate::{
    parsctl::Parsctl,
    proof::{PROOF_LEN, ProofFile, SCALAR_ORDER, alias, is_narrow},
    report::Report,
};

/// One step: a command that is refused with a code. The contract must have refused too where it is asked: by
/// `eligibility check` and `eligibility can-join` always.
pub(super) fn refuse(report: &mut Report, name: &str, code: &str, person: &Parsctl, words: &[&str]) {
    // Each refusal stands for itself: the journey goes on.
    let _ = report.step(name, |facts| {
        let refusal = person.refused_as(code, words)?;
        contract_refuses(words, &refusal.details)?;
        facts.add("code", refusal.code);
        facts.add("message", refusal.message);
        if refusal.details != Value::Null {
            facts.add("verdicts", refusal.details);
        }
        Ok(())
    });
}

/// Fails if the contract accepts, or if its verdict is absent although this command asks it.
fn contract_refuses(words: &[&str], details: &Value) -> Result<()> {
    let asked = matches!(words, ["eligibility", "check" | "can-join", ..]);
    match details.get("chain") {
        Some(Value::Bool(false)) => Ok(()),
        None if !asked => Ok(()),
        None => bail!("the contract's verdict is absent: {details}"),
        Some(verdict) => bail!("the contract says {verdict}: {details}"),
    }
}

/// Who cannot prove or join, and why.
pub(super) fn by_name(report: &mut Report, world: &World) {
    let person = |account: usize| world.stack.person(account);
    let prove = |room| ["eligibility", "prove", "--room", room, "--payload", PAYLOAD];
    let join = |room| ["eligibility", "can-join", "--room", room];
    refuse(report, "a stranger proves nothing", "stranger", &person(9).without_chain(), &prove(&world.forum));
    refuse(report, "a stranger does not join by name", "stranger", &person(9), &join(&world.forum));
    let small = "weight_below_threshold";
    refuse(report, "a lock that is too small proves nothing", small, &person(3).without_chain(), &prove(&world.hall));
    refuse(report, "nor does it join by name", small, &person(3), &join(&world.hall));
    let unregistered = "a holder that did not register proves nothing";
    refuse(report, unregistered, "not_registered", &person(4).without_chain(), &prove(&world.forum));
    let registered = report.step("it registers while the sitting runs", |facts| {
        let done = person(4).run(&["register"])?;
        facts.add("index", done.get("index").cloned().unwrap_or_default());
        world.stack.synced()
    });
    if registered.is_ok() {
        let late = "who registered after the sitting opened waits for the next one";
        refuse(report, late, "registered_after_opening", &person(4).without_chain(), &prove(&world.forum));
    }
    let nobody = "who is no owner of the Safe does not join the Committee";
    refuse(report, nobody, "not_safe_signer", &person(1), &join(&world.committee));
    let committee = "anonymous_at_committee";
    refuse(report, "nobody proves for a Committee", committee, &person(1).without_chain(), &prove(&world.committee));
}

/// A good proof, misused in every way.
pub(super) fn of_proofs(report: &mut Report, world: &World, proof: &ProofFile) {
    elsewhere(report, world, proof);
    stolen(report, world, proof);
    out_of_range(report, world, proof);
    let _ = report.step("a proof with a bit flipped in each eight bytes is refused by both", |facts| {
        // Every bit is flipped in `circuits/tests/it/checking.rs` and `contracts/test/AnonymousJoin.t.sol`.
        let mut codes = std::collections::BTreeMap::<String, u32>::new();
        for (byte, bit) in (0..PROOF_LEN).step_by(8).zip((0..8).cycle()) {
            let refusal = refused(world, &world.forum, &proof.with_flipped_bit(byte, bit)?, &[])?;
            let expected: &[&str] = match byte {
                _ if is_narrow(byte) => &["wrong_sitting", "wrong_signal", "malformed_proof"],
                320.. => &["wrong_signal"],
                _ => &["malformed_proof", "proof_invalid"],
            };
            ensure!(expected.contains(&refusal.as_str()), "bit {bit} of byte {byte}: {refusal}");
            *codes.entry(refusal).or_default() += 1;
        }
        facts.add("flips", PROOF_LEN / 8);
        facts.add("codes", json!(codes));
        Ok(())
    });
}

/// Checks an edited file; both verdicts must be a refusal. Gives the code.
fn refused(world: &World, room: &str, proof: &ProofFile, more: &[&str]) -> Result<String> {
    let path = world.stack.path("edited.json");
    proof.write(&path)?;
    let file = path.display().to_string();
    let words = [&["eligibility", "check", "--room", room, "--proof", &file], more].concat();
    let refusal = world.stack.person(9).refused(&words)?;
    let verdict = |name: &str| refusal.details.get(name).cloned().unwrap_or_default();
    ensure!(verdict("chain") == json!(false), "{}: the contract says {}", refusal.code, verdict("chain"));
    ensure!(verdict("local") != json!("accepted"), "{}: the bytes alone are accepted here", refusal.code);
    Ok(refusal.code)
}

/// One step: an edited file is refused by both with a code.
fn refuse_edit(report: &mut Report, world: &World, name: &str, code: &str, edit: (&str, Result<ProofFile>, &[&str])) {
    let (room, proof, more) = edit;
    let _ = report.step(name, |facts| {
        let refusal = refused(world, room, &proof?, more)?;
        ensure!(refusal == code, "refused as {refusal} instead of {code}");
        facts.add("code", refusal);
        Ok(())
    });
}

fn elsewhere(report: &mut Report, world: &World, proof: &ProofFile) {
    let same = || Ok(proof.clone());
    let other = world.other_forum.as_str();
    refuse_edit(report, world, "a proof for another room is refused", "wrong_room", (other, same(), &[]));
    let relabelled = proof.relabelled(other, 1);
    let name = "also when it is relabelled for this room";
    refuse_edit(report, world, name, "wrong_external", (other, relabelled, &[]));
    let committee = world.committee.as_str();
    let name = "a proof gives no seat at a Committee";
    refuse_edit(report, world, name, "anonymous_at_committee", (committee, same(), &[]));
}

fn stolen(report: &mut Report, world: &World, proof: &ProofFile) {
    let thief = format!("0x{}", "66".repeat(32));
    let name = "a stolen proof with other seat keys is refused";
    let presented: &[&str] = &["--payload", &thief];
    refuse_edit(report, world, name, "wrong_payload", (&world.forum, Ok(proof.clone()), presented));
    let edited = proof.bytes().map(|mut bytes| {
        bytes.truncate(PROOF_LEN - 32);
        bytes.extend([0x66; 32]);
        proof.with_bytes(&bytes)
    });
    let name = "also when the thief writes its own keys into it";
    refuse_edit(report, world, name, "wrong_signal", (&world.forum, edited, presented));
}

fn out_of_range(report: &mut Report, world: &World, proof: &ProofFile) {
    let order = format!("0x{SCALAR_ORDER}");
    let name = "a nullifier equal to the field order is refused";
    refuse_edit(report, world, name, "input_out_of_range", (&world.forum, Ok(proof.with_input(1, &order)), &[]));
    let aliased = proof.input(1).and_then(alias).map(|word| proof.with_input(1, &word));
    let name = "a nullifier above the field order, the same element, is refused";
    refuse_edit(report, world, name, "input_out_of_range", (&world.forum, aliased, &[]));
    let _ = report.step("every public input above the field order is refused by both verifiers", |facts| {
        for index in 0..6 {
            let edited = proof.with_input(index, &alias(proof.input(index)?)?);
            let path = world.stack.path("edited.json");
            edited.write(&path)?;
            let words = ["eligibility", "check", "--room", &world.forum, "--proof", &path.display().to_string()];
            facts.add(&format!("input{index}"), world.stack.person(9).refused_as("input_out_of_range", &words)?.code);
            ensure!(!verified(world, &edited)?, "the contract's verifier accepts input {index} above the order");
        }
        ensure!(verified(world, proof)?, "the contract's verifier refuses the honest inputs");
        Ok(())
    });
    let seven = proof.bytes().map(|mut bytes| {
        bytes.extend([0; 32]);
        let mut edited = proof.with("proof", format!("0x{}", hex::encode(bytes)));
        if let Some(inputs) = edited.0["inputs"].as_array_mut() {
            inputs.push(json!(format!("0x{:064x}", 0)));
        }
        edited
    });
    refuse_edit(report, world, "seven public inputs are refused", "input_count", (&world.forum, seven, &[]));
    let name = "another holder's points under this nullifier are refused";
    let swapped = ProofFile::read(&world.stack.path(&format!("proof-2-{}.json", &world.forum[2..10])));
    let swapped =
        swapped.and_then(|other| Ok(proof.with_bytes(&[&other.bytes()?[..256], &proof.bytes()?[256..]].concat())));
    refuse_edit(report, world, name, "proof_invalid", (&world.forum, swapped, &[]));
}

/// The registry's own verdict over points and all six inputs, asked with `cast`.
fn verified(world: &World, proof: &ProofFile) -> Result<bool> {
    let list = |field: &str| {
        let words = proof.0.get(field).and_then(Value::as_array).into_iter().flatten();
        format!("[{}]", words.filter_map(Value::as_str).collect::<Vec<_>>().join(","))
    };
    let registry = crate::parsctl::text(&world.stack.deployed, "/deployment/eligibilityRegistry")?;
    let verdict =
        world.stack.cast.call(&registry, "verify(uint256[8],uint256[6])(bool)", &[&list("points"), &list("inputs")])?;
    Ok(verdict == "true")
}

/// The proof in the next sitting of the same room, as it is and relabelled. Closes the running sitting.
pub(super) fn another_sitting(report: &mut Report, world: &World, proof: &ProofFile) {
    let creator = world.stack.person(1);
    let reopened = report.step("the sitting is closed and the next one opened", |facts| {
        creator.run(&["room", "sitting", "close", &world.forum])?;
        world.stack.synced()?;
        let refusal = refused(world, &world.forum, proof, &[])?;
        ensure!(refusal == "no_running_sitting", "between two sittings: {refusal}");
        let next = creator.run(&["room", "sitting", "open", &world.forum, "--hours", "3"])?;
        facts.add("sittingId", next.get("sittingId").cloned().unwrap_or_default());
        world.stack.synced()
    });
    if reopened.is_err() {
        return;
    }
    let name = "a proof for an earlier sitting is refused";
    refuse_edit(report, world, name, "wrong_sitting", (&world.forum, Ok(proof.clone()), &[]));
    let relabelled = proof.relabelled(&world.forum, 2);
    let name = "also when it is relabelled for the running one";
    refuse_edit(report, world, name, "wrong_root", (&world.forum, relabelled, &[]));
    let _ = report.step("the late holder and the rotated secret prove in this sitting", |facts| {
        let rotated = creator.at_home(&world.stack.path("home-1-rotated"));
        for (person, name) in [(world.stack.person(4), "late.json"), (rotated, "rotated.json")] {
            let (document, _) = world.prove(&person, &world.forum, name)?;
            let file = world.stack.path(name).display().to_string();
            world.stack.person(9).run(&["eligibility", "check", "--room", &world.forum, "--proof", &file])?;
            facts.add(name, document.get("nullifier").cloned().unwrap_or_default());
        }
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_only_with_the_contracts_own_where_it_is_asked() {
        let check: &[&str] = &["eligibility", "check", "--room", "0x00"];
        let join: &[&str] = &["eligibility", "can-join", "--room", "0x00"];
        let prove: &[&str] = &["eligibility", "prove", "--room", "0x00"];
        for asking in [check, join] {
            assert!(contract_refuses(asking, &json!({"chain": false, "local": "wrong_root"})).is_ok());
            for silent in [Value::Null, json!({"local": "wrong_root"}), json!({"chain": null})] {
                assert!(contract_refuses(asking, &silent).is_err(), "{silent}");
            }
        }
        assert!(contract_refuses(prove, &Value::Null).is_ok(), "proving asks no contract");
        for words in [check, join, prove] {
            assert!(contract_refuses(words, &json!({"chain": true})).is_err());
        }
    }
}
