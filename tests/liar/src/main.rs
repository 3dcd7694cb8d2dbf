//! `liar`: a `sessiond` whose seats lie when they record ([`LeavesOneOut`]). Journey 5 shows what comes of it: nothing.
//!
//! It takes what `sessiond` takes and prints the same ready line; it ends with status 0 on SIGTERM.

use std::io::Write;

use clap::Parser;
use pars_daemon::args::Args;
use pars_daemon::config::Config;
use pars_daemon::daemon::Daemon;
use pars_liar::LeavesOneOut;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut daemon = Daemon::start_as(Config::load(Args::parse())?, &LeavesOneOut).await?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(daemon.ready())?)?;
    std::io::stdout().flush()?;
    tokio::select! {
        error = daemon.failed() => return Err(error.into()),
        _ = terminate.recv() => {}
    }
    Ok(daemon.stop().await?)
}
