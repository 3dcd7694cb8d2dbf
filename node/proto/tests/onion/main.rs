//! PARS-Onion over a small network of relay machines in virtual time (SESSION section 5, THREATS section 9).

mod client;
mod descriptors;
mod epochs;
mod expiry;
mod links;
mod net;
mod paths;
mod replay;
mod surbs;
mod tampering;
mod vectors;

#[path = "../../examples/story/onion.rs"]
mod story;
