//! Running a program to its end and reading what it said.

use std::{
    ffi::OsStr,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Runs a program; standard input is empty.
pub fn run(program: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Output> {
    let command = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    command.with_context(|| format!("{} could not be started", program.display()))
}

/// Runs a program that reads these bytes from its standard input; no more than a pipe holds.
pub fn run_reading(input: &[u8], program: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{} could not be started", program.display()))?;
    // Whoever ends without reading says why.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    Ok(child.wait_with_output()?)
}

/// Runs a program that must succeed and gives its standard output without the surrounding white space.
pub fn text(program: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<String> {
    let output = run(program, arguments)?;
    if !output.status.success() {
        bail!("{}: {}", describe(program, arguments), said(&output));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What a program said when it failed: both streams, shortened.
pub fn said(output: &Output) -> String {
    let both = [&output.stdout[..], b" ", &output.stderr[..]].concat();
    shorten(String::from_utf8_lossy(&both).trim(), 1_000)
}

/// Reads standard output as exactly one JSON document.
pub fn document(output: &Output) -> Result<Value> {
    let wrong = || format!("not one JSON document: {}", said(output));
    serde_json::from_slice(&output.stdout).with_context(wrong)
}

/// A command line for a failure's text; long arguments are cut.
pub fn describe(program: &Path, arguments: &[impl AsRef<OsStr>]) -> String {
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let words = arguments.iter().map(|argument| shorten(&argument.as_ref().to_string_lossy(), 80));
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_read_to_its_end() {
        let output = run_reading(b"one\ntwo", Path::new("/bin/sh"), &["-c", "cat; echo; echo done"]).unwrap();
        assert_eq!(output.stdout, b"one\ntwo\ndone\n");
        let output = run_reading(b"unread", Path::new("/bin/sh"), &["-c", "echo 'I do not read' >&2; exit 1"]).unwrap();
        assert_eq!((output.status.code(), said(&output)), (Some(1), "I do not read".to_owned()));
    }
}
