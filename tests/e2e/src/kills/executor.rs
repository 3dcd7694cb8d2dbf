//! The executor is killed while actions are sent to it: each is executed once, and each gets its receipt.
//!
//! The contract counts: an action that ran twice, or not at all, shows in its value.

use std::{
    collections::BTreeMap,
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result, anyhow, ensure};

use super::{Tally, Victim, work::Requests};
use crate::{
    actions::{self, ADD},
    daemon::Daemon,
    dice::Dice,
    network::{Account, EXECUTOR, Network},
    parsctl::{Parsctl, text},
    receipt::{Outcome, Receipt},
    report::Stopwatch,
    wait,
};

/// Actions of one round.
const BATCH: usize = 3;

/// Actions under one key within its period: more than any run sends.
const PER_PERIOD: &str = "1000000";

/// One author sends actions to the executor.
#[derive(Debug)]
pub struct Errand<'a> {
    network: &'a mut Network,
    author: &'a Daemon,
    executor: Account,
    counter: String,
    account: String,
    dice: Dice,
    /// Ids of the messages sent so far.
    sent: Vec<String>,
}

impl<'a> Errand<'a> {
    /// An executor with an identity, an author whose key may move a counter, and both keys proven.
    pub fn prepare(network: &'a mut Network, author: &'a Daemon, dice: Dice) -> Result<Self> {
        let executor = network.identity(actions::executor_of(network)?)?;
        let person = network.person(3, author);
        person.run(&["session", "create", "--recipient", &executor.link])?;
        actions::greet(&person, executor.session())?;
        let counter = actions::counter(network)?;
        let account = text(&person.run(&["trigger", "account", "deploy"])?, "/account")?;
        let key = text(&person.run(&["trigger", "key"])?, "/signerId")?;
        let allow = format!("{counter}:{ADD}");
        let words = ["trigger", "enrol", "--account", &account, "--key", &key, "--allow", &allow];
        person.run(&[&words[..], &["--per-period", PER_PERIOD]].concat())?;
        Ok(Self { network, author, executor, counter, account, dice, sent: Vec::new() })
    }

    /// So many rounds, then the verdict: every receipt is final. At least one kill comes while an action that was acknowledged
    /// is not carried out: if chance did not want it so, further rounds wait for an acknowledgement and kill then.
    pub fn run(&mut self, rounds: u64) -> Result<Tally> {
        let mut tally = Tally::default();
        for round in 0.. {
            if !tally.goes_on(round, rounds) {
                break;
            }
            let word = format!("round {round} of {rounds}, seed {}", self.dice.seed);
            self.round((round, round >= rounds), &mut tally).context(word)?;
        }
        tally.require_work()?;
        self.answered("every receipt to be final", |receipt| receipt.is_final)?;
        Ok(Tally { sent: self.sent.len(), ..tally })
    }

    fn round(&mut self, (round, wait): (u64, bool), tally: &mut Tally) -> Result<()> {
        let (before, requests) = (self.sent.len(), Requests::default());
        let writer = self.write(requests.clone());
        if wait {
            while requests.answered() == 0 && !writer.is_finished() {
                thread::yield_now();
            }
        } else {
            self.dice.pause(Victim::Executor.spread(round));
        }
        let acknowledged = requests.answered();
        self.network.nodes.named(EXECUTOR)?.kill();
        // Every action of the rounds before ran, and a dead executor carries nothing out: what is missing was under way.
        let ran = actions::value(self.network, &self.counter)?;
        tally.kills += 1;
        tally.during += usize::from(ran < (before + acknowledged) as u64);
        tally.acknowledged += acknowledged;
        let watch = Stopwatch::start();
        self.network.nodes.named(EXECUTOR)?.start()?;
        tally.back += watch.elapsed();
        self.sent.extend(writer.join().map_err(|_| anyhow!("the writer panicked"))??);
        let watch = Stopwatch::start();
        self.answered("a receipt for every action", |_| true)?;
        tally.arrival += watch.elapsed();
        tally.verdicts += 1;
        Ok(())
    }

    /// Sends a batch of actions, each in a lane of its own: none waits for one that a dead node holds.
    fn write(&mut self, requests: Requests) -> JoinHandle<Result<Vec<String>>> {
        let first = self.sent.len();
        let batch: Vec<_> = (first..first + BATCH).map(|lane| (lane, self.dice.client_id())).collect();
        let (person, session) = (self.network.person(3, self.author), self.executor.session().to_owned());
        let (account, counter) = (self.account.clone(), self.counter.clone());
        thread::spawn(move || {
            let send = |(lane, client): (usize, String)| {
                let to = ["trigger", "send", "--session", &session, "--account", &account, "--target", &counter];
                let lane = lane.to_string();
                let more = ["--lane", &lane, "--sequence", "0", "--client-id", &client, "--call", ADD, "1"];
                requests.make(|| acknowledged(&person, &[&to[..], &more].concat()))
            };
            batch.into_iter().map(send).collect()
        })
    }

    /// Waits until every action has such a receipt; then each ran once, and the contract says so.
    fn answered(&self, what: &str, wanted: impl Fn(&Receipt) -> bool) -> Result<()> {
        let rpc = self.author.rpc()?;
        let mut absent = Vec::new();
        let receipts = wait::until(what, || {
            let receipts = actions::receipts(&rpc, self.executor.session())?;
            let has = |id: &str| receipts.iter().any(|receipt| receipt.answers == id && wanted(receipt));
            absent = self.sent.iter().filter(|id| !has(id)).cloned().collect();
            Ok(absent.is_empty().then_some(receipts))
        });
        let receipts = receipts.with_context(|| format!("no receipt for {absent:?}"))?;
        let mut transactions = BTreeMap::<&str, &str>::new();
        for receipt in &receipts {
            ensure!(receipt.outcome == Outcome::Executed, "{receipt:?}");
            let other = transactions.insert(&receipt.answers, &receipt.transaction);
            ensure!(other.is_none_or(|other| other == receipt.transaction), "ran in {other:?} too: {receipt:?}");
        }
        ensure!(transactions.len() == self.sent.len(), "{} of {} answered", transactions.len(), self.sent.len());
        let value = actions::value(self.network, &self.counter)?;
        ensure!(value == self.sent.len() as u64, "{} actions were sent, {value} ran", self.sent.len());
        Ok(())
    }
}

/// Sends until the author's daemon has taken it: the same name is the same action. Gives the message's id.
fn acknowledged(person: &Parsctl, words: &[&str]) -> Result<String> {
    let sent = wait::until("the author's daemon to take an action", || person.run(words).map(Some))?;
    text(&sent, "/id")
}
