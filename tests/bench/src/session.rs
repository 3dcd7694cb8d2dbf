//! `bench session`: handshake, ratchet and messages (goals of SESSION section 15), CPU of one core, nothing stored.
//!
//! - `handshake initiator ms`: checking a peer's bundle (three hybrid signatures), the handshake with its companions, INIT 0.
//! - `handshake responder ms`: opening INIT 0 and its companions, checking the caller's records, the first message read.
//! - `ratchet step ms`: a message that begins a new chain, sent and received: the step of *both* ends.
//! - `messages/s`: messages of 256 bytes inside one chain, each encrypted and decrypted.
//! - `hashcash tries/s`: nonces tried for a stranger's first message, as many at once as the processor can.
//! - `counter jump refused ms`: a message that claims 2^32-1 messages before it (THREATS T3).
//! - `changed ciphertext ms`, `changed proof ms`: an INIT and a REPLY with a changed ciphertext of ML-KEM (THREATS P3): as slow as
//!   any other bad one, a ratio of 1.
//!
//! The peer is the sum of the primitives that each needs, measured alone in the same run: what no implementation of these
//! layouts goes below. The ratio says what copying, encoding and clone-and-commit cost. Hashcash stands beside one hash
//! after the other, a refusal beside that of another bad message.

mod people;
mod primitives;
mod refusals;

use std::hint::black_box;

use anyhow::{Context, Result, bail};
use chacha20::ChaCha20Rng;
use pars_engine::identity::Identity;
use pars_identity::bundle::{Bundle, BundleBytes};
use pars_identity::device::DeviceCertificate;
use pars_identity::record::IdentityRecord;
use pars_proto::session::handshake::{Initiated, Unsealed, initiate};
use pars_proto::session::{Draft, MessageId, Object, Session};
use pars_proto::swarm::hashcash::Work;
use pars_proto::swarm::mailbox::{ObjectId, Tag};
use pars_wire::codec::{Hour, Wire};
use pars_wire::content::{ContentType, Flags};

use crate::{
    clock::{Cost, each, repeat, run_id},
    row::{PER_SECOND, Row},
};
use people::{NOON, SUITE, local, person, source, tools};
use refusals::Refusal;

/// Operations timed as one, so that a clock's error does not show.
const BATCH: usize = 20;
/// Messages timed as one; a chain has at most 1,000.
const MESSAGES: usize = 800;
/// Bytes of a message: a few sentences, which fit the smallest object.
const CONTENT: usize = 256;
/// Nonces timed as one.
const TRIES: u64 = 1 << 15;

/// All rows of the benchmark.
pub(crate) fn measure(runs: usize) -> Result<Vec<Row>> {
    let (alice, bob) = (person(1), person(2));
    let sums = primitives::measure(runs)?;
    let run = run_id();
    let row = |figure, value, (peer, median), goal| Row::new("session", figure, value, goal, &run).beside(peer, median);
    let sum = |peer| ("sum of primitives", peer);
    let initiator = each(&initiator(&alice, &bob, runs)?, BATCH);
    let responder = each(&responder(&alice, &bob, runs)?, BATCH);
    let step = each(&steps(&alice, &bob, runs)?, 2 * BATCH);
    let message = each(&messages(&alice, &bob, runs)?, MESSAGES);
    let [tries, alone] = hashcash(runs)?;
    let mut rows = vec![
        row(("handshake initiator ms", "ms"), initiator, sum(sums.initiator()), Some(3.0)),
        row(("handshake responder ms", "ms"), responder, sum(sums.responder()), Some(2.5)),
        row(("ratchet step ms", "ms"), step, sum(sums.step()), Some(0.5)),
        row(("messages/s", PER_SECOND), 1e3 / message, sum(1e3 / sums.message()), Some(20_000.0)),
        row(("hashcash tries/s", PER_SECOND), tries, ("one after the other", alone), None),
    ];
    for Refusal { metric, ours, peer, goal } in refusals::measure(&alice, &bob, runs)? {
        rows.push(row((metric, "ms"), ours, ("another bad message", peer), goal));
    }
    Ok(rows)
}

fn draft(content: &[u8]) -> Draft<'_> {
    let (id, content_type) = (MessageId([7; 16]), ContentType::Text);
    Draft { id, sequence: 1, content_type, flags: Flags::NONE, content }
}

fn call(from: &Identity, to: &Identity, rng: &mut ChaCha20Rng) -> Result<(Initiated, Vec<u8>)> {
    let leaf = to.uploads.first().and_then(|upload| upload.leaves().first()).context("a prekey")?;
    let parts = [to.record.encode(), to.certificate.encode(), to.batch.encode(), leaf.encode()];
    let [record, certificate, batch, leaf] = &parts;
    let bytes = BundleBytes { record, certificate, batch, leaf };
    let bundle = Bundle::verify(SUITE, &to.link(), &bytes, Hour::at(NOON))?;
    let mut tools = tools(rng);
    let mut initiated = initiate(&local(from), &bundle, &mut tools)?;
    let object = initiated.session.send(&draft(&[1; CONTENT]), &mut tools)?;
    Ok((initiated, object))
}

