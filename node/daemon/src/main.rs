//! `sessiond`: prints one JSON line when it is ready; logs go to standard error; ends with status 0 on SIGTERM and Ctrl-C.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use pars_daemon::args::Args;
use pars_daemon::config::Config;
use pars_daemon::daemon::Daemon;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sessiond: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    pars_daemon::process::close().context("the process cannot be closed to core files")?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let config = Config::load(args)?;
    let mut daemon = tokio::select! {
        daemon = Daemon::start(config) => daemon?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let ready = serde_json::to_string(daemon.ready())?;
    writeln!(std::io::stdout(), "{ready}")?;
    std::io::stdout().flush()?;
    tokio::select! {
        error = daemon.failed() => {
            // The failure is what is told; of the rest as much is ended as can be.
            let _ = daemon.stop().await;
            return Err(error.into());
        }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(daemon.stop().await?)
}
