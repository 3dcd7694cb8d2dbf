//! Poseidon over BN254 with x^5 and circomlib's constants (ELIGIBILITY 1): widths 2, 3 and 5, for 1, 2 and 4 inputs.
//!
//! The same function lives in the circuit ([`gadget`]), on chain (`poseidon-solidity`) and in TypeScript; one vector
//! file holds them together. State = (0, inputs…), output = the first element after 8 full and 56 / 57 / 60 partial
//! rounds. Both forms here run the partial rounds with sparse matrices ([`sparse`]).

pub(crate) mod gadget;
mod sparse;

use std::sync::LazyLock;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;
use sparse::Rounds;

static T2: LazyLock<Rounds<2>> = LazyLock::new(load);
static T3: LazyLock<Rounds<3>> = LazyLock::new(load);
static T5: LazyLock<Rounds<5>> = LazyLock::new(load);

/// Poseidon of one input: the identity commitment.
pub fn t2(input: Fr) -> Fr {
    permute(&T2, [Fr::ZERO, input])
}

/// Poseidon of two inputs: tree nodes and nullifiers.
pub fn t3(left: Fr, right: Fr) -> Fr {
    permute(&T3, [Fr::ZERO, left, right])
}

/// Poseidon of four inputs: tree leaves. A leaf can never pass for a node, because the widths differ.
pub fn t5([a, b, c, d]: [Fr; 4]) -> Fr {
    permute(&T5, [Fr::ZERO, a, b, c, d])
}

#[expect(clippy::expect_used, reason = "light-poseidon ships the constants of widths 2 to 13; a test loads all three")]
fn load<const T: usize>() -> Rounds<T> {
    let width = u8::try_from(T).expect("the width is 2, 3 or 5");
    let parameters = get_poseidon_parameters::<Fr>(width).expect("circomlib defines this width");
    Rounds::new(&parameters).expect("the constants have the shape of their width and the matrix is MDS")
}

fn sbox(x: Fr) -> Fr {
    x.square().square() * x
}

fn permute<const T: usize>(rounds: &Rounds<T>, mut state: [Fr; T]) -> Fr {
    for (constants, matrix) in rounds.opening() {
        state = sparse::apply(matrix, &full_sbox(&state, constants));
    }
    for (constant, matrix) in rounds.middle() {
        state[0] = sbox(state[0] + constant);
        state = matrix.apply(&state);
    }
    for (constants, matrix) in rounds.closing() {
        state = sparse::apply(matrix, &full_sbox(&state, constants));
    }
    state[0]
}

fn full_sbox<const T: usize>(state: &[Fr; T], constants: &[Fr; T]) -> [Fr; T] {
    let mut out = *state;
    out.iter_mut().zip(constants).for_each(|(x, c)| *x = sbox(*x + c));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::UniformRand;
    use ark_std::rand::SeedableRng;
    use light_poseidon::{Poseidon, PoseidonHasher};
    use rand_chacha::ChaCha20Rng;
    use std::str::FromStr;

    fn reference(inputs: &[Fr]) -> Fr {
        Poseidon::<Fr>::new_circom(inputs.len()).unwrap().hash(inputs).unwrap()
    }

    #[test]
    fn the_known_value_of_one_and_two_is_reproduced() {
        let known = "7853200120776062878684798364095072458815029376092732009249414926327459813530";
        assert_eq!(t3(Fr::from(1u64), Fr::from(2u64)), Fr::from_str(known).unwrap());
    }

    #[test]
    fn all_three_widths_equal_the_reference_form() {
        let seed = 20u64;
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut cases: Vec<[Fr; 4]> = (0..40).map(|_| std::array::from_fn(|_| Fr::rand(&mut rng))).collect();
        cases.push([Fr::ZERO; 4]);
        cases.push([-Fr::ONE; 4]);
        for case in cases {
            let [a, b, ..] = case;
            assert_eq!(t2(a), reference(&[a]));
            assert_eq!(t3(a, b), reference(&[a, b]));
            assert_eq!(t5(case), reference(&case));
        }
    }
}