fn answer(by: &Identity, init: &[u8], companions: &[Vec<u8>; 2], rng: &mut ChaCha20Rng) -> Result<Session> {
    let Object::Init(object) = Object::read(init)? else { bail!("an INIT was expected") };
    let mut tools = tools(rng);
    let unsealed = Unsealed::open(&object, by.leaves.first().context("a prekey")?, local(by), &mut tools)?;
    let [record, certificate] = companions.each_ref().map(|bytes| match Object::read(bytes)? {
        Object::Companion(companion) => Ok(unsealed.open_companion(&companion)?),
        _ => bail!("a companion was expected"),
    });
    let record = IdentityRecord::verify(SUITE, &record?)?;
    let certificate = DeviceCertificate::verify(SUITE, &certificate?, record.core())?;
    let (session, message) = unsealed.verify(&record, &certificate, None, &tools)?.establish(&mut tools)?;
    anyhow::ensure!(message.content.len() == CONTENT, "another message than the one that was sent");
    Ok(session)
}

fn initiator(alice: &Identity, bob: &Identity, runs: usize) -> Result<Vec<Cost>> {
    let mut rng = source(3);
    repeat(runs, |_| (0..BATCH).map(|_| call(alice, bob, &mut rng)).collect::<Result<Vec<_>>>())
}

fn responder(alice: &Identity, bob: &Identity, runs: usize) -> Result<Vec<Cost>> {
    let mut rng = source(4);
    let (initiated, object) = call(alice, bob, &mut rng)?;
    repeat(runs, |_| {
        (0..BATCH).map(|_| answer(bob, &object, &initiated.companions, &mut rng)).collect::<Result<Vec<_>>>()
    })
}

/// Two ends of an open session, and whose turn it is.
struct Pair<'a> {
    owners: [&'a Identity; 2],
    ends: [Session; 2],
    rng: ChaCha20Rng,
}

impl<'a> Pair<'a> {
    /// It is the first one's turn to step.
    fn open(bob: &'a Identity, alice: &'a Identity) -> Result<Self> {
        let mut rng = source(5);
        let (initiated, object) = call(alice, bob, &mut rng)?;
        let at_bob = answer(bob, &object, &initiated.companions, &mut rng)?;
        let mut pair = Self { owners: [bob, alice], ends: [at_bob, initiated.session], rng };
        pair.pass(0)?;
        pair.pass(1)?;
        Ok(pair)
    }

    /// One message from an end to the other.
    fn pass(&mut self, from: usize) -> Result<()> {
        let mut tools = tools(&mut self.rng);
        let [first, second] = &mut self.ends;
        let (sender, receiver) = if from == 0 { (first, second) } else { (second, first) };
        let owner = self.owners.get(1 - from).context("two ends")?;
        let bytes = sender.send(&draft(&[1; CONTENT]), &mut tools)?;
        let Object::Ratchet(object) = Object::read(&bytes)? else { bail!("a message was expected") };
        receiver.receive(&object, &owner.contact.mlkem, &mut tools)?;
        Ok(())
    }
}

fn steps(alice: &Identity, bob: &Identity, runs: usize) -> Result<Vec<Cost>> {
    let mut pair = Pair::open(bob, alice)?;
    repeat(runs, |_| (0..2 * BATCH).try_for_each(|turn| pair.pass(turn % 2)))
}

fn messages(alice: &Identity, bob: &Identity, runs: usize) -> Result<Vec<Cost>> {
    let mut pair = Pair::open(bob, alice)?;
    // The first message of each run steps: one of 800. A run is another end's chain, so that none grows too long.
    repeat(runs, |run| (0..MESSAGES).try_for_each(|_| pair.pass(run % 2)))
}

/// Tries a second by searching, and by hashing each nonce alone. Nothing has 255 bits: no search ends early.
fn hashcash(runs: usize) -> Result<[f64; 2]> {
    let work = Work { tag: Tag([1; 32]), object: ObjectId([2; 32]), beacon: [3; 32] };
    let searched = repeat(runs, |_| Ok(black_box(work.search(u8::MAX, 0, TRIES))))?;
    let hashed = repeat(runs, |_| Ok((0..TRIES).map(|nonce| work.effort(&black_box(nonce).to_be_bytes())).max()))?;
    Ok([searched, hashed].map(|costs| 1e3 / each(&costs, TRIES as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::all_measured;

    #[test]
    fn every_metric_of_a_session_is_measured_and_stands_beside_its_peer() {
        let rows = measure(1).unwrap();
        let metrics = ["handshake initiator ms", "handshake responder ms", "ratchet step ms", "messages/s"];
        all_measured(&rows[..4], &metrics);
        assert!(rows[..4].iter().all(|row| row.bench == "session" && row.peer == Some("sum of primitives")));
        // SESSION section 15.
        let goals: Vec<_> = rows[..4].iter().filter_map(|row| row.goal).collect();
        assert_eq!(goals, [3.0, 2.5, 0.5, 20_000.0]);
        all_measured(&rows[4..5], &["hashcash tries/s"]);
        assert_eq!((rows[4].peer, rows[4].goal), (Some("one after the other"), None));
        // THREATS T3 and P3: what is not refused as it should be is an error of the measurement.
        all_measured(&rows[5..], &["counter jump refused ms", "changed ciphertext ms", "changed proof ms"]);
        assert!(rows[5..].iter().all(|row| row.bench == "session" && row.peer == Some("another bad message")));
        assert_eq!(rows[5..].iter().map(|row| row.goal).collect::<Vec<_>>(), [Some(10.0), None, None]);
    }

    /// THREATS P3: what was changed is refused in the time of any other bad message.
    #[test]
    fn a_changed_ciphertext_takes_as_long_as_other_damage() {
        // A bound of time, for the long profile alone.
        if std::env::var_os("PARS_DEEP").is_none() {
            return;
        }
        for row in &measure(9).unwrap()[6..] {
            let ratio = row.ratio.unwrap();
            assert!((0.75..1.25).contains(&ratio), "{}: {ratio}", row.metric);
        }
    }
}
