//! Five present; a sixth is refused, and so is a track without the right.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Seated, World, open, refused};
use crate::{
    browser::hall::Form,
    hall::{Member, Plan},
    parsctl::text,
    report::Report,
    wait,
};

/// Those who present besides Ben, by account.
const MORE: [(&str, usize); 4] = [("second", 5), ("third", 6), ("fourth", 7), ("fifth", 8)];

/// Runs the steps.
pub(super) fn run(report: &mut Report, world: &World) -> Result<()> {
    let hall = &world.hall;
    let room = report.step("another Town Hall is made and hosted", |_| {
        // Of the others each holds a lock already.
        for account in [5, 8] {
            hall.stack.person(account).run(&["lock", "--amount", "1000", "--days", "1460"])?;
        }
        open(hall, Plan { kind: "town-hall", slot_of: 7, more: &["--min-balance", "1"] }, "Six would present")
    })?;
    let moderator = report
        .step("its moderator enters", |facts| world.seat(&hall.host, &room, Form::Known(&hall.host.account), facts))?;
    let _ = report
        .step("a track without the right to it is refused by the media server, and the page says so", |facts| {
            refused::of_a_track(world, &room, facts)
        });
    let mut others = Vec::new();
    report.step("five members enter, are promoted and accept", |facts| {
        for (name, account) in MORE {
            others.push(hall.member(name, account)?);
        }
        for member in [&world.ben].into_iter().chain(&others) {
            presents(member, &room, &moderator)?;
        }
        facts.add("presenters", others.len() + 1);
        Ok(())
    })?;
    report.step("a sixth cannot be promoted, and the moderator is told why", |facts| {
        let sixth = world.seat(&world.ana, &room, Form::Known(&world.ana.account), facts)?;
        moderator.page.sees_seat(&sixth.identity)?;
        moderator.page.order(&sixth.identity, "promote")?;
        let told = moderator.page.told("mod.full")?;
        refused::in_words(&told, "Five present already")?;
        facts.add("told", told);
        facts.add("picture", moderator.page.page.picture("refused-sixth")?);
        ensure!(moderator.page.role_of(&sixth.identity)?.as_deref() == Some("member"), "the sixth presents");
        sixth.page.page.close()?;
        moderator.page.page.close()
    })
}

/// Enters without a page, is promoted by the moderator's page and accepts.
fn presents(member: &Member, room: &str, moderator: &Seated) -> Result<()> {
    let rpc = member.daemon.rpc()?;
    member.identify()?;
    member.knows(room)?;
    let identity = text(&member.sit_by_name(room)?, "/identity")?;
    moderator.page.sees_seat(&identity)?;
    moderator.page.order(&identity, "promote")?;
    wait::until("a promoted member to present", || {
        rpc.call("room.order", &json!({"room": room, "kind": "accept"}))?;
        wait::moment(wait::MOMENT);
        Ok((moderator.page.role_of(&identity)?.as_deref() == Some("presenter")).then_some(()))
    })
}
