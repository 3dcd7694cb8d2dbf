//! The published vector is what this code makes.

use crate::story;

#[test]
fn the_onion_vector_is_reproduced_byte_for_byte() {
    let published: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/session/onion.json")).unwrap();
    let made = story::vector();
    for (name, value) in made.as_object().unwrap() {
        assert!(published[name] == *value, "{name} differs from the published vector");
    }
}
