//! Poseidon inside the circuit: 213, 240 and 297 constraints for widths 2, 3 and 5.
//!
//! Only S-boxes cost constraints (three each); matrices are linear and free. The sparse form keeps the linear
//! combinations short, which is what proving time depends on.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use ark_r1cs_std::fields::{FieldVar, fp::FpVar};
use ark_relations::gr1cs::SynthesisError;

use super::{T2, T3, T5, sparse::Rounds};

/// A field element of the circuit.
pub(crate) type Var = FpVar<Fr>;

/// Width 2 in the circuit.
pub(crate) fn t2(input: Var) -> Result<Var, SynthesisError> {
    permute(&T2, [zero(), input])
}

/// Width 3 in the circuit.
pub(crate) fn t3(left: Var, right: Var) -> Result<Var, SynthesisError> {
    permute(&T3, [zero(), left, right])
}

/// Width 5 in the circuit.
pub(crate) fn t5([a, b, c, d]: [Var; 4]) -> Result<Var, SynthesisError> {
    permute(&T5, [zero(), a, b, c, d])
}

fn zero() -> Var {
    Var::Constant(Fr::ZERO)
}

fn sbox(x: &Var) -> Result<Var, SynthesisError> {
    Ok(x.square()?.square()? * x)
}

fn permute<const T: usize>(rounds: &Rounds<T>, mut state: [Var; T]) -> Result<Var, SynthesisError> {
    for (constants, matrix) in rounds.opening() {
        full_sbox(&mut state, constants)?;
        state = matrix.each_ref().map(|row| dot(row, &state));
    }
    for (constant, matrix) in rounds.middle() {
        state[0] = sbox(&(&state[0] + *constant))?;
        let first = state[0].clone();
        let head = dot(&matrix.row, &state);
        state.iter_mut().zip(&matrix.column).skip(1).for_each(|(x, c)| *x += &first * *c);
        state[0] = head;
    }
    for (constants, matrix) in rounds.closing() {
        full_sbox(&mut state, constants)?;
        state = matrix.each_ref().map(|row| dot(row, &state));
    }
    Ok(state[0].clone())
}

fn full_sbox<const T: usize>(state: &mut [Var; T], constants: &[Fr; T]) -> Result<(), SynthesisError> {
    for (x, constant) in state.iter_mut().zip(constants) {
        *x = sbox(&(&*x + *constant))?;
    }
    Ok(())
}

fn dot<const T: usize>(row: &[Fr; T], state: &[Var; T]) -> Var {
    row.iter().zip(state).map(|(c, x)| x * *c).fold(zero(), |sum, x| sum + x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{field, poseidon};
    use ark_ff::{Field, UniformRand};
    use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
    use ark_relations::gr1cs::ConstraintSystem;
    use ark_std::rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    /// Value and number of constraints of one hash in the circuit.
    fn run(inputs: [Fr; 4], hash: impl Fn([Var; 4]) -> Result<Var, SynthesisError>) -> (Fr, usize) {
        let cs = ConstraintSystem::<Fr>::new_ref();
        let vars = inputs.map(|x| Var::new_witness(cs.clone(), || Ok(x)).unwrap());
        let out = hash(vars).unwrap().value().unwrap();
        assert!(cs.is_satisfied().unwrap());
        (out, cs.num_constraints())
    }

    /// A 32-byte word of a vector file, or a decimal figure, as a field element.
    fn word(value: &serde_json::Value) -> Fr {
        match value.as_str() {
            Some(text) => field::scalar(text.parse().unwrap()).unwrap(),
            None => Fr::from(value.as_u64().unwrap()),
        }
    }

    #[test]
    fn the_circuit_agrees_with_the_shared_vectors() {
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let poseidon = read(include_str!("../../../tests/vectors/poseidon.json"));
        let mut count = 0;
        for (arity, name) in [(1, "t2"), (2, "t3"), (4, "t5")] {
            for case in poseidon[name].as_array().unwrap() {
                let inputs: [Fr; 4] = std::array::from_fn(|i| if i < arity { word(&case["in"][i]) } else { Fr::ZERO });
                let out = match arity {
                    1 => run(inputs, |[a, ..]| t2(a)).0,
                    2 => run(inputs, |[a, b, ..]| t3(a, b)).0,
                    _ => run(inputs, t5).0,
                };
                assert_eq!(out, word(&case["out"]), "{name} {case}");
                count += 1;
            }
        }
        assert!(count >= 128, "{count} vectors");
        for case in read(include_str!("../../../tests/vectors/eligibility.json"))["cases"].as_array().unwrap() {
            let get = |name: &str| word(&case[name]);
            let (secret, zero) = (get("secret"), Fr::ZERO);
            assert_eq!(run([secret, zero, zero, zero], |[a, ..]| t2(a)).0, get("commitment"));
            assert_eq!(run([get("commitment"), get("account"), get("weight"), get("end")], t5).0, get("leaf"));
            assert_eq!(run([get("external"), secret, zero, zero], |[a, b, ..]| t3(a, b)).0, get("nullifier"));
        }
    }

    #[test]
    fn the_gadget_equals_the_native_hash_at_the_documented_cost() {
        let seed = 21u64;
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut cases: Vec<[Fr; 4]> = (0..8).map(|_| std::array::from_fn(|_| Fr::rand(&mut rng))).collect();
        cases.extend([[Fr::ZERO; 4], [-Fr::ONE; 4]]);
        for case in cases {
            let [a, b, ..] = case;
            assert_eq!(run(case, |[a, ..]| t2(a)), (poseidon::t2(a), 213));
            assert_eq!(run(case, |[a, b, ..]| t3(a, b)), (poseidon::t3(a, b), 240));
            assert_eq!(run(case, t5), (poseidon::t5(case), 297));
        }
    }
}
