//! A Committee of a Safe: its owners enter by name, all with microphone and camera.

use anyhow::Result;

use super::{Seated, World, clean, open};
use crate::{
    browser::hall::{Device, Form},
    hall::Plan,
    report::Report,
    safe::Safe,
    stack::Places,
};

/// Runs the steps.
pub(super) fn run(report: &mut Report, world: &World, places: &Places) -> Result<()> {
    let hall = &world.hall;
    let room = report.step("a Committee of a real Safe of accounts 5 and 6 is made and hosted", |facts| {
        let safe = Safe::deploy(&hall.stack.cast, &places.node_modules, &[5, 6], 1)?;
        let plan = Plan { kind: "committee", slot_of: 3, more: &["--safe", &safe.address] };
        let room = open(hall, plan, "Budget committee")?;
        facts.add("safe", safe.address);
        facts.add("room", room.clone());
        Ok(room)
    })?;
    let enter = |name: &str, account: usize, facts: &mut crate::report::Facts| {
        let member = hall.member(name, account)?;
        member.identify()?;
        let seated = world.seat(&member, &room, Form::Known(&member.account), facts)?;
        anyhow::Ok((member, seated))
    };
    let (_sara, sara) = report.step("a Safe signer enters by name", |facts| enter("sara", 5, facts))?;
    let (_omid, omid) = report.step("and another", |facts| enter("omid", 6, facts))?;
    both(report, &sara, &omid)?;
    report.step("nothing went wrong on the pages; both leave", |_| {
        for one in [sara, omid] {
            clean(&one.page)?;
            one.page.leave()?;
            one.page.page.close()?;
        }
        Ok(())
    })
}

fn both(report: &mut Report, sara: &Seated, omid: &Seated) -> Result<()> {
    report.step("both open camera and microphone, and each decodes the other's sound and picture", |facts| {
        for one in [sara, omid] {
            one.page.switch(Device::Camera, true)?;
            one.page.switch(Device::Microphone, true)?;
        }
        for (name, one, other) in [("sara", sara, omid), ("omid", omid, sara)] {
            facts.add(&format!("{name}Frames"), one.page.receives(&other.identity, Device::Camera)?.frames);
            facts.add(&format!("{name}Energy"), one.page.receives(&other.identity, Device::Microphone)?.energy);
        }
        facts.add("picture", sara.page.page.picture("committee")?);
        Ok(())
    })?;
    report.step("they write to each other", |_| {
        sara.page.say("The budget is ready")?;
        omid.page.hears_text(&sara.identity, "The budget is ready")
    })
}
