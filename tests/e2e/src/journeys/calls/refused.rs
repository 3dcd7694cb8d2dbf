//! Who is not let in or not let through, each with its own message on the page.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Seated, World, open};
use crate::{
    browser::{
        Opening,
        hall::{Device, Form},
    },
    hall::{Member, Plan},
    http,
    jwt::{self, Alg},
    parsctl::text,
    report::{Facts, Report},
    wait,
};

/// Refusals around a running Open Forum.
pub(super) fn of_the_forum(report: &mut Report, world: &World) -> Result<()> {
    let _ = report.step("a stranger is told before the door that no right is held", |facts| {
        let stranger = world.hall.member("stranger", 9)?;
        stranger.knows(&world.forum)?;
        let page = stranger.open(&world.browser, &Opening::Plain)?;
        page.choose(&world.forum)?;
        let told = page.reason("anonymous")?;
        in_words(&told, "You do not hold the right that this room asks for")?;
        facts.add("told", told);
        facts.add("picture", page.page.picture("refused-stranger")?);
        let refusal = stranger.sit_anonymously(&world.forum);
        ensure!(refusal.is_err_and(|error| error.to_string().contains("-32020")), "the daemon does not refuse");
        page.page.close()
    });
    let ana = report.step("a member enters", |facts| world.seat(&world.ana, &world.forum, Form::Anonymous, facts))?;
    let ana = replaced(report, world, ana)?;
    passes(report, world, &ana)?;
    kicked(report, world, ana)
}

/// The same right enters from a second daemon.
fn replaced(report: &mut Report, world: &World, first: Seated) -> Result<Seated> {
    report.step("the same right enters from another daemon: the first seat is told that it was replaced", |facts| {
        let second = world.hall.member("ana-elsewhere", 2)?;
        let seated = world.seat(&second, &world.forum, Form::Anonymous, facts)?;
        let (reason, told) = first.page.ended()?;
        ensure!(reason == "Replaced", "the first seat ended as {reason}");
        in_words(&told, "The same right entered again from another place")?;
        facts.add("told", told);
        facts.add("picture", first.page.page.picture("refused-replaced")?);
        first.page.page.close()?;
        seated.page.page.close()?;
        // The second daemon ends with this step; its right enters at home again.
        drop(second);
        world.seat(&world.ana, &world.forum, Form::Anonymous, facts)
    })
}

/// A pass that is not one, at the SFU itself and on the page. Each differs in one thing from a pass that the SFU takes.
fn passes(report: &mut Report, world: &World, ana: &Seated) -> Result<()> {
    let key: Value = serde_json::from_slice(&std::fs::read(world.hall.sfu.key_file())?)?;
    let room = jwt::room(ana.page.page.passes()?.last().context("the page used no pass")?)?;
    let good = jwt::Claims { identity: "0123456789abcdef", room: &room, age: 0, seconds: 60 };
    let of = |claims: &jwt::Claims<'_>, alg: Alg| jwt::sign(&key, claims, alg);
    let (status, said) = validated(world, &of(&good, Alg::Hs256)?)?;
    ensure!(status == 200, "the media server does not even take a good pass: {status}, {said}");
    let late = jwt::Claims { age: 7_200, ..good };
    let wrong = [
        ("forged", of(&good, Alg::OtherSecret)?, ("token", "nobody who may give one has given it")),
        ("expired", of(&late, Alg::Hs256)?, ("tokenExpired", "its time is over")),
        ("with alg: none", of(&good, Alg::None)?, ("tokenUnsigned", "nobody has signed it")),
    ];
    for (name, token, refused) in wrong {
        let _ =
            report.step(&format!("a pass that is {name} is refused by the media server and on the page"), |facts| {
                let (status, said) = validated(world, &token)?;
                ensure!(status == 401, "the media server answers {status}: {said}");
                facts.add("said", said);
                on_the_page(world, &world.ben, (&token, refused, refused.0), facts)
            });
    }
    Ok(())
}

/// What the SFU says of a pass.
fn validated(world: &World, token: &str) -> Result<(u16, String)> {
    http::status(&world.hall.sfu.url()?, &format!("/rtc/validate?access_token={token}"))
}

/// Fails if a refusal is not told in its own words.
pub(super) fn in_words(told: &str, words: &str) -> Result<()> {
    ensure!(told.contains(words), "the page does not say \"{words}\": {told}");
    Ok(())
}

