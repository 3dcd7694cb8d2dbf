//! `parsctl`: parses, runs one command, prints its outcome.

use std::process::ExitCode;

use clap::Parser;
use pars_cli::{args::Cli, commands, error::Error, output};

fn main() -> ExitCode {
    let as_json = std::env::args_os().any(|argument| argument == "--json");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are answers, not failures.
        Err(error) if !error.use_stderr() || !as_json => {
            let status = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            return ExitCode::from(status);
        }
        Err(error) => return ExitCode::from(output::print(&Err(Error::Usage(error.render().to_string())), true)),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => return ExitCode::from(output::print(&Err(Error::Runtime(source)), as_json)),
    };
    let outcome = runtime.block_on(commands::run(&cli));
    ExitCode::from(output::print(&outcome, cli.global.json))
}
