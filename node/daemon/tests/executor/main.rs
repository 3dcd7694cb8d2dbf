//! The executor against a development chain: one behaviour per file.

mod carries_out;
mod crashes;
mod refuses;
mod world;
