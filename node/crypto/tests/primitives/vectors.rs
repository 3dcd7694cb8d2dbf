//! The committed vectors are what both back ends make. `cargo run -p pars-crypto --example crypto_vectors` writes them anew.

use crate::common::SUITES;
use crate::generate;

#[test]
fn the_committed_vectors_are_what_both_back_ends_make() {
    let committed = include_str!("../../../../tests/vectors/session/crypto.json");
    let committed: serde_json::Value = serde_json::from_str(committed).unwrap();
    for suite in SUITES {
        assert_eq!(committed, generate::vectors(suite), "{}", suite.name());
    }
}
