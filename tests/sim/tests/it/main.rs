//! Scenarios from many seeds, and each rule of the watch with what breaks it.

mod chain;
mod room_orders;
mod room_session;
mod scenarios;
mod watch;
