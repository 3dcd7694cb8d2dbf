//! Rooms: layouts, what is refused and why, and the shared vectors. One behaviour per file.

mod codecs;
mod distinct;
mod epochs;
mod grants;
mod joins;
mod media;
mod messages;
mod metadata;
mod pairs;
mod recordings;
mod statements;
#[path = "../../examples/story/room/mod.rs"]
mod story;
mod vectors;
mod verifying;
mod wallets;
