//! The rounds of one width with partial rounds in the optimised form of the Poseidon paper, appendix B
//! (<https://eprint.iacr.org/2019/458>).
//!
//! A partial round touches only the first element, so (1) its other constants move forward through the matrix into
//! the next round, and (2) the dense matrix factors as `sparse * diag(1, m)`, whose second part commutes with the
//! partial S-box and merges into the matrix of the round before. Worked from the last partial round to the first,
//! what remains is one dense matrix after the last opening round and one sparse matrix (2T - 1 products) a round.

#![expect(clippy::indexing_slicing, reason = "every index is zero or runs over the const width T of an array")]

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use light_poseidon::PoseidonParameters;

/// A dense matrix by rows; it acts on column vectors.
pub(super) type Matrix<const T: usize> = [[Fr; T]; T];

/// `[[row], [column | identity]]`: the matrix of one partial round.
#[derive(Debug, Clone)]
pub(super) struct Sparse<const T: usize> {
    /// First row, all T entries.
    pub(super) row: [Fr; T],
    /// First column; its first entry repeats that of the row and is not used.
    pub(super) column: [Fr; T],
}

impl<const T: usize> Sparse<T> {
    /// Matrix times state.
    pub(super) fn apply(&self, state: &[Fr; T]) -> [Fr; T] {
        let mut out = *state;
        out.iter_mut().zip(&self.column).for_each(|(x, c)| *x += *c * state[0]);
        out[0] = dot(&self.row, state);
        out
    }
}

/// Everything a permutation of width T needs, in the order it is used.
#[derive(Debug, Clone)]
pub(super) struct Rounds<const T: usize> {
    opening_constants: Vec<[Fr; T]>,
    middle_constants: Vec<Fr>,
    closing_constants: Vec<[Fr; T]>,
    dense: Matrix<T>,
    /// The matrix of the last opening round: dense times what the partial rounds pushed back.
    bridge: Matrix<T>,
    sparse: Vec<Sparse<T>>,
}

impl<const T: usize> Rounds<T> {
    /// Rewrites the published constants; `None` if their shape is not that of width T or a matrix is singular.
    pub(super) fn new(parameters: &PoseidonParameters<Fr>) -> Option<Self> {
        let half = parameters.full_rounds / 2;
        let rounds = parameters.full_rounds + parameters.partial_rounds;
        let dense = matrix(&parameters.mds)?;
        let mut constants: Vec<[Fr; T]> =
            parameters.ark.chunks_exact(T).map(<[Fr; T]>::try_from).collect::<Result<_, _>>().ok()?;
        if constants.len() != rounds {
            return None;
        }
        let mut closing_constants = constants.split_off(half + parameters.partial_rounds);
        let partial = constants.split_off(half);

        let mut carried = [Fr::ZERO; T];
        let mut middle_constants = Vec::with_capacity(partial.len());
        for mut constant in partial {
            constant.iter_mut().zip(&carried).for_each(|(k, c)| *k += c);
            middle_constants.push(std::mem::replace(&mut constant[0], Fr::ZERO));
            carried = apply(&dense, &constant);
        }
        closing_constants.first_mut()?.iter_mut().zip(&carried).for_each(|(k, c)| *k += c);

        let mut bridge = dense;
        let mut sparse = Vec::with_capacity(parameters.partial_rounds);
        for _ in 0..parameters.partial_rounds {
            let (factor, rest) = factor(&bridge)?;
            sparse.push(factor);
            bridge = multiply(&rest, &dense);
        }
        sparse.reverse();
        Some(Self { opening_constants: constants, middle_constants, closing_constants, dense, bridge, sparse })
    }

    /// The full rounds before the partial ones: constants, matrix.
    pub(super) fn opening(&self) -> impl Iterator<Item = (&[Fr; T], &Matrix<T>)> {
        let last = self.opening_constants.len().saturating_sub(1);
        let pick = move |i| if i == last { &self.bridge } else { &self.dense };
        self.opening_constants.iter().enumerate().map(move |(i, constants)| (constants, pick(i)))
    }

    /// The partial rounds: the constant of the first element, matrix.
    pub(super) fn middle(&self) -> impl Iterator<Item = (&Fr, &Sparse<T>)> {
        self.middle_constants.iter().zip(&self.sparse)
    }

    /// The full rounds after the partial ones: constants, matrix.
    pub(super) fn closing(&self) -> impl Iterator<Item = (&[Fr; T], &Matrix<T>)> {
        self.closing_constants.iter().map(|constants| (constants, &self.dense))
    }
}

/// Dense matrix times state.
pub(super) fn apply<const T: usize>(matrix: &Matrix<T>, state: &[Fr; T]) -> [Fr; T] {
    matrix.each_ref().map(|row| dot(row, state))
}

fn dot<const T: usize>(a: &[Fr; T], b: &[Fr; T]) -> Fr {
    a.iter().zip(b).map(|(x, y)| *x * y).sum()
}

fn matrix<const T: usize>(rows: &[Vec<Fr>]) -> Option<Matrix<T>> {
    let rows: Vec<[Fr; T]> =
        rows.iter().map(|row| <[Fr; T]>::try_from(row.as_slice())).collect::<Result<_, _>>().ok()?;
    rows.try_into().ok()
}

fn transpose<const T: usize>(m: &Matrix<T>) -> Matrix<T> {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn multiply<const T: usize>(a: &Matrix<T>, b: &Matrix<T>) -> Matrix<T> {
    let columns = transpose(b);
    a.each_ref().map(|row| columns.each_ref().map(|column| dot(row, column)))
}

/// `m = sparse * diag(1, rest)`, where `rest` is `m` without its first row and column.
fn factor<const T: usize>(m: &Matrix<T>) -> Option<(Sparse<T>, Matrix<T>)> {
    let unit = |i: usize, j: usize| if i == j { Fr::ONE } else { Fr::ZERO };
    let rest: Matrix<T> =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == 0 || j == 0 { unit(i, j) } else { m[i][j] }));
    let product = multiply(m, &invert(&rest)?);
    Some((Sparse { row: product[0], column: transpose(&product)[0] }, rest))
}

/// Gauss-Jordan elimination; `None` for a singular matrix.
fn invert<const T: usize>(m: &Matrix<T>) -> Option<Matrix<T>> {
    let mut left = *m;
    let mut right: Matrix<T> =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { Fr::ONE } else { Fr::ZERO }));
    for pivot in 0..T {
        let source = (pivot..T).find(|row| left[*row][pivot] != Fr::ZERO)?;
        left.swap(pivot, source);
        right.swap(pivot, source);
        let scale = left[pivot][pivot].inverse()?;
        left[pivot].iter_mut().chain(right[pivot].iter_mut()).for_each(|x| *x *= scale);
        let (left_pivot, right_pivot) = (left[pivot], right[pivot]);
        for row in (0..T).filter(|row| *row != pivot) {
            let times = left[row][pivot];
            left[row].iter_mut().zip(&left_pivot).for_each(|(x, p)| *x -= times * p);
            right[row].iter_mut().zip(&right_pivot).for_each(|(x, p)| *x -= times * p);
        }
    }
    Some(right)
}
