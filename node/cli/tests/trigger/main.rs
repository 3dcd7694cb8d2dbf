//! `parsctl trigger` against a development chain and a daemon that certifies and keeps what it is sent.

mod acts;
mod world;
