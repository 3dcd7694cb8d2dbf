//! The README's status table: every statement of the specifications stands in exactly one row, and what is said to work
//! names tests that exist.

use pars_house::{check_reference, names_test, read, references};
use std::collections::BTreeMap;

/// Statements of the two specifications and of the project's card.
const STATEMENTS: [(char, u32); 3] = [('T', 104), ('S', 141), ('C', 41)];

/// A row: ids, state, references to tests.
struct Row {
    ids: Vec<String>,
    state: String,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let readme = read("README.md");
    let status = readme.split("## Status").nth(1).expect("the README has a section Status");
    let table = status.split("\n## ").next().unwrap_or_default();
    let lines = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Ids"));
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    assert_eq!(cells.len(), 5, "ids, what, state, shown by, owed by: {line}");
    let tests = references(cells[3]);
    Row { ids: expand(cells[0]), state: cells[2].to_owned(), tests }
}

/// `T-01 T-05..T-07` is T-01, T-05, T-06, T-07.
fn expand(cell: &str) -> Vec<String> {
    let number = |id: &str| id[2..].parse::<u32>().unwrap_or_else(|_| panic!("{id} is not an id"));
    cell.split_whitespace()
        .flat_map(|word| {
            let (first, last) = word.split_once("..").unwrap_or((word, word));
            (number(first)..=number(last)).map(|n| format!("{}{n:02}", &first[..2])).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_statement_stands_in_exactly_one_row() {
    let mut seen = BTreeMap::<String, u32>::new();
    for id in rows().into_iter().flat_map(|row| row.ids) {
        *seen.entry(id).or_default() += 1;
    }
    for (letter, last) in STATEMENTS {
        for n in 1..=last {
            let id = format!("{letter}-{n:02}");
            assert_eq!(seen.remove(&id).unwrap_or(0), 1, "{id} must stand in exactly one row of the status table");
        }
    }
    assert!(seen.is_empty(), "unknown ids: {seen:?}");
}

#[test]
fn what_works_names_tests_that_exist() {
    for row in rows() {
        assert!(["works", "partly", "not yet"].contains(&row.state.as_str()), "{:?}: state {}", row.ids, row.state);
        assert!(
            row.state == "not yet" || !row.tests.is_empty(),
            "{:?} is said to be {} and names no test",
            row.ids,
            row.state
        );
        row.tests.iter().for_each(|test| check_reference(test));
    }
}

#[test]
fn only_tests_count_as_tests() {
    let rust = "fn help() {}\n\n#[test]\n#[ignore = \"slow\"]\nfn tried() {\n    fn inner() {}\n    say(\"words\");\n}\n\n\
                #[tokio::test(flavor = \"multi_thread\")]\nasync fn awaited() {}\n\nmade!(of_a_macro, 3);\n";
    let found = |name| names_test("node/x/tests/x.rs", rust, name);
    assert!(found("tried") && found("awaited") && found("of_a_macro"));
    assert!(!found("help") && !found("inner") && !found("words") && !found("trie"));
    assert!(!names_test("node/x/src/x.rs", "made!(of_a_macro, 3);", "of_a_macro"), "no macro of tests");
    assert!(names_test("tests/e2e/src/x.rs", "report.step(\"words\", f)", "words"), "a journey's step");
    let sol = "function help() {} function test_x() {}";
    assert!(names_test("x.t.sol", sol, "test_x") && !names_test("x.t.sol", sol, "help"));
    let node = "const words = 'no title';\ntest(`${n} titles`, () => assert(\"inside\"));\ntest(\n  'below', f);";
    let found = |name| names_test("x.test.mjs", node, name);
    assert!(found("titles") && found("below") && !found("no title") && !found("inside"));
}
