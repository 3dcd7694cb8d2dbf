//! Writes `tests/vectors/session/crypto.json`. A change of that file is a change of the protocol.

#[path = "../tests/primitives/generate.rs"]
mod generate;

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/session/crypto.json");
    std::fs::write(path, format!("{:#}\n", generate::vectors(&pars_crypto::suite::Libcrux)))
}
