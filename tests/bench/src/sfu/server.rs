//! The server under load: a process of its own that tells what it has used.

use std::{
    io::{BufRead as _, BufReader, Write as _, stdin},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result};
use cpu_time::ProcessTime;
use pars_sfu::{Config, Keys, Running, start};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

/// Key and secret of a server that lives as long as the benchmark.
pub(super) const KEY: &str = "bench";
pub(super) const SECRET: &str = "bench bench bench bench bench bench";

/// Hidden subcommand that is the server.
pub(crate) const SUBCOMMAND: &str = "sfu-server";
/// Bytes of a memory page as the kernel counts residence.
const PAGE: u64 = 4_096;

/// What a process has used.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Usage {
    /// CPU of all threads, in ns.
    pub(super) cpu: u64,
    /// Resident bytes that are its own: not those of files, which are the program's code and the same for any number of seats.
    pub(super) memory: u64,
}

#[derive(Debug, Deserialize)]
struct Ready {
    url: String,
}

/// A running server.
pub(crate) enum Server {
    /// In a process of its own.
    Process { child: Child, ask: ChildStdin, answers: BufReader<ChildStdout>, url: String },
    /// In this process, for tests of the benchmark itself.
    #[cfg(test)]
    Here { running: Running, _runtime: Runtime },
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn started(runtime: &Runtime) -> Result<Running> {
    let any = "127.0.0.1:0".parse()?;
    let config = Config { listen: any, udp: any, keys: Keys::new(KEY, SECRET)?, dump: None };
    Ok(runtime.block_on(start(config))?)
}

fn usage() -> Result<Usage> {
    let cpu = u64::try_from(ProcessTime::try_now()?.as_duration().as_nanos())?;
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let mut pages = pages.split(' ').skip(1).map(str::parse::<u64>);
    let resident = pages.next().context("no resident pages")??;
    let of_files = pages.next().context("no shared pages")??;
    Ok(Usage { cpu, memory: resident.saturating_sub(of_files) * PAGE })
}

/// The hidden subcommand: a server that answers each line with its usage and ends with its input.
pub(crate) fn serve() -> Result<()> {
    let runtime = runtime()?;
    let running = started(&runtime)?;
    println!("{}", serde_json::to_string(&running.ready)?);
    for line in stdin().lines() {
        line?;
        println!("{}", serde_json::to_string(&usage()?)?);
    }
    Ok(())
}

impl Server {
    /// Starts this program again as the server.
    pub(crate) fn spawn() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().context("no way in")?;
        let mut answers = BufReader::new(child.stdout.take().context("no way out")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let Ready { url } = serde_json::from_str(&line)?;
        Ok(Self::Process { child, ask, answers, url })
    }

    /// Starts it in this process.
    #[cfg(test)]
    pub(crate) fn here() -> Result<Self> {
        let runtime = runtime()?;
        Ok(Self::Here { running: started(&runtime)?, _runtime: runtime })
    }

    pub(super) fn url(&self) -> &str {
        match self {
            Self::Process { url, .. } => url,
            #[cfg(test)]
            Self::Here { running, .. } => &running.ready.url,
        }
    }

    pub(super) fn usage(&mut self) -> Result<Usage> {
        match self {
            Self::Process { ask, answers, .. } => {
                writeln!(ask)?;
                let mut line = String::new();
                answers.read_line(&mut line)?;
                Ok(serde_json::from_str(&line)?)
            }
            #[cfg(test)]
            Self::Here { .. } => usage(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Self::Process { child, .. } => {
                let _ = child.kill();
                let _ = child.wait();
            }
            #[cfg(test)]
            Self::Here { .. } => {}
        }
    }
}
