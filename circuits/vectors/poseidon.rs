//! Poseidon of 1, 2 and 4 inputs.

use alloy_primitives::{B256, U256};
use pars_circuits::{field, poseidon};
use serde::Serialize;

use super::{generator, random_scalar};

#[derive(Serialize)]
pub(super) struct Vectors {
    t2: Vec<Case>,
    t3: Vec<Case>,
    t5: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    #[serde(rename = "in")]
    inputs: Vec<B256>,
    out: B256,
}

/// 48 cases of each width: edges of the field first, random ones after.
pub(super) fn vectors() -> Vectors {
    let one = U256::from(1);
    let edges = [U256::ZERO, one, U256::from(2), U256::MAX >> 128, U256::MAX >> 8, field::SCALAR_ORDER - one];
    let mut rng = generator(1);
    let mut rows: Vec<[U256; 4]> = edges.iter().map(|edge| [*edge; 4]).collect();
    rows.extend((0..edges.len()).map(|i| std::array::from_fn(|j| edges[(i + j) % edges.len()])));
    rows.push(std::array::from_fn(|j| U256::from(j + 1)));
    rows.resize_with(48, || std::array::from_fn(|_| random_scalar(&mut rng)));
    Vectors { t2: cases::<1>(&rows), t3: cases::<2>(&rows), t5: cases::<4>(&rows) }
}

fn cases<const N: usize>(rows: &[[U256; 4]]) -> Vec<Case> {
    let case = |row: &[U256; 4]| {
        let [a, b, c, d] = row.map(|word| field::scalar(word).expect("every row is canonical"));
        let out = match N {
            1 => poseidon::t2(a),
            2 => poseidon::t3(a, b),
            _ => poseidon::t5([a, b, c, d]),
        };
        Case { inputs: row.iter().take(N).map(|word| B256::from(*word)).collect(), out: field::bytes(out) }
    };
    rows.iter().map(case).collect()
}
