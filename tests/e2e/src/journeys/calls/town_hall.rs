//! A Town Hall: an identified member is promoted by a moderator and presents with camera.

use anyhow::{Result, ensure};

use super::{Seated, World, clean, open};
use crate::{
    browser::hall::{Device, Form},
    hall::Plan,
    report::Report,
};

/// Runs the steps.
pub(super) fn run(report: &mut Report, world: &World) -> Result<()> {
    let (hall, ana) = (&world.hall, &world.ana);
    let room = report.step("a Town Hall is made and hosted", |facts| {
        let plan = Plan { kind: "town-hall", slot_of: 2, more: &["--min-balance", "1"] };
        let room = open(hall, plan, "Assembly of the holders")?;
        facts.add("room", room.clone());
        Ok(room)
    })?;
    let moderator = report.step("its creator enters by name and is its moderator", |facts| {
        hall.host.identify()?;
        let seated = world.seat(&hall.host, &room, Form::Known(&hall.host.account), facts)?;
        seated.page.wait_role("moderator")?;
        Ok(seated)
    })?;
    let ana =
        report.step("a member enters by name, by wallet, identity and proof; she is offered no camera", |facts| {
            ana.identify()?;
            let seated = world.seat(ana, &room, Form::Known(&ana.account), facts)?;
            ensure!(!seated.page.offers(Device::Camera)?, "a member is offered a camera");
            Ok(seated)
        })?;
    let ben = report.step("another enters without a name, to watch", |facts| {
        world.seat(&world.ben, &room, Form::Anonymous, facts)
    })?;
    presents(report, (&moderator, &ana, &ben))?;
    report.step("nothing went wrong on the pages; all leave", |_| {
        for one in [ben, ana, moderator] {
            clean(&one.page)?;
            one.page.leave()?;
            one.page.page.close()?;
        }
        Ok(())
    })
}

fn presents(report: &mut Report, (moderator, ana, ben): (&Seated, &Seated, &Seated)) -> Result<()> {
    report.step("the moderator promotes her, she accepts, all see a presenter", |facts| {
        moderator.page.sees_seat(&ana.identity)?;
        moderator.page.order(&ana.identity, "promote")?;
        ana.page.accept()?;
        ana.page.wait_role("presenter")?;
        facts.add("told", ana.page.told("notice.promoted")?);
        Ok(())
    })?;
    report.step("she presents with camera and voice: moderator and watcher decode both", |facts| {
        ana.page.switch(Device::Camera, true)?;
        ana.page.switch(Device::Microphone, true)?;
        for (name, one) in [("moderator", moderator), ("watcher", ben)] {
            facts.add(&format!("{name}Frames"), one.page.receives(&ana.identity, Device::Camera)?.frames);
            facts.add(&format!("{name}Energy"), one.page.receives(&ana.identity, Device::Microphone)?.energy);
        }
        facts.add("picture", ana.page.page.picture("town-hall-presenter")?);
        facts.add("moderatorsPicture", moderator.page.page.picture("town-hall-moderator")?);
        Ok(())
    })?;
    report.step("the moderator mutes her: her microphone closes, she is told, nobody hears her", |facts| {
        moderator.page.order(&ana.identity, "mute")?;
        ana.page.wait_device(Device::Microphone, "closed")?;
        facts.add("told", ana.page.told("notice.muted")?);
        // Nobody else speaks or films here.
        moderator.page.decodes_nobody(Device::Microphone)?;
        ben.page.decodes_nobody(Device::Microphone)
    })?;
    report.step("demoted, she has no camera any more, and no picture of her is decoded", |facts| {
        moderator.page.order(&ana.identity, "demote")?;
        ana.page.wait_role("member")?;
        facts.add("told", ana.page.told("notice.demoted")?);
        ensure!(!ana.page.offers(Device::Camera)?, "a member is offered a camera");
        moderator.page.decodes_nobody(Device::Camera)?;
        ben.page.decodes_nobody(Device::Camera)
    })
}
