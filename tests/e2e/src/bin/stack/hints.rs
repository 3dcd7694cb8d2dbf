//! What the network tells people: where everything is, and what to try.

use std::{fs::File, io::Write, path::Path};

use anyhow::Result;
use pars_e2e::network::EXECUTOR;

use crate::{MEMBERS, Network};

/// Writes each member's environment and prints the next steps.
pub(crate) fn introduce(network: &Network, directory: &Path, bin: &Path) -> Result<()> {
    for member in MEMBERS {
        let mut file = File::create(directory.join(format!("env-{member}")))?;
        writeln!(file, "export PATH='{}':\"$PATH\"", bin.display())?;
        writeln!(file, "export PARS_RPC='{}' PARS_INDEXER='{}'", network.rpc, network.api)?;
        writeln!(file, "export PARS_DEPLOYMENT='{}'", network.deployment.display())?;
        writeln!(file, "export PARS_HOME='{}'", directory.join(format!("home-{member}")).display())?;
        writeln!(file, "export PARS_DATADIR='{}'", directory.join(format!("member-{member}")).display())?;
    }
    let (place, rpc, api) = (directory.display(), &network.rpc, &network.api);
    println!(
        "
The development network runs. State and logs: {place}

  chain     {rpc}  (chain id 7072, ten funded accounts)
  indexer   {api}/v1/rooms
  nodes     node-1 to node-6 (accounts 4 to 9); {EXECUTOR} carries out actions
  members   member-a and member-b

Write to each other. In a second terminal, as member B:

  source {place}/env-b
  parsctl session identity create                                    # prints B's link, and what revokes it: keep that on paper
  parsctl session tail

In a third, as member A:

  source {place}/env-a
  parsctl session identity create
  parsctl session create --recipient '<B's link>'                    # prints the session's id
  parsctl session send --session <session id> --message 'Hello B'    # stored even while B is away
  parsctl session list; parsctl status; parsctl peers

Open a room, as member A:

  parsctl --dev-account 1 lock --amount 1000 --days 365 --register   # lock PARS and register for anonymous entry
  parsctl --dev-account 1 room create --kind open-forum              # a room, in the hourly slot of that lock
  parsctl room list
  parsctl --dev-account 1 room sitting open <room id>                # pins the tree of registered holders
  parsctl --dev-account 1 eligibility prove --room <room id> --out proof.json
  parsctl eligibility check --room <room id> --proof proof.json      # our verifier and the contract must agree

Ctrl-C ends it; the state stays (`cargo xtask up --fresh` begins anew)."
    );
    Ok(())
}
