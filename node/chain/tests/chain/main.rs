//! The chain as a value, driven by its inputs only.

mod blocks;
mod calls;
mod reorg;
mod support;
