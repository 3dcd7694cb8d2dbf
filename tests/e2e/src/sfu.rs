//! The SFU as a program: its key lies in a 0600 file, its ready line says where it is and which certificate it shows.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use crate::process::Process;

/// A running SFU. Dropping it ends it.
#[derive(Debug)]
pub struct Sfu {
    process: Process,
    key_file: PathBuf,
}

impl Sfu {
    /// Starts it with the key of a directory, which is made if there is none.
    pub fn start(bin: &Path, directory: &Path) -> Result<Self> {
        Self::with(bin, directory, (&[], None))
    }

    /// The same, and it writes everything that it sees to a file; its log tells as much as `level` says.
    pub fn dumping(bin: &Path, directory: &Path, dump: &Path, level: Option<&str>) -> Result<Self> {
        Self::with(bin, directory, (&["--dev".into(), "--dump".into(), dump.display().to_string()], level))
    }

    fn with(bin: &Path, directory: &Path, (more, level): (&[String], Option<&str>)) -> Result<Self> {
        let key_file = directory.join("sfu-key.json");
        if !key_file.exists() {
            make_key(&key_file)?;
        }
        let words = [&["--key-file".to_owned(), key_file.display().to_string()], more].concat();
        let process = Process::start_saying(level, &bin.join("sfu"), &words, directory.join("sfu.log"))?;
        Ok(Self { process, key_file })
    }

    /// What a daemon that hosts rooms is started with.
    pub fn arguments(&self) -> Result<Vec<String>> {
        self.arguments_by(&self.url()?)
    }

    /// The same with another way to it.
    pub fn arguments_by(&self, url: &str) -> Result<Vec<String>> {
        let key = self.key_file.display().to_string();
        let fingerprint = self.process.ready.get("fingerprint").and_then(Value::as_str);
        let fingerprint = fingerprint.ok_or_else(|| anyhow!("the SFU names no certificate"))?;
        let words = ["--host", "--sfu", url, "--sfu-key-file", &key, "--sfu-fingerprint", fingerprint];
        Ok(words.map(str::to_owned).to_vec())
    }

    /// Where it listens.
    pub fn url(&self) -> Result<String> {
        self.process.address("url")
    }

    /// The file of its key, which signs the tokens that it takes.
    pub fn key_file(&self) -> &Path {
        &self.key_file
    }

    /// Its process's number in the system.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, if it did by itself.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        self.process.ended()
    }

    /// Asks it to end, and waits.
    pub fn stop(&mut self) {
        self.process.stop();
    }
}

fn make_key(path: &Path) -> Result<()> {
    let mut random = [0_u8; 48];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random))?;
    let (key, secret) = random.split_at(16);
    let content = json!({ "key": hex::encode(key), "secret": hex::encode(secret) });
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(content.to_string().as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}
