//! Journey 2 in rooms: people of three kinds of rooms see and hear each other in Chromium, through their own daemons, with
//! real proofs.
//!
//! Account 1 hosts and moderates; 2, 3, 6 and 7 hold locks; 5 and 6 own a Safe; 9 is a stranger.

mod committee;
mod native;
mod presenters;
mod refused;
mod town_hall;

use anyhow::{Result, ensure};

use crate::{
    browser::{
        Browser, Opening,
        hall::{Device, Form, HallPage, OwnSeat},
    },
    hall::{Hall, Member, Plan, Told},
    report::{Facts, Report},
    stack::Places,
    traces, wait,
};

/// Everything the steps share.
struct World {
    hall: Hall,
    browser: Browser,
    ana: Member,
    ben: Member,
    /// The Open Forum.
    forum: String,
}

/// Somebody in a room.
struct Seated {
    page: HallPage,
    identity: String,
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let world = begin(report, places)?;
    forum(report, &world)?;
    report.part(|report| refused::of_the_forum(report, &world));
    report.part(|report| town_hall::run(report, &world));
    report.part(|report| committee::run(report, &world, places));
    report.part(|report| refused::of_a_full_room(report, &world));
    report.part(|report| presenters::run(report, &world));
    report.part(|report| native::run(report, &world, places));
    silent(report, &world)
}

/// What the whole network wrote down, at the end of it all.
fn silent(report: &mut Report, world: &World) -> Result<()> {
    report.step("no log of chain, index, daemons and media server holds a token, a pass or a secret", |facts| {
        let mut traces = world.hall.tokens(&world.browser.every_pass()?)?;
        for member in [&world.hall.host, &world.ana, &world.ben] {
            traces.extend(member.secrets()?);
        }
        traces::search_logs(&world.hall, &traces, true, facts)
    })?;
    report.step("no certificate and no name of ICE of a browser came to the media server in two connections", |facts| {
        traces::search_connections(&world.hall, facts)
    })
}

/// What is left of two who were there without a name.
fn unnamed(report: &mut Report, world: &World, identity: &str) -> Result<()> {
    report.step("no log, media server or tunnel holds account, commitment or Session ID of those two", |facts| {
        let traces = [world.ana.names()?, world.ben.names()?].concat();
        traces::search_logs(&world.hall, &traces, false, facts)?;
        traces::search_tunnels(&world.hall, &traces, identity, facts)?;
        traces::search_dump(&world.hall, &traces, identity, facts)
    })
}

fn begin(report: &mut Report, places: &Places) -> Result<World> {
    report.step("chain, service node, SFU, host and Chromium are up, an Open Forum is hosted", |facts| {
        let hall = Hall::start(places, &[1, 2, 3, 6, 7], Told::All, facts)?;
        let browser = Browser::start(places, "2", None)?;
        let forum = open(&hall, Plan { kind: "open-forum", slot_of: 1, more: &[] }, "Water for the south")?;
        let (ana, ben) = (hall.member("ana", 2)?, hall.member("ben", 3)?);
        facts.add("room", forum.clone());
        facts.add("pictures", browser.pictures().display().to_string());
        Ok(World { hall, browser, ana, ben, forum })
    })
}

/// Makes a room and opens a sitting that is hosted.
fn open(hall: &Hall, plan: Plan<'_>, title: &str) -> Result<String> {
    let room = hall.room(plan)?;
    hall.sit(&room, title)?;
    Ok(room)
}

impl World {
    /// Opens somebody's page and enters a room.
    fn enter(&self, member: &Member, room: &str, form: Form<'_>) -> Result<(HallPage, OwnSeat)> {
        member.knows(room)?;
        let page = member.open(&self.browser, &Opening::Plain)?;
        let seat = page.enter(room, form)?;
        Ok((page, seat))
    }

    /// The same, with what is told of it.
    fn seat(&self, member: &Member, room: &str, form: Form<'_>, facts: &mut Facts) -> Result<Seated> {
        let (page, seat) = self.enter(member, room, form)?;
        facts.add("identity", seat.identity.clone());
        facts.add("role", seat.role);
        Ok(Seated { page, identity: seat.identity })
    }
}

