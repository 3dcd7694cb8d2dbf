//! `indexer`: indexes one deployment into a database file and serves it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use alloy::providers::{Provider, ProviderBuilder};
use alloy::transports::http::reqwest::{Client, ClientBuilder, Url};
use anyhow::{Context, bail, ensure};
use clap::Parser;
use pars_bindings::{deployment::Deployment, dev};
use pars_indexer::{Options, Service};
use pars_wire::is_this_machine;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Indexes the Town Hall contracts of one chain and serves rooms, sittings and leaf sets.
#[derive(Parser)]
#[command(name = "indexer", version)]
struct Arguments {
    /// URL of the chain's node (HTTP JSON-RPC).
    #[arg(long)]
    rpc: String,
    /// Deployment file (deployments/<chain id>.json).
    #[arg(long)]
    deployment: PathBuf,
    /// Database: sqlite:PATH.
    #[arg(long)]
    database: String,
    /// Where the API listens; port 0 takes a free one. On a development chain only a loopback address.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Milliseconds between two looks at the node's head.
    #[arg(long, default_value_t = 250)]
    poll_ms: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("indexer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let options = options(&arguments)?;
    let url: Url = arguments.rpc.parse().with_context(|| format!("--rpc {} is no URL", arguments.rpc))?;
    let here = is_this_machine(url.host_str().unwrap_or_default());
    let provider = ProviderBuilder::new().with_reqwest(url, |builder| client(builder, here)).erased();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut service = Service::start(options, provider).await?;
    let api = service.address().map(|address| format!("http://{address}"));
    let ready = serde_json::json!({"ready": true, "api": api});
    writeln!(std::io::stdout(), "{ready}")?;
    tokio::select! {
        error = service.failed() => Err(error.into()),
        _ = terminate.recv() => {
            service.stop().await;
            Ok(())
        }
        result = tokio::signal::ctrl_c() => {
            service.stop().await;
            Ok(result?)
        }
    }
}

fn options(arguments: &Arguments) -> anyhow::Result<Options> {
    let file = &arguments.deployment;
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let deployment: Deployment =
        serde_json::from_str(&text).with_context(|| format!("{} is no deployment file", file.display()))?;
    let (listen, chain_id) = (arguments.listen, deployment.chain_id);
    ensure!(
        listen.ip().is_loopback() || !dev::CHAIN_IDS.contains(&chain_id),
        "--listen {listen} is not a loopback address: what is on development chain {chain_id} is served on loopback only; \
         use 127.0.0.1:{}",
        listen.port()
    );
    let Some(path) = arguments.database.strip_prefix("sqlite:") else {
        bail!("--database {} is not supported; give sqlite:PATH", arguments.database);
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    Ok(Options {
        deployment,
        database: path.into(),
        listen: Some(listen),
        poll: Duration::from_millis(arguments.poll_ms),
    })
}

/// A client of the node. A proxy in the environment is one to the network: what goes to this machine does not go there.
fn client(builder: ClientBuilder, here: bool) -> Client {
    let builder = if here { builder.no_proxy() } else { builder };
    // Where a client cannot be built, the default one cannot either, and says so.
    builder.build().unwrap_or_default()
}
