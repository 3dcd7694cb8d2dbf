//! Writes `tests/vectors/session/swarm.json`: `cargo run --example swarm_vectors > tests/vectors/session/swarm.json`.

#[path = "story/swarm.rs"]
mod story;

fn main() {
    println!("{:#}", story::vector());
}
