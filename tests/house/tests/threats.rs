//! docs/threats.md: every row that a part must hold stands there once, is a row of THREATS.md, and names tests that exist.

use pars_house::{check_reference, read, references};

/// The rows of the message line's "Done when", in its order.
const MESSAGES: [&str; 19] =
    ["T1", "T2", "T3", "T5", "P2", "P3", "P4", "P5", "I1", "I3", "I4", "I5", "I7", "S1", "S5", "S7", "N1", "N2", "N6"];

/// The rows of the issue of rooms.
const ROOMS: [&str; 11] = ["J1", "J2", "J5", "J6", "J7", "M1", "M2", "M3", "M4", "M5", "W1"];

/// The rows of the issue of recordings.
const RECORDINGS: [&str; 11] = ["K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K10", "K11"];

/// One row of a table.
struct Row {
    id: String,
    state: String,
    quick: String,
    deep: String,
    tests: Vec<String>,
    missing: String,
}

/// The rows below a heading that begins so.
fn rows(heading: &str) -> Vec<Row> {
    let page = read("docs/threats.md");
    let part =
        page.split("\n## ").find(|part| part.starts_with(heading)).unwrap_or_else(|| panic!("no part {heading}"));
    let lines = part.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Row"));
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let [id, _, state, quick, deep, tests, missing] =
        <[String; 7]>::try_from(cells).unwrap_or_else(|cells| panic!("{} cells: {line}", cells.len()));
    Row { id, state, quick, deep, tests: references(&tests), missing }
}

#[test]
fn every_row_of_the_message_line_stands_once_and_in_order() {
    let ids: Vec<_> = rows("Messages").into_iter().map(|row| row.id).collect();
    assert_eq!(ids, MESSAGES);
}

#[test]
fn every_row_of_rooms_stands_once_and_in_order() {
    let ids: Vec<_> = rows("Rooms").into_iter().map(|row| row.id).collect();
    assert_eq!(ids, ROOMS);
}

#[test]
fn every_row_of_recordings_stands_once_and_in_order() {
    let ids: Vec<_> = rows("Recordings").into_iter().map(|row| row.id).collect();
    assert_eq!(ids, RECORDINGS);
}

#[test]
fn every_row_is_one_of_threats_and_names_tests_that_exist() {
    let threats = read("docs/design/THREATS.md");
    let all: Vec<_> = ["Messages", "Rooms", "Recordings", "The chain line"].into_iter().flat_map(rows).collect();
    assert!(all.len() > MESSAGES.len());
    for Row { id, state, quick, deep, tests, missing } in all {
        assert!(threats.contains(&format!("\n| {id} | P")), "{id} is no row of THREATS.md");
        assert!(!quick.is_empty() && !deep.is_empty(), "{id}: say what test and deep try");
        match state.as_str() {
            "shown" => assert!(!tests.is_empty(), "{id} is said to be shown and names no test"),
            "partly" => assert!(!tests.is_empty() && missing != "–", "{id}: partly, by which test, and but for what?"),
            "open" => assert!(missing != "–", "{id}: say what is missing"),
            other => panic!("{id}: state {other}"),
        }
        tests.iter().for_each(|test| check_reference(test));
    }
}
