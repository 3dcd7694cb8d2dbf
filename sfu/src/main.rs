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
    /// Allows what only development may do; then the server listens on loopback only.
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
    let mut running = start(config(Arguments::parse())?).await?;
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

/// What the server is started with; refuses by name what does not go together.
fn config(arguments: Arguments) -> anyhow::Result<Config> {
    let Arguments { listen, udp, key_file, dev, dump } = arguments;
    ensure!(dev || dump.is_none(), "--dump shows who talks to whom; it needs --dev");
    for (flag, address) in [("--listen", listen), ("--udp", udp)] {
        ensure!(
            !dev || address.ip().is_loopback(),
            "{flag} {address} is not a loopback address: with --dev the server listens on loopback only; use 127.0.0.1:{}",
            address.port()
        );
    }
    Ok(Config { listen, udp, keys: Keys::read(&key_file)?, dump })
}

#[cfg(test)]
mod tests {
    use tracing::{Level, enabled, subscriber::with_default};

    use super::*;

    /// Why these arguments are refused. No key file is there, so that is what is told of good ones.
    fn refusal(arguments: &[&str]) -> String {
        let words = ["sfu", "--key-file", "/nowhere/keys.json"].iter().chain(arguments);
        config(Arguments::try_parse_from(words).unwrap()).unwrap_err().to_string()
    }

    /// THREATS E3.
    #[test]
    fn what_is_for_development_listens_on_loopback_only() {
        for flag in ["--listen", "--udp"] {
            for address in ["0.0.0.0:7880", "[::]:7880", "10.0.0.1:7880"] {
                let refused = refusal(&["--dev", flag, address]);
                assert!(refused.starts_with(&format!("{flag} {address} is not a loopback address")), "{refused}");
                assert!(refused.ends_with("use 127.0.0.1:7880"), "{refused}");
                assert!(refusal(&[flag, address]).starts_with("key file /nowhere"), "without --dev");
            }
            assert!(refusal(&["--dev", flag, "127.0.0.1:7880"]).starts_with("key file /nowhere"));
        }
        assert!(refusal(&["--dump", "all"]).starts_with("--dump"));
    }

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
