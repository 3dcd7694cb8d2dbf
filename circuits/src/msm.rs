//! Multi-scalar multiplication: the sum of scalar times point over the points of a proving key.
//!
//! Pippenger's method with signed digits: for each digit of the scalars a point goes to the bucket of its digit, and the sums
//! of the buckets, weighted, are the digit's share. Points are added up in affine coordinates, where one addition costs three
//! multiplications and a share of one inversion for all additions of a round (Montgomery's trick), about six in all; the
//! library's, in projective coordinates, cost ten and more. Not constant in time, as the library's is not. Scalars and digits are wiped;
//! the sums in the buckets, of which the points of a round are copies, are not.

use ark_ec::{
    AdditiveGroup, AffineRepr,
    short_weierstrass::{Affine, Bucket, Projective, SWCurveConfig},
};
use ark_ff::{BigInteger, Field, PrimeField, Zero, fields::serial_batch_inversion_and_mul};
#[cfg(feature = "parallel")]
use rayon::prelude::*;
use zeroize::Zeroizing;

/// Multiplications for one point that comes to a bucket.
const PER_POINT: usize = 6;
/// Multiplications for one bucket that is weighted: an addition to the running sum and one of the sum.
const PER_BUCKET: usize = 24;
/// Widths of a digit in bits that are considered.
const WIDTHS: std::ops::RangeInclusive<usize> = 2..=15;

/// The sum of scalars times points. Points at infinity and zeros cost nothing.
pub(crate) fn msm<P: SWCurveConfig>(terms: impl IntoIterator<Item = (Affine<P>, P::ScalarField)>) -> Projective<P> {
    let terms = terms.into_iter();
    let room = terms.size_hint().1.unwrap_or_default();
    let (mut bases, mut scalars) = (Vec::with_capacity(room), Zeroizing::new(Vec::with_capacity(room)));
    for (base, scalar) in terms.filter(|(base, scalar)| !base.is_zero() && !scalar.is_zero()) {
        bases.push(base);
        scalars.push(scalar);
    }
    let width = width::<P>(bases.len());
    let count = windows::<P>(width);
    let mut all = Zeroizing::new(Vec::with_capacity(scalars.len() * count));
    all.extend(scalars.iter().flat_map(|scalar| digits(*scalar, width, count)));
    let shares: Vec<Projective<P>> = ark_std::cfg_into_iter!(0..count)
        .map(|window| share(&bases, all.iter().skip(window).step_by(count).copied(), width))
        .collect();
    shares.iter().rev().fold(Projective::ZERO, |sum, share| {
        let raised = (0..width).fold(sum, |sum, _| sum.double());
        raised + share
    })
}

/// Digits of a scalar: one more bit than it has, because the last digit may carry.
const fn windows<P: SWCurveConfig>(width: usize) -> usize {
    (P::ScalarField::MODULUS_BIT_SIZE as usize + 1).div_ceil(width)
}

/// The width that needs the fewest multiplications.
fn width<P: SWCurveConfig>(points: usize) -> usize {
    let cost = |width: &usize| windows::<P>(*width) * (points * PER_POINT + (PER_BUCKET << (width - 1)));
    WIDTHS.min_by_key(cost).unwrap_or(*WIDTHS.start())
}

/// From the lowest: each between minus and plus half of two to the width.
fn digits<F: PrimeField>(scalar: F, width: usize, count: usize) -> impl Iterator<Item = i32> {
    let scalar = scalar.into_bigint();
    let mut carry = 0;
    (0..count).map(move |window| {
        let bits = (0..width).rev().fold(0, |bits, bit| bits << 1 | i32::from(scalar.get_bit(window * width + bit)));
        let digit = bits + carry;
        carry = i32::from(digit > 1 << (width - 1));
        digit - (carry << width)
    })
}

/// The sum of digit times base.
fn share<P: SWCurveConfig>(bases: &[Affine<P>], digits: impl Iterator<Item = i32>, width: usize) -> Projective<P> {
    let mut buckets = vec![None::<Affine<P>>; 1 << (width - 1)];
    let signed = bases.iter().zip(digits).filter(|(_, digit)| *digit != 0);
    let mut coming: Vec<(usize, Affine<P>)> = signed
        .map(|(base, digit)| (digit.unsigned_abs() as usize - 1, if digit < 0 { -*base } else { *base }))
        .collect();
    let (mut pairs, mut denominators) = (Vec::with_capacity(coming.len() / 2), Vec::new());
    // Who comes to a bucket with a point takes that away with it; their sum comes again.
    while !coming.is_empty() {
        for (place, point) in coming.drain(..) {
            let Some(bucket) = buckets.get_mut(place) else { continue };
            match bucket.take() {
                None => *bucket = Some(point),
                Some(other) => pairs.push((place, other, point)),
            }
        }
        add_pairs(&mut pairs, &mut denominators, &mut coming);
    }
    let (mut running, mut sum) = (Bucket::<P>::ZERO, Bucket::<P>::ZERO);
    for bucket in buckets.iter().rev() {
        bucket.iter().for_each(|point| running += point);
        sum += &running;
    }
    sum.into()
}

