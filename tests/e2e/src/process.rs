//! A process that stays: it says when it is ready, its log goes to a file, and it is killed when dropped.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::wait::PATIENCE;

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
        let file = File::create(&log).with_context(|| format!("{} cannot be created", log.display()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("no standard output"))?;
        let mut process = Self { child, ready: Value::Null };
        process.ready = first_line(stdout).with_context(|| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            format!("{} did not get ready; it said: {}", program.display(), tail(&said))
        })?;
        Ok(process)
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        if asked.is_ok_and(|status| status.success()) {
            let _ = self.child.wait();
        }
    }

    /// A text of the ready line.
    pub fn address(&self, name: &str) -> Result<String> {
        let address = self.ready.get(name).and_then(Value::as_str);
        address.map(str::to_owned).ok_or_else(|| anyhow!("the ready line has no {name}: {}", self.ready))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
    let line = receiver.recv_timeout(PATIENCE).context("it ended or kept silent")?;
    let ready: Value = serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))?;
    if ready.get("ready") == Some(&Value::Bool(true)) { Ok(ready) } else { Err(anyhow!("not ready: {line}")) }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(12).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
