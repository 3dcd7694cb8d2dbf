//! What the network tells people: where everything is, and what to try. Each command can be typed as it stands.

use std::{
    fs::File,
    io::{Write, stdout},
    path::Path,
};

use anyhow::Result;
use pars_e2e::network::EXECUTOR;

use crate::network::{Facts, MEMBERS};

/// Writes each member's environment and prints the next steps.
pub(crate) fn introduce(facts: &Facts, directory: &Path, bin: &Path) -> Result<()> {
    for member in MEMBERS {
        let mut file = File::create(directory.join(format!("env-{member}")))?;
        writeln!(file, "export PATH='{}':\"$PATH\"", bin.display())?;
        writeln!(file, "export PARS_RPC='{}' PARS_INDEXER='{}'", facts.rpc, facts.api)?;
        writeln!(file, "export PARS_DEPLOYMENT='{}'", facts.deployment.display())?;
        writeln!(file, "export PARS_HOME='{}'", directory.join(format!("home-{member}")).display())?;
        writeln!(file, "export PARS_DATADIR='{}'", directory.join(format!("member-{member}")).display())?;
    }
    // A closed pipe is no failure of the network.
    let _ = writeln!(stdout(), "{}\n{}", where_it_is(facts, directory), what_to_type(facts, directory));
    Ok(())
}

fn where_it_is(facts: &Facts, directory: &Path) -> String {
    let rooms: String = facts.rooms.iter().map(|(kind, room)| format!("  {kind:<10} {room}\n")).collect();
    let pages = MEMBERS.into_iter().zip(&facts.members);
    let pages: String = pages.map(|(name, member)| format!("  member-{name}  {}\n", member.page)).collect();
    let Facts { rpc, api, gateway, .. } = facts;
    format!(
        "
The development network runs. State and logs: {place}

  chain     {rpc}  (chain id 7072, ten funded accounts)
  indexer   {api}/v1/rooms
  nodes     node-1 to node-6 (accounts 4 to 9); {EXECUTOR} carries out actions
  members   member-a (account 1, hosts rooms) and member-b (account 2)
  blocks    {gateway}/ipfs/…  (what member-a keeps, read only)

Rooms with a running sitting, hosted by member-a:

{rooms}
Open a member's page; who has the link may speak for that member:

{pages}",
        place = directory.display()
    )
}

fn what_to_type(facts: &Facts, directory: &Path) -> String {
    let place = directory.display();
    let Some(b) = facts.members.get(1) else { return String::new() };
    let (link, id, code) = (&b.identity.link, &b.identity.id, &b.code);
    let prove = facts.rooms.get("town-hall").map_or(String::new(), |room| {
        format!(
            "
Prove that your lock suffices for the Town Hall, without your name, as member A:

  parsctl --dev-account 1 eligibility prove --room {room} --out {place}/proof.json
  parsctl eligibility check --room {room} --proof {place}/proof.json     # our verifier and the contract must agree
"
        )
    });
    let record = facts.rooms.get("open-forum").map_or(String::new(), |room| recorded(room));
    format!(
        "Write to member B:
{code}

  {link}

In a second terminal, as member B:

  source {place}/env-b
  parsctl session identity revocation    # what ends this identity for ever: keep that on paper
  parsctl session tail

In a third, as member A:

  source {place}/env-a
  parsctl session create --recipient '{link}'
  parsctl session send --session {id} --message 'Hello B'    # stored even while B is away
  parsctl session list; parsctl status; parsctl peers
{prove}
Open a room of your own, as member A; it is paid by the hourly slot of that lock:

  room=$(parsctl --json --dev-account 1 room create --kind open-forum | sed 's/.*\"roomId\": *\"\\([^\"]*\\)\".*/\\1/')
  parsctl --dev-account 1 room host \"$room\" --title 'Our forum'    # opens a sitting, hosted by this daemon
  parsctl room list
{record}
Ctrl-C ends the network; its state stays (`cargo xtask up --fresh` begins anew)."
    )
}

/// What two members type to record a room; both must be in it, on their pages.
fn recorded(room: &str) -> String {
    format!(
        "
Record the Open Forum once both members have entered it on their pages; as member A:

  parsctl recording propose --room {room} --retention-days 30 --valid-hours 1
  parsctl recording status --room {room}

As member B, whose page asks too:

  parsctl recording answer --room {room} yes    # no takes it back at any time

When enough was said, as member A:

  parsctl recording stop --room {room}

As either of them; B fetches from A what it has not:

  parsctl recording list
  span=$(parsctl --json recording list | grep -o '\"span\": *\"[^\"]*' | head -1 | sed 's/.*\"//')
  parsctl recording fetch \"$span\" && parsctl recording verify \"$span\"
  parsctl recording play \"$span\" --out \"$PARS_HOME/$span\"    # plain WebM, yours alone
"
    )
}

#[cfg(test)]
mod tests {
    use pars_e2e::network::Account;

    use super::*;
    use crate::network::Member;

    fn facts() -> Facts {
        let member = |letter: &str| Member {
            page: format!("http://127.0.0.1:1/#token={letter}"),
            identity: Account { id: format!("05{letter}"), link: format!("pars://session/05{letter}?b=00") },
            code: format!("code of {letter}"),
        };
        Facts {
            rpc: "http://127.0.0.1:8545".into(),
            api: "http://127.0.0.1:8546".into(),
            gateway: "http://127.0.0.1:2".into(),
            deployment: "/s/deployment.json".into(),
            rooms: [("town-hall", "0x77"), ("open-forum", "0x88")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            members: vec![member("aa"), member("bb")],
        }
    }

    #[test]
    fn what_is_to_be_typed_names_what_there_is_and_leaves_no_gap_to_fill_in() {
        let typed = what_to_type(&facts(), Path::new("/s"));
        let commands: Vec<&str> =
            typed.lines().filter(|line| line.starts_with("  ") && line.contains("parsctl")).collect();
        assert!(commands.len() >= 8, "{typed}");
        assert!(commands.iter().all(|line| !line.contains('<') && !line.contains('…')), "{typed}");
        assert!(
            typed.contains("--recipient 'pars://session/05bb?b=00'") && typed.contains("--session 05bb"),
            "{typed}"
        );
        assert!(typed.starts_with("Write to member B:\ncode of bb\n"), "{typed}");
        assert!(typed.contains("prove --room 0x77 --out /s/proof.json"), "{typed}");
        assert!(typed.contains("recording propose --room 0x88 --retention-days 30"), "{typed}");
        let mut closed = facts();
        closed.rooms.clear();
        let typed = what_to_type(&closed, Path::new("/s"));
        assert!(!typed.contains("eligibility") && !typed.contains("recording"), "no room, no proof for it: {typed}");
    }

    #[test]
    fn each_members_environment_and_page_are_its_own() {
        let directory = tempfile::tempdir().unwrap();
        introduce(&facts(), directory.path(), Path::new("/bin/of/ours")).unwrap();
        let of_b = std::fs::read_to_string(directory.path().join("env-b")).unwrap();
        assert!(of_b.contains("/member-b'") && of_b.contains("/home-b'") && !of_b.contains("-a'"), "{of_b}");
        let told = where_it_is(&facts(), directory.path());
        assert!(told.contains("member-b  http://127.0.0.1:1/#token=bb") && told.contains("town-hall  0x77"), "{told}");
    }
}
