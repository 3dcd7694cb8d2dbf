//! The executor against a development chain: one behaviour per file.

mod carries_out;
mod consents;
mod crashes;
mod fees;
mod refuses;
mod tells;
mod waits;
mod world;
