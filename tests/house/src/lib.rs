//! What the tests of the house share: the repository's root, its files, its packages.
//!
//! Not here: any rule. Each rule is one file in `tests/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository's root exists")
}

/// A file of the repository, by its path below the root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `folder` whose name ends with one of `endings`, without what tools put there. Sorted.
pub fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    const TOOLS: [&str; 6] = ["node_modules", "target", "out", "cache", "dist", ".git"];
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !TOOLS.contains(&name.as_str()) {
            open.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if path.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `cargo metadata` of the main workspace, without dependencies' own metadata.
pub fn metadata() -> cargo_metadata::Metadata {
    cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata answers")
}

/// A Rust source as rustfmt writes it, without comment lines and without what stands behind `#[cfg(test)]`, be it a module, a
/// function, a field or an arm: what a user of the crate runs.
pub fn shipped(source: &str) -> String {
    let mut lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut product = Vec::new();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            skip_item(&mut lines, line.len() - line.trim_start().len());
        } else {
            product.push(line);
        }
    }
    product.join("\n")
}

/// Reads past one item that begins in this column: to the end of its line, or to the brace in the same column.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>, column: usize) {
    let mut begun = lines.skip_while(|line| line.trim_start().starts_with("#["));
    let is_whole = |line: &str| line.ends_with([';', ',']) || line.contains('{') && line.ends_with('}');
    if begun.next().is_none_or(is_whole) {
        return;
    }
    let _end = begun
        .find(|line| line.get(column..).is_some_and(|end| end.starts_with('}')) && line[..column].trim().is_empty());
}

/// Panics unless `path#name` is a test that is there ([`names_test`]).
pub fn check_reference(reference: &str) {
    let (path, name) = reference.split_once('#').unwrap_or_else(|| panic!("{reference}: write path#name"));
    assert!(root().join(path).is_file(), "{reference}: no such file");
    assert!(names_test(path, &read(path), name), "{reference}: no such test");
}

/// Whether the source of the file `path` has a test of this name: a Rust function with `#[test]` (or the name that a macro makes
/// one of), a Solidity function that forge runs, the title of a node test, or of a journey's step.
pub fn names_test(path: &str, source: &str, name: &str) -> bool {
    match path.rsplit_once('.') {
        Some((_, "sol")) => name.starts_with("test") && source.contains(&format!("function {name}(")),
        Some((_, "rs")) => {
            let step = path.starts_with("tests/e2e/") && is_step(source, name);
            let made = source.contains("#[test]") && source.contains(&format!("!({name},"));
            step || made || is_test_function(source, name)
        }
        _ => is_title(source, name),
    }
}

/// A function below an attribute `#[test]` or `#[tokio::test]`, with other attributes and comments between them.
fn is_test_function(source: &str, name: &str) -> bool {
    let (lines, head): (Vec<&str>, _) = (source.lines().map(str::trim).collect(), format!("fn {name}("));
    let above =
        |at: usize| lines.iter().take(at).rev().take_while(|line| !line.is_empty() && !line.ends_with(['{', '}']));
    let is_test = |line: &&&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    (0..lines.len()).any(|at| lines[at].contains(&head) && above(at).any(|line| is_test(&line)))
}

/// What runs a step of a journey, up to its name.
const STEPS: [&str; 5] =
    [".step(", "refuse(report, ", "refuse(report, world, ", "refuse_edit(report, ", "refuse_edit(report, world, "];

/// The name that a journey gives to one of [`STEPS`]: written there, behind `let` if the variable goes there, or in a table over
/// which `for (…, name, …)` goes.
fn is_step(source: &str, name: &str) -> bool {
    let code = shipped(source).split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
    code.match_indices(&format!("\"{name}\"")).any(|(at, _)| {
        let before = code[..at].trim_end_matches("&format!(");
        let called = STEPS.iter().any(|call| before.ends_with(call));
        let bound = before.strip_suffix(" = ").and_then(|text| text.rsplit_once("let "));
        called || bound.is_some_and(|(_, variable)| is_given(&code[at..], variable)) || is_in_a_table(&code, before)
    })
}

/// Whether a variable is the name of a step in this code.
fn is_given(code: &str, variable: &str) -> bool {
    STEPS.iter().any(|call| code.contains(&format!("{call}{variable},")))
}

/// Whether what follows `before` stands in a tuple, at the place that a loop calls `name` and gives to a step.
fn is_in_a_table(code: &str, before: &str) -> bool {
    let Some((outside, left)) = before.rsplit_once('(') else { return false };
    let place = left.matches(',').count();
    let mut loops = code.split("for (").skip(1).filter_map(|text| text.split_once(") in "));
    let named = loops.any(|(tuple, _)| tuple.split(", ").nth(place) == Some("name"));
    outside.trim_end().ends_with(['[', ',']) && named && is_given(code, "name")
}

/// Part of a string that `test(` begins with.
fn is_title(source: &str, name: &str) -> bool {
    source.match_indices(name).any(|(at, _)| {
        let before = source[..at].rsplit_once("test(").map_or("", |(_, text)| text).trim_start();
        let mut written = before.chars();
        written.next().is_some_and(|quote| "\"'`".contains(quote) && !written.as_str().contains(quote))
    })
}

/// The references `path#name` between backquotes in a cell of a table.
pub fn references(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
