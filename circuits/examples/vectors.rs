//! Writes the shared vectors, the development verifying key and the verifier contract below the root of a repository:
//! `cargo run --example vectors -- <root> [--check]`. With `--check` nothing is written and a difference fails.
//!
//! After a change of the circuit the pinned constants come first: the example prints the values to put there.

#[path = "../vectors/mod.rs"]
mod vectors;

use std::{error::Error, fs, path::Path};

use pars_circuits::{ProvingKey, key, statement::constraint_digest};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let root = arguments.next().ok_or("usage: vectors <root of the repository> [--check]")?;
    let check = arguments.next().is_some_and(|flag| flag == "--check");
    let dev = ProvingKey::generate_insecure_dev()?;
    let pins = [
        ("CONSTRAINT_DIGEST", constraint_digest()?, key::CONSTRAINT_DIGEST),
        ("PINNED_DEV_KEY", dev.hash(), key::PINNED_DEV_KEY),
        ("PINNED_DEV_VERIFYING_KEY", dev.verifying_key().hash(), key::PINNED_DEV_VERIFYING_KEY),
    ];
    let mut stale: Vec<String> = Vec::new();
    for (name, actual, _) in pins.iter().filter(|(_, actual, pinned)| actual != pinned) {
        println!("pin {name} = {actual}");
        stale.push((*name).to_owned());
    }
    for (path, content) in vectors::files(&dev) {
        let path = Path::new(&root).join(path);
        if fs::read(&path).is_ok_and(|old| old == content) {
            continue;
        }
        if check {
            stale.push(path.display().to_string());
        } else {
            fs::write(&path, content)?;
            println!("wrote {}", path.display());
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("out of date: {}", stale.join(", ")).into()) }
}
