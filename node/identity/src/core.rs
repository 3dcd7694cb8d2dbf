//! IC, the identity core: both signature keys and the revocation hash. It never changes; contacts pin its hash.
//!
//! `"PSIC"4 | suite1 | mldsa_pk2592 | ed25519 32 | rev_hash32` = 2,661 bytes.

use pars_crypto::hash::sha3;
use pars_crypto::sign::HybridPublic;
use pars_crypto::suite::{DSA87_PUBLIC, SuiteId};
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use crate::id::IdentityId;

const MAGIC: &[u8; 4] = b"PSIC";

/// IC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityCore {
    keys: HybridPublic,
    revocation_hash: [u8; 32],
    id: IdentityId,
    hash: [u8; 32],
}

impl IdentityCore {
    /// How many bytes.
    pub const SIZE: usize = 4 + 1 + DSA87_PUBLIC + 32 + 32;

    pub(crate) fn new(keys: HybridPublic, revocation_hash: [u8; 32]) -> Self {
        let id = IdentityId::of(keys.dsa());
        let mut core = Self { keys, revocation_hash, id, hash: [0; 32] };
        core.hash = sha3(&[&core.encode()]);
        core
    }

    /// The identity id: SHA3-256 of the ML-DSA key.
    pub const fn id(&self) -> IdentityId {
        self.id
    }

    /// SHA3-256(IC): what contacts pin and transcripts bind.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// `b` of a link: the first 16 bytes of the hash.
    pub const fn check(&self) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = self.hash;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    /// The keys that sign this identity's records.
    pub const fn keys(&self) -> &HybridPublic {
        &self.keys
    }

    /// rev_hash: who publishes its preimage has revoked the identity.
    pub const fn revocation_hash(&self) -> &[u8; 32] {
        &self.revocation_hash
    }
}

impl Wire for IdentityCore {
    fn write(&self, out: &mut Writer) {
        out.bytes(MAGIC).u8(SuiteId::Session.byte());
        out.bytes(self.keys.dsa()).bytes(self.keys.ed25519().as_bytes()).bytes(&self.revocation_hash);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(MAGIC, "identity core")?;
        suite(from)?;
        let dsa = from.array_ref("ML-DSA key")?;
        let ed25519 = from.array_ref("Ed25519 key")?;
        let keys =
            HybridPublic::from_parts(dsa, ed25519).map_err(|_| DecodeError::Malformed { what: "Ed25519 key" })?;
        Ok(Self::new(keys, from.array("revocation hash")?))
    }
}

/// The suite byte of every record of this crate.
pub(crate) fn suite(from: &mut Reader<'_>) -> Result<(), DecodeError> {
    let byte = from.u8("suite")?;
    SuiteId::Session.require(byte).map_err(|_| DecodeError::Value { what: "suite of an identity", value: byte.into() })
}
