//! `sim replay <seed>`: the event log of journey 3 under all faults, line by line; `sim run <first> <count>`: many seeds.

use std::process::ExitCode;

use pars_sim::Faults;
use pars_sim::journey;
use pars_sim::log::Log;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(1), number(2)) {
        (Some("replay"), Some(seed), None) => {
            let world = journey::run_with(seed, Faults::ALL, Log::printing());
            println!("audit {}", world.log.audit());
            ExitCode::SUCCESS
        }
        (Some("run"), Some(first), Some(count)) => {
            for seed in first..first.saturating_add(count) {
                println!("{seed} {:?}", journey::run(seed, Faults::ALL));
            }
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: sim replay <seed> | sim run <first seed> <count>");
            ExitCode::from(2)
        }
    }
}
