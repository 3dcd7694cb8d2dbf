//! Journey 3: two people write to each other over six service nodes; a store node dies, a relay dies, a daemon is killed
//! while it sends. Nothing that was acknowledged is lost, nothing comes twice.
//!
//! `doors` tries the daemon's interface, `sdk` the TypeScript client, `seen` reads what the links carried.

mod doors;
mod sdk;
mod seen;

use std::fs;

use anyhow::{Result, anyhow, ensure};
use serde_json::Value;

use crate::{
    daemon::Daemon,
    dice::Dice,
    kills::{self, Talk, Victim, is},
    network::{Account, NODES, Network, connected},
    parsctl::{Parsctl, number, text},
    report::{Facts, Report},
    stack::Places,
    tail::Tail,
    wait,
};

/// What A writes before any answer: as an argument, from a file, by standard input.
const FIRST: [&str; 3] = ["Are you there?", "The vote begins at noon.", "Bring the minutes."];
const ANSWER: &str = "I am. See you at noon.";
const FOURTH: &str = "Good.";
const OVER_ANOTHER_RELAY: &str = "My first relay is gone.";

/// Kills in the quick profile: of the daemon that writes (THREATS T5), and of the one that reads.
const QUICK_KILLS: [u64; 2] = [20, 3];

/// Everything the steps share. Daemons end before the network's directory is removed.
struct World {
    a: Daemon,
    b: Daemon,
    network: Network,
    alice: Account,
    bob: Account,
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let network = report.step("six service nodes stake and register, and the first epoch is rolled", |facts| {
        Network::start(places, true, facts)
    })?;
    let mut world = report.step("two members make their identities and publish their records", |facts| {
        let (a, b) = (network.member("member-a")?, network.member("member-b")?);
        let (alice, bob) = (network.identity(&a)?, network.identity(&b)?);
        facts.add("a", alice.id.clone());
        facts.add("b", bob.id.clone());
        facts.add("status", connected(&a)?);
        Ok(World { a, b, network, alice, bob })
    })?;
    doors::run(report, &world);
    written_to_an_absent(report, &mut world)?;
    read_and_answered(report, &mut world)?;
    let _ = report.step("A's first relay is killed, another takes its place, and a message still arrives", |facts| {
        another_relay(&mut world, facts)
    });
    killed_while_sending(report, &mut world);
    sdk::run(report, &world, places);
    seen::run(report, &mut world);
    Ok(())
}

impl World {
    fn alice(&self) -> Parsctl {
        self.network.person(1, &self.a)
    }

    fn bob(&self) -> Parsctl {
        self.network.person(2, &self.b)
    }
}

fn written_to_an_absent(report: &mut Report, world: &mut World) -> Result<()> {
    report.step(
        "B goes offline; A, whom B never met, writes three messages, and all six nodes hold them",
        |facts| {
            world.b.stop();
            let (alice, session) = (world.alice(), world.bob.session());
            let created = alice.run(&["session", "create", "--recipient", &world.bob.link])?;
            ensure!(text(&created, "/id")? == session, "the session is {created}");
            ensure!(created.get("verified") == Some(&Value::Bool(true)), "the link's check was not made: {created}");
            let [by_argument, by_file, by_input] = FIRST;
            let file = world.network.stack.path("second-text");
            fs::write(&file, by_file)?;
            let send = ["session", "send", "--session", session];
            alice.run(&[&send[..], &["--message", by_argument]].concat())?;
            alice.run(&[&send[..], &["--message-file", &file.display().to_string()]].concat())?;
            alice.run_reading(by_input, &send)?;
            let stored = wait::until("three messages on six nodes", || {
                let sent = messages(&alice, session, "sent")?;
                let everywhere = |message: &&Value| message.get("copies").and_then(Value::as_u64) == Some(NODES as u64);
                Ok((sent.iter().filter(everywhere).count() == FIRST.len()).then_some(sent))
            })?;
            facts.add("messages", stored.iter().filter_map(|message| message.get("id").cloned()).collect::<Vec<_>>());
            facts.add("copies", NODES);
            Ok(())
        },
    )?;
    report.step("a store node that holds them is killed", |facts| {
        // All six hold every one of them, so this one does; it is neither of the two where discovery begins.
        let node = world.network.nodes.named("node-4")?;
        facts.add("node", node.node()?);
        node.kill();
        Ok(())
    })
}