/// Somebody's page has a pass that is not its own: it gives the reason and says the words.
fn on_the_page(
    world: &World,
    member: &Member,
    (token, (expected, words), picture): (&str, (&str, &str), &str),
    facts: &mut Facts,
) -> Result<()> {
    let page = member.open(&world.browser, &Opening::Pass(token.to_owned()))?;
    page.choose(&world.forum)?;
    page.go(Form::Anonymous)?;
    let (reason, told) = page.refusal()?;
    ensure!(reason == expected, "the page says {reason}");
    in_words(&told, words)?;
    facts.add("told", told);
    facts.add("picture", page.page.picture(&format!("refused-pass-{picture}"))?);
    page.page.close()
}

/// Who was removed has a pass that has not expired yet.
fn kicked(report: &mut Report, world: &World, ana: Seated) -> Result<()> {
    let moderator = report.step("the moderator enters", |facts| {
        world.hall.host.identify()?;
        world.seat(&world.hall.host, &world.forum, Form::Known(&world.hall.host.account), facts)
    })?;
    let pass = ana.page.page.passes()?.pop().context("the page used no pass")?;
    report.step("a member is removed: she is told, and her pass, still in time, opens nothing", |facts| {
        ensure!(validated(world, &pass)?.0 == 200, "the pass was not good before");
        moderator.page.sees_seat(&ana.identity)?;
        moderator.page.order(&ana.identity, "kick")?;
        let (reason, told) = ana.page.ended()?;
        ensure!(reason == "Kicked", "the seat ended as {reason}");
        in_words(&told, "A moderator removed you from this room")?;
        facts.add("told", told);
        facts.add("picture", ana.page.page.picture("refused-kicked")?);
        let (status, said) = wait::until("the media server to refuse the pass", || {
            Ok(Some(validated(world, &pass)?).filter(|(status, _)| *status != 200))
        })?;
        // Not because the room is closed or full: because of this seat.
        ensure!(status == 401 && said.contains("revoked"), "the media server answers {status}: {said}");
        facts.add("said", said);
        ana.page.page.close()?;
        moderator.page.leave()?;
        moderator.page.page.close()
    })?;
    report.step("a page that has the pass of a removed seat is told that it was taken back", |facts| {
        on_the_page(world, &world.ben, (&pass, ("token", "it was taken back"), "removed"), facts)
    })
}

/// A room of three seats and a fourth, and a seat's pass to this room in the forum.
pub(super) fn of_a_full_room(report: &mut Report, world: &World) -> Result<()> {
    let plan = Plan { kind: "open-forum", slot_of: 6, more: &["--capacity", "3"] };
    let (room, pass, omid, reza) = report.step("three enter a room of three seats", |_| {
        let room = open(&world.hall, plan, "Three chairs")?;
        let (omid, reza) = (world.hall.member("omid-too", 6)?, world.hall.member("reza", 7)?);
        let mut passes = Vec::new();
        for member in [&world.ana, &world.ben, &omid] {
            member.knows(&room)?;
            passes.push(text(&member.sit_anonymously(&room)?, "/token")?);
        }
        Ok((room, passes.pop().context("nobody has a pass")?, omid, reza))
    })?;
    let _ = report.step("a live pass of another open room is refused on the page: it is for that room", |facts| {
        let (status, said) = validated(world, &pass)?;
        ensure!(status == 200, "the pass is not good in its own room: {status}, {said}");
        reza.knows(&world.forum)?;
        on_the_page(world, &reza, (&pass, ("tokenRoom", "it is for another room"), "tokenRoom"), facts)
    });
    report.step("in a room of three seats the fourth is told that all are taken", |facts| {
        reza.knows(&room)?;
        let page = reza.open(&world.browser, &Opening::Plain)?;
        page.choose(&room)?;
        page.go(Form::Anonymous)?;
        let (reason, told) = page.refusal()?;
        ensure!(reason == "Full", "the page says {reason}");
        in_words(&told, "All seats are taken")?;
        facts.add("told", told);
        facts.add("picture", page.page.picture("refused-full")?);
        for member in [&world.ana, &world.ben, &omid] {
            member.leave(&room)?;
        }
        page.page.close()
    })
}

/// A page that believes to be a presenter, and a server that knows better.
pub(super) fn of_a_track(world: &World, room: &str, facts: &mut Facts) -> Result<()> {
    let page = world.ben.open(&world.browser, &Opening::Promoted)?;
    page.enter(room, Form::Anonymous)?;
    // The page takes no press while keys change: pressed again then.
    wait::until("the refusal", || {
        page.press_device(Device::Camera)?;
        wait::moment(wait::MOMENT);
        Ok(page.is_told("refused.publish")?.then_some(()))
    })?;
    let told = page.told("refused.publish")?;
    in_words(&told, "The media server does not let this seat send that")?;
    facts.add("told", told);
    facts.add("picture", page.page.picture("refused-track")?);
    page.leave()?;
    page.page.close()
}
