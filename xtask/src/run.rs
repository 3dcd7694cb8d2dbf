//! Starting programs: one place that knows the repository's root and prints what it runs.

use anyhow::{Context, Result, bail};
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Instant,
};

/// The clock by which stages are timed: the one place that reads it.
#[expect(clippy::disallowed_methods, reason = "a chore says how long its stages take")]
pub fn clock() -> Instant {
    Instant::now()
}

/// A checkout and the folder its builds go to.
pub struct Repo {
    /// The folder with the workspace's Cargo.toml.
    pub root: PathBuf,
    /// What cargo is told as CARGO_TARGET_DIR.
    pub target: PathBuf,
}

impl Repo {
    /// The checkout whose `cargo xtask` was typed, building where the environment says. Cargo says which at run time: two
    /// checkouts may share a build folder, and then the program found there was built from the other one.
    pub fn here() -> Self {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().map(Path::to_path_buf).unwrap_or_default();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Self { root, target }
    }

    /// A cargo command, with the toolchain that runs this program.
    pub fn cargo(&self) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What cargo sets for this program must not leak into the build it starts.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
            command.env_remove(name);
        }
        command
            .env_remove("CARGO_MANIFEST_DIR")
            .env_remove("CARGO_MANIFEST_PATH")
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Any command, started in the repository's root.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// A program of an npm package.
    pub fn npm_bin(&self, name: &str) -> Command {
        self.command(self.root.join("node_modules/.bin").join(name))
    }

    /// A program this workspace built in the dev profile.
    pub fn built(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

/// Run to the end and fail with the command's own words if it does.
pub fn must(command: &mut Command) -> Result<()> {
    let status = start(command)?.wait().with_context(|| format!("waiting for {command:?}"))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// The same for what only prepares: its words go to standard error, because standard output holds what other programs read
/// (`demo --json`, `bench --json`).
pub fn aside(command: &mut Command) -> Result<()> {
    must(command.stdout(std::io::stderr()))
}

/// Run to the end, pass every line of standard output on and also keep it.
pub fn tee(command: &mut Command, shown_on_screen: bool) -> Result<(ExitStatus, String)> {
    let mut child = start(command.stdout(Stdio::piped()))?;
    let mut kept = String::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line.context("reading a command's output")?;
            if shown_on_screen {
                println!("{line}");
            }
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    Ok((child.wait()?, kept))
}

/// Standard output of a command that must succeed.
pub fn output(command: &mut Command) -> Result<String> {
    let (status, text) = tee(command, false)?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(text)
}

fn start(command: &mut Command) -> Result<std::process::Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.spawn().with_context(|| format!("cannot start `{name}`: is it installed?"))
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    words.join(" ")
}
