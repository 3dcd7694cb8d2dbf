//! A process that stays: it says when it is ready, its log is added to a file, and it is killed when dropped.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::{
    report::Stopwatch,
    wait::{self, PATIENCE},
};

/// Lines of a log that are quoted when a program does not start.
const LAST_WORDS: usize = 12;

/// Between two looks whether a program got ready or has ended.
const LOOK: Duration = Duration::from_millis(25);

/// Where HTTP clients look for a proxy.
const PROXIES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// A running process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// What it said when it was ready.
    pub ready: Value,
}

impl Process {
    /// Starts a program and waits for its first line, a JSON object with `"ready": true`.
    pub fn start(program: &Path, arguments: &[String], log: PathBuf) -> Result<Self> {
        Self::start_saying(None, program, arguments, log)
    }

    /// The same, and its log tells as much as `RUST_LOG` of this value says; without one, as much as for any user.
    pub fn start_saying(level: Option<&str>, program: &Path, arguments: &[String], log: PathBuf) -> Result<Self> {
        let file = File::options().create(true).append(true).open(&log);
        let file = file.with_context(|| format!("{} cannot be written", log.display()))?;
        let before = file.metadata().map_or(0, |file| file.len());
        let mut child = Command::new(program)
            .args(arguments)
            // A refusal is one sentence; where a panic happened is still told.
            .env("RUST_LIB_BACKTRACE", "0")
            // All of a development network is on this machine: whoever asked a proxy of the environment would fail.
            .envs(PROXIES.map(|variable| (variable, "http://127.0.0.1:9")))
            .envs(level.map(|level| ("RUST_LOG", level)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("no standard output"))?;
        let mut process = Self { child, ready: Value::Null };
        process.ready = first_line(stdout).map_err(|error| {
            let name = program.file_name().unwrap_or(program.as_os_str()).display().to_string();
            let said = last_words(&log, before);
            match refusal(&name, &said) {
                Some(sentence) => anyhow!("{name}: {sentence}"),
                None if said.is_empty() => anyhow!("{name} did not get ready: {error:#}"),
                None => anyhow!("{name} did not get ready; it said:\n{said}"),
            }
        })?;
        Ok(process)
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to end (SIGTERM) and waits until it has. It is killed if it does not for as long as [`PATIENCE`], or if the user
    /// asks twice to end.
    pub fn stop(&mut self) {
        let asked = signal("TERM", &self.child.id().to_string());
        let started = Stopwatch::start();
        while asked && wait::asked_to_end() < 2 && started.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            wait::moment(LOOK);
        }
        self.kill();
    }

    /// Ends it at once, wherever it stands (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A text of the ready line.
    pub fn address(&self, name: &str) -> Result<String> {
        let address = self.ready.get(name).and_then(Value::as_str);
        address.map(str::to_owned).ok_or_else(|| anyhow!("the ready line has no {name}: {}", self.ready))
    }
}

/// Sends a process a signal, by its name without SIG; whether it could be sent. By the shell's own `kill`: not every machine
/// has the program of that name.
pub fn signal(name: &str, process: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, process]).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first line of a stream as JSON; the rest is read and dropped, so that the process never blocks on a full pipe.
fn first_line(stream: impl std::io::Read + Send + 'static) -> Result<Value> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut lines = BufReader::new(stream).lines();
        if let Some(Ok(line)) = lines.next() {
            let _ = sender.send(line);
        }
        drop(sender);
        lines.for_each(drop);
    });
    let line = wait::until("its first line", || match receiver.recv_timeout(LOOK) {
        Ok(line) => Ok(Some(Some(line))),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Ok(Some(None)),
    })?;
    let line = line.context("it ended")?;
    let ready: Value = serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))?;
    if ready.get("ready") == Some(&Value::Bool(true)) { Ok(ready) } else { Err(anyhow!("not ready: {line}")) }
}

/// The sentence with which a program ended, if the end of its log is one: ours begin with the program's name.
fn refusal<'a>(name: &str, said: &'a str) -> Option<&'a str> {
    let sentence = |line: &'a str| {
        line.strip_prefix("Error: ").or_else(|| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")))
    };
    said.lines().rev().find_map(sentence)
}

/// The end of what was added to a log since it had so many bytes.
fn last_words(log: &Path, before: u64) -> String {
    let all = std::fs::read(log).unwrap_or_default();
    let new = usize::try_from(before).ok().and_then(|before| all.get(before..)).unwrap_or_default();
    let text = String::from_utf8_lossy(new);
    let lines: Vec<&str> = text.trim().lines().rev().take(LAST_WORDS).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_start_is_quoted_with_what_it_said_this_time() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        std::fs::write(&log, "of the last run\n").unwrap();
        let script = "echo 'the port is taken' >&2; exit 1".to_owned();
        let error = Process::start(Path::new("/bin/sh"), &["-c".into(), script], log).unwrap_err();
        assert_eq!(error.to_string(), "sh did not get ready; it said:\nthe port is taken");
    }

    #[test]
    fn the_sentence_with_which_a_program_ended_is_all_that_is_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let script = "echo 'INFO it begins' >&2; echo 'sh: the port is taken' >&2; exit 1".to_owned();
        let arguments = ["-c".to_owned(), script];
        let error = Process::start(Path::new("/bin/sh"), &arguments, directory.path().join("log")).unwrap_err();
        assert_eq!(error.to_string(), "sh: the port is taken");
        assert_eq!(refusal("sfu", "panicked\nError: no key\n"), Some("no key"));
    }

    #[test]
    fn a_program_is_ready_when_it_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let script = r#"echo '{"ready":true,"api":"here"}'; exec sleep 60"#.to_owned();
        let mut process = Process::start(Path::new("/bin/sh"), &["-c".into(), script], directory.path().join("log"));
        let process = process.as_mut().unwrap();
        assert_eq!(process.address("api").unwrap(), "here");
        assert!(process.address("rpc").is_err() && process.ended().unwrap().is_none());
        process.kill();
        assert!(process.ended().unwrap().is_some());
    }
}
