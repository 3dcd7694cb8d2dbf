//! `stack --dir DIR [--fresh]`: the development network that stays, for people. Behind `cargo xtask up`.
//!
//! Starts what DECISIONS O-34 names, says what to try next, and ends all of it on Ctrl-C, when its terminal closes, or when one
//! of its programs ends. The state lies in DIR and is taken up again by the next run. What goes wrong is one sentence and a
//! failure, and nothing is left running.
//!
//! | Module | Holds |
//! |---|---|
//! | [`place`] | the directory: locked, foreign, broken, emptied; ports |
//! | [`network`] | the processes: started in order, watched, ended |
//! | [`rooms`] | demonstration rooms, each with a running sitting |
//! | [`hints`] | where everything is, and what to type |

mod hints;
mod network;
mod place;
mod rooms;

use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use pars_e2e::wait;

use crate::{network::Network, place::Place};

/// Starts the development network.
#[derive(Debug, Parser)]
#[command(name = "stack", version)]
struct Arguments {
    /// Directory of the state.
    #[arg(long)]
    dir: PathBuf,
    /// Throw the state of the last run away.
    #[arg(long)]
    fresh: bool,
    /// Port of the chain's JSON-RPC.
    #[arg(long, default_value_t = 8545)]
    rpc_port: u16,
    /// Port of the indexer's REST.
    #[arg(long, default_value_t = 8546)]
    api_port: u16,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    ctrlc::set_handler(wait::ask_to_end).context("the signals cannot be caught")?;
    let place = Place::claim(&arguments.dir)?;
    place::free(arguments.rpc_port, "--rpc-port")?;
    place::free(arguments.api_port, "--api-port")?;
    if arguments.fresh {
        place.clear()?;
    }
    let bin = std::env::current_exe()?.parent().context("this program lies nowhere")?.to_path_buf();
    let mut network = Network::new(&place.path, &bin);
    let started = network.start((arguments.rpc_port, arguments.api_port)).map_err(|error| {
        let (logs, again) = (place.path.display(), "`--fresh` throws this state away and begins anew");
        anyhow!("{error:#}; logs lie in {logs}, and {again}")
    });
    let ready = started.is_ok();
    let ended = started.and_then(|facts| hints::introduce(&facts, &place.path, &bin)).and_then(|()| network.watch());
    let asked = wait::asked_to_end() > 0;
    if asked {
        // Its terminal may be gone.
        let _ = writeln!(stdout(), "\nstopping (Ctrl-C again ends it at once)");
    }
    network.stop();
    match ended {
        // Whatever failed then failed of that.
        _ if asked && ready => Ok(()),
        _ if asked => bail!("ended before the network was ready; the next run goes on from here"),
        ended => ended,
    }
}
