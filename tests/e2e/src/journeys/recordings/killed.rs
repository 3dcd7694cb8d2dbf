//! Who records is killed in the middle (SIGKILL): what was finished verifies, is named on chain, and plays up to the tear.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::{
    Seated, World, files, listed,
    spans::{answers, recorded},
    wait_listed,
};
use crate::{
    browser::hall::Device,
    consents::Event,
    parsctl::{number, text},
    report::Report,
    sound::{self, Piece},
    wait,
};

/// Begins another recording, of which the rest of the steps is to become long enough.
pub(super) fn begin(
    report: &mut Report,
    world: &World,
    (ana, omid, ben): (&Seated, &Seated, &Seated),
) -> Result<Event> {
    report.step("she records again, and he who withdrew consents anew; the newcomer speaks", |facts| {
        let agree = || {
            world.recording(&world.ana, &["propose", "--retention-days", "30", "--valid-hours", "1"])?;
            for one in [omid, ben] {
                one.page.asked_to_record()?;
                one.page.consent()?;
            }
            answers(world, &world.council)
        };
        let event = recorded(world, &[ana, omid, ben], agree, facts)?;
        ben.page.switch(Device::Microphone, true)?;
        omid.page.receives(&ben.identity, Device::Microphone)?;
        Ok(event)
    })
}

/// Runs the steps.
pub(super) fn run(
    report: &mut Report,
    world: &mut World,
    (omid, ben): (&Seated, &Seated),
    again: &Event,
) -> Result<()> {
    report.step("her daemon is killed when a segment is finished: it stops on every page", |facts| {
        let segments =
            wait::until("a finished segment", || Ok(Some(finished(world, &again.span)?).filter(|count| *count > 0)))?;
        world.ana.daemon.kill();
        facts.add("segments", segments);
        // The host gives a seat up whose link is lost: the link's patience and the seat's, 50 s together.
        for one in [omid, ben] {
            wait::until("the end of the recorder's seat", || Ok((!one.page.is_recorded()?).then_some(())))?;
        }
        ben.page.switch(Device::Microphone, false)
    })?;
    report.step("it starts again: what was finished is there, is called torn, and the chain names it", |facts| {
        world.ana.daemon.start()?;
        let row = wait_listed(&world.ana, &again.span, &["torn", "anchored"])?;
        facts.add("listed", row);
        let anchor = wait::until("the anchor", || {
            Ok(world.consents.anchored()?.into_iter().find(|anchor| anchor.span == again.span))
        })?;
        let verified = world.ana.person.run(&["recording", "verify", &again.span])?;
        ensure!(text(&verified, "/cid")? == anchor.names()?.0, "the chain names another: {verified}");
        ensure!(text(&verified, "/ending")? == "torn", "the span is called whole: {verified}");
        let (all, torn) = (number(&verified, "/segments")?, number(&verified, "/torn")?);
        ensure!(all > torn, "no segment is whole: {verified}");
        wait::until("the copy at the other node", || {
            let row = listed(&world.ana, &again.span)?.context("it is not listed any more")?;
            let copies = (number(&row, "/copies/confirmed")?, number(&row, "/copies/asked")?);
            Ok((copies == (2, 2)).then_some(()))
        })?;
        ensure!(world.kubo.pins(&text(&verified, "/cid")?), "the other node does not keep it");
        facts.add("verified", verified);
        Ok(())
    })?;
    report.step("the newcomer fetches it from her and hears himself up to the tear", |facts| {
        let person = &world.ben.person;
        wait::until("the anchor in his own index", || {
            Ok(person.attempt(&["recording", "fetch", &again.span])?.is_ok().then_some(()))
        })?;
        let (folder, of) = (world.hall.stack.path("played-torn"), (again.span.as_str(), ben.identity.as_str()));
        let (track, path) = files::only_voice(&world.ben, of, &folder)?;
        ensure!(text(&track, "/ending")? == "torn", "the track is called whole: {track}");
        let heard = sound::pieces(&path)?.iter().filter(|piece| Piece::is_heard(piece)).count();
        ensure!(heard > 100, "only {heard} tenths of a second are heard");
        sound::probe(&path)?;
        facts.add("heardTenths", heard);
        Ok(())
    })
}

/// Finished segments of a span's tracks at who records.
fn finished(world: &World, span: &str) -> Result<usize> {
    Ok(segments(world, span)?.iter().filter(|name| name.ends_with(".seg")).count())
}

/// Segments of a span's tracks at who records, finished or not; the timeline, track 0, is not one of them.
pub(super) fn segments(world: &World, span: &str) -> Result<Vec<String>> {
    let (mut found, digits) = (Vec::new(), span.trim_start_matches("0x"));
    let mut open = vec![world.ana.daemon.datadir.join("recordings")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{} is missing", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if [".seg", ".part"].iter().any(|ending| name.ends_with(ending))
                && !name.starts_with("0000-")
                && folder.to_string_lossy().contains(digits)
            {
                found.push(name);
            }
        }
    }
    Ok(found)
}
