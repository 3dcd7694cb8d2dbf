//! Journey 6's dishonest half: what an executor and the chain do not do, each refusal by its own number.

use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use super::{World, told, while_away};
use crate::{
    actions::{ADD, pretend_enrolled, pretend_enrolled_at},
    kills::is,
    parsctl::{Parsctl, number, text},
    receipt::{Outcome, Receipt},
    report::{Facts, Report},
    rpc::RpcRefusal,
    wait,
};

/// Numbers of refusals in receipts; a number never changes its meaning.
mod code {
    pub(super) const NOT_CANONICAL: u8 = 3;
    pub(super) const OTHER_CHAIN: u8 = 4;
    pub(super) const OTHER_CONTRACT: u8 = 5;
    pub(super) const UNKNOWN_KEY: u8 = 8;
    pub(super) const EXPIRED: u8 = 15;
    pub(super) const REPLAY: u8 = 16;
    pub(super) const BAD_SIGNATURE: u8 = 18;
    pub(super) const NO_PRECOMPILE: u8 = 19;
    pub(super) const CALL_NOT_ALLOWED: u8 = 25;
    pub(super) const VALUE_ABOVE_CAP: u8 = 26;
}

/// `ActionRefused` of the RPC.
const ACTION_REFUSED: i64 = -32_012;

