//! Writes `tests/vectors/session/action.json`: `cargo run --example action_vectors > tests/vectors/session/action.json`.

#[path = "story/action.rs"]
mod story;

fn main() {
    println!("{:#}", story::vector());
}
