//! The crate from outside: one behaviour per module.

mod checking;
mod clients;
mod keys;
mod rerandomised;
mod support;
mod vectors_are_fresh;
mod verifier;

#[path = "../../vectors/mod.rs"]
mod vectors;
