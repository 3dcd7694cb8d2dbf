//! Journey 5: a Town Hall is recorded while everybody there consents, and no longer; who consented plays it, nobody else.
//!
//! Account 1 hosts and stays outside; Ana (2) enters by her wallet and records, Omid (3) by proof without a name, a Safe of
//! account 7 that holds a lock by its delegate key, account 8; Ben (5) comes later. Six service nodes carry what Ana writes to the
//! one that carries out actions.
//!
//! A recorder that lies, by leaving a participant out of its roster, is the program `liar` (`tests/liar`): `sessiond` whose seats
//! go about recordings otherwise. Other lies are the simulator's (`recording`, K1 and K6 of `docs/threats.md`).
//!
//! | Module | Holds |
//! |---|---|
//! | `spans` | consent, pause, withdrawal, and what is anchored |
//! | `files` | who plays what, and what blocks and transactions hold |
//! | `killed` | who records is killed |
//! | `liar` | who records lies |

mod files;
mod killed;
mod liar;
mod spans;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    actions,
    browser::{
        Browser, Opening,
        hall::{Form, HallPage, OwnSeat},
    },
    consents::{Consents, Event},
    dice,
    hall::{Hall, Member, Plan, Told},
    kubo::Kubo,
    network::{Account, connected},
    parsctl::text,
    report::{Facts, Report},
    safe::Safe,
    sound,
    stack::{Places, Stack},
    traces::Trace,
    wait,
};

/// Account that owns the Safe, and the one whose key the Safe names as its delegate.
const OWNER: usize = 7;
const DELEGATE: usize = 8;
/// What every microphone hears, in Hz: known tones with pauses, so that nothing takes them for a noise of the room.
const TONES: [f64; 4] = [440.0, 0.0, 880.0, 0.0];
/// PARS that the Safe locks, and for how many seconds.
const LOCKED: &str = "1000";
const LOCKED_FOR: &str = "126144000";
/// Seconds for which the delegate may sign.
const DELEGATED: u64 = 86_400;

/// Everything the steps share. Daemons end before the hall's directory is removed.
struct World {
    ana: Member,
    omid: Member,
    ben: Member,
    /// The daemon of the Safe's delegate.
    council: Member,
    /// The Safe, lower case.
    safe: String,
    browser: Browser,
    room: String,
    /// Stands in the sitting's title, and in what Omid writes while it is recorded.
    canary: String,
    consents: Consents,
    /// Where Ana's daemon keeps copies.
    kubo: Kubo,
    hall: Hall,
}

/// Somebody in the room with a page.
struct Seated {
    page: HallPage,
    identity: String,
}

/// Two spans of one recording: of three, and with the newcomer.
struct Spans {
    first: Event,
    second: Event,
    /// How long Ana could be heard in the first, and Ben in the second, at most: seconds.
    audible: (f64, f64),
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let mut world = begin(report, places)?;
    let (ana, omid) = seats(report, &world)?;
    let (ben, spans) = spans::run(report, &world, (&ana, &omid))?;
    let again = killed::begin(report, &world, (&ana, &omid, &ben))?;
    report.part(|report| files::run(report, &world, &spans, [&ana, &omid, &ben]));
    report.part(|report| killed::run(report, &mut world, (&omid, &ben), &again));
    report.part(|report| liar::run(report, &mut world, (&omid, &ben)));
    report.part(|report| files::on_the_page(report, &omid, &spans));
    report.part(|report| files::forgotten(report, &world, &spans));
    files::silent(report, &world)
}

