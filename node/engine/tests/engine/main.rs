//! The engine from outside: what leaves when, and what is read back.

mod barrier;
mod snapshot;
mod world;
