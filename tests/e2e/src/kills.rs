//! SIGKILL at random points while two members write: what was acknowledged arrives, and nothing arrives twice.
//!
//! A round gives the author's daemon a few messages under names of the client's choosing, kills a process somewhere in
//! between, starts it again, and repeats every request under the same name: what had been acknowledged must be the same
//! message, the rest must be taken now. The verdict is counted at the reader's daemon. Where a kill hits follows from a
//! printed seed, and of each kind of process at least one hits while there is work for it.

pub mod executor;
mod work;

use std::{collections::BTreeMap, thread, time::Duration};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use crate::{
    daemon::Daemon,
    dice::Dice,
    network::{EXECUTOR, Network, connected},
    parsctl::{number, text},
    report::Stopwatch,
    rpc::Rpc,
    wait,
};
use work::{Beside, Requests};

/// Name of the environment's variable that sets the number of rounds.
pub const ROUNDS: &str = "PARS_KILL_ROUNDS";

/// Messages of one round.
const BATCH: usize = 3;

/// Rounds after the ordinary ones, while no kill has hit any work yet.
const FURTHER: u64 = 10;

/// Messages of one page.
const PAGE: u64 = 256;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The daemon that writes.
    Author,
    /// The daemon that reads.
    Reader,
    /// A service node, another one each time.
    Node,
    /// The chain.
    Chain,
    /// The public index.
    Indexer,
    /// The executor, while actions are sent to it ([`executor`]).
    Executor,
}

impl Victim {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Author, Self::Reader, Self::Node, Self::Chain, Self::Indexer, Self::Executor];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Author => "the author's daemon",
            Self::Reader => "the reader's daemon",
            Self::Node => "a service node",
            Self::Chain => "the chain",
            Self::Indexer => "the index",
            Self::Executor => "the executor",
        }
    }

    /// After so many rounds it is waited until everything has arrived. A writer that is killed again before what it took has left
    /// must still have it; a dead service node is missed by nobody, two are, and a restarted one must be known again.
    const fn verdict_every(self) -> u64 {
        match self {
            Self::Author => 5,
            Self::Reader | Self::Node | Self::Chain | Self::Indexer | Self::Executor => 1,
        }
    }

    /// Whether its work is a request that it answers itself; else it is a message, or an action, that it helps to arrive.
    const fn answers(self) -> bool {
        match self {
            Self::Author | Self::Chain | Self::Indexer => true,
            Self::Reader | Self::Node | Self::Executor => false,
        }
    }

    /// After the first request the kill comes within this time: what the victim does then is over by its end. The author is
    /// killed while it takes messages in every other round, and else while it carries them away.
    const fn spread(self, round: u64) -> Duration {
        Duration::from_millis(match self {
            Self::Author if round.is_multiple_of(2) => 15,
            Self::Author | Self::Node => 1_500,
            Self::Reader | Self::Executor => 3_000,
            Self::Chain | Self::Indexer => 300,
        })
    }
}

/// The number of rounds: from the environment, or this.
pub fn rounds(otherwise: u64) -> Result<u64> {
    match std::env::var(ROUNDS) {
        Ok(rounds) => rounds.parse().with_context(|| format!("{ROUNDS} is no number")),
        Err(_) => Ok(otherwise),
    }
}

/// A message and what the author's daemon said of it.
#[derive(Debug, Clone)]
struct Entry {
    client_id: String,
    content: String,
    /// The message's id, once acknowledged.
    id: Option<String>,
}

impl Entry {
    /// One request; an error says that no answer came.
    fn send(&self, rpc: &Rpc, session: &str) -> Result<String> {
        let params = json!({"session": session, "content": self.content, "clientId": self.client_id});
        text(&rpc.call("message.send", &params)?, "/id")
    }
}

/// One member writes to another.
#[derive(Debug)]
pub struct Talk<'a> {
    /// Where they live.
    pub network: &'a mut Network,
    /// Who writes.
    pub author: &'a mut Daemon,
    /// Who reads.
    pub reader: &'a mut Daemon,
    /// The author's session with the reader.
    pub session: String,
    /// The reader's session with the author.
    pub back: String,
    /// Where kills hit.
    pub dice: Dice,
    /// What these messages begin with: another word each time.
    pub word: String,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Requests to send.
    pub sent: usize,
    /// Answered before the kill.
    pub acknowledged: usize,
    /// Kills.
    pub kills: u64,
    /// Kills that came while there was work: a request that then had no answer, a message that was acknowledged and had not
    /// arrived, an action that was acknowledged and not carried out.
    pub during: usize,
    /// Time until the victims were back, in all rounds.
    pub back: Duration,
    /// How often it was waited until everything had arrived.
    pub verdicts: u64,
    /// Time until everything had arrived, in all waits.
    pub arrival: Duration,
}