fn begin(report: &mut Report, places: &Places) -> Result<World> {
    let (hall, browser, executor) = report.step(
        "chain, six service nodes, SFU, host and Chromium are up; a node carries out actions",
        |facts| {
            let hall = Hall::with_executor(places, &[1, 2, 3, 5], Told::Usual, facts)?;
            let tones = hall.stack.path("tones.wav");
            std::fs::write(&tones, sound::wave(&TONES))?;
            let browser = Browser::start(places, "5", Some(&tones))?;
            let executor = hall.executor()?;
            facts.add("executor", executor.id.clone());
            facts.add("pictures", browser.pictures().display().to_string());
            Ok((hall, browser, executor))
        },
    )?;
    let safe = report.step("a real Safe locks PARS and names its delegate's key on chain", |facts| {
        let safe = council(&hall.stack, places)?;
        facts.add("safe", safe.clone());
        Ok(safe)
    })?;
    let world =
        report.step("four daemons are up, one makes consent keys of ML-DSA-87; a Town Hall is hosted", |facts| {
            let kubo = Kubo::start()?;
            let (ana, [omid, ben, council]) = members(&hall, &executor, &kubo)?;
            let room = hall.room(Plan { kind: "town-hall", slot_of: 1, more: &["--min-balance", "1"] })?;
            let canary = dice::canary()?;
            hall.sit(&room, &format!("On the record {canary}"))?;
            let consents = Consents::of(&hall.stack)?;
            facts.add("room", room.clone());
            Ok(World { ana, omid, ben, council, safe, browser, room, canary, consents, kubo, hall })
        })?;
    report.step("who will record has a session with the executor, and both keys are proven", |facts| {
        world.ana.identify()?;
        connected(&world.ana.daemon)?;
        facts.add("session", actions::acquainted(&world.ana.person, &executor)?);
        Ok(())
    })?;
    Ok(world)
}

/// A Safe with a lock and a delegate.
fn council(stack: &Stack, places: &Places) -> Result<String> {
    let of = |name: &str| text(&stack.deployed, &format!("/deployment/{name}"));
    let (pars, escrow, cast) = (of("pars")?, of("votingEscrow")?, &stack.cast);
    let safe = Safe::deploy(cast, &places.node_modules, &[OWNER], 1)?;
    let decimals = cast.call(&pars, "decimals()(uint8)", &[])?.parse()?;
    let locked = format!("{LOCKED}{}", "0".repeat(decimals));
    cast.send(OWNER, &pars, "transfer(address,uint256)", &[&safe.address, &locked])?;
    let until = (cast.now()? + DELEGATED).to_string();
    let calls = [
        (&pars, cast.calldata("approve(address,uint256)", &[&escrow, &locked])?),
        (&escrow, cast.calldata("createLock(uint256,uint256)", &[&locked, LOCKED_FOR])?),
        (&stack.town_hall, cast.calldata("setSeatDelegate(address,uint40)", &[&cast.account(DELEGATE)?, &until])?),
    ];
    for (to, data) in calls {
        safe.execute(to, &data)?;
    }
    let power = cast.call(&escrow, "votingPower(address)(uint256)", &[&safe.address])?;
    ensure!(!power.starts_with('0'), "the Safe has no power: {power}");
    Ok(safe.address)
}

/// Ana, whose blocks the others fetch; Omid, Ben, and the Safe's delegate.
fn members(hall: &Hall, executor: &Account, kubo: &Kubo) -> Result<(Member, [Member; 3])> {
    let gateway = quiet_port()?;
    let through = ["--recordings-through".into(), executor.id.clone(), "--gateway".into(), gateway.to_string()];
    let copies = ["--blocks-to".to_owned(), kubo.url().to_owned()];
    let ana = hall.member_with("ana", 2, [&through[..], &copies].concat())?;
    let from = ["--blocks-from".to_owned(), format!("http://{gateway}")];
    let large = [&from[..], &["--consent-key".into(), "ml-dsa".into()]].concat();
    let omid = hall.member_with("omid", 3, from.to_vec())?;
    let ben = hall.member_with("ben", 5, from.to_vec())?;
    let council = hall.member_with("council", DELEGATE, large)?;
    Ok((ana, [omid, ben, council]))
}

/// An address that nothing else takes until Ana's daemon listens there, nor while it is dead: the system gives ports above these
/// to who asks for any.
fn quiet_port() -> Result<SocketAddr> {
    let first = u16::try_from(std::process::id() % 5_000)?;
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, 20_000 + (first + port) % 10_000)).ok();
    let listener = (0..10_000).find_map(free).context("no port is free between 20,000 and 30,000")?;
    Ok(listener.local_addr()?)
}

