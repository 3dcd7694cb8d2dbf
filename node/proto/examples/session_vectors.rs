//! Writes `tests/vectors/session/session.json`. Run it only when a layout changes on purpose:
//! `cargo run -p pars-proto --example session_vectors`.

#[path = "../tests/session/story.rs"]
mod story;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/session/world.rs"]
mod world;

fn main() -> std::io::Result<()> {
    let path = story::path();
    let mut text = serde_json::to_string_pretty(&story::make()).map_err(std::io::Error::other)?;
    text.push('\n');
    std::fs::write(&path, text)?;
    println!("wrote {}", path.display());
    Ok(())
}
