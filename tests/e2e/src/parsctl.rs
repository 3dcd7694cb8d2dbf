//! `parsctl --json` as one person runs it.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use crate::tool;

/// One person's `parsctl`: endpoints, a home of its own, and who signs.
#[derive(Debug, Clone)]
pub struct Parsctl {
    /// The binary.
    pub program: PathBuf,
    /// Chain.
    pub rpc: String,
    /// Indexer, or a proxy before it.
    pub indexer: String,
    /// Addresses of the contracts.
    pub deployment: PathBuf,
    /// Home of this person.
    pub home: PathBuf,
    /// Signing arguments.
    pub signer: Vec<String>,
    /// Directory of this person's daemon, if there is one.
    pub datadir: Option<PathBuf>,
}

/// A refusal: the error's stable code, its sentence, and both verdicts where there are two.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// Sentence.
    pub message: String,
    /// Further facts, or null.
    pub details: Value,
}

impl Parsctl {
    /// The same person at another home.
    pub fn at_home(&self, home: &Path) -> Self {
        Self { home: home.to_owned(), ..self.clone() }
    }

    /// The same person with a daemon.
    pub fn with_daemon(&self, datadir: &Path) -> Self {
        Self { datadir: Some(datadir.to_owned()), ..self.clone() }
    }

    /// The same person with a chain endpoint where nobody listens: a command that works so asked nobody there.
    pub fn without_chain(&self) -> Self {
        // Port 9 is "discard"; nothing listens there.
        Self { rpc: "http://127.0.0.1:9".into(), ..self.clone() }
    }

    /// The whole command line, for a command that stays.
    pub fn arguments(&self, words: &[impl AsRef<str>]) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let mut all = vec!["--json".into(), "--rpc".into(), self.rpc.clone(), "--indexer".into(), self.indexer.clone()];
        all.extend(["--deployment".into(), path(&self.deployment), "--home".into(), path(&self.home)]);
        all.extend(self.signer.iter().cloned());
        if let Some(datadir) = &self.datadir {
            all.extend(["--datadir".into(), path(datadir)]);
        }
        all.extend(words.iter().map(|word| word.as_ref().to_owned()));
        all
    }

    /// Runs a command that must succeed.
    pub fn run(&self, words: &[impl AsRef<str>]) -> Result<Value> {
        succeeded(words, &tool::run(&self.program, &self.arguments(words))?)
    }

    /// The same for a command that reads standard input.
    pub fn run_reading(&self, input: &str, words: &[impl AsRef<str>]) -> Result<Value> {
        succeeded(words, &tool::run_reading(input.as_bytes(), &self.program, &self.arguments(words))?)
    }

    /// Runs a command that must succeed, and gives what it shows to people.
    pub fn shown(&self, words: &[impl AsRef<str>]) -> Result<String> {
        let arguments: Vec<_> = self.arguments(words).into_iter().filter(|word| word != "--json").collect();
        tool::text(&self.program, &arguments)
    }

    /// Runs a command that must be refused: non-zero exit and an error document.
    pub fn refused(&self, words: &[impl AsRef<str>]) -> Result<Refusal> {
        match self.attempt(words)? {
            Ok(document) => bail!("parsctl {} was not refused: {document}", joined(words)),
            Err(refusal) => Ok(refusal),
        }
    }

    /// Runs a command that succeeds or is refused.
    pub fn attempt(&self, words: &[impl AsRef<str>]) -> Result<Result<Value, Refusal>> {
        let output = tool::run(&self.program, &self.arguments(words))?;
        let document = tool::document(&output)?;
        if output.status.success() {
            return Ok(Ok(document));
        }
        let error = document.get("error").ok_or_else(|| anyhow!("no error in {document}"))?;
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let details = error.get("details").cloned().unwrap_or_default();
        Ok(Err(Refusal { code: text("code"), message: text("message"), details }))
    }

    /// Runs a command that must be refused with exactly this code.
    pub fn refused_as(&self, code: &str, words: &[impl AsRef<str>]) -> Result<Refusal> {
        let refusal = self.refused(words)?;
        if refusal.code == code {
            return Ok(refusal);
        }
        bail!("refused as {} instead of {code}: {} {}", refusal.code, refusal.message, refusal.details)
    }
}

/// The document of a command that must have succeeded.
fn succeeded(words: &[impl AsRef<str>], output: &Output) -> Result<Value> {
    if !output.status.success() {
        bail!("parsctl {}: {}", joined(words), tool::said(output));
    }
    tool::document(output)
}

fn joined(words: &[impl AsRef<str>]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")
}

/// A text of a document by JSON pointer.
pub fn text(document: &Value, pointer: &str) -> Result<String> {
    let found = document.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| anyhow!("no text at {pointer} of {document}"))
}

/// A number of a document by JSON pointer.
pub fn number(document: &Value, pointer: &str) -> Result<u64> {
    document.pointer(pointer).and_then(Value::as_u64).ok_or_else(|| anyhow!("no number at {pointer} of {document}"))
}
