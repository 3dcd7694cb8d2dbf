//! Keys of the one circuit, their file format and where a development key may be used (ELIGIBILITY 3, THREATS Z9).
//!
//! A key file ends in the SHA3-256 of all that precedes it, so that loading is one hash instead of forty thousand
//! point checks. The hash protects against damage; against exchange it protects once it is compared with a value
//! from elsewhere: [`PINNED_DEV_KEY`] here, the deployment's `verifierKeyHash` in a client.

mod dev;
mod format;
mod pinned;

pub use pinned::{CONSTRAINT_DIGEST, PINNED_DEV_KEY, PINNED_DEV_VERIFYING_KEY};

use alloy_primitives::B256;
use ark_bn254::{Bn254, G1Affine};
use ark_ec::AffineRepr;
use ark_groth16::PreparedVerifyingKey;

use crate::{
    statement::INPUTS,
    verify::{self, MULTIPLES},
};

/// Chain ids on which a development key is accepted: `dev` and that of Foundry's test chain.
pub const DEV_CHAIN_IDS: [u64; 2] = [7072, 31337];

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not as long as a key file of this circuit.
    #[error("the key file has {actual} bytes instead of {expected}; it is cut off or of another circuit")]
    Length {
        /// Bytes a file of this kind has.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Does not start with the magic.
    #[error("this is no key file: it does not start with `pars-groth16-key`")]
    Magic,
    /// A version this software does not read.
    #[error("the key file has format version {0}; this software reads version 1")]
    Version(u16),
    /// A verifying key where a proving key is needed, or the reverse.
    #[error("the key file is of kind {actual}, kind {expected} is needed (1 proving, 2 verifying)")]
    Kind {
        /// Kind needed.
        expected: u8,
        /// Kind found.
        actual: u8,
    },
    /// Reserved flag bits are set.
    #[error("the key file has unknown flags {0:#04x}; it was written by newer software")]
    Flags(u8),
    /// Made for other constraints.
    #[error("the key file belongs to a circuit with constraint digest {0}; fetch the key of this release")]
    ConstraintDigest(B256),
    /// The trailing hash does not match.
    #[error("the key file is damaged: its hash is {actual}, it says {expected}; fetch it again")]
    Hash {
        /// Hash the file ends with.
        expected: B256,
        /// Hash of what precedes it.
        actual: B256,
    },
    /// A coordinate at or above the base order.
    #[error("the key holds a coordinate outside the base field; it was not made by this software")]
    Coordinate,
    /// A point off its curve or outside its subgroup.
    #[error("the key's {0} holds a point that is not in its group; do not use this key")]
    Point(&'static str),
    /// A point for each public input, and one more, are needed.
    #[error("the verifying key has {0} points for the public inputs instead of seven; it is of another circuit")]
    Inputs(usize),
    /// A gamma that equals delta: everybody can forge proofs.
    #[error("gamma equals delta: this key had no contribution and anybody can forge proofs under it")]
    GammaEqualsDelta,
    /// The well-known development key without its flag.
    #[error("this is the insecure development key with its flag removed; do not use this file")]
    DevKeyWithoutFlag,
    /// A development key on another chain.
    #[error("a development key is refused on chain {0}: its secrets are public; use the key of the ceremony")]
    DevKeyRefused(u64),
    /// The circuit could not be synthesised: a bug.
    #[error("the circuit could not be built, which is a bug of this software: {0}")]
    Synthesis(String),
}

impl From<ark_relations::gr1cs::SynthesisError> for KeyError {
    fn from(error: ark_relations::gr1cs::SynthesisError) -> Self {
        Self::Synthesis(error.to_string())
    }
}

/// The key that checks proofs: 980 bytes as a file, points checked, pairings of the constant part done.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    prepared: PreparedVerifyingKey<Bn254>,
    multiples: [[G1Affine; MULTIPLES]; INPUTS],
    dev: bool,
    hash: B256,
}

impl VerifyingKey {
    /// The deterministic development key; its secrets are public.
    pub fn insecure_dev() -> Result<Self, KeyError> {
        Self::from_bytes(pinned::DEV_VERIFYING_KEY_FILE)
    }

    /// Reads a verifying key file: form, hash, every point, gamma against delta.
    pub fn from_bytes(file: &[u8]) -> Result<Self, KeyError> {
        let (header, mut body) = format::open(file, format::Kind::Verifying)?;
        Self::new(format::read_verifying(&mut body)?, header.dev)
    }

