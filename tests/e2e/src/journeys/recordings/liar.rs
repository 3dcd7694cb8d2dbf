//! Who records lies: its daemon leaves one who is there out of what everybody is to sign, and takes it that all signed. Its
//! recorder comes, and has nothing of whom it left out.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Seated, World, killed, spans::answers, wait_listed};
use crate::{
    browser::hall::Device,
    parsctl::text,
    report::{Facts, Report},
    wait,
};

/// Of what a daemon says that did not sign such a roster.
const LEFT_OUT: &str = "somebody is left out";
/// What the liar's daemon says when its recorder has its place at the media server.
const LISTENS: &str = "the recorder's seat listens to the room";
/// What it says, after their number, of frames that its recorder got and could not open.
const UNOPENED: &str = " frames that no key of their seats opened";
/// Frames of the speech below that are no accident: sound has 50 a second.
const FRAMES: u64 = 20;

/// Runs the steps; who records sits down again, by a daemon that lies from now on. It leaves out who came first: Omid.
pub(super) fn run(report: &mut Report, world: &mut World, (omid, ben): (&Seated, &Seated)) -> Result<()> {
    let before = world.consents.authorised()?.len();
    let from =
        report.step("her daemon leaves him out of what is to be signed: nobody signs, and each is told", |facts| {
            world.ana.daemon.stop();
            let from = fs::read(world.ana.daemon.log())?.len();
            world.ana.daemon.lies();
            world.ana.daemon.start()?;
            lied_to(world, (omid, ben), facts)?;
            Ok(from)
        })?;
    let span = report.step(
        "her recorder comes all the same: he speaks and is heard, and nobody has it in an epoch",
        |facts| {
            let span = listens(world, from)?;
            omid.page.switch(Device::Microphone, true)?;
            facts.add("energy", ben.page.receives(&omid.identity, Device::Microphone)?.energy);
            wait::moment(wait::MOMENT * 8);
            ensure!(!omid.page.is_recorded()? && !ben.page.is_recorded()?, "a page says that it is recorded");
            for member in [&world.omid, &world.ben, &world.council] {
                let status = world.status(member)?;
                let is_recorded = status.get("recorder").is_some_and(Value::is_object);
                ensure!(!is_recorded, "a recorder is in the epoch of {}: {status}", member.daemon.name);
            }
            omid.page.switch(Device::Microphone, false)?;
            Ok(span)
        },
    )?;
    report.step("her recorder got what he said and opened no frame; the chain has no consent", |facts| {
        let kept = killed::segments(world, &span)?;
        ensure!(kept.is_empty(), "she has {kept:?}");
        world.recording(&world.ana, &["stop"])?;
        let frames = wait::until("what her recorder could not open", || Ok(unopened(&said(world, from)?)))?;
        ensure!(frames >= FRAMES, "her recorder got only {frames} frames: nothing was tried");
        facts.add("unopenedFrames", frames);
        wait_listed(&world.ana, &span, &["sealed"])?;
        let played = world.ana.daemon.rpc()?.call("recording.tracks", &json!({"span": span}))?;
        let tracks = played.get("tracks").and_then(Value::as_array);
        ensure!(tracks.is_some_and(Vec::is_empty), "she plays {played}");
        ensure!(world.consents.authorised()?.len() == before, "the chain has a consent to what nobody signed");
        Ok(())
    })
}

/// She sits down, asks, everybody says yes and is shown a lie.
fn lied_to(world: &World, (omid, ben): (&Seated, &Seated), facts: &mut Facts) -> Result<()> {
    world.ana.knows(&world.room)?;
    let identity = text(&world.ana.sit_by_name(&world.room)?, "/identity")?;
    for one in [omid, ben] {
        one.page.sees_seat(&identity)?;
    }
    world.recording(&world.ana, &["propose", "--retention-days", "30", "--valid-hours", "1"])?;
    for one in [omid, ben] {
        one.page.asked_to_record()?;
        one.page.consent()?;
    }
    answers(world, &world.council)?;
    for member in [&world.omid, &world.ben, &world.council] {
        wait::until(&format!("{} to say why it did not sign", member.daemon.name), || {
            let status = world.status(member)?;
            let why = status.get("unsigned").and_then(Value::as_str);
            Ok(why.is_some_and(|why| why.contains(LEFT_OUT)).then_some(()))
        })?;
    }
    for one in [omid, ben] {
        facts.add("told", one.page.told("recording.notSigned")?);
    }
    Ok(())
}

/// Waits until her recorder has its place at the media server; gives the span that it would record.
fn listens(world: &World, from: usize) -> Result<String> {
    let span = wait::until("her daemon to take it that all signed", || {
        let status = world.status(&world.ana)?;
        let is_active = status.pointer("/own/state").and_then(Value::as_str) == Some("active");
        let span = status.pointer("/own/span").and_then(Value::as_str).map(str::to_owned);
        Ok(span.filter(|_| is_active))
    })?;
    wait::until("her recorder at the media server", || Ok(said(world, from)?.contains(LISTENS).then_some(())))?;
    Ok(span)
}

/// What her daemon has said since its log had so many bytes.
fn said(world: &World, from: usize) -> Result<String> {
    let log = fs::read(world.ana.daemon.log())?;
    Ok(String::from_utf8_lossy(log.get(from..).unwrap_or_default()).into_owned())
}

/// How many frames its recorder could not open, when it is done.
fn unopened(said: &str) -> Option<u64> {
    let before = said.lines().find_map(|line| line.split_once(UNOPENED))?.0;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_before_the_words() {
        let log = "\u{1b}[32m INFO\u{1b}[0m \u{1b}[2mcapture\u{1b}[0m\u{1b}[2m:\u{1b}[0m 127 frames that no key of their seats opened were";
        assert_eq!(unopened(&format!("another line\n{log}\n")), Some(127));
        assert_eq!(unopened("nothing of it"), None);
    }
}
