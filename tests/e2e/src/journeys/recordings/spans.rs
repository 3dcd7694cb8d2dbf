//! Two spans: three consent, a fourth comes and consents, one withdraws.

use std::{thread, time::Duration};

use anyhow::{Result, anyhow, ensure};
use serde_json::Value;

use super::{Seated, Spans, World, wait_listed};
use crate::{
    browser::hall::{Device, Form},
    consents::Event,
    hall::Member,
    report::{Facts, Report, Stopwatch},
    wait,
};

/// What is recorded with sound.
const SPOKEN: Duration = Duration::from_secs(10);
/// What somebody takes to read that a room is recorded.
const READING: Duration = Duration::from_secs(2);
/// Sound that must be in no file.
const UNRECORDED: Duration = Duration::from_secs(4);

/// Runs the steps; Ben is there at their end, and nothing is recorded.
pub(super) fn run(report: &mut Report, world: &World, (ana, omid): (&Seated, &Seated)) -> Result<(Seated, Spans)> {
    let first = first(report, world, (ana, omid))?;
    let heard = spoken(report, (ana, omid))?;
    let ben = newcomer(report, world, (ana, omid))?;
    let second = report.step("he consents: it goes on with a roster of four", |facts| {
        ben.page.asked_to_record()?;
        facts.add("picture", ben.page.page.picture("recording-asked")?);
        let second = recorded(world, &[ana, omid, &ben], || ben.page.consent(), facts)?;
        ensure!(second.participants()? == 4, "the roster has {} keys", second.participants()?);
        ensure!(second.recording()? == first.recording()? && second.span != first.span, "not another span: {second:?}");
        Ok(second)
    })?;
    let later = withdrawn(report, world, (ana, omid, &ben), &second)?;
    let spans = Spans { first, second, audible: (heard, later) };
    anchored(report, world, &spans)?;
    Ok((ben, spans))
}

/// How long after the final consent everybody knows of it at most; demanded by the long profile.
const SHOWN: Duration = Duration::from_secs(1);

/// Lets somebody ask, everybody agree, and waits until every page says that it is recorded, and the Safe's daemon, which has no
/// page. None says so before the consent is final.
pub(super) fn recorded(
    world: &World,
    pages: &[&Seated],
    agree: impl FnOnce() -> Result<()>,
    facts: &mut Facts,
) -> Result<Event> {
    let (consents, before) = (world.consents.clone(), world.consents.authorised()?.len());
    let watching = thread::spawn(move || {
        wait::until("the final consent", || {
            let all = consents.authorised()?;
            Ok((all.len() > before).then(|| all.last().cloned().map(|event| (event, Stopwatch::start()))).flatten())
        })
    });
    agree()?;
    for one in pages {
        one.page.sees_recording(true)?;
        ensure!(
            world.consents.authorised()?.len() > before,
            "a page says that it is recorded before the consent is final"
        );
    }
    wait::until("the Safe's daemon to know of the recorder", || {
        Ok(world.status(&world.council)?.get("recorder").is_some_and(Value::is_object).then_some(()))
    })?;
    let shown = Stopwatch::start();
    let (event, since) = watching.join().map_err(|_| anyhow!("the watcher of the chain panicked"))??;
    let waited = since.elapsed().saturating_sub(shown.elapsed());
    facts.add("msFromFinalConsentToEveryIndicator", u64::try_from(waited.as_millis())?);
    let is_late = std::env::var_os("PARS_DEEP").is_some() && waited > SHOWN;
    ensure!(!is_late, "it is shown {waited:?} after the consent was final, not {SHOWN:?}");
    facts.add("span", event.span.clone());
    Ok(event)
}

/// A daemon without a page agrees when it is asked.
pub(super) fn answers(world: &World, member: &Member) -> Result<()> {
    wait::until(&format!("{} to be asked", member.daemon.name), || {
        Ok(world.status(member)?.get("ask").is_some_and(Value::is_object).then_some(()))
    })?;
    world.recording(member, &["answer", "yes"]).map(drop)
}

fn first(report: &mut Report, world: &World, (ana, omid): (&Seated, &Seated)) -> Result<Event> {
    report.step("she asks to record; nothing is recorded while one of them has not answered", |facts| {
        let asked = world.recording(&world.ana, &["propose", "--retention-days", "30", "--valid-hours", "1"])?;
        facts.add("own", asked.get("own").cloned());
        let recording = omid.page.asked_to_record()?;
        facts.add("picture", omid.page.page.picture("consent")?);
        facts.add("recording", recording);
        answers(world, &world.council)?;
        ensure!(!ana.page.is_recorded()? && !omid.page.is_recorded()?, "it is recorded before all have answered");
        ensure!(world.consents.authorised()?.is_empty(), "the chain has a consent of all before all have answered");
        Ok(())
    })?;
    report.step("he consents on his page: the chain has the consent of three, and every page shows it", |facts| {
        let event = recorded(world, &[ana, omid], || omid.page.consent(), facts)?;
        ensure!(event.participants()? == 3, "the roster has {} keys", event.participants()?);
        omid.page.keyed()?;
        facts.add("picture", omid.page.page.picture("recorded")?);
        Ok(event)
    })
}

