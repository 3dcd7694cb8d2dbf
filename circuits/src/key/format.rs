//! The key file.
//!
//! ```text
//! magic 16 "pars-groth16-key" | version u16 = 1 | kind u8 (1 proving, 2 verifying) | flags u8 (bit 0: dev)
//! constraint digest 32 | verifying key 896 | queries of a proving key | SHA3-256 of all before, 32
//! verifying key = alpha G1, beta G2, gamma G2, delta G2, 7 x IC G1
//! queries = beta G1, delta G1, A n x G1, B n x G1, B n x G2, H 8,191 x G1, L w x G1 (w private, n = 7 + w variables)
//! ```
//! G1 = x, y; G2 = x.c0, x.c1, y.c0, y.c1; a coordinate is 32 little-endian bytes in Montgomery form, which loads
//! without a multiplication; (0, 0) is the point at infinity. The counts follow from the constraint digest.

use alloy_primitives::B256;
use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField};
use sha3::{Digest, Sha3_256};

use super::{
    KeyError,
    pinned::{CONSTRAINT_DIGEST, DEV_VERIFYING_KEY_FILE, WITNESSES},
};
use crate::statement::INPUTS;

const MAGIC: &[u8; 16] = b"pars-groth16-key";
const VERSION: u16 = 1;
const DEV_FLAG: u8 = 1;

const G1: usize = 64;
const G2: usize = 128;
const IC: usize = INPUTS + 1;
const HEADER: usize = 16 + 2 + 1 + 1 + 32;
const TRAILER: usize = 32;
const VARIABLES: usize = IC + WITNESSES;
/// The H query has one element less than the FFT domain, which is the power of two above constraints plus inputs.
const H_QUERY: usize = (1 << 13) - 1;
const VERIFYING: usize = G1 + 3 * G2 + IC * G1;
const QUERIES: usize = (2 + 2 * VARIABLES + H_QUERY + WITNESSES) * G1 + VARIABLES * G2;

/// What a key file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Proving = 1,
    Verifying = 2,
}

impl Kind {
    const fn file_length(self) -> usize {
        HEADER + VERIFYING + TRAILER + if matches!(self, Self::Proving) { QUERIES } else { 0 }
    }
}

/// The parts of a header that are not constants.
pub(super) struct Header {
    pub(super) dev: bool,
    pub(super) hash: B256,
}

/// Points left to read. The length was checked: running out is an error all the same.
pub(super) struct Body<'a>(&'a [u8]);

/// Checks everything but the points.
pub(super) fn open(file: &[u8], kind: Kind) -> Result<(Header, Body<'_>), KeyError> {
    let short = KeyError::Length { expected: kind.file_length(), actual: file.len() };
    let (magic, rest) = file.split_first_chunk::<16>().ok_or(short.clone())?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(short.clone())?;
    let ([actual, flags], rest) = rest.split_first_chunk::<2>().ok_or(short.clone())?;
    let (digest, rest) = rest.split_first_chunk::<32>().ok_or(short.clone())?;
    if magic != MAGIC {
        return Err(KeyError::Magic);
    }
    let version = u16::from_be_bytes(*version);
    if version != VERSION {
        return Err(KeyError::Version(version));
    }
    if *actual != kind as u8 {
        return Err(KeyError::Kind { expected: kind as u8, actual: *actual });
    }
    if flags & !DEV_FLAG != 0 {
        return Err(KeyError::Flags(*flags));
    }
    if *digest != CONSTRAINT_DIGEST {
        return Err(KeyError::ConstraintDigest(B256::from(digest)));
    }
    if file.len() != kind.file_length() {
        return Err(short);
    }
    let (signed, trailer) = file.split_last_chunk::<TRAILER>().ok_or(short.clone())?;
    let (body, _) = rest.split_last_chunk::<TRAILER>().ok_or(short)?;
    let (expected, hash) = (B256::from(trailer), B256::from_slice(&Sha3_256::digest(signed)));
    if expected != hash {
        return Err(KeyError::Hash { expected, actual: hash });
    }
    Ok((Header { dev: flags & DEV_FLAG != 0, hash }, Body(body)))
}

/// The hash a written file ends with.
pub(super) fn trailer(file: &[u8]) -> B256 {
    file.last_chunk::<TRAILER>().map(B256::from).unwrap_or_default()
}

/// Whether these are the points of the shipped development key.
pub(super) fn is_dev_key(key: &ark_groth16::VerifyingKey<Bn254>) -> bool {
    let points = |file: &[u8]| file.get(HEADER..HEADER + VERIFYING).map(<[u8]>::to_vec);
    points(DEV_VERIFYING_KEY_FILE).is_some_and(|dev| points(&write_verifying(key, true)) == Some(dev))
}

/// Reads the verifying part.
pub(super) fn read_verifying(body: &mut Body<'_>) -> Result<ark_groth16::VerifyingKey<Bn254>, KeyError> {
    Ok(ark_groth16::VerifyingKey {
        alpha_g1: body.g1()?,
        beta_g2: body.g2()?,
        gamma_g2: body.g2()?,
        delta_g2: body.g2()?,
        gamma_abc_g1: body.g1s(IC)?,
    })
}