impl Tally {
    /// Whether there is a round of this number: so many, then further ones while no kill has hit any work.
    const fn goes_on(&self, round: u64, rounds: u64) -> bool {
        round < rounds || (self.during == 0 && round < rounds + FURTHER)
    }

    /// Refuses kills that all came while nothing was under way: they show nothing.
    fn require_work(&self) -> Result<()> {
        ensure!(self.during > 0, "nothing was under way at any of {} kills", self.kills);
        Ok(())
    }
}

impl Talk<'_> {
    /// So many rounds, then the verdict. At least one kill hits work: if chance did not want it so, further rounds wait for
    /// some and kill then.
    pub fn run(&mut self, victim: Victim, rounds: u64) -> Result<Tally> {
        let (mut all, mut tally) = (Vec::new(), Tally::default());
        for round in 0.. {
            if !tally.goes_on(round, rounds) {
                break;
            }
            let further = round >= rounds;
            let seed = self.dice.seed;
            let word = format!("round {round} of {rounds}, seed {seed}");
            let batch = self.round(victim, (round, further), &mut tally).context(word)?;
            all.extend(batch);
            if !further && round + 1 < rounds && !(round + 1).is_multiple_of(victim.verdict_every()) {
                continue;
            }
            let watch = Stopwatch::start();
            self.arrived(&all).with_context(|| format!("after round {round} of {rounds}, seed {seed}"))?;
            tally.arrival += watch.elapsed();
            tally.verdicts += 1;
        }
        tally.require_work()?;
        tally.sent = all.len();
        Ok(tally)
    }

    fn round(&mut self, victim: Victim, (round, wait): (u64, bool), tally: &mut Tally) -> Result<Vec<Entry>> {
        let mut entry = |number: usize| Entry {
            client_id: self.dice.client_id(),
            content: format!("{} {round}.{number}", self.word),
            id: None,
        };
        let batch: Vec<Entry> = (0..BATCH).map(&mut entry).collect();
        let beside = match victim {
            Victim::Chain => Some(Beside::pay(&self.network.stack)?),
            Victim::Indexer => Some(Beside::question(&self.network.stack)),
            _ => None,
        };
        let sending = Requests::default();
        let writer = write(batch, self.author.rpc()?, self.session.clone(), sending.clone());
        let asked = beside.as_ref().map_or(&sending, |beside| &beside.requests).clone();
        if wait {
            let work = || if victim.answers() { asked.under_way().is_some() } else { sending.answered() > 0 };
            let is_over = || beside.as_ref().map_or(writer.is_finished(), |beside| beside.thread.is_finished());
            while !work() && !is_over() {
                thread::yield_now();
            }
        } else {
            self.dice.pause(victim.spread(round));
        }
        let acknowledged = sending.answered();
        let is_late = !victim.answers() && self.is_late(round, acknowledged);
        let under_way = asked.under_way();
        let dead = self.kill(victim)?;
        let mut batch = writer.join().map_err(|_| anyhow!("the writer panicked"))?;
        let paid = beside.and_then(|beside| beside.thread.join().ok().flatten());
        // It had begun before the kill and has no answer after it.
        let is_lost = victim.answers() && under_way.is_some_and(|number| !asked.has_answer(number));
        tally.kills += 1;
        tally.during += usize::from(is_late || is_lost);
        tally.acknowledged += acknowledged;
        let watch = Stopwatch::start();
        self.revive(victim, dead)?;
        tally.back += watch.elapsed();
        if let Some(hash) = paid {
            let receipt = self.network.stack.cast.rpc("eth_getTransactionReceipt", &[&hash])?;
            ensure!(!receipt.is_null(), "the chain had given a receipt for {hash} and has lost it");
        }
        for entry in &mut batch {
            self.repeat(entry)?;
        }
        Ok(batch)
    }

    /// The same request again: the same message.
    fn repeat(&self, entry: &mut Entry) -> Result<()> {
        let id = wait::until("the author's daemon to take a message", || {
            entry.send(&self.author.rpc()?, &self.session).map(Some)
        })?;
        match &entry.id {
            Some(before) => ensure!(*before == id, "{} was acknowledged as {before}, now as {id}", entry.content),
            None => entry.id = Some(id),
        }
        Ok(())
    }

    fn kill(&mut self, victim: Victim) -> Result<usize> {
        let count = u64::try_from(self.network.nodes.all.len())?;
        let one = usize::try_from(self.dice.below(count))?;
        match victim {
            Victim::Author => self.author.kill(),
            Victim::Reader => self.reader.kill(),
            Victim::Node => self.network.nodes.all.iter_mut().skip(one).take(1).for_each(Daemon::kill),
            Victim::Chain => self.network.stack.kill_chain(),
            Victim::Indexer => self.network.stack.kill_indexer(),
            Victim::Executor => self.network.nodes.named(EXECUTOR)?.kill(),
        }
        Ok(one)
    }

    fn revive(&mut self, victim: Victim, dead: usize) -> Result<()> {
        match victim {
            Victim::Author => self.author.start(),
            Victim::Reader => self.reader.start(),
            Victim::Node => {
                let node = self.network.nodes.all.get_mut(dead).ok_or_else(|| anyhow!("no node {dead}"))?;
                node.start()?;
                connected(node).map(drop)
            }
            Victim::Chain => self.network.stack.start_chain(),
            Victim::Indexer => {
                self.network.stack.start_indexer()?;
                self.network.stack.synced()
            }
            Victim::Executor => self.network.nodes.named(EXECUTOR)?.start(),
        }
    }

    /// Whether the reader lacks one of the so many messages of a round that were acknowledged, right before a kill.
    fn is_late(&self, round: u64, acknowledged: usize) -> bool {
        let of_this = format!("{} {round}.", self.word);
        self.received().is_ok_and(|found| {
            let arrived = found.iter().filter(|(content, _)| content.starts_with(&of_this)).count();
            arrived < acknowledged
        })
    }

    /// Waits for every message at the reader's and counts them: each once, under its id, in the author's order.
    fn arrived(&self, all: &[Entry]) -> Result<()> {
        let found = wait::until("every acknowledged message at the reader's", || {
            let found = self.received()?;
            Ok((found.len() >= all.len()).then_some(found))
        })
        .map_err(|error| match self.received() {
            Ok(found) => error.context(missing(all, &found)),
            Err(_) => error,
        })?;
        let mut ids = BTreeMap::<&str, &str>::new();
        for (content, id) in &found {
            if let Some(other) = ids.insert(content, id) {
                bail!("{content:?} arrived twice, as {other} and {id}");
            }
        }
        for entry in all {
            let id = ids.get(entry.content.as_str()).ok_or_else(|| anyhow!("lost: {:?}", entry.content))?;
            ensure!(entry.id.as_deref() == Some(*id), "{:?} arrived as {id}, sent as {:?}", entry.content, entry.id);
        }
        ensure!(ids.len() == all.len(), "{} messages arrived, {} were sent", ids.len(), all.len());
        Ok(())
    }

    /// Text and id of what the reader has received of this talk, by rising cursor.
    fn received(&self) -> Result<Vec<(String, String)>> {
        let messages = history(&self.reader.rpc()?, &self.back)?;
        let of_this = |message: &&Value| {
            let content = message.get("content").and_then(Value::as_str).unwrap_or_default();
            is(message, "direction", "received") && content.starts_with(&self.word)
        };
        messages.iter().filter(of_this).map(|message| Ok((text(message, "/content")?, text(message, "/id")?))).collect()
    }
}

