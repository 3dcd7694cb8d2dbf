//! Writes `tests/vectors/room/*.json`. Run it only when a layout changes on purpose: `cargo run --example room_vectors`.

#[path = "story/room/mod.rs"]
#[expect(dead_code, reason = "the tests use more of the cast")]
mod story;

fn main() -> std::io::Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/room");
    std::fs::create_dir_all(folder)?;
    for (name, value) in story::vectors() {
        std::fs::write(format!("{folder}/{name}"), format!("{value:#}\n"))?;
    }
    Ok(())
}