/// Reads a whole proving key; fields in file order.
pub(super) fn read_proving(body: &mut Body<'_>) -> Result<ark_groth16::ProvingKey<Bn254>, KeyError> {
    Ok(ark_groth16::ProvingKey {
        vk: read_verifying(body)?,
        beta_g1: body.g1()?,
        delta_g1: body.g1()?,
        a_query: body.g1s(VARIABLES)?,
        b_g1_query: body.g1s(VARIABLES)?,
        b_g2_query: (0..VARIABLES).map(|_| body.g2()).collect::<Result<_, _>>()?,
        h_query: body.g1s(H_QUERY)?,
        l_query: body.g1s(WITNESSES)?,
    })
}

/// A verifying key file.
pub(super) fn write_verifying(key: &ark_groth16::VerifyingKey<Bn254>, dev: bool) -> Vec<u8> {
    let mut file = header(Kind::Verifying, dev);
    put_verifying(&mut file, key);
    seal(file)
}

/// A proving key file.
pub(super) fn write_proving(key: &ark_groth16::ProvingKey<Bn254>, dev: bool) -> Vec<u8> {
    let mut file = header(Kind::Proving, dev);
    put_verifying(&mut file, &key.vk);
    [key.beta_g1, key.delta_g1].iter().for_each(|p| put_g1(&mut file, p));
    key.a_query.iter().chain(&key.b_g1_query).for_each(|p| put_g1(&mut file, p));
    key.b_g2_query.iter().for_each(|p| put_g2(&mut file, p));
    key.h_query.iter().chain(&key.l_query).for_each(|p| put_g1(&mut file, p));
    seal(file)
}

fn header(kind: Kind, dev: bool) -> Vec<u8> {
    let mut file = Vec::with_capacity(kind.file_length());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_be_bytes());
    file.extend_from_slice(&[kind as u8, u8::from(dev)]);
    file.extend_from_slice(CONSTRAINT_DIGEST.as_slice());
    file
}

fn seal(mut file: Vec<u8>) -> Vec<u8> {
    let hash = Sha3_256::digest(&file);
    file.extend_from_slice(&hash);
    file
}

fn put_verifying(file: &mut Vec<u8>, key: &ark_groth16::VerifyingKey<Bn254>) {
    put_g1(file, &key.alpha_g1);
    [key.beta_g2, key.gamma_g2, key.delta_g2].iter().for_each(|p| put_g2(file, p));
    key.gamma_abc_g1.iter().for_each(|p| put_g1(file, p));
}

fn put_g1(file: &mut Vec<u8>, point: &G1Affine) {
    put_coordinates(file, point.xy().map_or([Fq::ZERO; 2], |(x, y)| [x, y]));
}

fn put_g2(file: &mut Vec<u8>, point: &G2Affine) {
    put_coordinates(file, point.xy().map_or([Fq::ZERO; 4], |(x, y)| [x.c0, x.c1, y.c0, y.c1]));
}

fn put_coordinates<const N: usize>(file: &mut Vec<u8>, coordinates: [Fq; N]) {
    for limb in coordinates.iter().flat_map(|c| c.0.0) {
        file.extend_from_slice(&limb.to_le_bytes());
    }
}

impl Body<'_> {
    fn coordinate(&mut self) -> Result<Fq, KeyError> {
        let (bytes, rest) = self.0.split_first_chunk::<32>().ok_or(KeyError::Coordinate)?;
        self.0 = rest;
        let (words, _) = bytes.as_chunks::<8>();
        let mut limbs = [0; 4];
        limbs.iter_mut().zip(words).for_each(|(limb, word)| *limb = u64::from_le_bytes(*word));
        let limbs = BigInt::new(limbs);
        if limbs < Fq::MODULUS { Ok(Fq::new_unchecked(limbs)) } else { Err(KeyError::Coordinate) }
    }

    fn g1(&mut self) -> Result<G1Affine, KeyError> {
        let (x, y) = (self.coordinate()?, self.coordinate()?);
        let infinity = x == Fq::ZERO && y == Fq::ZERO;
        Ok(if infinity { G1Affine::identity() } else { G1Affine::new_unchecked(x, y) })
    }

    fn g2(&mut self) -> Result<G2Affine, KeyError> {
        let x = Fq2::new(self.coordinate()?, self.coordinate()?);
        let y = Fq2::new(self.coordinate()?, self.coordinate()?);
        let infinity = x == Fq2::ZERO && y == Fq2::ZERO;
        Ok(if infinity { G2Affine::identity() } else { G2Affine::new_unchecked(x, y) })
    }

    fn g1s(&mut self, count: usize) -> Result<Vec<G1Affine>, KeyError> {
        (0..count).map(|_| self.g1()).collect()
    }
}