fn seats(report: &mut Report, world: &World) -> Result<(Seated, Seated)> {
    let ana = report.step("a member enters by wallet, on her page", |facts| {
        world.enter(&world.ana, Form::Known(&world.ana.account), facts)
    })?;
    let omid = report.step("another enters without a name, on his", |facts| {
        // He has a Session ID, which nobody must see.
        world.omid.identify()?;
        world.enter(&world.omid, Form::Anonymous, facts)
    })?;
    report.step("the Safe enters by name, its delegate's key signs", |facts| {
        let World { council, safe, room, hall, .. } = world;
        council.identify()?;
        council.knows(room)?;
        let seat = council.sit_signed(room, safe, |typed| hall.stack.cast.sign_typed(DELEGATE, typed))?;
        let identity = text(&seat, "/identity")?;
        for page in [&ana.page, &omid.page] {
            page.sees_seat(&identity)?;
        }
        ana.page.sees_seat(&omid.identity)?;
        facts.add("identity", identity);
        Ok(())
    })?;
    Ok((ana, omid))
}

impl World {
    fn enter(&self, member: &Member, form: Form<'_>, facts: &mut Facts) -> Result<Seated> {
        self.seat(member, facts, |page| page.enter(&self.room, form))
    }

    /// The same while the room is recorded.
    fn enter_recorded(
        &self,
        (member, form): (&Member, Form<'_>),
        facts: &mut Facts,
        meanwhile: impl FnOnce() -> Result<()>,
    ) -> Result<Seated> {
        self.seat(member, facts, |page| page.enter_recorded(&self.room, form, meanwhile))
    }

    fn seat(
        &self,
        member: &Member,
        facts: &mut Facts,
        enter: impl FnOnce(&HallPage) -> Result<OwnSeat>,
    ) -> Result<Seated> {
        member.identify()?;
        member.knows(&self.room)?;
        let page = member.open(&self.browser, &Opening::Plain)?;
        let identity = enter(&page)?.identity;
        facts.add("identity", identity.clone());
        Ok(Seated { page, identity })
    }

    /// What a member's daemon says of recording in the room.
    fn status(&self, member: &Member) -> Result<Value> {
        member.daemon.rpc()?.call("recording.status", &json!({"room": self.room}))
    }

    /// A command of `parsctl recording` for the room.
    fn recording(&self, member: &Member, words: &[&str]) -> Result<Value> {
        let (verb, rest) = words.split_first().context("no command")?;
        member.person.run(&[&["recording", verb, "--room", &self.room][..], rest].concat())
    }

    /// What was written, and what names anybody or the room: nothing of it may stand in a transaction or a block.
    fn names(&self, pages: [&Seated; 3]) -> Result<Vec<Trace>> {
        let mut all = vec![Trace::new("the room", &self.room)?, Trace::new("the Safe", &self.safe)?];
        all.push(Trace::new("the Safe's delegate", &self.council.account)?);
        all.push(Trace::new("what was written", &self.canary)?);
        for member in [&self.ana, &self.omid, &self.ben] {
            all.extend(member.names()?);
            let proof = self.hall.stack.path(&format!("proof-{}.json", member.daemon.name)).display().to_string();
            let proven = member.person.run(&["eligibility", "prove", "--room", &self.room, "--out", &proof])?;
            let what = format!("the nullifier of {}", member.daemon.name);
            all.push(Trace::new(what, &text(&proven, "/nullifier")?)?);
        }
        for one in pages {
            all.push(Trace::new("a pseudonym", &one.identity)?);
        }
        Ok(all)
    }
}

/// A span in the list of a member's daemon.
fn listed(member: &Member, span: &str) -> Result<Option<Value>> {
    let list = member.person.run(&["recording", "list"])?;
    let rows = list.get("recordings").and_then(Value::as_array).context("no list of recordings")?;
    Ok(rows.iter().find(|row| row.get("span").and_then(Value::as_str) == Some(span)).cloned())
}

/// Waits until a span is listed in a state.
fn wait_listed(member: &Member, span: &str, states: &[&str]) -> Result<Value> {
    wait::until(&format!("{span} to be {states:?} at {}", member.daemon.name), || {
        let is = |row: &Value| row.get("state").and_then(Value::as_str).is_some_and(|state| states.contains(&state));
        Ok(listed(member, span)?.filter(is))
    })
}
