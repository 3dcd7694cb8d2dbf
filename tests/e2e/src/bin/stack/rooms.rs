//! A demonstration room of each kind, hosted by member A's daemon: made once, and with a running sitting whenever the network runs.
//!
//! What is there already is looked up on the chain, not remembered: a start that was interrupted anywhere goes on.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use pars_e2e::parsctl::{Parsctl, text};
use serde_json::Value;

/// Holders of locks: the administrator, members A and B, and a third.
pub(crate) const HOLDERS: [usize; 4] = [0, 1, 2, 3];

/// Who creates and hosts the rooms.
const HOST: usize = 1;

/// Members of the Committee.
const LISTED: [usize; 3] = [1, 2, 3];

/// A room that every network has.
struct Planned {
    /// As `room create` and the users of this program are told.
    kind: &'static str,
    /// As the indexer tells.
    indexed: &'static str,
    /// Whose hourly slot pays. Not the host's: its own room can be created at once.
    slot_of: usize,
    title: &'static str,
}

const ROOMS: [Planned; 3] = [
    Planned { kind: "town-hall", indexed: "TownHall", slot_of: 0, title: "Demonstration: Town Hall" },
    Planned { kind: "open-forum", indexed: "OpenForum", slot_of: 2, title: "Demonstration: Open Forum" },
    Planned { kind: "committee", indexed: "Committee", slot_of: 3, title: "Demonstration: Committee" },
];

/// Makes the rooms that are missing, and opens a sitting in each that has none; gives the ids of those that are not closed, by
/// kind.
pub(crate) fn ensure(people: &BTreeMap<usize, Parsctl>, directory: &Path) -> Result<BTreeMap<String, String>> {
    let host = person(people, HOST)?;
    let mut accounts = BTreeMap::new();
    for holder in HOLDERS {
        accounts.insert(holder, lock(person(people, holder)?).context("the holders have no locks")?);
    }
    let creator = accounts.get(&HOST).context("the host has no account")?;
    let listed = host.run(&["room", "list"])?;
    let mut rooms = BTreeMap::new();
    for planned in &ROOMS {
        let there = find(&listed, planned.indexed, creator);
        if there.is_some_and(|room| room.get("closed") == Some(&Value::Bool(true))) {
            continue;
        }
        let room = match there {
            Some(room) => text(room, "/roomId")?,
            None => create(people, planned, creator).with_context(|| format!("no {} was created", planned.kind))?,
        };
        if planned.kind == "committee" {
            let members = LISTED.iter().filter_map(|member| accounts.get(member));
            list(host, &room, members).context("the Committee's members are not listed")?;
        }
        sit(host, &room, (planned.title, directory)).with_context(|| format!("no {} has a sitting", planned.kind))?;
        rooms.insert(planned.kind.to_owned(), room);
    }
    Ok(rooms)
}

fn person(people: &BTreeMap<usize, Parsctl>, account: usize) -> Result<&Parsctl> {
    people.get(&account).context("a holder of the demonstration is missing")
}

/// A holder's account, with a lock.
fn lock(holder: &Parsctl) -> Result<String> {
    let shown = holder.run(&["lock", "show"])?;
    if text(&shown, "/amount")? == "0" {
        holder.run(&["lock", "--amount", "1000", "--days", "1460", "--register"])?;
    }
    text(&shown, "/account")
}

/// The first room of a kind that an account created: rooms are listed by creation, and ours came before anybody could type.
fn find<'a>(listed: &'a Value, kind: &str, creator: &str) -> Option<&'a Value> {
    let is = |room: &Value, name: &str, value: &str| {
        room.get(name).and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    let mut rooms = listed.get("rooms").and_then(Value::as_array).into_iter().flatten();
    rooms.find(|room| is(room, "kind", kind) && is(room, "creator", creator))
}

fn create(people: &BTreeMap<usize, Parsctl>, planned: &Planned, creator: &str) -> Result<String> {
    println!("creating a {}", planned.kind);
    let lent = person(people, planned.slot_of)?.run(&["room", "slot", "--creator", creator])?;
    let deadline = lent.get("deadline").and_then(Value::as_u64).unwrap_or_default().to_string();
    let mut words = vec!["room".to_owned(), "create".into(), "--kind".into(), planned.kind.into()];
    if planned.kind == "town-hall" {
        words.extend(["--min-balance".into(), "1".into()]);
    }
    words.extend(["--slot-of".into(), text(&lent, "/holder")?, "--deadline".into(), deadline]);
    words.extend(["--slot-signature".into(), text(&lent, "/signature")?]);
    text(&person(people, HOST)?.run(&words)?, "/roomId")
}

/// Adds who is not a member of a Committee yet.
fn list<'a>(host: &Parsctl, room: &str, wanted: impl Iterator<Item = &'a String>) -> Result<()> {
    let shown = host.run(&["room", "show", room])?;
    let members = shown.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    let is =
        |account: &str| members.iter().filter_map(Value::as_str).any(|member| member.eq_ignore_ascii_case(account));
    for account in wanted.filter(|account| !is(account)) {
        host.run(&["room", "member", "add", room, account])?;
    }
    Ok(())
}

/// A sitting runs, and member A's daemon has its keys; otherwise a new one is opened.
fn sit(host: &Parsctl, room: &str, (title, directory): (&str, &Path)) -> Result<()> {
    let shown = host.run(&["room", "show", room])?;
    let running = shown.get("sitting").is_some_and(|sitting| !sitting.is_null());
    if running && directory.join("member-a/hosted").join(kept(&shown)?).exists() {
        return Ok(());
    }
    if running {
        host.run(&["room", "sitting", "close", room])?;
    }
    let agenda = ["--agenda", "5:Welcome", "--agenda", "20:Questions", "--agenda", "0:Anything else"];
    let words = [&["room", "host", room, "--hours", "24", "--title", title][..], &agenda].concat();
    host.run(&words).map(drop)
}

/// The file in which a daemon keeps the keys of a room's running sitting.
fn kept(shown: &Value) -> Result<String> {
    let digits = |pointer: &str| Ok::<_, anyhow::Error>(text(shown, pointer)?.trim_start_matches("0x").to_owned());
    Ok(format!("{}-{}", digits("/roomId")?, digits("/sitting/metadataHash")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_several_rooms_of_a_kind_the_one_that_this_program_made_first_is_taken() {
        let room = |id: &str, kind: &str, creator: &str| json!({"roomId": id, "kind": kind, "creator": creator});
        let rooms = [
            room("0x1", "OpenForum", "0xbb"),
            room("0x2", "OpenForum", "0xAa"),
            room("0x3", "OpenForum", "0xaa"),
            room("0x4", "TownHall", "0xaa"),
        ];
        let listed = json!({ "rooms": rooms });
        let found = |kind: &str| find(&listed, kind, "0xaa").and_then(|room| room["roomId"].as_str());
        assert_eq!((found("OpenForum"), found("TownHall"), found("Committee")), (Some("0x2"), Some("0x4"), None));
    }
}
