//! The SDK under Node: the specification's example, and what it says of another network.

use std::process::Command;

use anyhow::{Result, ensure};

use super::{World, arrives};
use crate::{lines::Lines, report::Report, stack::Places, tool, wait};

/// What the example sends.
const SENT: &str = "Hello from Pars!";
const ANSWER: &str = "Hello from B!";

/// Another network than the daemon's; prints the error's code.
const ELSEWHERE: &str = "
import { ParsSession } from '@pars/session';
try {
  const session = new ParsSession({ dataDir: process.argv[1], network: 'mainnet' });
  await session.getOrCreateIdentity();
  console.log('no error');
  session.close();
} catch (error) {
  console.log(error.name, error.code);
}";

/// Runs the steps; each stands for itself.
pub(super) fn run(report: &mut Report, world: &World, places: &Places) {
    let node = || -> Result<Command> {
        let mut node = Command::new("node");
        // The package is found as any program of this repository finds it.
        node.current_dir(places.repository()?.join("clients/typescript"));
        Ok(node)
    };
    let datadir = world.a.datadir.display().to_string();
    let _ = report.step("the specification's example runs under Node: it sends to B and prints B's answer", |facts| {
        let mut command = node()?;
        command.args(["test/daemon.example.mjs", &datadir, &world.bob.id]);
        let mut example = Lines::start(command)?;
        let arrived = arrives(&world.bob(), world.alice.session(), SENT);
        ensure!(example.ended()?.is_none(), "the example ended: {:?}", example.said());
        arrived?;
        world.bob().run(&["session", "send", "--session", world.alice.session(), "--message", ANSWER])?;
        let printed = format!("{}: {ANSWER}", world.bob.id);
        wait::until("the example to print the answer", || Ok(example.said().contains(&printed).then_some(())))?;
        facts.add("printed", example.said());
        Ok(())
    });
    let _ = report.step("the SDK gives a typed error for another network than the daemon's", |facts| {
        let output = node()?.args(["--input-type=module", "--eval", ELSEWHERE, &datadir]).output()?;
        let said = tool::said(&output);
        ensure!(said.contains("ParsError WrongNetwork"), "{said}");
        facts.add("said", said);
        Ok(())
    });
}
