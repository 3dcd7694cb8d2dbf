//! `devnet`: a development chain with ML-DSA precompiles on a loopback port. Prints one JSON line when it is ready; logs go to
//! standard error; ends with status 0 on SIGTERM and Ctrl-C.

use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use pars_devnet::{Config, Devnet, Server};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A development chain: revm (Prague) with ML-DSA precompiles, JSON-RPC over HTTP and WebSocket on loopback.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Directory of the chain's journal; made when absent
    #[arg(long)]
    datadir: PathBuf,
    /// Port on the loopback address; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Address to listen on; refused unless it is a loopback address
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Chain id: 7072 or 31337
    #[arg(long, default_value_t = 7072)]
    chain_id: u64,
    /// Timestamp of block 0 in seconds since 1970; the chain's clock starts there
    #[arg(long)]
    genesis_time: Option<u64>,
    /// Blocks only by evm_mine and anvil_mine, one second apart: equal calls give equal block hashes
    #[arg(long)]
    manual_mining: bool,
    /// "safe" and "finalized" are this many blocks behind the head
    #[arg(long, default_value_t = 2)]
    finality_lag: u64,
    /// Gas limit of every block
    #[arg(long, default_value_t = 30_000_000)]
    gas_limit: u64,
    /// No empty block each second while something is not final
    #[arg(long)]
    no_empty_blocks: bool,
    /// A chain that does not have EIP-8355: nothing there verifies ML-DSA
    #[arg(long)]
    without_precompiles: bool,
}

impl Flags {
    fn config(&self) -> Config {
        Config {
            datadir: Some(self.datadir.clone()),
            chain_id: self.chain_id,
            genesis_time: self.genesis_time,
            manual_mining: self.manual_mining,
            finality_lag: self.finality_lag,
            gas_limit: self.gas_limit,
            empty_blocks: !self.no_empty_blocks,
            precompiles: !self.without_precompiles,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("devnet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;

    let devnet = Devnet::start(&flags.config())?;
    let server = Server::bind(devnet.clone(), SocketAddr::new(flags.host, flags.port)).await?;
    announce(server.address(), flags.chain_id)?;

    let chain = devnet.clone();
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = chain.ended() => {}
        }
    };
    server.serve(stop).await?;
    devnet.stop().await?;
    Ok(())
}

/// The one line others wait for.
fn announce(address: SocketAddr, chain_id: u64) -> anyhow::Result<()> {
    let ready = json!({
        "ready": true,
        "rpc": format!("http://{address}"),
        "ws": format!("ws://{address}"),
        "chainId": chain_id,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ready}").and_then(|()| out.flush()).context("cannot write the ready line to standard output")
}
