//! Recordings from frames to plain files, and what is in between.

mod containers;
mod kills;
mod media;
mod recordings;
mod spans;
mod vectors;
mod wraps;
