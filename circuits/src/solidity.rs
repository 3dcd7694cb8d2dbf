//! Writes the Solidity verifier of a key (ELIGIBILITY 2.6, 3).

use std::fmt::Write;

use alloy_primitives::U256;
use ark_bn254::{G1Affine, G2Affine};

use crate::{
    field::{self, BASE_ORDER, SCALAR_ORDER},
    key::{CONSTRAINT_DIGEST, DEV_CHAIN_IDS, VerifyingKey},
};

/// The source of `Groth16Verifier.sol` for a key. The same key gives the same text.
///
/// A verifier of a development key refuses to be deployed outside the development chain ids; a key with gamma equal
/// to delta cannot exist as a [`VerifyingKey`].
pub fn verifier_source(key: &VerifyingKey) -> String {
    TEMPLATE
        .replace("@R@", &SCALAR_ORDER.to_string())
        .replace("@Q@", &BASE_ORDER.to_string())
        .replace("@KEY_HASH@", &key.hash().to_string())
        .replace("@CONSTRAINT_DIGEST@", &CONSTRAINT_DIGEST.to_string())
        .replace("@DEV@", if key.is_dev() { "true" } else { "false" })
        .replace("@GUARD@", &guard(key))
        .replace("@INPUTS@", &combination(key))
        .replace("@IC0@", &store_g1("acc", key.points().gamma_abc_g1.first().unwrap_or(&G1Affine::identity()), 0))
        .replace("@ALPHA_BETA@", &pair(0x0c0, &key.points().alpha_g1, &key.points().beta_g2))
        .replace("@GAMMA@", &store_g2(0x1c0, &key.points().gamma_g2))
        .replace("@DELTA@", &store_g2(0x280, &key.points().delta_g2))
}

/// Constructor of a development verifier.
fn guard(key: &VerifyingKey) -> String {
    if !key.is_dev() {
        return String::new();
    }
    let [dev, foundry] = DEV_CHAIN_IDS;
    format!(
        "\n    /// @notice A development key is refused on this chain: its secrets are public.\n    \
         error DevelopmentKeyOnChain(uint256 chainId);\n\n    \
         constructor() {{\n        \
         if (block.chainid != {dev} && block.chainid != {foundry}) revert DevelopmentKeyOnChain(block.chainid);\n    \
         }}\n"
    )
}

/// One `add` call a public input.
fn combination(key: &VerifyingKey) -> String {
    let mut text = String::new();
    for (i, base) in key.points().gamma_abc_g1.iter().skip(1).enumerate() {
        let [x, y] = g1(base);
        let at = i * 32;
        let _ = writeln!(
            text,
            "                ok := and(ok, addTimes(acc, {x}, {y}, calldataload(add(inputs, 0x{at:02x}))))"
        );
    }
    text
}

fn g1(point: &G1Affine) -> [U256; 2] {
    [point.x, point.y].map(field::coordinate_word)
}

fn g2(point: &G2Affine) -> [U256; 4] {
    [point.x.c1, point.x.c0, point.y.c1, point.y.c0].map(field::coordinate_word)
}

fn store(base: &str, offset: usize, words: &[U256]) -> String {
    let mut text = String::new();
    for (i, word) in words.iter().enumerate() {
        let _ = writeln!(text, "                mstore(add({base}, 0x{:03x}), {word})", offset + i * 32);
    }
    text
}

fn store_g1(base: &str, point: &G1Affine, offset: usize) -> String {
    store(base, offset, &g1(point))
}

fn store_g2(offset: usize, point: &G2Affine) -> String {
    store("pairs", offset, &g2(point))
}

fn pair(offset: usize, left: &G1Affine, right: &G2Affine) -> String {
    store_g1("pairs", left, offset) + &store_g2(offset + 0x40, right)
}

const TEMPLATE: &str = include_str!("verifier.sol.tmpl");
