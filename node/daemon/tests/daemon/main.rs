//! The daemon in process and as a process, against a development chain in process.

mod concurrent;
mod config;
#[cfg(target_os = "linux")]
mod disk;
mod doors;
mod gaps;
mod gateway;
mod kill;
mod limits;
mod logs;
mod messages;
mod network;
mod recording_calls;
mod recordings;
mod registry;
mod rpc;
mod service;
mod sessions;
mod sockets;
mod store;
mod support;