fn read_and_answered(report: &mut Report, world: &mut World) -> Result<()> {
    report.step("B starts and reads all three, once and in order", |facts| {
        world.b.start()?;
        let tail = Tail::start(&world.bob())?;
        let told = tail.wait_for(FIRST.len())?;
        let listed = messages(&world.bob(), world.alice.session(), "received")?;
        for (name, messages) in [("told", &told), ("listed", &listed)] {
            let contents: Vec<String> =
                messages.iter().map(|message| text(message, "/content")).collect::<Result<_>>()?;
            ensure!(contents == FIRST, "{name}: {contents:?}");
        }
        let sequences: Vec<u64> = told.iter().map(|message| number(message, "/sequence")).collect::<Result<_>>()?;
        ensure!(sequences.is_sorted(), "the sequence is {sequences:?}");
        ensure!(told.iter().all(|message| is(message, "sender", &world.alice.id)), "another sender: {told:?}");
        facts.add("sequence", sequences);
        Ok(())
    })?;
    report.step("B answers, A reads the answer and writes a fourth; both keys are proven to each other", |facts| {
        let (alice, bob) = (world.alice(), world.bob());
        let (to_bob, to_alice) = (world.bob.session(), world.alice.session());
        let own = text(&one_session(&bob)?, "/pqAuth")?;
        bob.run(&["session", "send", "--session", to_alice, "--message", ANSWER])?;
        arrives(&alice, to_bob, ANSWER)?;
        alice.run(&["session", "send", "--session", to_bob, "--message", FOURTH])?;
        arrives(&bob, to_alice, FOURTH)?;
        for (name, person) in [("a", &alice), ("b", &bob)] {
            let session = wait::until(&format!("pqAuth of {name}"), || {
                Ok(Some(one_session(person)?).filter(|session| is(session, "pqAuth", "confirmed")))
            })?;
            facts.add(name, session);
        }
        facts.add("bBefore", own);
        Ok(())
    })
}

/// The relay that A's daemon begins its paths with dies.
fn another_relay(world: &mut World, facts: &mut Facts) -> Result<()> {
    world.network.nodes.named("node-4")?.start()?;
    connected(world.network.nodes.named("node-4")?)?;
    let before = text(&connected(&world.a)?, "/firstRelay")?;
    let relay = world.network.nodes.of_id(&before)?;
    let name = relay.name.clone();
    relay.kill();
    let (alice, bob) = (world.alice(), world.bob());
    alice.run(&["session", "send", "--session", world.bob.session(), "--message", OVER_ANOTHER_RELAY])?;
    arrives(&bob, world.alice.session(), OVER_ANOTHER_RELAY)?;
    let after = wait::until("another first relay", || {
        let relay = alice.run(&["status"])?.get("firstRelay").and_then(Value::as_str).map(str::to_owned);
        Ok(relay.filter(|relay| *relay != before))
    })?;
    facts.add("before", before);
    facts.add("after", after);
    let node = world.network.nodes.named(&name)?;
    node.start()?;
    connected(node).map(drop)
}

fn killed_while_sending(report: &mut Report, world: &mut World) {
    let [author, reader] = QUICK_KILLS;
    for (victim, quick, name) in [
        (
            Victim::Author,
            author,
            "A's daemon is killed while it sends: nothing acknowledged is lost, nothing arrives twice",
        ),
        (Victim::Reader, reader, "B's daemon is killed while it reads: nothing is lost, nothing arrives twice"),
    ] {
        let _ = report.step(name, |facts| {
            let dice = Dice::from_environment()?.of_stage(victim as u64);
            let rounds = kills::rounds(quick)?;
            facts.add("seed", dice.seed);
            let mut talk = Talk {
                session: world.bob.session().into(),
                back: world.alice.session().into(),
                word: format!("{victim:?}"),
                dice,
                network: &mut world.network,
                author: &mut world.a,
                reader: &mut world.b,
            };
            let tally = talk.run(victim, rounds)?;
            facts.add("kills", tally.kills);
            facts.add("killsDuringWork", tally.during);
            facts.add("sent", tally.sent);
            facts.add("acknowledgedBeforeTheKill", tally.acknowledged);
            facts.add("acknowledgedLost", 0);
            Ok(())
        });
    }
}

/// Messages of one direction in a session, as `parsctl` lists them.
fn messages(person: &Parsctl, session: &str, direction: &str) -> Result<Vec<Value>> {
    let read = person.run(&["session", "read", "--session", session])?;
    let all = read.get("messages").and_then(Value::as_array).ok_or_else(|| anyhow!("no messages in {read}"))?;
    Ok(all.iter().filter(|message| is(message, "direction", direction)).cloned().collect())
}

/// Waits until a message is there, exactly once.
fn arrives(person: &Parsctl, session: &str, content: &str) -> Result<()> {
    wait::until(&format!("{content:?}"), || {
        let received = messages(person, session, "received")?;
        let count = received.iter().filter(|message| is(message, "content", content)).count();
        ensure!(count < 2, "{content:?} arrived {count} times");
        Ok((count == 1).then_some(()))
    })
}

/// The one session of a person.
fn one_session(person: &Parsctl) -> Result<Value> {
    let sessions = person.run(&["session", "list"])?;
    let list = sessions.get("sessions").unwrap_or(&sessions).as_array().cloned().unwrap_or_default();
    match list.as_slice() {
        [one] => Ok(one.clone()),
        more => Err(anyhow!("{} sessions instead of one", more.len())),
    }
}
