//! Journey 4: what is sealed stays sealed. A wrong key plays nothing; who left and who came later have no keys of the rest; a
//! media server that lies about encryption and sends in the clear is not believed; what it has seen holds nothing readable.
//!
//! A Committee of accounts 2, 3 and 6, so that everybody has sound and picture. `dump` reads what the media server saw, `memory` what
//! stands in its memory and the host's.

mod dump;
mod memory;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    browser::{
        Browser, Opening,
        hall::{Device, Form, HallPage},
        operator::Operator,
    },
    hall::{Hall, Member, Plan, Told},
    report::{Facts, Report},
    sound,
    stack::Places,
    wait,
    withheld::Withheld,
};

/// What Ana writes: nobody but members may ever read it.
const CANARY: &str = "canary: the well at Qanat 7 is dry";
/// What the liar sends in the clear.
const LIE: &str = "lie: I am Ana, and this is not sealed";
/// After this nobody who left may decode anything (TOWNHALL 3).
const ROTATED: Duration = Duration::from_secs(5);
/// What every microphone hears, in Hz, one tone after the other: known, so that it can be looked for.
const TONES: [f64; 2] = [440.0, 880.0];
/// How long something is listened to that must be silent.
const LISTEN: Duration = Duration::from_millis(2_500);
/// LiveKit's numbers of encryptions.
const CLAIMS: [(u64, &str, &str); 2] = [(0, "none", "notice.notEncrypted"), (1, "AES-GCM", "notice.clear")];

struct World {
    hall: Hall,
    browser: Browser,
    room: String,
    ana: Member,
    ben: Member,
    cyrus: Member,
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let world = begin(report, places)?;
    let (ana, ben) =
        report.step("two are in a Committee: he sees and hears her, and reads what she writes", |facts| {
            let (ana, ben) = (world.enter(&world.ana, &Opening::Noted)?, world.enter(&world.ben, &Opening::Deaf)?);
            for device in [Device::Camera, Device::Microphone] {
                ana.0.switch(device, true)?;
                ben.0.receives(&ana.1, device)?;
            }
            ana.0.say(CANARY)?;
            ben.0.hears_text(&ana.1, CANARY)?;
            facts.add("epoch", ana.0.epoch()?);
            Ok((ana, ben))
        })?;
    later(report, &world, &ana)?;
    wrong_key(report, &world, &ana)?;
    left(report, &world, (&ana, ben))?;
    let before = report.step("nothing readable stands in what the media server has seen so far", |facts| {
        let seen = world.hall.dump()?;
        dump::without(&seen, CANARY)?;
        facts.add("bytes", seen.len());
        Ok(seen.len())
    })?;
    liar(report, &world, places, ana)?;
    report
        .step("what it saw of sealed sound and pictures has no pattern; what the liar sent in the clear has", |facts| {
            dump::compare(&world.hall.dump()?, before, (CANARY, LIE), facts)
        })
}

fn begin(report: &mut Report, places: &Places) -> Result<World> {
    report.step("a town hall is up whose media server writes down all it sees; a Committee is hosted", |facts| {
        let hall = Hall::that_removes_nobody(places, &[1], Told::Dump, facts)?;
        let tones = hall.stack.path("tones.wav");
        std::fs::write(&tones, sound::wave(&TONES))?;
        let browser = Browser::start(places, "4", Some(&tones))?;
        let room = hall.room(Plan { kind: "committee", slot_of: 1, more: &[] })?;
        let (ana, ben, cyrus) = (hall.member("ana", 2)?, hall.member("ben", 3)?, hall.member("cyrus", 6)?);
        for member in [&ana, &ben, &cyrus] {
            hall.host.person.run(&["room", "member", "add", &room, &member.account])?;
            member.identify()?;
        }
        hall.sit(&room, "Sealed")?;
        facts.add("pictures", browser.pictures().display().to_string());
        Ok(World { hall, browser, room, ana, ben, cyrus })
    })
}

impl World {
    /// Page and identity of a member who enters by name.
    fn enter(&self, member: &Member, opening: &Opening) -> Result<(HallPage, String)> {
        member.knows(&self.room)?;
        let page = member.open(&self.browser, opening)?;
        let seat = page.enter(&self.room, Form::Known(&member.account))?;
        Ok((page, seat.identity))
    }
}

/// Who comes later.
fn later(report: &mut Report, world: &World, ana: &(HallPage, String)) -> Result<()> {
    report.step("one who comes later gets no key of an epoch before, and reads nothing that was said", |facts| {
        let before = ana.0.epoch()?;
        let (cyrus, _) = world.enter(&world.cyrus, &Opening::Noted)?;
        facts.add("frames", cyrus.receives(&ana.1, Device::Camera)?.frames);
        let given = cyrus.page.epochs()?;
        let first = given.iter().min().copied().context("no keys were given")?;
        facts.add("epochBefore", before);
        facts.add("firstEpochGiven", first);
        ensure!(first > before, "keys of epoch {first} were given, and {before} was over");
        cyrus.say("who is here?")?;
        ensure!(cyrus.messages()? == 0, "an older message is shown");
        cyrus.leave()?;
        cyrus.page.close()
    })
}