    /// Checks and prepares a key.
    fn new(key: ark_groth16::VerifyingKey<Bn254>, dev: bool) -> Result<Self, KeyError> {
        check_group("verifying key", &key.gamma_abc_g1)?;
        check_group("verifying key", &[key.alpha_g1])?;
        check_group("verifying key", &[key.beta_g2, key.gamma_g2, key.delta_g2])?;
        if key.gamma_g2 == key.delta_g2 {
            return Err(KeyError::GammaEqualsDelta);
        }
        if !dev && format::is_dev_key(&key) {
            return Err(KeyError::DevKeyWithoutFlag);
        }
        let hash = format::trailer(&format::write_verifying(&key, dev));
        let multiples = verify::multiples(&key.gamma_abc_g1).ok_or(KeyError::Inputs(key.gamma_abc_g1.len()))?;
        Ok(Self { prepared: ark_groth16::prepare_verifying_key(&key), multiples, dev, hash })
    }

    /// The key file.
    pub fn to_bytes(&self) -> Vec<u8> {
        format::write_verifying(self.points(), self.dev)
    }

    /// SHA3-256 of the verifying key file without its trailer: the `verifierKeyHash` of a deployment.
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Whether this is a development key.
    pub const fn is_dev(&self) -> bool {
        self.dev
    }

    /// The key for use on a chain; a development key is refused outside [`DEV_CHAIN_IDS`].
    pub fn for_chain(&self, chain_id: u64) -> Result<&Self, KeyError> {
        if self.dev && !DEV_CHAIN_IDS.contains(&chain_id) {
            return Err(KeyError::DevKeyRefused(chain_id));
        }
        Ok(self)
    }

    pub(crate) const fn points(&self) -> &ark_groth16::VerifyingKey<Bn254> {
        &self.prepared.vk
    }

    /// Of the point of each public input.
    pub(crate) const fn multiples(&self) -> &[[G1Affine; MULTIPLES]; INPUTS] {
        &self.multiples
    }

    pub(crate) const fn prepared(&self) -> &PreparedVerifyingKey<Bn254> {
        &self.prepared
    }
}

/// The key that makes proofs: about 3 MB.
#[derive(Clone)]
pub struct ProvingKey {
    key: ark_groth16::ProvingKey<Bn254>,
    verifying: VerifyingKey,
    hash: B256,
}

impl ProvingKey {
    /// Generates the deterministic development key: seconds of CPU, always the same bytes ([`PINNED_DEV_KEY`]).
    pub fn generate_insecure_dev() -> Result<Self, KeyError> {
        Self::new(dev::generate()?, true)
    }

    /// Reads a proving key file by its hash; the points of the queries are not checked here ([`Self::check_points`]).
    pub fn from_bytes(file: &[u8]) -> Result<Self, KeyError> {
        let (header, mut body) = format::open(file, format::Kind::Proving)?;
        let key = format::read_proving(&mut body)?;
        let verifying = VerifyingKey::new(key.vk.clone(), header.dev)?;
        Ok(Self { key, verifying, hash: header.hash })
    }

    fn new(key: ark_groth16::ProvingKey<Bn254>, dev: bool) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::new(key.vk.clone(), dev)?;
        let hash = format::trailer(&format::write_proving(&key, dev));
        Ok(Self { key, verifying, hash })
    }

    /// The key file.
    pub fn to_bytes(&self) -> Vec<u8> {
        format::write_proving(&self.key, self.verifying.dev)
    }

    /// SHA3-256 of the proving key file without its trailer.
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// The verifying half.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The key for use on a chain; a development key is refused outside [`DEV_CHAIN_IDS`].
    pub fn for_chain(&self, chain_id: u64) -> Result<&Self, KeyError> {
        self.verifying.for_chain(chain_id).map(|_| self)
    }

    /// Checks that every point lies on its curve and in its subgroup; for the installation of a key, about a second.
    pub fn check_points(&self) -> Result<(), KeyError> {
        check_group("constants", &[self.key.beta_g1, self.key.delta_g1])?;
        check_group("query A", &self.key.a_query)?;
        check_group("query B in G1", &self.key.b_g1_query)?;
        check_group("query B in G2", &self.key.b_g2_query)?;
        check_group("query H", &self.key.h_query)?;
        check_group("query L", &self.key.l_query)
    }

    pub(crate) const fn points(&self) -> &ark_groth16::ProvingKey<Bn254> {
        &self.key
    }
}

impl std::fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProvingKey({}, dev: {})", self.hash, self.verifying.dev)
    }
}

/// Affine points of either group.
trait Checked: AffineRepr {
    fn is_in_group(&self) -> bool;
}

impl<P: ark_ec::short_weierstrass::SWCurveConfig> Checked for ark_ec::short_weierstrass::Affine<P> {
    fn is_in_group(&self) -> bool {
        self.is_zero() || (self.is_on_curve() && self.is_in_correct_subgroup_assuming_on_curve())
    }
}

fn check_group<P: Checked>(name: &'static str, points: &[P]) -> Result<(), KeyError> {
    if points.iter().all(P::is_in_group) { Ok(()) } else { Err(KeyError::Point(name)) }
}
