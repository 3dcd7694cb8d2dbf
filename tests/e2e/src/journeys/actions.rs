//! Journey 6: a signed message moves a contract, through a real Safe and through a minimal account; everything else is
//! refused, each by its own name.
//!
//! Accounts 1 and 2 own the Safe, 3 owns the minimal account. `refused` holds the dishonest half, `seen` reads what the links
//! carried.

mod refused;
mod seen;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;

use crate::{
    actions::{self, ADD},
    daemon::Daemon,
    kills::{history, is},
    network::{Account, EXECUTOR, Network, connected},
    parsctl::{Parsctl, number, text},
    receipt::{Outcome, Receipt},
    report::{Facts, Report},
    safe::Safe,
    stack::Places,
    wait,
};

/// Everything the steps share. The daemon ends before the network's directory is removed.
struct World {
    author: Daemon,
    network: Network,
    /// The author's identity.
    own: Account,
    /// The executor's.
    executor: Account,
    counter: String,
    /// The Safe, then the minimal account.
    accounts: [String; 2],
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let network = report.step("six service nodes stand, one of them carries out actions", |facts| {
        Network::start(places, true, facts)
    })?;
    let (author, own, executor) =
        report.step("the executor has an identity, the author a session with it", |facts| {
            let executor = network.identity(actions::executor_of(&network)?)?;
            let author = network.member("author")?;
            let own = network.identity(&author)?;
            network.person(1, &author).run(&["session", "create", "--recipient", &executor.link])?;
            facts.add("author", own.id.clone());
            facts.add("executor", executor.id.clone());
            Ok((author, own, executor))
        })?;
    let (counter, safe, minimal) =
        report.step("a demo contract, a real Safe and a minimal account stand", |facts| {
            let cast = &network.stack.cast;
            let counter = actions::counter(&network)?;
            let safe = Safe::deploy(cast, &places.node_modules, &[1, 2], 2)?;
            let deployed = network.person(3, &author).run(&["trigger", "account", "deploy"])?;
            let minimal = text(&deployed, "/account")?;
            facts.add("counter", counter.clone());
            facts.add("safe", safe.address.clone());
            facts.add("minimalAccount", minimal.clone());
            Ok((counter, safe, minimal))
        })?;
    let accounts = [safe.address.clone(), minimal];
    let mut world = World { author, network, own, executor, counter, accounts };
    proven(report, &world)?;
    enrolled(report, &world, &safe)?;
    executed(report, &world)?;
    seen::action(report, &world);
    refused::run(report, &mut world);
    seen::run(report, &world);
    Ok(())
}

impl World {
    /// The author's `parsctl`, which signs transactions as an account where there are any.
    fn person(&self, account: usize) -> Parsctl {
        self.network.person(account, &self.author)
    }

    fn session(&self) -> &str {
        self.executor.session()
    }

    /// The value of the demo contract.
    fn value(&self) -> Result<u64> {
        actions::value(&self.network, &self.counter)
    }

    /// `trigger send` of a call of the demo contract, with further options.
    fn send(&self, account: &str, call: &str, amount: &str, more: &[&str]) -> Result<Value> {
        let to = ["trigger", "send", "--session", self.session(), "--account", account, "--target", &self.counter];
        let words = [&to, more, &["--call", call, amount]].concat();
        self.person(3).run(&words)
    }

    /// Newest cursor of the author's history.
    fn cursor(&self) -> Result<u64> {
        let all = history(&self.author.rpc()?, self.session())?;
        all.last().map_or(Ok(0), |message| number(message, "/cursor"))
    }

    /// Every message with the executor after a cursor.
    fn since(&self, cursor: u64) -> Result<Vec<Value>> {
        let mut all = history(&self.author.rpc()?, self.session())?;
        all.retain(|message| message.get("cursor").and_then(Value::as_u64).is_some_and(|at| at > cursor));
        Ok(all)
    }

