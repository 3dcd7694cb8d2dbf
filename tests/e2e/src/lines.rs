//! A program that goes on talking: every line of its standard output, as it comes.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use anyhow::{Context, Result, anyhow};

/// A running program. It is killed when dropped.
#[derive(Debug)]
pub struct Lines {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Lines {
    /// Starts a program without standard input.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} could not be started", command.get_program().display()))?;
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("no standard output"))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(mut heard) = heard.lock() {
                    heard.push(line);
                }
            }
        });
        Ok(Self { child, said })
    }

    /// Every line so far.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