fn forum(report: &mut Report, world: &World) -> Result<()> {
    let ana = report.step("a member enters without a name, by a real proof, through her own daemon", |facts| {
        by_proof(world, &world.ana, (&Opening::Severable, "lobby", "proof"), facts)
    })?;
    let ben = report.step("so does another, in Farsi", |facts| {
        by_proof(world, &world.ben, (&Opening::Plain, "lobby-farsi", "proof-farsi"), facts)
    })?;
    report.step("each has verified the other, and both show the same check code", |facts| {
        ana.page.sees_seat(&ben.identity)?;
        ben.page.sees_seat(&ana.identity)?;
        let (one, picture) = ana.page.check_code("check-code")?;
        let (other, farsi) = ben.page.check_code("check-code-farsi")?;
        ensure!(one == other && one.len() == 25, "the codes are {one} and {other}");
        facts.add("code", one);
        facts.add("picture", picture);
        facts.add("pictureInFarsi", farsi);
        Ok(())
    })?;
    report.part(|report| talk(report, &ana, &ben));
    report.part(|report| unnamed(report, world, &ana.identity));
    report.step("he leaves and comes again on the same page, under another name", |facts| {
        ben.page.leave()?;
        let again = ben.page.enter(&world.forum, Form::Anonymous)?.identity;
        ensure!(again != ben.identity, "he has the name that he had before");
        facts.add("identity", again);
        Ok(())
    })?;
    report.step("nothing went wrong on the pages; both leave", |_| {
        for one in [ana, ben] {
            clean(&one.page)?;
            one.page.leave()?;
            one.page.page.close()?;
        }
        Ok(())
    })
}

/// Enters the forum without a name, with pictures on the way; in Farsi if they say so.
fn by_proof(
    world: &World,
    member: &Member,
    (opening, lobby, proof): (&Opening, &str, &str),
    facts: &mut Facts,
) -> Result<Seated> {
    member.knows(&world.forum)?;
    // She has a Session ID, which nobody must see.
    member.identify()?;
    let page = member.open(&world.browser, opening)?;
    page.choose(&world.forum)?;
    if lobby.ends_with("farsi") {
        page.other_language()?;
    }
    facts.add("picture", page.page.picture(lobby)?);
    page.go(Form::Anonymous)?;
    facts.add("pictureOfProof", page.page.picture(proof)?);
    let identity = page.seated()?.identity;
    facts.add("identity", identity.clone());
    Ok(Seated { page, identity })
}

/// Scripts threw nothing, and the policy refused nothing.
fn clean(page: &HallPage) -> Result<()> {
    let faults = page.page.faults()?;
    ensure!(faults.as_array().is_some_and(Vec::is_empty), "the page says {faults}");
    Ok(())
}

/// Chat, reactions, hands and sound between two.
fn talk(report: &mut Report, ana: &Seated, ben: &Seated) -> Result<()> {
    report.step("chat, a reaction and a raised hand arrive", |_| {
        ana.page.say("Salaam from Ana")?;
        ben.page.hears_text(&ana.identity, "Salaam from Ana")?;
        ben.page.say("سلام")?;
        ana.page.hears_text(&ben.identity, "سلام")?;
        // It is shown for five seconds: on a slow machine the first may be over before anybody looks.
        wait::until("the reaction", || {
            ben.page.react("agree")?;
            wait::moment(wait::MOMENT);
            Ok(ana.page.shows_reaction(&ben.identity, "agree")?.then_some(()))
        })?;
        ben.page.hand()?;
        ana.page.sees_hand(&ben.identity)
    })?;
    report.step("she speaks and he decodes her voice; he speaks and she decodes his", |facts| {
        ana.page.switch(Device::Microphone, true)?;
        facts.add("energyOfAna", ben.page.receives(&ana.identity, Device::Microphone)?.energy);
        ben.page.switch(Device::Microphone, true)?;
        facts.add("energyOfBen", ana.page.receives(&ben.identity, Device::Microphone)?.energy);
        facts.add("picture", ana.page.page.picture("forum")?);
        facts.add("pictureInFarsi", ben.page.page.picture("forum-farsi")?);
        Ok(())
    })?;
    report.step(
        "her signalling is cut once: her page says so, comes back by itself, and both are heard as before",
        |facts| {
            let states = ana.page.loses_signalling()?;
            ensure!(states == ["reconnecting", "connected"], "the page shows {states:?}");
            for (listener, speaker) in [(ben, ana), (ana, ben)] {
                facts.add("energy", listener.page.receives(&speaker.identity, Device::Microphone)?.energy);
            }
            Ok(())
        },
    )?;
    report.step("she mutes herself: he hears nothing of her, and she still hears him", |facts| {
        ana.page.switch(Device::Microphone, false)?;
        ben.page.decodes_nobody(Device::Microphone)?;
        facts.add("energyOfBen", ana.page.receives(&ben.identity, Device::Microphone)?.energy);
        ben.page.switch(Device::Microphone, false)
    })
}
