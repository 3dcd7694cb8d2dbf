//! Writes `tests/vectors/session/identity.json`. A change of that file is a change of the protocol.

#[path = "../tests/records/generate.rs"]
mod generate;

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/session/identity.json");
    std::fs::write(path, format!("{:#}\n", generate::vectors()))
}
