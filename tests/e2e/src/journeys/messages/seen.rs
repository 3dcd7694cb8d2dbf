//! What an observer of the links could write down: the daemons' captures, below TLS, and copies of datagrams and streams.
//! The rules are those of [`crate::capture::watch`].

use anyhow::Result;

use super::{World, arrives, messages};
use crate::{
    capture::watch::{Watched, Way, check_apart},
    kills::is,
    report::{Facts, Report},
    wait,
};

const WATCHED: &str = "This one is watched.";

/// Runs the steps; each stands for itself.
pub(super) fn run(report: &mut Report, world: &mut World) {
    let _ = report.step("no 16 bytes stand on two links of a message's way, nor of its fetching", |facts| {
        unlinkable(world, facts)
    });
    let world = &*world;
    let _ =
        report.step("links carry packets of 16,384 bytes and nothing else", |facts| watched(world).check_sizes(facts));
    let _ = report.step("the first relay receives no Session ID, mailbox tag or inbox key", |facts| {
        watched(world).check_nameless(&[(&world.a, &world.alice), (&world.b, &world.bob)], facts)
    });
    let _ = report.step("every handshake is X25519MLKEM768", |facts| watched(world).check_handshakes(facts));
    let _ = report
        .step("every packet that arrived went by in datagrams before, none larger than 1,452 bytes", |facts| {
            watched(world).check_datagrams(facts)
        });
}

fn watched(world: &World) -> Watched<'_> {
    Watched { nodes: &world.network.nodes, members: vec![&world.a, &world.b] }
}

/// A message is written and stored while its reader is away, and read when he is back: what every link carried then, both
/// times, is compared with every other link.
fn unlinkable(world: &mut World, facts: &mut Facts) -> Result<()> {
    world.b.stop();
    let written = written(world);
    let back = watched(world).now();
    // What follows needs B, whatever became of this.
    world.b.start()?;
    let (written, back) = (written?, back?);
    arrives(&world.bob(), world.alice.session(), WATCHED)?;
    let read = watched(world).way(&back, &[&world.b], false)?;
    facts.add("written", written.told());
    facts.add("read", read.told());
    check_apart(&[&written, &read])
}

/// What links carry until all replicas hold a message and its author has their receipts.
fn written(world: &World) -> Result<Way> {
    let before = watched(world).now()?;
    let (alice, session) = (world.alice(), world.bob.session());
    alice.run(&["session", "send", "--session", session, "--message", WATCHED])?;
    wait::until("the receipts of that message", || {
        let sent = messages(&alice, session, "sent")?;
        Ok(sent.iter().any(|message| is(message, "content", WATCHED) && is(message, "state", "stored")).then_some(()))
    })?;
    watched(world).way(&before, &[&world.a], true)
}