/// Sends one after the other.
fn write(batch: Vec<Entry>, rpc: Rpc, session: String, requests: Requests) -> thread::JoinHandle<Vec<Entry>> {
    thread::spawn(move || {
        let acknowledged = |mut entry: Entry| {
            entry.id = requests.make(|| entry.send(&rpc, &session)).ok();
            entry
        };
        batch.into_iter().map(acknowledged).collect()
    })
}

fn missing(all: &[Entry], found: &[(String, String)]) -> String {
    let absent = |entry: &&Entry| !found.iter().any(|(content, _)| *content == entry.content);
    let names: Vec<&str> = all.iter().filter(absent).map(|entry| entry.content.as_str()).collect();
    format!("lost: {names:?}")
}

/// Whether a field of a document has this text.
pub fn is(document: &Value, field: &str, expected: &str) -> bool {
    document.get(field).and_then(Value::as_str) == Some(expected)
}

/// Every message of a session, page by page.
pub fn history(rpc: &Rpc, session: &str) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let params = json!({"session": session, "after": after, "limit": PAGE});
        let page = rpc.call("message.list", &params)?;
        all.extend(page.get("messages").and_then(Value::as_array).into_iter().flatten().cloned());
        if page.get("next").is_none_or(Value::is_null) {
            return Ok(all);
        }
        after = number(&page, "/next")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_go_on_until_a_kill_has_hit_work_and_without_one_there_is_no_verdict() {
        let rounds = |tally: &Tally| (0..).take_while(|round| tally.goes_on(*round, 3)).count();
        let idle = Tally { kills: 13, ..Tally::default() };
        assert_eq!(rounds(&idle), 13);
        let refusal = idle.require_work().unwrap_err().to_string();
        assert_eq!(refusal, "nothing was under way at any of 13 kills");
        let hit = Tally { during: 1, ..idle };
        assert_eq!(rounds(&hit), 3);
        assert!(hit.require_work().is_ok());
    }
}
