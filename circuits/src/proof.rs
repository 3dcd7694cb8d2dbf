//! A Groth16 proof as eight words, checked point by point on the way in (THREATS Z8).

use alloy_primitives::U256;
use ark_bn254::{Bn254, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::AdditiveGroup;

use crate::field::{self, FieldError};

/// The eight words of a proof: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
pub type Points = [U256; 8];

/// One of the three points of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// In G1.
    A,
    /// In G2.
    B,
    /// In G1.
    C,
}

/// Why eight words are no proof. The verifier contract returns false for each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A coordinate at or above the base order.
    #[error("proof point {element:?}: {source}")]
    Coordinate {
        /// The point.
        element: Element,
        /// The word.
        source: FieldError,
    },
    /// The point at infinity, which no honest prover sends.
    #[error("proof point {0:?} is the point at infinity; this is no proof")]
    Infinity(Element),
    /// Not on the curve.
    #[error("proof point {0:?} is not on the curve; the proof is damaged")]
    NotOnCurve(Element),
    /// On the curve, outside the prime-order subgroup.
    #[error("proof point {0:?} is outside the prime-order subgroup; the proof is forged or damaged")]
    NotInSubgroup(Element),
}

/// A proof whose points are on their curves and in their subgroups. Whether it holds is for the verifying key to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof(pub(crate) ark_groth16::Proof<Bn254>);

impl Proof {
    /// Checks every coordinate and point.
    pub fn from_points(points: &Points) -> Result<Self, ProofError> {
        let [ax, ay, bx1, bx0, by1, by0, cx, cy] = *points;
        let a = g1(Element::A, ax, ay)?;
        let b = g2(Element::B, [bx0, bx1], [by0, by1])?;
        let c = g1(Element::C, cx, cy)?;
        Ok(Self(ark_groth16::Proof { a, b, c }))
    }

    /// The eight words.
    pub fn points(&self) -> Points {
        let ark_groth16::Proof { a, b, c } = &self.0;
        [a.x, a.y, b.x.c1, b.x.c0, b.y.c1, b.y.c0, c.x, c.y].map(field::coordinate_word)
    }
}

fn coordinate(element: Element, word: U256) -> Result<ark_bn254::Fq, ProofError> {
    field::coordinate(word).map_err(|source| ProofError::Coordinate { element, source })
}

fn g1(element: Element, x: U256, y: U256) -> Result<G1Affine, ProofError> {
    let (x, y) = (coordinate(element, x)?, coordinate(element, y)?);
    if x == ark_bn254::Fq::ZERO && y == ark_bn254::Fq::ZERO {
        return Err(ProofError::Infinity(element));
    }
    let point = G1Affine::new_unchecked(x, y);
    // The cofactor of G1 is one: on the curve is in the group.
    if point.is_on_curve() { Ok(point) } else { Err(ProofError::NotOnCurve(element)) }
}

fn g2(element: Element, [x0, x1]: [U256; 2], [y0, y1]: [U256; 2]) -> Result<G2Affine, ProofError> {
    let x = Fq2::new(coordinate(element, x0)?, coordinate(element, x1)?);
    let y = Fq2::new(coordinate(element, y0)?, coordinate(element, y1)?);
    if x == Fq2::ZERO && y == Fq2::ZERO {
        return Err(ProofError::Infinity(element));
    }
    let point = G2Affine::new_unchecked(x, y);
    if !point.is_on_curve() {
        return Err(ProofError::NotOnCurve(element));
    }
    if point.is_zero() || !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(ProofError::NotInSubgroup(element));
    }
    Ok(point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::Fq;

    fn generators() -> Points {
        let (a, b) = (G1Affine::generator(), G2Affine::generator());
        Proof(ark_groth16::Proof { a, b, c: a }).points()
    }

    fn with(changes: &[(usize, U256)]) -> Result<Proof, ProofError> {
        let mut points = generators();
        changes.iter().for_each(|(i, word)| points[*i] = *word);
        Proof::from_points(&points)
    }

    #[test]
    fn points_survive_their_words() {
        assert_eq!(Proof::from_points(&generators()).unwrap().points(), generators());
    }

    #[test]
    fn every_coordinate_at_or_above_the_base_order_is_refused() {
        for (i, element) in [0, 0, 1, 1, 1, 1, 2, 2].map(|e| [Element::A, Element::B, Element::C][e]).iter().enumerate()
        {
            // The aliased coordinate would be the same point.
            let word = generators()[i] + field::BASE_ORDER;
            let source = FieldError::CoordinateOutOfRange(word);
            assert_eq!(with(&[(i, word)]), Err(ProofError::Coordinate { element: *element, source }));
        }
    }

    #[test]
    fn infinity_and_points_off_the_curve_are_refused() {
        let zero = U256::ZERO;
        assert_eq!(with(&[(0, zero), (1, zero)]), Err(ProofError::Infinity(Element::A)));
        assert_eq!(with(&[(2, zero), (3, zero), (4, zero), (5, zero)]), Err(ProofError::Infinity(Element::B)));
        assert_eq!(with(&[(6, zero), (7, zero)]), Err(ProofError::Infinity(Element::C)));
        assert_eq!(with(&[(1, U256::from(3))]), Err(ProofError::NotOnCurve(Element::A)));
        assert_eq!(with(&[(5, U256::from(3))]), Err(ProofError::NotOnCurve(Element::B)));
        assert_eq!(with(&[(6, U256::from(3))]), Err(ProofError::NotOnCurve(Element::C)));
    }

    #[test]
    fn a_point_of_the_twist_outside_the_subgroup_is_refused() {
        let stray = (1u64..)
            .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::ZERO), true))
            .find(|p| !p.is_in_correct_subgroup_assuming_on_curve())
            .unwrap();
        let words = [stray.x.c1, stray.x.c0, stray.y.c1, stray.y.c0].map(field::coordinate_word);
        let changes: Vec<(usize, U256)> = words.into_iter().enumerate().map(|(i, w)| (i + 2, w)).collect();
        assert_eq!(with(&changes), Err(ProofError::NotInSubgroup(Element::B)));
    }
}
