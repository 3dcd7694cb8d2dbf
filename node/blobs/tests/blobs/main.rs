//! Stores of blocks: the folder, the gateway over real HTTP, the clients against a recorded exchange, a real node and liars.

mod exchange;
mod folder;
mod gateway;
mod kubo;
mod liars;
mod support;
