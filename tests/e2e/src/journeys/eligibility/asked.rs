//! What the indexer's operator could read from the requests: rooms and whole sets, nothing about one member.

use anyhow::{Result, bail, ensure};

use super::World;
use crate::report::Facts;

/// Fails if a request has a form by which a member could be told from another: each line that the indexer got is one
/// of the allowed ones, letter by letter, and none holds an account's name.
pub(super) fn unlinkable(world: &World, facts: &mut Facts) -> Result<()> {
    let (asked, url) = (world.stack.proxy.asked(), world.stack.proxy.url());
    let rooms = [&world.forum, &world.other_forum, &world.hall, &world.committee].map(String::as_str);
    let requests = asked.iter().filter(|line| line.starts_with("GET ")).count();
    let leaf_sets = asked.iter().filter(|line| line.starts_with("GET ") && line.contains("/leaves ")).count();
    facts.add("requests", requests);
    facts.add("leafSets", leaf_sets);
    ensure!(leaf_sets > 0, "no leaf set was asked for");
    for line in &asked {
        ensure!(allowed(line, url.trim_start_matches("http://"), &rooms), "the indexer was told more: {line}");
    }
    let names = (0..10).map(|account| world.stack.cast.account(account)).collect::<Result<Vec<_>>>()?;
    for line in asked.iter().map(|line| line.to_lowercase()) {
        if let Some(name) = names.iter().find(|name| line.contains(name.trim_start_matches("0x"))) {
            bail!("the indexer was told {name}: {line}");
        }
    }
    Ok(())
}

/// Whether a line of a request is the same whoever sends it: a request line of an allowed path, a header that every
/// client sends, or the empty line after the headers.
fn allowed(line: &str, host: &str, rooms: &[&str]) -> bool {
    if let Some(path) = line.strip_prefix("GET ").and_then(|rest| rest.strip_suffix(" HTTP/1.1")) {
        return path_allowed(path, rooms);
    }
    match line.split_once(": ") {
        Some(("host", value)) => value == host,
        Some(("accept", value)) => value == "*/*",
        _ => line.is_empty(),
    }
}

/// The state, one of the journey's rooms, the leaf set of one of its two sittings, or a whole table.
fn path_allowed(path: &str, rooms: &[&str]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "status"] | ["", "v1", "leaves" | "locks"] => true,
        ["", "v1", "rooms", room] | ["", "v1", "rooms", room, "sittings", "1" | "2", "leaves"] => rooms.contains(room),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rooms_and_whole_sets_are_asked_for() {
        let (room, other) = (format!("0x{}", "5a".repeat(32)), format!("0x{}", "66".repeat(32)));
        let allowed = |line: &str| allowed(line, "127.0.0.1:5000", &[&room]);
        let get = |path: &str| allowed(&format!("GET {path} HTTP/1.1"));
        let (shown, leaves) = (format!("/v1/rooms/{room}"), format!("/v1/rooms/{room}/sittings/1/leaves"));
        for path in ["/status", "/v1/leaves", "/v1/locks", &shown, &leaves] {
            assert!(get(path), "{path}");
            for more in ["?index=3", "?account=0x11", "/3", "/"] {
                assert!(!get(&format!("{path}{more}")), "{path}{more}");
            }
        }
        let (commitment, elsewhere) = (format!("/v1/rooms/{other}"), format!("/v1/rooms/{other}/sittings/1/leaves"));
        let of_a_leaf = format!("/v1/rooms/{room}/sittings/7/leaves");
        for path in [&commitment, &elsewhere, &of_a_leaf, "/v1/rooms", "/v1/leaves/3", "/v1/delegates", "v1/leaves"] {
            assert!(!get(path), "{path}");
        }
        assert!(allowed("host: 127.0.0.1:5000") && allowed("accept: */*") && allowed(""));
        for line in ["POST /status HTTP/1.1", "x-account: 3", "accept: 3", "host: ana.example", "{\"leaf\": 3}"] {
            assert!(!allowed(line), "{line}");
        }
    }
}