/// An action as it was sent.
#[derive(Clone)]
struct Signed {
    certificate: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// What a member says in chat.
const SAID: &str = "Please add one to the counter, I allow it. ";

/// Bytes of an action without data: the daemon carries nothing shorter as one.
const SHORTEST: usize = 11 * 32;

/// Bytes of an ML-DSA-87 signature.
const SIGNATURE: usize = 4_627;

/// Runs the steps; each stands for itself.
pub(super) fn run(report: &mut Report, world: &mut World) {
    let before = world.value();
    let Ok(honest) = report.step("the author's history keeps the signed action that ran", |_| last_action(world))
    else {
        return;
    };
    refuse(report, world, "the same action again is refused", code::REPLAY, || honest.send(world));
    refuse(report, world, "another function than the policy's is refused", code::CALL_NOT_ALLOWED, || {
        let to = ["trigger", "send", "--session", world.session(), "--account", &world.accounts[1]];
        world.person(3).run(&[&to[..], &["--target", &world.counter, "--call", "fail()"]].concat()).map(drop)
    });
    let _ = report.step("a target outside the policy is refused, and the refusal names that contract", |facts| {
        another_target(world, facts)
    });
    // Both enrolments left the cap at its default: no value at all.
    refuse(report, world, "one wei more than the policy's cap is refused", code::VALUE_ABOVE_CAP, || {
        world.send(&world.accounts[1], ADD, "1", &["--value", "1"]).map(drop)
    });
    flipped(report, world);
    elsewhere(report, world, &honest);
    let _ = report.step("an expired action is refused", |facts| expired(world, facts));
    let _ = report.step("chat text is no action, whatever it says", |facts| chat(world, &honest, facts));
    let name =
        "chat text in place of an action, as long as one and in a message of that type, is refused as no encoding";
    refuse(report, world, name, code::NOT_CANONICAL, || {
        let message = SAID.repeat(SHORTEST / SAID.len() + 1).into_bytes();
        Signed { message, ..honest.clone() }.send(world)
    });
    let _ = report.step("the precompile is lost while the executor runs: the next action is not submitted", |facts| {
        losing_the_precompile(world, &honest, facts)
    });
    let _ = report.step("without the precompile no action can be verified", |facts| without_precompile(world, facts));
    let _ = report
        .step("on a chain without the precompile nothing is deployed: the adapter's known answer fails", |facts| {
            undeployable(world, facts)
        });
    let _ = report.step("none of it moved the contract", |facts| {
        let value = world.value()?;
        ensure!(Some(&value) == before.as_ref().ok(), "the value was {before:?} and is {value}");
        facts.add("value", value);
        Ok(())
    });
}

/// One step: what is sent is refused by this number.
fn refuse(report: &mut Report, world: &World, name: &str, number: u8, send: impl FnOnce() -> Result<()>) {
    let _ = report.step(name, |facts| {
        let cursor = world.cursor()?;
        send()?;
        let refused = |outcome| matches!(outcome, Outcome::Refused(_));
        let receipt = world.receipt("the refusal", cursor, |receipt| refused(receipt.outcome))?;
        ensure!(receipt.outcome == Outcome::Refused(number), "refused by {:?}: {}", receipt.outcome, receipt.reason);
        told(facts, &receipt);
        Ok(())
    });
}

/// Call and arguments are those of the policy, the contract is not.
fn another_target(world: &World, facts: &mut Facts) -> Result<()> {
    let (other, cursor) = (&world.network.stack.town_hall, world.cursor()?);
    let to = ["trigger", "send", "--session", world.session(), "--account", &world.accounts[1], "--target", other];
    world.person(3).run(&[&to[..], &["--call", ADD, "1"]].concat())?;
    let refused = |receipt: &Receipt| matches!(receipt.outcome, Outcome::Refused(_));
    let receipt = world.receipt("the refusal", cursor, refused)?;
    let right = receipt.outcome == Outcome::Refused(code::CALL_NOT_ALLOWED);
    ensure!(right, "refused by {:?}: {}", receipt.outcome, receipt.reason);
    let names = receipt.reason.to_lowercase().contains(other.to_lowercase().trim_start_matches("0x"));
    ensure!(names, "the refusal does not name {other}: {}", receipt.reason);
    told(facts, &receipt);
    Ok(())
}

/// The newest action's nonce is the next one: what is wrong with it is only the flipped bit.
fn flipped(report: &mut Report, world: &World) {
    let Ok(fresh) = last_action(world) else { return };
    let mut edited = fresh.clone();
    flip(&mut edited.signature, 2_000);
    let name = "an action with one bit of its signature flipped is refused";
    refuse(report, world, name, code::BAD_SIGNATURE, || edited.send(world));
    let mut edited = fresh;
    // The last byte of its target, the third word of the struct behind its offset.
    flip(&mut edited.message, 32 * 4 - 1);
    let name = "so is one with a bit of its target flipped";
    refuse(report, world, name, code::BAD_SIGNATURE, || edited.send(world));
}

fn elsewhere(report: &mut Report, world: &World, honest: &Signed) {
    let _ = report.step(
        "the author's own daemon certifies no key for another chain, and sends no such certificate",
        |facts| {
            let Err(refusal) = honest.recertified(world, Some(31_337), None)? else { bail!("it was certified") };
            ensure!(refusal.code == ACTION_REFUSED, "{} {}", refusal.code, refusal.message);
            facts.add("code", refusal.code);
            facts.add("message", refusal.message);
            let mut edited = honest.clone();
            edited.certificate.splice(..8, 31_337_u64.to_be_bytes());
            let params = edited.params(world, &hex::encode(&edited.message));
            let Err(refusal) = world.author.rpc()?.ask("trigger.send", &params, &[])? else { bail!("it was sent") };
            ensure!(refusal.code == ACTION_REFUSED, "{} {}", refusal.code, refusal.message);
            facts.add("edited", refusal.message);
            Ok(())
        },
    );
    let name = "an action signed for another chain reaches the executor and is refused there";
    refuse(report, world, name, code::OTHER_CHAIN, || for_another_chain(world));
    let _ =
        report.step("an action for another contract is refused", |facts| for_another_contract(world, honest, facts));
    refuse(report, world, "an action under a key that nobody certified is refused", code::UNKNOWN_KEY, || {
        let mut edited = honest.clone();
        // The first word of the struct is the signer's id.
        flip(&mut edited.message, 32);
        edited.send(world)
    });
}

/// Foundry's test chain.
const ANOTHER_CHAIN: u64 = 31_337;

/// What an edited client, or one that asks the wrong chain, does: everything is right, the next nonce too, but the key signs
/// for another chain.
fn for_another_chain(world: &World) -> Result<()> {
    let (stack, account) = (&world.network.stack, &world.accounts[1]);
    let author = world.person(3);
    let signer = pretend_enrolled(&author, account, (stack.chain_id, ANOTHER_CHAIN))?;
    let trigger = text(&stack.deployed, "/deployment/sessionTrigger")?;
    let question = "nextSequence(bytes32,uint192)(uint64)";
    let next = stack.cast.call(&trigger, question, &[&signer, "0"])?;
    // Its clock does not run ahead of ours, so that the action's time has come here.
    let genesis = stack.cast.now()?.to_string();
    let beside = stack.chain_beside("another-chain", ANOTHER_CHAIN, &["--genesis-time", &genesis])?;
    let author = Parsctl { rpc: beside.address("rpc")?, ..author };
    let to = ["trigger", "send", "--session", world.session(), "--account", account, "--target", &world.counter];
    author.run(&[&to[..], &["--sequence", &next, "--call", ADD, "1"]].concat()).map(drop)
}

/// The same with another contract on this chain: the author's own daemon certifies the key for it, the key signs for it, and
/// it is the action that is refused as that, not only its certificate.
fn for_another_contract(world: &World, honest: &Signed, facts: &mut Facts) -> Result<()> {
    const OTHER: &str = "00000000000000000000000000000000000000aa";
    let (stack, account, author) = (&world.network.stack, &world.accounts[1], world.person(3));
    let certificate = honest.recertified(world, None, Some(OTHER))?;
    let certificate = certificate.map_err(|refusal| anyhow!("{} {}", refusal.code, refusal.message))?;
    let trigger = text(&stack.deployed, "/deployment/sessionTrigger")?;
    let cursor = world.cursor()?;
    let sent = pretend_enrolled_at(&author, account, (stack.chain_id, OTHER, &certificate), |signer| {
        let next = stack.cast.call(&trigger, "nextSequence(bytes32,uint192)(uint64)", &[signer, "0"])?;
        let to = ["trigger", "send", "--session", world.session(), "--account", account, "--target", &world.counter];
        author.run(&[&to[..], &["--sequence", &next, "--call", ADD, "1"]].concat())
    })?;
    let id = text(&sent, "/id")?;
    let receipt = world.receipt("the refusal of the action", cursor, |receipt| receipt.answers == id)?;
    let right = receipt.outcome == Outcome::Refused(code::OTHER_CONTRACT);
    ensure!(right, "refused by {:?}: {}", receipt.outcome, receipt.reason);
    told(facts, &receipt);
    Ok(())
}

/// Signed for one second, and read after it.
fn expired(world: &mut World, facts: &mut Facts) -> Result<()> {
    let cursor = world.cursor()?;
    while_away(world, |world| {
        let sent = world.send(&world.accounts[1], ADD, "1", &["--valid-for", "1"])?;
        world.network.stack.cast.move_clock(number(&sent, "/validUntil")? + 10)
    })?;
    let receipt = world.receipt("the refusal", cursor, |_| true)?;
    ensure!(receipt.outcome == Outcome::Refused(code::EXPIRED), "{receipt:?}");
    told(facts, &receipt);
    Ok(())
}

/// The signed bytes as text: the executor neither answers nor acts; an action after it is answered. As an action, what is too
/// short to be one does not leave the author's daemon.
fn chat(world: &World, honest: &Signed, facts: &mut Facts) -> Result<()> {
    let cursor = world.cursor()?;
    let text_of_action = hex::encode(honest.message.get(..1_000).unwrap_or(&honest.message));
    world.person(3).run(&["session", "send", "--session", world.session(), "--message", &text_of_action])?;
    honest.send(world)?;
    let receipt = world.receipt("the answer to what came after", cursor, |_| true)?;
    ensure!(receipt.outcome == Outcome::Refused(code::REPLAY), "{receipt:?}");
    let chats = world.since(cursor)?.into_iter().find(|message| is(message, "kind", "text"));
    let chat = text(&chats.context("the text is not in the history")?, "/id")?;
    ensure!(receipt.answers != chat, "chat was answered: {receipt:?}");
    let answer = world.author.rpc()?.ask("trigger.send", &honest.params(world, &hex::encode(SAID)), &[])?;
    let Err(refusal) = answer else { bail!("the daemon sent chat as an action") };
    ensure!(refusal.code == ACTION_REFUSED, "{} {}", refusal.code, refusal.message);
    // Not for its certificate or its signature, which are good ones.
    let for_its_text = refusal.message.contains(&format!("this one has {};", SAID.len()));
    ensure!(for_its_text, "refused for something else: {}", refusal.message);
    facts.add("answered", false);
    facts.add("asAction", refusal.message);
    Ok(())
}

/// The executor has just asked and was told that it is there.
fn losing_the_precompile(world: &World, honest: &Signed, facts: &mut Facts) -> Result<()> {
    let cursor = world.cursor()?;
    honest.send(world)?;
    let receipt = world.receipt("the answer to what ran before", cursor, |_| true)?;
    ensure!(receipt.outcome == Outcome::Refused(code::REPLAY), "{receipt:?}");
    let (value, cursor) = (world.value()?, world.cursor()?);
    world.network.fork.lose_the_precompile();
    world.send(&world.accounts[1], ADD, "1", &[])?;
    let receipt = world.receipt("the refusal", cursor, |_| true)?;
    ensure!(receipt.outcome == Outcome::Refused(code::NO_PRECOMPILE), "{receipt:?}");
    // Behind the proxy the chain has it still: what is sent there runs.
    ensure!(world.value()? == value, "the value was {value} and is {}", world.value()?);
    told(facts, &receipt);
    Ok(())
}

/// The same for an executor that starts on such a chain.
fn without_precompile(world: &mut World, facts: &mut Facts) -> Result<()> {
    let cursor = world.cursor()?;
    let fork = world.network.fork.clone();
    while_away(world, |world| {
        fork.lose_the_precompile();
        world.send(&world.accounts[1], ADD, "1", &[]).map(drop)
    })?;
    let receipt = world.receipt("the refusal", cursor, |_| true)?;
    ensure!(receipt.outcome == Outcome::Refused(code::NO_PRECOMPILE), "{receipt:?}");
    told(facts, &receipt);
    Ok(())
}

/// A chain that does not have EIP-8355: the adapter's known answer fails when it is made.
fn undeployable(world: &World, facts: &mut Facts) -> Result<()> {
    let stack = &world.network.stack;
    let bare = stack.chain_beside("bare-chain", ANOTHER_CHAIN, &["--without-precompiles"])?;
    let deployment = stack.path("bare-chain.json");
    let admin = Parsctl { rpc: bare.address("rpc")?, deployment: deployment.clone(), ..stack.person(0) };
    let refusal = admin.refused_as("back_end_fails_probe", &["chain", "deploy"])?;
    ensure!(!deployment.exists(), "a deployment was written");
    facts.add("error", refusal.message);
    Ok(())
}

fn flip(bytes: &mut [u8], at: usize) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
}