/// The sums of pairs of points that are not at infinity; what cancels out is left out.
fn add_pairs<P: SWCurveConfig>(
    pairs: &mut Vec<(usize, Affine<P>, Affine<P>)>,
    denominators: &mut Vec<P::BaseField>,
    sums: &mut Vec<(usize, Affine<P>)>,
) {
    pairs.retain(|(_, a, b)| a.x != b.x || a.y != -b.y);
    denominators.clear();
    denominators.extend(pairs.iter().map(|(_, a, b)| if a.x == b.x { a.y.double() } else { b.x - a.x }));
    serial_batch_inversion_and_mul(denominators, &P::BaseField::ONE);
    sums.extend(pairs.drain(..).zip(&*denominators).map(|((place, a, b), inverse)| {
        let rise = if a.x == b.x { a.x.square() * P::BaseField::from(3_u8) + P::COEFF_A } else { b.y - a.y };
        let slope = rise * inverse;
        let x = slope.square() - a.x - b.x;
        (place, Affine::new_unchecked(x, slope * (a.x - x) - a.y))
    }));
}

#[cfg(test)]
mod tests {
    use ark_bn254::{g1, g2};
    use ark_ec::{CurveGroup, VariableBaseMSM};
    use ark_ff::{One, UniformRand};
    use ark_std::rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    use super::*;

    /// Few different points, their negatives and none; scalars that are small, large, full or zero.
    fn terms<P: SWCurveConfig>(rng: &mut impl Rng, count: usize) -> (Vec<Affine<P>>, Vec<P::ScalarField>) {
        let few: Vec<Affine<P>> = (0..3).map(|_| Projective::<P>::rand(rng).into_affine()).collect();
        let base = |rng: &mut _| match Rng::gen_range(rng, 0..8) {
            0 => Affine::identity(),
            1 => few[Rng::gen_range(rng, 0..3)],
            2 => -few[Rng::gen_range(rng, 0..3)],
            _ => Projective::<P>::rand(rng).into_affine(),
        };
        let scalar = |rng: &mut _| match Rng::gen_range(rng, 0..6) {
            0 => P::ScalarField::zero(),
            1 => P::ScalarField::one(),
            2 => -P::ScalarField::one(),
            3 => P::ScalarField::from(Rng::gen_range(rng, 0..5_u64)),
            _ => P::ScalarField::rand(rng),
        };
        (0..count).map(|_| (base(rng), scalar(rng))).unzip()
    }

    fn agrees_in<P: SWCurveConfig>(sizes: &[usize]) {
        for (seed, count) in sizes.iter().enumerate() {
            let mut rng = ChaCha20Rng::seed_from_u64(seed as u64);
            let (bases, scalars) = terms::<P>(&mut rng, *count);
            let sum = msm(bases.iter().copied().zip(scalars.iter().copied()));
            assert_eq!(sum, Projective::<P>::msm_unchecked(&bases, &scalars), "{count} terms, seed {seed}");
            assert_eq!(sum, bases.iter().zip(&scalars).map(|(base, scalar)| *base * scalar).sum::<Projective<P>>());
        }
    }

    #[test]
    fn the_sum_is_the_librarys_in_both_groups_whatever_points_and_scalars_repeat_or_cancel() {
        agrees_in::<g1::Config>(&[0, 1, 2, 3, 7, 20, 100, 100, 100, 1_000]);
        agrees_in::<g2::Config>(&[0, 1, 2, 5, 50, 50, 300]);
    }

    #[test]
    fn equal_points_are_doubled_and_opposite_ones_vanish() {
        let point = Projective::<g1::Config>::rand(&mut ChaCha20Rng::seed_from_u64(1)).into_affine();
        let one = ark_bn254::Fr::one();
        assert_eq!(msm([(point, one); 64]), point * ark_bn254::Fr::from(64_u8));
        assert_eq!(msm([(point, one), (-point, one)]), Projective::ZERO);
        assert_eq!(msm([(point, one), (point, -one), (point, one)]), point);
    }

    #[test]
    fn digits_of_every_width_recompose_the_scalar() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let scalars = [ark_bn254::Fr::zero(), One::one(), -ark_bn254::Fr::one(), UniformRand::rand(&mut rng)];
        for (width, scalar) in WIDTHS.flat_map(|width| scalars.map(|scalar| (width, scalar))) {
            let all: Vec<i32> = digits(scalar, width, windows::<g1::Config>(width)).collect();
            assert!(all.iter().all(|digit| digit.unsigned_abs() <= 1 << (width - 1)), "{width}: {all:?}");
            let base = ark_bn254::Fr::from(1_u64 << width);
            let sum =
                all.iter().rev().fold(ark_bn254::Fr::zero(), |sum, digit| sum * base + ark_bn254::Fr::from(*digit));
            assert_eq!(sum, scalar, "{width}");
        }
    }
}
