//! Writes `tests/vectors/session/onion.json`: `cargo run --example onion_vectors > tests/vectors/session/onion.json`.

#[path = "story/onion.rs"]
mod story;

fn main() {
    println!("{:#}", story::vector());
}
