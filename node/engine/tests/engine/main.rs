//! The engine from outside: what leaves when, and what is read back.

mod alone;
mod barrier;
mod gaps;
mod many;
mod opening;
mod places;
mod snapshot;
mod talk;
mod town;
mod world;
