//! The constraints: 6,949 at depth 24 = 24 levels of 244, T2 213, T3 240, T5 297, two equalities, ranges of 129, 41 and
//! 169, one product, one square.

use std::sync::LazyLock;

use alloy_primitives::B256;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_r1cs_std::{
    GR1CSVar,
    alloc::AllocVar,
    boolean::Boolean,
    eq::EqGadget,
    fields::{FieldVar, fp::FpVar},
};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL,
    SynthesisError, SynthesisMode,
};
use sha3::{Digest, Sha3_256};
use tracing::subscriber::NoSubscriber;
use zeroize::Zeroizing;

use super::{INPUTS, PRODUCT_BITS, TIME_BITS, WEIGHT_BITS};
use crate::{
    poseidon::gadget::{self, Var},
    tree::{DEPTH, Step},
};

/// One assignment of the circuit, true or false. Lives for one synthesis. What is ours is wiped when it is dropped; what
/// arkworks keeps inside its constraint system is not.
#[derive(Clone, Default)]
pub(crate) struct Circuit {
    /// root, nullifier, external, threshold, at, signal.
    pub(crate) inputs: [Fr; INPUTS],
    pub(crate) secret: Zeroizing<Fr>,
    pub(crate) account: Fr,
    pub(crate) weight: Fr,
    pub(crate) end: Fr,
    pub(crate) path: Vec<Step>,
}

impl ConstraintSynthesizer<Fr> for Circuit {
    /// arkworks marks its gadgets as spans whose fields show every variable, values and all. Where a program logs at `info`
    /// that is minutes and gigabytes, and the secret would stand in the log: nobody is told of them.
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        tracing::subscriber::with_default(NoSubscriber::default(), || self.constrain(cs))
    }
}

impl Circuit {
    fn constrain(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let input = |value: Fr| Var::new_input(cs.clone(), || Ok(value));
        let private = |value: Fr| Var::new_witness(cs.clone(), || Ok(value));
        let [root, nullifier, external, threshold, at, signal] = self.inputs;
        let (root, nullifier, external) = (input(root)?, input(nullifier)?, input(external)?);
        let (threshold, at, signal) = (input(threshold)?, input(at)?, input(signal)?);
        let (secret, account) = (private(*self.secret)?, private(self.account)?);
        let (weight, end) = (private(self.weight)?, private(self.end)?);

        let commitment = gadget::t2(secret.clone())?;
        gadget::t3(external, secret)?.enforce_equal(&nullifier)?;
        let leaf = gadget::t5([commitment, account, weight.clone(), end.clone()])?;
        climb(&cs, leaf, &self.path)?.enforce_equal(&root)?;

        let span = &end - &at;
        enforce_range(&weight, WEIGHT_BITS)?;
        enforce_range(&span, TIME_BITS)?;
        enforce_range(&(&weight * &span - &threshold), PRODUCT_BITS)?;
        // A public input that no constraint mentions could be replaced without touching the proof.
        let _bound = signal.square()?;
        Ok(())
    }
}

/// From the leaf up to the root over at most 24 levels; unused levels pass the node through.
fn climb(cs: &ConstraintSystemRef<Fr>, leaf: Var, path: &[Step]) -> Result<Var, SynthesisError> {
    let mut node = leaf;
    for level in 0..DEPTH {
        let step = path.get(level);
        let flag = |value: bool| Boolean::new_witness(cs.clone(), || Ok(value));
        let sibling_is_left = FpVar::from(flag(step.is_some_and(|s| s.sibling_is_left))?);
        let used = FpVar::from(flag(step.is_some())?);
        let sibling = Var::new_witness(cs.clone(), || Ok(step.map_or(Fr::ZERO, |s| s.sibling)))?;
        let swap = sibling_is_left * (&sibling - &node);
        let parent = gadget::t3(&node + &swap, &sibling - &swap)?;
        node = &node + used * (parent - &node);
    }
    Ok(node)
}

/// 0 <= value < 2^bits, by recomposing it from bits.
fn enforce_range(value: &Var, bits: usize) -> Result<(), SynthesisError> {
    let known = value.value().ok().map(PrimeField::into_bigint);
    let mut sum = Var::Constant(Fr::ZERO);
    let mut weight = Fr::ONE;
    for bit in 0..bits {
        let bit = Boolean::new_witness(value.cs(), || {
            known.map(|known| known.get_bit(bit)).ok_or(SynthesisError::AssignmentMissing)
        })?;
        sum += FpVar::from(bit) * weight;
        weight.double_in_place();
    }
    sum.enforce_equal(value)
}

/// The constraints, which no assignment changes, in the layout the prover and the digest read.
pub(crate) struct Shape {
    /// A, B and C by rows of (coefficient, column).
    pub(crate) matrices: Vec<Matrix<Fr>>,
    /// Public variables, the leading one included.
    pub(crate) instance: usize,
    /// Private variables.
    pub(crate) witness: usize,
    /// Rows.
    pub(crate) constraints: usize,
}

impl Shape {
    /// The shape of this program's circuit, made at its first use: the first proof of a process pays for gathering the linear
    /// combinations, later ones do not (`bench proof`: `first prove cpu`, `prove cpu`).
    pub(crate) fn get() -> Result<&'static Self, SynthesisError> {
        static SHAPE: LazyLock<Result<Shape, SynthesisError>> = LazyLock::new(Shape::new);
        SHAPE.as_ref().map_err(|error| *error)
    }

    fn new() -> Result<Self, SynthesisError> {
        let cs = run(Circuit::default(), SynthesisMode::Setup)?;
        cs.finalize();
        Ok(Self {
            matrices: cs.to_matrices()?.remove(R1CS_PREDICATE_LABEL).ok_or(SynthesisError::MissingCS)?,
            instance: cs.num_instance_variables(),
            witness: cs.num_witness_variables(),
            constraints: cs.num_constraints(),
        })
    }
}

/// One, public inputs, private values: the columns of [`Shape`] for one assignment, true or false.
pub(crate) fn assign(circuit: Circuit) -> Result<Zeroizing<Vec<Fr>>, SynthesisError> {
    let mode = SynthesisMode::Prove { construct_matrices: false, generate_lc_assignments: false };
    let cs = run(circuit, mode)?;
    Ok(Zeroizing::new([cs.instance_assignment()?, cs.witness_assignment()?].concat()))
}

fn run(circuit: Circuit, mode: SynthesisMode) -> Result<ConstraintSystemRef<Fr>, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    // The same goal as the setup: it decides which linear combinations become variables.
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(mode);
    circuit.generate_constraints(cs.clone())?;
    Ok(cs)
}

/// SHA3-256 over the whole constraint system: a magic, the three sizes, then every row of A, B and C as its length
/// and (column, coefficient) pairs; integers u32 and scalars 32 bytes, big-endian.
pub fn constraint_digest() -> Result<B256, SynthesisError> {
    let system = Shape::get()?;
    let number =
        |n: usize| u32::try_from(n).map(u32::to_be_bytes).map_err(|_| SynthesisError::PolynomialDegreeTooLarge);
    let mut hash = Sha3_256::new();
    hash.update(b"pars-eligibility-constraints/1");
    for size in [system.instance, system.witness, system.constraints] {
        hash.update(number(size)?);
    }
    for row in system.matrices.iter().flatten() {
        hash.update(number(row.len())?);
        for (coefficient, column) in row {
            hash.update(number(*column)?);
            hash.update(crate::field::bytes(*coefficient));
        }
    }
    Ok(B256::from_slice(&hash.finalize()))
}
