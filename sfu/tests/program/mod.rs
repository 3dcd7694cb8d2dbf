//! The server as a program: a process of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{KEY, SECRET};

/// The program, which ends with this.
pub(crate) struct Program {
    child: Child,
    pub(crate) url: String,
    /// SHA-256 of its certificate: 64 hex digits.
    pub(crate) fingerprint: String,
}

impl Program {
    /// Starts it on ports of the system's choice; it reads its keys from a new file in `directory`. If there is to be a log, all
    /// that it can say goes there.
    pub(crate) fn start(directory: &Path, log: Option<&Path>) -> Self {
        let keys = directory.join("keys.json");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&keys).unwrap();
        write!(file, "{}", json!({ "key": KEY, "secret": SECRET })).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfu"));
        command.arg("--key-file").arg(keys).stdout(Stdio::piped());
        if let Some(log) = log {
            command.env("RUST_LOG", "trace").stderr(File::create(log).unwrap());
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let word = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self { child, url: word("url"), fingerprint: word("fingerprint") }
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