    /// Waits for a receipt that answers a message sent after a cursor.
    fn receipt(&self, what: &str, cursor: u64, wanted: impl Fn(&Receipt) -> bool) -> Result<Receipt> {
        let mut seen = Vec::new();
        let found = wait::until(what, || {
            let messages = self.since(cursor)?;
            let sent = |id: &str| messages.iter().any(|sent| is(sent, "direction", "sent") && is(sent, "id", id));
            let receipts = messages.iter().filter(|message| is(message, "kind", "action receipt"));
            seen = receipts.map(|message| Receipt::read(&text(message, "/content")?)).collect::<Result<Vec<_>>>()?;
            Ok(seen.iter().find(|receipt| sent(&receipt.answers) && wanted(receipt)).cloned())
        });
        found.with_context(|| format!("receipts since: {seen:?}"))
    }
}

/// Actions go only where the other's post-quantum key is proven: by an answer.
fn proven(report: &mut Report, world: &World) -> Result<()> {
    report.step("the author greets, the executor answers by itself, and both keys are proven", |facts| {
        let proven = actions::greet(&world.person(3), world.session())?;
        facts.add("session", proven);
        Ok(())
    })
}

fn enrolled(report: &mut Report, world: &World, safe: &Safe) -> Result<()> {
    let allow = format!("{}:{ADD}", world.counter);
    let key = |facts: &mut Facts| -> Result<String> {
        let signer = text(&world.person(1).run(&["trigger", "key"])?, "/signerId")?;
        facts.add("signerId", signer.clone());
        Ok(signer)
    };
    report.step("the Safe's two owners enable the module and enrol a trigger key under a policy", |facts| {
        let (signer, account) = (key(facts)?, &world.accounts[0]);
        let words = ["trigger", "enrol", "--account", account, "--key", &signer, "--allow", &allow];
        let proposed = world.person(1).run(&words)?;
        let calls = proposed.get("propose").and_then(Value::as_array);
        for call in calls.ok_or_else(|| anyhow!("nothing is proposed: {proposed}"))? {
            safe.execute(&text(call, "/to")?, &text(call, "/data")?)?;
        }
        facts.add("proposed", calls.map(Vec::len));
        Ok(())
    })?;
    report.step("the minimal account's owner does the same with another key", |facts| {
        let (signer, account) = (key(facts)?, &world.accounts[1]);
        let words = ["trigger", "enrol", "--account", account, "--key", &signer, "--allow", &allow];
        let enrolled = world.person(3).run(&words)?;
        facts.add("transactions", enrolled.pointer("/transactions").and_then(Value::as_array).map(Vec::len));
        Ok(())
    })
}

fn executed(report: &mut Report, world: &World) -> Result<()> {
    for (account, name, amount, after) in
        [(&world.accounts[0], "the Safe", "42", 42), (&world.accounts[1], "the minimal account", "8", 50)]
    {
        report.step(&format!("a signed message makes {name} set the value, and the receipt arrives"), |facts| {
            let cursor = world.cursor()?;
            world.send(account, ADD, amount, &[])?;
            let included = world.receipt("the receipt", cursor, |_| true)?;
            ensure!(included.outcome == Outcome::Executed, "{included:?}");
            ensure!(world.value()? == after, "the value is {}", world.value()?);
            let last = world.receipt("the final receipt", cursor, |receipt| receipt.is_final)?;
            ensure!(last.outcome == Outcome::Executed && last.transaction == included.transaction, "{last:?}");
            facts.add("value", after);
            facts.add("transaction", last.transaction);
            let status = world.person(3).run(&["trigger", "status", "--session", world.session()])?;
            let newest = status.get("actions").and_then(Value::as_array).and_then(|actions| actions.last());
            ensure!(newest.is_some_and(|action| is(action, "status", "executed")), "{status}");
            Ok(())
        })?;
    }
    Ok(())
}

/// Shows what a refusal said.
fn told(facts: &mut Facts, receipt: &Receipt) {
    facts.add("reason", receipt.reason.clone());
    if let Outcome::Refused(code) = receipt.outcome {
        facts.add("code", code);
    }
}

/// Stops the executor, does something, and starts it again.
fn while_away(world: &mut World, act: impl FnOnce(&World) -> Result<()>) -> Result<()> {
    world.network.nodes.named(EXECUTOR)?.stop();
    let done = act(world);
    let node = world.network.nodes.named(EXECUTOR)?;
    node.start()?;
    connected(node)?;
    done
}
