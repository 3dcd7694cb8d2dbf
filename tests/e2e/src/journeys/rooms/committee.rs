//! A Committee of listed members: its creator (account 2) names a moderator (7) and a member (8).

use anyhow::Result;

use crate::{journeys::refusals::refuse, parsctl::number, report::Report, stack::Stack};

/// Runs the steps.
pub(super) fn run(report: &mut Report, stack: &Stack, room: &str) {
    report.part(|report| steps(report, stack, room));
}

fn steps(report: &mut Report, stack: &Stack, room: &str) -> Result<()> {
    let (creator, moderator, member) = (stack.person(2), stack.person(7), stack.person(8));
    let (moderator_name, member_name) = (stack.cast.account(7)?, stack.cast.account(8)?);
    let join = ["eligibility", "can-join", "--room", room];
    let open = ["room", "sitting", "open", room, "--hours", "1"];
    refuse(report, "only a moderator opens a sitting", "not_moderator", &moderator, &open);
    report.step("the creator names a moderator and a member, the moderator opens a sitting", |facts| {
        creator.run(&["room", "moderator", "add", room, &moderator_name])?;
        creator.run(&["room", "member", "add", room, &member_name])?;
        facts.add("sittingId", number(&moderator.run(&open)?, "/sittingId")?);
        Ok(())
    })?;
    refuse(report, "a room has one running sitting", "sitting_running", &moderator, &open);
    report.step("a listed member may join by name", |_| member.run(&join).map(drop))?;
    report.step("the member is struck off", |_| {
        creator.run(&["room", "member", "remove", room, &member_name]).map(drop)
    })?;
    refuse(report, "and may not join any more", "not_committee_member", &member, &join);
    Ok(())
}
