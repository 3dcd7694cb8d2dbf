//! What an observer of the links could write down while messages move a contract: the rules of
//! [`crate::capture::watch`], which journey 3 holds its own links to.

use anyhow::{Result, ensure};

use super::World;
use crate::{
    actions::{self, ADD},
    capture::watch::{Watched, check_apart},
    receipt::Outcome,
    report::{Facts, Report},
};

/// Runs the step that sends an action.
pub(super) fn action(report: &mut Report, world: &World) {
    let _ = report
        .step("no 16 bytes stand on two links of an action's way to the executor, nor of its receipt's", |facts| {
            unlinkable(world, facts)
        });
}

/// Runs the steps over all that was captured; each stands for itself.
pub(super) fn run(report: &mut Report, world: &World) {
    let _ = report.step("links that carry actions carry packets of 16,384 bytes and nothing else", |facts| {
        watched(world).check_sizes(facts)
    });
    let _ = report.step(
        "the first relays of author and executor receive no Session ID, mailbox tag or inbox key",
        |facts| {
            let executor = actions::executor_of(&world.network)?;
            watched(world).check_nameless(&[(&world.author, &world.own), (executor, &world.executor)], facts)
        },
    );
    let _ = report
        .step("every handshake around the executor is X25519MLKEM768", |facts| watched(world).check_handshakes(facts));
    let _ = report
        .step("what arrived over these links went by in datagrams before, none larger than 1,452 bytes", |facts| {
            watched(world).check_datagrams(facts)
        });
}

/// The executor is a service node too: only the author is a client alone.
fn watched(world: &World) -> Watched<'_> {
    Watched { nodes: &world.network.nodes, members: vec![&world.author] }
}

/// An action is written, read and carried out, and its receipt is written and read: what every link carried meanwhile is
/// compared with every other link.
fn unlinkable(world: &World, facts: &mut Facts) -> Result<()> {
    let (links, cursor) = (watched(world), world.cursor()?);
    let before = links.now()?;
    world.send(&world.accounts[1], ADD, "1", &[])?;
    let receipt = world.receipt("the receipt", cursor, |_| true)?;
    ensure!(receipt.outcome == Outcome::Executed, "{receipt:?}");
    let way = links.way(&before, &[&world.author, actions::executor_of(&world.network)?], true)?;
    facts.add("action", way.told());
    check_apart(&[&way])?;
    // What comes next begins when this action is over.
    let last = world.receipt("the final receipt", cursor, |receipt| receipt.is_final)?;
    ensure!(last.outcome == Outcome::Executed, "{last:?}");
    facts.add("transaction", last.transaction);
    Ok(())
}
