//! The development chain as its clients see it: in process, over HTTP and WebSocket, and killed.

mod contracts;
mod http;
mod in_process;
mod kill;
mod mldsa;
mod support;