/// Seconds in which Ana could be heard at most.
fn spoken(report: &mut Report, (ana, omid): (&Seated, &Seated)) -> Result<f64> {
    report.step("ten seconds are recorded in which she speaks, and some in which nobody does", |facts| {
        let since = Stopwatch::start();
        ana.page.switch(Device::Microphone, true)?;
        facts.add("energy", omid.page.receives(&ana.identity, Device::Microphone)?.energy);
        wait::moment(SPOKEN);
        ana.page.switch(Device::Microphone, false)?;
        let audible = since.elapsed().as_secs_f64();
        omid.page.stops_receiving(&ana.identity, Device::Microphone)?;
        ensure!(ana.page.is_recorded()? && omid.page.is_recorded()?, "it was not recorded to the end");
        facts.add("audibleSeconds", audible);
        Ok(audible)
    })
}

fn newcomer(report: &mut Report, world: &World, (ana, omid): (&Seated, &Seated)) -> Result<Seated> {
    report.step(
        "a newcomer is told before he enters: nothing is recorded of what is said until he has answered",
        |facts| {
            let ben = world.enter_recorded((&world.ben, Form::Known(&world.ben.account)), facts, || {
                wait::moment(READING);
                ensure!(ana.page.is_recorded()? && omid.page.is_recorded()?, "the room knew of him before he had read");
                Ok(())
            })?;
            for one in [ana, omid, &ben] {
                one.page.sees_recording(false)?;
            }
            facts.add("phase", world.status(&world.ana)?.get("phase").cloned());
            ana.page.switch(Device::Microphone, true)?;
            ben.page.receives(&ana.identity, Device::Microphone)?;
            wait::moment(UNRECORDED);
            ensure!(!omid.page.is_recorded()?, "it is recorded without him");
            ana.page.switch(Device::Microphone, false)?;
            ben.page.stops_receiving(&ana.identity, Device::Microphone)?;
            Ok(ben)
        },
    )
}

/// Seconds in which Ben could be heard while it was recorded, at most.
fn withdrawn(
    report: &mut Report,
    world: &World,
    (ana, omid, ben): (&Seated, &Seated, &Seated),
    second: &Event,
) -> Result<f64> {
    let audible =
        report.step("the newcomer speaks; one takes his consent back, and it stops on every page", |facts| {
            omid.page.say(&world.canary)?;
            ana.page.hears_text(&omid.identity, &world.canary)?;
            let since = Stopwatch::start();
            ben.page.switch(Device::Microphone, true)?;
            omid.page.receives(&ben.identity, Device::Microphone)?;
            wait::moment(UNRECORDED);
            let asked = Stopwatch::start();
            omid.page.withdraw()?;
            for one in [ana, omid, ben] {
                one.page.sees_recording(false)?;
            }
            let audible = since.elapsed().as_secs_f64();
            facts.add("msUntilEveryIndicatorIsOff", u64::try_from(asked.elapsed().as_millis())?);
            facts.add("audibleSeconds", audible);
            // He goes on speaking.
            omid.page.receives(&ben.identity, Device::Microphone)?;
            wait::moment(UNRECORDED);
            ben.page.switch(Device::Microphone, false)?;
            Ok(audible)
        })?;
    report.step("the chain says that this span was withdrawn from, for ever", |facts| {
        let found = wait::until("the withdrawal", || {
            Ok(world.consents.withdrawn()?.into_iter().find(|event| event.span == second.span))
        })?;
        facts.add("span", found.span);
        ensure!(!ana.page.is_recorded()?, "it is recorded again");
        Ok(())
    })?;
    Ok(audible)
}

fn anchored(report: &mut Report, world: &World, spans: &Spans) -> Result<()> {
    report.step("she stops: the chain names what was recorded of both spans, also after the withdrawal", |facts| {
        world.recording(&world.ana, &["stop"])?;
        for (name, event) in [("first", &spans.first), ("second", &spans.second)] {
            let anchor = wait::until("the anchor", || {
                Ok(world.consents.anchored()?.into_iter().find(|anchor| anchor.span == event.span))
            })?;
            let (cid, wraps) = anchor.names()?;
            let row = wait_listed(&world.ana, &event.span, &["anchored"])?;
            ensure!(row.get("cid").and_then(Value::as_str) == Some(&cid), "the chain names {cid}, the list {row}");
            facts.add(name, cid);
            facts.add(&format!("{name}Wraps"), wraps);
        }
        Ok(())
    })
}
