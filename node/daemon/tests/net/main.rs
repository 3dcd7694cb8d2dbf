//! The network over real sockets on loopback: links, discovery, captures.

mod captures;
mod discovery;
mod groups;
mod links;
mod raw;
mod world;
