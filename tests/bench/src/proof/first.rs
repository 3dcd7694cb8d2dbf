//! The first proof of a process, which makes what later ones find: each in a process of its own.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use pars_circuits::ProvingKey;

use super::Story;
use crate::clock;

/// How this program is started for one proof; the file of the proving key follows.
pub(crate) const SUBCOMMAND: &str = "first-proof";

/// Loads the key, proves once, and prints the proof's CPU in ms.
pub(crate) fn prove(file: &Path) -> Result<()> {
    let key = ProvingKey::from_bytes(&fs::read(file)?)?;
    let witness = Story::new()?.witness(0)?;
    let cost = clock::measure(|| Ok(key.prove(&witness, &[9; 32])?))?;
    println!("{}", cost.cpu);
    Ok(())
}

/// CPU in ms of the first proof of so many processes.
pub(super) fn measure(file: &Path, runs: usize) -> Result<Vec<f64>> {
    (0..runs).map(|_| one(file)).collect()
}

fn one(file: &Path) -> Result<f64> {
    let mut program = Command::new(std::env::current_exe()?);
    let output = program.arg(SUBCOMMAND).arg(file).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the process of a first proof ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().with_context(|| format!("a first proof's cost is {text:?}"))
}