/// The newest action in the author's history, and the certificate before it.
fn last_action(world: &World) -> Result<Signed> {
    let contents = |message: &Value| text(message, "/content").and_then(|content| Ok(hex::decode(content)?));
    let sent = world.since(0)?.into_iter().filter(|message| is(message, "kind", "action"));
    let sent = sent.map(|message| contents(&message)).collect::<Result<Vec<_>>>()?;
    let newest = |kind: u8| sent.iter().rev().find_map(|content| content.strip_prefix(&[kind]));
    let certificate = newest(1).context("no certificate was sent")?.to_vec();
    let action = newest(2).context("no action was sent")?.get(2..).context("a short action")?;
    let (message, signature) =
        action.split_at_checked(action.len().saturating_sub(SIGNATURE)).context("a short action")?;
    Ok(Signed { certificate, message: message.to_vec(), signature: signature.to_vec() })
}

impl Signed {
    fn params(&self, world: &World, message: &str) -> Value {
        json!({
            "session": world.session(),
            "certificate": hex::encode(&self.certificate),
            "sessionMessage": message,
            "signature": hex::encode(&self.signature),
        })
    }

    /// Sends these bytes as they are.
    fn send(&self, world: &World) -> Result<()> {
        let params = self.params(world, &hex::encode(&self.message));
        wait::until("the daemon to take the action", || world.author.rpc()?.call("trigger.send", &params).map(Some))
            .map(drop)
    }

    /// A certificate of the same key and account, for another chain or contract; or why there is none.
    fn recertified(
        &self,
        world: &World,
        chain: Option<u64>,
        trigger: Option<&str>,
    ) -> Result<Result<Vec<u8>, RpcRefusal>> {
        // chain8 ‖ trigger20 ‖ account20 ‖ signerId32
        let field = |range: Range<usize>| self.certificate.get(range).map(hex::encode).context("short certificate");
        let params = json!({
            "chainId": chain.unwrap_or(world.network.stack.chain_id),
            "trigger": trigger.map_or_else(|| field(8..28), |trigger| Ok(trigger.into()))?,
            "account": field(28..48)?,
            "signerId": field(48..80)?,
        });
        match world.author.rpc()?.ask("trigger.certify", &params, &[])? {
            Ok(answer) => Ok(Ok(hex::decode(text(&answer, "/certificate")?)?)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}
