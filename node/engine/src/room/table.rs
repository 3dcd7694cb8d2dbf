//! For tests: the state table and picture in the head of a file, and the function below them, say the same.

use std::collections::BTreeSet;
use std::fmt::Debug;

/// Rows of the tables of a file's head that have four columns: state, input, state after, outputs.
pub(super) fn rows(source: &str) -> Vec<[String; 4]> {
    let head = source.lines().take_while(|line| line.starts_with("//!"));
    let rows = head.filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").map(str::to_owned).collect::<Vec<_>>());
    cells.filter_map(|cells| cells.try_into().ok()).filter(|row: &[String; 4]| row[0] != "state").collect()
}

/// The picture shows the inputs that change a state by the table, and no others; `names` are its words in small letters that are
/// no inputs.
pub(super) fn check_picture(source: &str, names: &[&str]) {
    let picture = source.split("```").nth(1).expect("a picture").trim_start_matches("text");
    let words = picture.split(|letter: char| !letter.is_ascii_alphabetic());
    let small = words.filter(|word| word.starts_with(|letter: char| letter.is_ascii_lowercase()));
    let shown: BTreeSet<_> = small.filter(|word| !names.contains(word)).collect();
    let rows = rows(source);
    let changes: BTreeSet<_> = rows.iter().filter(|row| row[0] != row[2]).map(|row| row[1].as_str()).collect();
    assert_eq!(shown, changes);
}

/// Each state after each input is what its row says, or the same state where there is none. Gives how many rows there are.
pub(super) fn check_walk<S: Copy + Debug, I: Copy>(
    source: &str,
    (states, inputs): (&[S], &[(&str, I)]),
    after: impl Fn(S, I) -> S,
) -> usize {
    let rows = rows(source);
    let mut walked = 0;
    for state in states {
        for (word, input) in inputs {
            let row = rows.iter().find(|row| row[0] == format!("{state:?}") && row[1] == *word);
            walked += usize::from(row.is_some());
            let expected = row.map_or_else(|| format!("{state:?}"), |row| row[2].clone());
            assert_eq!(format!("{:?}", after(*state, *input)), expected, "{state:?} {word}");
        }
    }
    walked
}
