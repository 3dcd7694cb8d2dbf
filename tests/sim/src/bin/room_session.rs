//! `room_session <seed>`: the event log of one room session under all faults, line by line; `room_session <first> <count>`:
//! many seeds, one line each.

use std::process::ExitCode;

use pars_sim::Faults;
use pars_sim::log::Log;
use pars_sim::room_session::{Report, run, story};

fn main() -> ExitCode {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|word| word.parse()).collect();
    match numbers.as_deref() {
        Ok([seed]) => {
            println!("{:#?}", Report::of(&story::run(*seed, Faults::ALL, Log::printing())));
            ExitCode::SUCCESS
        }
        Ok([first, count]) => {
            for seed in *first..first.saturating_add(*count) {
                println!("{seed} {:?}", run(seed, Faults::ALL));
            }
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: room_session <seed> | room_session <first seed> <count>");
            ExitCode::from(2)
        }
    }
}
