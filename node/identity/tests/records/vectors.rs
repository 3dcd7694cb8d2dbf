//! The committed vectors are what this code makes. `cargo run -p pars-identity --example identity_vectors` writes them anew.

use crate::generate;

#[test]
fn the_committed_vectors_are_what_this_code_makes() {
    let committed = include_str!("../../../../tests/vectors/session/identity.json");
    let committed: serde_json::Value = serde_json::from_str(committed).unwrap();
    let made = generate::vectors();
    for (name, value) in made.as_object().unwrap() {
        assert_eq!(committed.get(name), Some(value), "{name}");
    }
    assert_eq!(committed, made);
}
