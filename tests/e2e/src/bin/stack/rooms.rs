//! A demonstration room of each kind, hosted by member A's daemon: made once, and with a running sitting whenever the network runs.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use pars_e2e::parsctl::{Parsctl, text};
use serde_json::Value;

/// Where the rooms of a network are remembered.
const FILE: &str = "rooms.json";
/// Holders: members A and B, and a third whose slot pays a room.
const HOLDERS: [usize; 3] = [1, 2, 3];
/// Each kind, with whose slot, and its title.
const ROOMS: [(&str, usize, &str); 3] = [
    ("town-hall", 1, "Demonstration: Town Hall"),
    ("open-forum", 2, "Demonstration: Open Forum"),
    ("committee", 3, "Demonstration: Committee"),
];

/// Makes the rooms if there are none, and opens a sitting in each that has none; gives their ids by kind.
pub(crate) fn ensure(people: &BTreeMap<usize, Parsctl>, directory: &Path) -> Result<BTreeMap<String, String>> {
    let file = directory.join(FILE);
    let rooms: BTreeMap<String, String> = match fs::read(&file) {
        Ok(content) => serde_json::from_slice(&content)?,
        Err(_) => {
            println!("locking PARS for three holders and creating three rooms");
            let rooms = create(people).context("the demonstration rooms were not created")?;
            fs::write(&file, serde_json::to_vec(&rooms)?)?;
            rooms
        }
    };
    let host = person(people, 1)?;
    for (kind, _, title) in ROOMS {
        let Some(room) = rooms.get(kind) else { continue };
        sit(host, room, (title, directory)).with_context(|| format!("no sitting of the {kind} runs"))?;
    }
    Ok(rooms)
}

fn person(people: &BTreeMap<usize, Parsctl>, account: usize) -> Result<&Parsctl> {
    people.get(&account).context("a holder of the demonstration is missing")
}

fn create(people: &BTreeMap<usize, Parsctl>) -> Result<BTreeMap<String, String>> {
    for account in HOLDERS {
        person(people, account)?.run(&["lock", "--amount", "1000", "--days", "1460", "--register"])?;
    }
    let creator = person(people, 1)?;
    let account = text(&creator.run(&["lock", "show"])?, "/account")?;
    let mut rooms = BTreeMap::new();
    for (kind, holder, _) in ROOMS {
        let mut words = vec!["room".to_owned(), "create".into(), "--kind".into(), kind.into()];
        if kind == "town-hall" {
            words.extend(["--min-balance".into(), "1".into()]);
        }
        if holder != 1 {
            let lent = person(people, holder)?.run(&["room", "slot", "--creator", &account])?;
            let deadline = lent.get("deadline").and_then(Value::as_u64).unwrap_or_default().to_string();
            words.extend(["--slot-of".into(), text(&lent, "/holder")?, "--deadline".into(), deadline]);
            words.extend(["--slot-signature".into(), text(&lent, "/signature")?]);
        }
        let room = text(&creator.run(&words)?, "/roomId")?;
        if kind == "committee" {
            for member in HOLDERS {
                let member = text(&person(people, member)?.run(&["lock", "show"])?, "/account")?;
                creator.run(&["room", "member", "add", &room, &member])?;
            }
        }
        rooms.insert(kind.to_owned(), room);
    }
    Ok(rooms)
}

/// A sitting runs, and member A's daemon has its keys; otherwise a new one is opened.
fn sit(host: &Parsctl, room: &str, (title, directory): (&str, &Path)) -> Result<()> {
    let running = host.run(&["room", "show", room])?.get("sitting").is_some_and(|sitting| !sitting.is_null());
    let kept = directory.join("member-a/hosted").join(room.trim_start_matches("0x")).exists();
    if running && kept {
        return Ok(());
    }
    if running {
        host.run(&["room", "sitting", "close", room])?;
    }
    let agenda = ["--agenda", "5:Welcome", "--agenda", "20:Questions", "--agenda", "0:Anything else"];
    let words = [&["room", "host", room, "--hours", "24", "--title", title][..], &agenda].concat();
    host.run(&words).map(drop)
}
