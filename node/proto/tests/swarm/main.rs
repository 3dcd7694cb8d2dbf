//! Mailboxes and directory over a small network of store machines in virtual time (SESSION section 6, THREATS section 10).

mod deleting;
mod directory;
mod inbox;
mod layouts;
mod liars;
mod placement;
mod quota;
mod reading;
mod registrar;
mod restart;
mod rights;
mod storing;
mod tasks;
mod vectors;
mod world;

#[path = "../../examples/story/swarm.rs"]
mod story;
