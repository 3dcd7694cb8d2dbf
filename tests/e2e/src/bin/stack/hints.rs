//! What the network tells people: where everything is, and what to try.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::Result;
use pars_e2e::{network::EXECUTOR, parsctl::text};
use serde_json::Value;

use crate::{MEMBERS, Network};

/// Writes each member's environment and prints the next steps.
pub(crate) fn introduce(network: &Network, directory: &Path, bin: &Path) -> Result<()> {
    let mut links = String::new();
    for member in MEMBERS {
        let mut file = File::create(directory.join(format!("env-{member}")))?;
        writeln!(file, "export PATH='{}':\"$PATH\"", bin.display())?;
        writeln!(file, "export PARS_RPC='{}' PARS_INDEXER='{}'", network.rpc, network.api)?;
        writeln!(file, "export PARS_DEPLOYMENT='{}'", network.deployment.display())?;
        writeln!(file, "export PARS_HOME='{}'", directory.join(format!("home-{member}")).display())?;
        writeln!(file, "export PARS_DATADIR='{}'", directory.join(format!("member-{member}")).display())?;
    }
    for member in &network.members {
        links.push_str(&format!("  {}  {}\n", member.name, link(&member.datadir)?));
    }
    let rooms: String = network.rooms.iter().map(|(kind, room)| format!("  {kind:<10} {room}\n")).collect();
    let (place, rpc, api) = (directory.display(), &network.rpc, &network.api);
    println!(
        "
The development network runs. State and logs: {place}

  chain     {rpc}  (chain id 7072, ten funded accounts)
  indexer   {api}/v1/rooms
  nodes     node-1 to node-6 (accounts 4 to 9); {EXECUTOR} carries out actions
  members   member-a (account 1, hosts rooms) and member-b (account 2)

Rooms with a running sitting, hosted by member-a:

{rooms}
Open a member's page; who has the link may speak for that member:

{links}
To enter under your own account, make the identity first (below).

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

Open another room, as member A:

  parsctl --dev-account 1 room create --kind open-forum              # a room, in the hourly slot of that lock
  parsctl room list
  parsctl --dev-account 1 room host <room id> --title 'Our forum'    # opens a sitting, hosted by this daemon
  parsctl --dev-account 1 eligibility prove --room <room id> --out proof.json
  parsctl eligibility check --room <room id> --proof proof.json      # our verifier and the contract must agree

Ctrl-C ends it; the state stays (`cargo xtask up --fresh` begins anew)."
    );
    Ok(())
}

/// The link of a daemon's page: the token stands in the fragment, which is never sent.
fn link(datadir: &Path) -> Result<String> {
    let file = datadir.join("rpc.json");
    let announced: Value = serde_json::from_slice(&fs::read(file)?)?;
    Ok(format!("{}/#token={}", text(&announced, "/http")?, text(&announced, "/token")?))
}
