//! Scenarios from many seeds, and each rule of the watch with what breaks it.

mod chain;
mod scenarios;
mod watch;
