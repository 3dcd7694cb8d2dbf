//! The engine from outside: what leaves when, and what is read back.

mod alone;
mod barrier;
mod many;
mod opening;
mod snapshot;
mod talk;
mod town;
mod world;