/// Who has keys of which one bit is wrong.
fn wrong_key(report: &mut Report, world: &World, ana: &(HallPage, String)) -> Result<()> {
    report.step("with a wrong key: packets come, 0 samples, 0 frames, and an error that is shown", |facts| {
        let (cyrus, _) = world.enter(&world.cyrus, &Opening::WrongKeys)?;
        facts.add("told", cyrus.told("notice.wrongKey")?);
        let all = cyrus.decoded(None, LISTEN)?;
        facts.add("packets", all.packets);
        let since = cyrus.page.received(None)?;
        ensure!(all.packets > 0, "nothing came at all");
        ensure!(
            since.samples == 0 && since.frames == 0 && since.energy == 0.0,
            "with a wrong key this was decoded: {since:?}"
        );
        ana.0.say("can you read this?")?;
        wait::moment(LISTEN);
        ensure!(cyrus.messages()? == 0, "a message was opened with a wrong key");
        facts.add("picture", cyrus.page.picture("wrong-key")?);
        cyrus.leave()?;
        cyrus.page.close()
    })
}

/// Who left, and whose page did not hear of it: nor did the media server, which goes on sending it everything.
fn left(report: &mut Report, world: &World, (ana, ben): (&(HallPage, String), (HallPage, String))) -> Result<()> {
    report.step("one who left decodes nothing that is sent 5 s later, and got no key of the new epoch", |facts| {
        let before = ana.0.epoch()?;
        world.ben.leave(&world.room)?;
        let after = wait::until("a new epoch", || Ok(Some(ana.0.epoch()?).filter(|now| *now > before)))?;
        wait::moment(ROTATED);
        let all = ben.0.decoded(None, LISTEN)?;
        let withheld = world.hall.withheld.as_ref().map_or(0, Withheld::count);
        let last = ben.0.page.epochs()?.into_iter().max().context("no keys were ever given")?;
        facts.add("epochAfter", after);
        facts.add("lastEpochGiven", last);
        facts.add("removalsWithheld", withheld);
        facts.add("packets", all.packets);
        ensure!(withheld > 0 && all.packets > 0, "nothing is sent to who left: that nothing was decoded shows nothing");
        ensure!(all.samples == 0 && all.frames == 0 && all.energy == 0.0, "this was decoded: {all:?}");
        ensure!(last < after, "keys of epoch {last} were given to one who had left before {after}");
        ben.0.page.close()
    })
}

/// A media server whose operator sends in Ana's name.
fn liar(report: &mut Report, world: &World, places: &Places, ana: (HallPage, String)) -> Result<()> {
    let (operator, listener, identity, ben) =
        report.step("the server's operator takes the place of a seat that has no page open", |facts| {
            let pass = ana.0.page.passes()?.last().cloned().context("the page used no pass")?;
            ana.0.leave()?;
            ana.0.page.close()?;
            let identity = crate::parsctl::text(&world.ana.sit_by_name(&world.room)?, "/identity")?;
            let ben = world.enter(&world.ben, &Opening::Plain)?.0;
            ben.sees_seat(&identity)?;
            let key: Value = serde_json::from_slice(&std::fs::read(world.hall.sfu.key_file())?)?;
            let place = format!("{}/none", world.ben.daemon.address("http")?);
            let (server, name) = (world.hall.sfu.url()?, crate::jwt::room(&pass)?);
            let open = |who| Operator::open(&world.browser, places, (who, &place), (&server, &key, &name));
            facts.add("identity", identity.clone());
            Ok((open("operator")?, open("listener")?, identity, ben))
        })?;
    listener.listen("00000000000000ff")?;
    for (claimed, name, notice) in CLAIMS {
        report.step(
            &format!("it claims encryption {name} and sends in the clear: nothing is played or shown"),
            |facts| lies((&operator, &listener, &ben), (&identity, claimed, notice), facts),
        )?;
    }
    report.step(
        "memory of media server and host holds no word that is written; the server's holds the liar's",
        |facts| {
            operator.inject(&identity, 0, LIE)?;
            memory::search(&world.hall, (CANARY, LIE, &identity), || ben.say(CANARY), facts)?;
            operator.leave()
        },
    )
}

fn lies(
    (operator, listener, ben): (&Operator, &Operator, &HallPage),
    (identity, claimed, notice): (&str, u64, &str),
    facts: &mut Facts,
) -> Result<()> {
    let (before, _) = listener.heard()?;
    operator.inject(identity, claimed, LIE)?;
    facts.add("told", ben.told(notice)?);
    // What is sent can be played: a client that encrypts nothing plays it.
    let plain = wait::until("a plain client to play it", || {
        let (now, texts) = listener.heard()?;
        let now = now.since(before);
        let played = now.frames > 10 && now.energy > 0.01 && texts.iter().any(|text| text == LIE);
        Ok(played.then_some(now))
    })?;
    facts.add("plainFrames", plain.frames);
    facts.add("plainEnergy", plain.energy);
    let packets = ben.decoded(None, LISTEN)?.packets;
    let all = ben.page.received(None)?;
    facts.add("packets", packets);
    ensure!(packets > 0, "nothing came to the page at all");
    ensure!(all.samples == 0 && all.frames == 0 && all.energy == 0.0, "this was played: {all:?}");
    ensure!(ben.messages()? == 0, "a text in the clear is shown");
    facts.add("picture", ben.page.picture(&format!("clear-frames-claimed-{claimed}"))?);
    operator.leave()
}
