//! The daemon in process and as a process, against a development chain in process.

mod config;
mod kill;
mod messages;
mod rpc;
mod service;
mod sockets;
mod store;
mod support;
