//! The way of a message: seven service nodes and two members in this process, each with the daemon's engine loop, store and
//! links, without chain and without RPC.

mod journal;
mod town;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pars_crypto::secret::Zeroizing;
use pars_daemon::random;
use pars_engine::Command;
use pars_engine::io::{CommandId, Event};
use pars_identity::IdentityId;
use pars_proto::onion::delay::Delay;
use pars_wire::content::ContentType;
use pars_wire::limits::{REPLICAS, REQUIRED_COPIES};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;
use tokio::time::{interval, timeout};

use super::host::source;
use crate::clock::{now, quantile};
use town::{Member, Town};

/// Between two messages: far enough that they do not wait for each other's commits.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a message, which fits the smallest object.
const CONTENT: usize = 256;
/// Relays that hold a packet on its way to the service node.
const RELAYS: usize = 3;
/// Sums of delays that are drawn.
const DRAWS: usize = 100_000;
/// Only a fault lasts so long.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long each message took from the moment it was durable at its sender, in ms.
#[derive(Debug, Default)]
pub(super) struct Way {
    first: Vec<f64>,
    required: Vec<f64>,
    last: Vec<f64>,
    received: Vec<f64>,
    /// Messages of which not every replica's word was seen.
    fewer: usize,
    /// The primitives of the way, and as many sums of the delays of its relays.
    least: Vec<f64>,
}

/// A message that the reader's daemon told of.
struct Arrival {
    number: usize,
    object: [u8; 32],
    at: Instant,
}

impl Way {
    /// A quantile of ours, and of the primitives with the delays.
    pub(super) fn quantile(&self, share: f64) -> (f64, f64) {
        (quantile(&self.last, share), quantile(&self.least, share))
    }

    fn tell(&self) {
        eprintln!("delivery: {} messages, ms since durable at the sender, p50 and p99:", self.last.len());
        let stages = [
            ("durable at the first replica", &self.first),
            ("durable at five", &self.required),
            ("durable at all seven (the row)", &self.last),
            ("received by the reader, who asks every 2,000 ms", &self.received),
            ("primitives of the way and drawn delays of three relays", &self.least),
        ];
        for (stage, values) in stages {
            eprintln!("  {:>6.0} {:>6.0}  {stage}", quantile(values, 0.5), quantile(values, 0.99));
        }
        if self.fewer > 0 {
            eprintln!("  {} messages count to the last copy that was seen: fewer than seven were", self.fewer);
        }
    }
}

/// Send so many messages, half in each direction. `primitives`: those of one way, in ms.
pub(super) fn measure(messages: usize, primitives: f64) -> Result<Way> {
    let way = Runtime::new()?.block_on(async {
        timeout(PATIENCE, run(messages, primitives)).await.context("messages did not arrive within five minutes")?
    })?;
    way.tell();
    Ok(way)
}

async fn run(messages: usize, primitives: f64) -> Result<Way> {
    let town = Town::start(Delay::DEFAULT).await?;
    let [alice, bob] = &town.members;
    alice.open(bob).await?;
    // Handshake and its answer, and once more on the session that stays.
    for (from, to) in [(alice, bob), (bob, alice), (alice, bob), (bob, alice)] {
        let mut events = to.handle.events();
        send(from, to.id, "acquainted").await?;
        received(&mut events).await?;
    }
    let listeners = [alice, bob].map(|member| {
        let count = if member.id == bob.id { messages.div_ceil(2) } else { messages / 2 };
        tokio::spawn(arrivals(member.handle.events(), count))
    });
    let (mut pace, mut queued) = (interval(PAUSE), Vec::new());
    for number in 0..messages {
        pace.tick().await;
        let (from, to) = if number % 2 == 0 { (alice, bob) } else { (bob, alice) };
        queued.push(send(from, to.id, &format!("{number:0CONTENT$}")).await?);
    }
    let mut arrived = Vec::new();
    for listener in listeners {
        arrived.extend(listener.await??);
    }
    let mut way = judge(&queued, &arrived, &town.journal.copies())?;
    way.least = least(primitives);
    town.stop().await?;
    Ok(way)
}

/// Send a text; when it was durable here.
async fn send(from: &Member, to: IdentityId, text: &str) -> Result<Instant> {
    let (id, content) = (CommandId(random::bytes()), Zeroizing::new(text.as_bytes().to_vec()));
    let command = Command::Send { to, content_type: ContentType::Text, content };
    let outcome = from.handle.outcome(id, command, move |event| match event {
        Event::Queued { command, .. } if *command == id => Some(Ok(now())),
        Event::Refused { command, error } if *command == id => Some(Err(error.to_string())),
        _ => None,
    });
    match outcome.await? {
        Ok(at) => Ok(at),
        Err(error) => bail!("a message was refused: {error}"),
    }
}

/// The next message that is told of.
async fn received(events: &mut Receiver<Arc<Event>>) -> Result<(String, [u8; 32])> {
    loop {
        if let Event::Received(message) = &*events.recv().await? {
            return Ok((std::str::from_utf8(&message.content)?.to_owned(), message.object));
        }
    }
}

async fn arrivals(mut events: Receiver<Arc<Event>>, count: usize) -> Result<Vec<Arrival>> {
    let mut all = Vec::new();
    while all.len() < count {
        let (text, object) = received(&mut events).await?;
        all.push(Arrival { number: text.parse()?, object, at: now() });
    }
    Ok(all)
}

fn judge(queued: &[Instant], arrived: &[Arrival], copies: &BTreeMap<[u8; 32], Vec<Instant>>) -> Result<Way> {
    let mut way = Way::default();
    for Arrival { number, object, at } in arrived {
        let sent = queued.get(*number).context("a message that was not sent")?;
        let copies = copies.get(object).context("a message that no replica was seen to hold")?;
        let after = |at: &Instant| at.saturating_duration_since(*sent).as_secs_f64() * 1e3;
        way.first.extend(copies.first().map(after));
        way.required.extend(copies.get(REQUIRED_COPIES - 1).map(after));
        way.last.extend(copies.last().map(after));
        way.received.push(after(at));
        way.fewer += usize::from(copies.len() < REPLICAS);
    }
    ensure!(way.last.len() == queued.len(), "{} of {} messages arrived", way.last.len(), queued.len());
    Ok(way)
}

/// What no message is faster than: the primitives of its way, and what the relays are asked to wait.
fn least(primitives: f64) -> Vec<f64> {
    let mut rng = source(24);
    let mut delays = || f64::from((0..RELAYS).map(|_| Delay::DEFAULT.sample(&mut rng)).sum::<u32>());
    (0..DRAWS).map(|_| primitives + delays()).collect()
}
