//! `sfu`: the forwarding server as a program.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, ensure};
use clap::Parser;
use pars_sfu::{Config, Keys, start};

/// What is logged where the environment says nothing. Nothing of the crates named `rtc…`: they warn of every datagram that they
/// cannot read, so anybody could fill the log.
const LOG: &str = "warn,rtc=off";

/// Forwarding server of rooms: LiveKit's signalling, blind to what it forwards.
#[derive(Parser)]
#[command(name = "sfu", version)]
struct Arguments {
    /// Address of signalling and RoomService; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Address of media, as clients reach it; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:0")]
    udp: SocketAddr,
    /// File with {"key","secret"}, readable by its owner only.
    #[arg(long)]
    key_file: PathBuf,
    /// Allows what only development may do.
    #[arg(long)]
    dev: bool,
    /// Writes everything the server sees to a file; with --dev only.
    #[arg(long)]
    dump: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| LOG.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    ensure!(arguments.dev || arguments.dump.is_none(), "--dump shows who talks to whom; it needs --dev");
    let keys = Keys::read(&arguments.key_file)?;
    let config = Config { listen: arguments.listen, udp: arguments.udp, keys, dump: arguments.dump };
    let mut running = start(config).await?;
    println!("{}", serde_json::to_string(&running.ready)?);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("SIGTERM cannot be waited for")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = running.ended() => anyhow::bail!("the listener or the thread for media has failed"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracing::{Level, enabled, subscriber::with_default};

    use super::*;

    #[test]
    fn nobody_fills_the_log_with_what_the_library_says_of_its_datagrams() {
        let subscriber = tracing_subscriber::fmt().with_env_filter(LOG).with_writer(std::io::sink).finish();
        with_default(subscriber, || {
            assert!(!enabled!(target: "rtc::peer_connection::handler", Level::WARN));
            assert!(!enabled!(target: "rtc_sctp::association", Level::ERROR));
            assert!(enabled!(target: "sfu", Level::WARN) && enabled!(target: "pars_sfu::server", Level::ERROR));
        });
    }
}
