//! The one driver of demonstration and end-to-end tests: whole journeys through separate processes over loopback.
//!
//! It links nothing of the project. Binaries are started as a user starts them, our own product is used through
//! `parsctl --json`, and other people's clients (`cast`, Safe's contracts) are used unmodified where they are natural.
//!
//! - A journey is one file in `journeys/`; a step is one call of [`report::Report::step`].
//! - Steps wait for what they need to observe ([`wait::until`]), never for a while; ports come from the system.
//! - Whatever a journey starts dies with it ([`stack::Stack`]).

pub mod actions;
pub mod browser;
pub mod capture;
pub mod cast;
pub mod consents;
pub mod daemon;
pub mod dice;
pub mod fork;
pub mod frame;
pub mod hall;
pub mod http;
pub mod journeys;
pub mod jwt;
pub mod kills;
pub mod kubo;
pub mod lines;
pub mod network;
pub mod ogg;
pub mod parsctl;
pub mod pictures;
pub mod process;
pub mod proof;
pub mod proxy;
pub mod receipt;
pub mod report;
pub mod rpc;
pub mod safe;
pub mod sfu;
pub mod sound;
pub mod stack;
pub mod tail;
pub mod terminal;
pub mod tool;
pub mod traces;
pub mod wait;
pub mod withheld;
