//! The README's status table: every statement of the specifications stands in exactly one row, and what is said to work
//! names tests that exist.

use pars_house::{check_reference, names_test, read, references};
use std::collections::{BTreeMap, BTreeSet};

/// A row: ids, state, references to tests, the parts of the work that owe the rest.
struct Row {
    ids: Vec<String>,
    state: String,
    tests: Vec<String>,
    owed: BTreeSet<String>,
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
    let owed = cells[4].split(", ").filter(|part| *part != "–").map(str::to_owned).collect();
    Row { ids: expand(cells[0]), state: cells[2].to_owned(), tests, owed }
}

/// What ids begin with: the two specifications, and the project's card.
const LETTERS: [&str; 3] = ["T", "S", "C"];

/// The ids of TRACE.md, in its order.
fn statements() -> Vec<String> {
    let page = read("docs/design/TRACE.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let is_id = |cell: &&str| {
        cell.split_once('-').is_some_and(|(letter, n)| LETTERS.contains(&letter) && n.parse::<u32>().is_ok())
    };
    cells.map(|(cell, _)| cell).filter(is_id).map(str::to_owned).collect()
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
    for id in statements() {
        assert_eq!(seen.remove(&id).unwrap_or(0), 1, "{id} must stand in exactly one row of the status table");
    }
    assert!(seen.is_empty(), "ids that TRACE.md does not have: {seen:?}");
}

#[test]
fn the_statements_are_numbered_without_a_gap() {
    let statements = statements();
    for letter in LETTERS {
        let ids: Vec<_> = statements.iter().filter(|id| id.starts_with(letter)).cloned().collect();
        let counted: Vec<_> = (1..=ids.len()).map(|n| format!("{letter}-{n:02}")).collect();
        assert_eq!(ids, counted, "TRACE.md");
        assert!(!ids.is_empty(), "TRACE.md has no statement of {letter}");
    }
}

/// C-01 is done when everything is: what owes a part of the system owes the system.
#[test]
fn the_whole_system_is_owed_by_all_that_owe_a_part_of_it() {
    let (whole, others): (Vec<_>, Vec<_>) = rows().into_iter().partition(|row| row.ids == ["C-01"]);
    let owed: BTreeSet<_> = others.into_iter().flat_map(|row| row.owed).collect();
    assert_eq!(whole.into_iter().map(|row| row.owed).collect::<Vec<_>>(), [owed]);
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
        assert_eq!(row.state == "works", row.owed.is_empty(), "{:?}: who owes what does not work yet?", row.ids);
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
    let sol = "function help() {} function test_x() {}";
    assert!(names_test("x.t.sol", sol, "test_x") && !names_test("x.t.sol", sol, "help"));
    let node = "const words = 'no title';\ntest(`${n} titles`, () => assert(\"inside\"));\ntest(\n  'below', f);";
    let found = |name| names_test("x.test.mjs", node, name);
    assert!(found("titles") && found("below") && !found("no title") && !found("inside"));
}

#[test]
fn only_what_a_step_is_called_counts_as_a_step() {
    let found = |source: &str, name| names_test("tests/e2e/src/x.rs", source, name);
    for source in [
        "report.step(\"words\", f)",
        "report\n    .step(\n        \"words\", f)",
        "report.step(&format!(\"words\"), f)",
        "refuse(report, \"words\", code)",
        "refuse(\n    report,\n    world,\n    \"words\",\n    code)",
        "refuse_edit(report, world, \"words\", code)",
        "let name =\n    \"words\";\nrefuse(report, world, name, code)",
        "for (name, says) in [(\"other\", 1), (\"words\", 2)] { report.step(name, f) }",
        "let cases = [(Victim::Author, \"words\")];\nfor (victim, name) in cases { report.step(name, f) }",
    ] {
        assert!(found(source, "words"), "{source}");
    }
    for source in [
        "run(&[\"words\"]); report.step(\"other\", f)",
        "// report.step(\"words\", f)",
        "report.step(\"other\", f)\n#[cfg(test)]\nmod tests { report.step(\"words\", f) }",
        "report.begin(1, \"words\")",
        "refuse(report, \"other\", \"words\")",
        "let code = \"words\"; report.step(name, f); refuse(report, name, code)",
        "for (name, says) in [(\"other\", \"words\")] { report.step(name, f) }",
        "for (name, says) in [(\"words\", 1)] { report.step(\"other\", f) }",
        "report.step(\"words and more\", f)",
    ] {
        assert!(!found(source, "words"), "{source}");
    }
    assert!(!names_test("node/x/src/x.rs", "report.step(\"words\", f)", "words"), "no journey");
}

#[test]
fn only_what_stands_behind_cfg_test_is_left_out_of_what_ships() {
    let source = "use a::b;\n#[cfg(test)]\nmod tests;\n// a comment\nfn one() {\n    two();\n}\n\nimpl X {\n    #[cfg(test)]\n    \
        #[must_use]\n    fn help(\n        &self,\n    ) {\n        if hidden {}\n    }\n\n    fn three() {}\n}\n\nstruct S {\n    \
        #[cfg(test)]\n    hidden: u8,\n    four: u8,\n}\n\n#[cfg(test)]\nmod inside {\n    fn hidden() {\n    }\n}\nfn five() {}\n";
    let shipped = pars_house::shipped(source);
    for word in ["a::b", "one", "two", "three", "four", "five"] {
        assert!(shipped.contains(word), "{word}: {shipped}");
    }
    for word in ["tests", "comment", "help", "hidden", "inside", "must_use"] {
        assert!(!shipped.contains(word), "{word}: {shipped}");
    }
}
