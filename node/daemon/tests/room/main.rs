//! Rooms between daemons: a chain, a service node, the SFU, a host's daemon and members' daemons in one process; what a page says
//! and hears goes over their sockets and ports.

mod apart;
mod facts;
mod host;
mod join;
mod orders;
mod page;
mod quiet;
mod recording;
mod refusals;
mod remains;
#[path = "../daemon/support.rs"]
mod support;
mod tunnel;
mod world;
