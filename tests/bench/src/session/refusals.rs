//! What it costs to refuse: a message whose peer breaks the rules, and ciphertexts of ML-KEM that somebody changed on the way
//! (THREATS T3, P3), each beside any other bad message of its kind.

use anyhow::{Context, Result, bail, ensure};
use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::StoreKey;
use pars_engine::identity::Identity;
use pars_proto::session::handshake::Unsealed;
use pars_proto::session::{Object, ReceiveError, Session};

use super::people::{SUITE, local, source, tools};
use super::{BATCH, CONTENT, Pair, answer, call, draft};
use crate::clock::{each, repeat};

/// Of an INIT: behind `ver1|kind1|suite1|spk_id8|EK32` stands ct1, and behind ct1 and ct2 the sealed part.
const CT1: usize = 43;
/// A byte of that sealed part.
const SEALED: usize = CT1 + 2 * 1_568 + 5;
/// Of a REPLY: behind `ver1|kind1|r16` and the sealed header stands the ciphertext that proves its writer.
const CT_AUTH: usize = 2 + 16 + 3_230;

/// CPU in ms of two refusals.
pub(super) struct Refusal {
    pub(super) metric: &'static str,
    pub(super) ours: f64,
    /// Of another bad message.
    pub(super) peer: f64,
    /// In ms, where THREATS names one.
    pub(super) goal: Option<f64>,
}

/// All of them.
pub(super) fn measure(alice: &Identity, bob: &Identity, runs: usize) -> Result<[Refusal; 3]> {
    Ok([jump(alice, bob, runs)?, changed_init(alice, bob, runs)?, changed_reply(alice, bob, runs)?])
}

/// CPU of one, and nothing else is measured than what is refused as it should be.
fn refused(runs: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    Ok(each(&repeat(runs, |_| (0..BATCH).try_for_each(|_| work()))?, BATCH))
}

/// A new chain that says its predecessor had 2^32-1 messages, beside one whose last byte was changed.
fn jump(alice: &Identity, bob: &Identity, runs: usize) -> Result<Refusal> {
    let mut pair = Pair::open(bob, alice)?;
    pair.pass(0)?;
    let [receiver, sender] = &mut pair.ends;
    let mut changed = sender.send(&draft(&[1; CONTENT]), &mut tools(&mut pair.rng))?;
    let forged = liar(sender)?.send(&draft(&[1; CONTENT]), &mut tools(&mut pair.rng))?;
    change(&mut changed, |bytes| bytes.len() - 1)?;
    let mut receive = |bytes: &[u8], as_it_should: fn(&ReceiveError) -> bool| {
        let Object::Ratchet(object) = Object::read(bytes)? else { bail!("a message was expected") };
        let refusal = receiver.receive(&object, &bob.contact.mlkem, &mut tools(&mut pair.rng)).err();
        ensure!(refusal.as_ref().is_some_and(as_it_should), "refused otherwise: {refusal:?}");
        Ok(())
    };
    Ok(Refusal {
        metric: "counter jump refused ms",
        ours: refused(runs, || {
            receive(&forged, |error| matches!(error, ReceiveError::JumpTooFar { to: u32::MAX, .. }))
        })?,
        peer: refused(runs, || receive(&changed, |error| *error == ReceiveError::Forged))?,
        goal: Some(10.0),
    })
}

/// The same session, but the length of the previous chain is a lie: the field behind the chain's position, the one number that
/// rises with each message.
fn liar(honest: &mut Session) -> Result<Session> {
    let mut rng = source(8);
    let (key, id) = (StoreKey::generate(&mut rng), honest.id());
    let place = Place { table: "session", key: &id.0 };
    let before = honest.store(&key, &mut rng).open(&key, place)?;
    honest.send(&draft(&[1; CONTENT]), &mut tools(&mut rng))?;
    let mut bytes = honest.store(&key, &mut rng).open(&key, place)?;
    let number = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
    };
    // The message just sent was the second of its chain.
    let position = (0..bytes.len()).find(|at| number(&before, *at) == 1 && number(&bytes, *at) == 2);
    let previous = position.context("a chain's position")? + 4;
    bytes.get_mut(previous..previous + 4).context("the length of a chain")?.copy_from_slice(&u32::MAX.to_be_bytes());
    Ok(Session::restore(&id, &Sealed::seal(&key, place, &bytes, &mut rng), &key, SUITE)?)
}

/// An INIT with a changed ciphertext, beside one whose sealed part was changed.
fn changed_init(alice: &Identity, bob: &Identity, runs: usize) -> Result<Refusal> {
    let mut rng = source(9);
    let (_, whole) = call(alice, bob, &mut rng)?;
    let mut open = |at: usize| {
        let mut bytes = whole.clone();
        change(&mut bytes, |_| at)?;
        refused(runs, || {
            let Object::Init(object) = Object::read(&bytes)? else { bail!("an INIT was expected") };
            let leaf = bob.leaves.first().context("a prekey")?;
            ensure!(Unsealed::open(&object, leaf, local(bob), &mut tools(&mut rng)).is_err(), "it opened");
            Ok(())
        })
    };
    Ok(Refusal { metric: "changed ciphertext ms", ours: open(CT1)?, peer: open(SEALED)?, goal: None })
}

/// A REPLY with a changed proof, beside one whose last byte was changed.
fn changed_reply(alice: &Identity, bob: &Identity, runs: usize) -> Result<Refusal> {
    let mut rng = source(10);
    let (initiated, object) = call(alice, bob, &mut rng)?;
    let (mut at_alice, mut at_bob) = (initiated.session, answer(bob, &object, &initiated.companions, &mut rng)?);
    let whole = at_bob.send(&draft(&[1; CONTENT]), &mut tools(&mut rng))?;
    let mut receive = |at: usize| {
        let mut bytes = whole.clone();
        change(&mut bytes, |_| at)?;
        refused(runs, || {
            let Object::Ratchet(object) = Object::read(&bytes)? else { bail!("a reply was expected") };
            let refusal = at_alice.receive(&object, &alice.contact.mlkem, &mut tools(&mut rng)).err();
            ensure!(refusal == Some(ReceiveError::Forged), "refused otherwise: {refusal:?}");
            Ok(())
        })
    };
    let last = whole.len() - 1;
    Ok(Refusal { metric: "changed proof ms", ours: receive(CT_AUTH)?, peer: receive(last)?, goal: None })
}

fn change(bytes: &mut [u8], at: impl FnOnce(&[u8]) -> usize) -> Result<()> {
    let at = at(bytes);
    *bytes.get_mut(at).context("a byte of the object")? ^= 1;
    Ok(())
}
